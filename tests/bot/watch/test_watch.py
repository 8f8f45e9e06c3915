"""What is new is told, to whom it matters, when it can be told; what goes wrong on the way costs nothing."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import QuestionError
from bot.watch.message import Teller
from bot.watch.outbox import Outbox
from bot.watch.posting import ALREADY
from bot.watch.subscriptions import SubscriptionStore, read_target
from bot.watch.wish import read_wish
from ingest.store.releases import READY, REFUSED, WAITING, Release, ReleaseStore
from ingest.store.specs import SpecStore
from tests.bot.watch.conftest import CHANNEL, day, release
from tests.hub import faults
from tests.hub.fixture_repos import QWEN3_0_6B
from tests.hub.repositories import HubFile, json_file, weights_file

if TYPE_CHECKING:
    from bot.watch.loop import Watcher
    from tests.bot.watch.conftest import Scene

EMPTY = {".gitattributes": HubFile(b"*\n")}
NOON = 1_795_003_200.0  # 2026-11-18 12:00 UTC


@pytest.fixture
def watcher(scene: Scene) -> Watcher:
    """A watcher that has looked once, for one subscription."""
    found = scene.watcher()
    scene.subscribe(found, "Qwen, acme on 8xH100 at 32K")
    scene.until(
        found, lambda: all(found.releases.mark(name) for name in ("createdAt", "trending", "organization:acme"))
    )
    return found


def settled(scene: Scene, watcher: Watcher, name: str) -> Release:
    """The release, once it is no longer waited for."""
    found: list[Release] = []

    def is_settled() -> bool:
        found[:] = [one for one in [watcher.releases.get(name)] if one is not None and one.state != WAITING]
        return bool(found)

    scene.until(watcher, is_settled)
    return found[0]


def test_nobody_is_told_of_the_past(scene: Scene, watcher: Watcher) -> None:
    for _ in range(5):
        watcher.round()
    assert scene.slack.said() == []


def test_a_new_model_is_told_with_what_it_needs(scene: Scene, watcher: Watcher) -> None:
    scene.hub.add(release("Qwen/Qwen9-0.6B", tags=("license:apache-2.0",)))
    scene.until(watcher, scene.slack.said)
    assert "Qwen/Qwen9-0.6B" in scene.slack.said()[0]
    shown = json.dumps(scene.slack.messages[0]["blocks"], ensure_ascii=False)
    assert "apache-2.0" in shown
    assert "Fits 8× h100-sxm-80gb at 32K in bf16" in shown
    assert scene.slack.messages[0]["channel"] == CHANNEL


def test_a_repository_made_empty_is_told_of_when_it_is_filled(scene: Scene, watcher: Watcher) -> None:
    repo = scene.hub.add(release("acme/later", files=EMPTY))
    scene.until(watcher, lambda: (found := watcher.releases.get("acme/later")) and found.attempts)
    assert scene.slack.said() == []
    repo.commit({"config.json": json_file(QWEN3_0_6B)})  # still without weights
    repo.modified_at = day()
    for _ in range(5):
        watcher.round()
    assert scene.slack.said() == []
    repo.commit({"model.safetensors": weights_file(1_503_300_328)})
    repo.modified_at = day()
    scene.until(watcher, scene.slack.said)
    assert "acme/later" in scene.slack.said()[0]


def test_a_private_repository_made_public_is_found_in_its_organization(scene: Scene, watcher: Watcher) -> None:
    scene.hub.add(release("acme/secret", ago_s=40 * 86_400, is_private=True)).modified_at = day(30 * 86_400)
    for _ in range(5):
        watcher.round()
    scene.hub.state.repos["acme/secret"].is_private = False
    scene.until(watcher, scene.slack.said)
    assert watcher.releases.get("acme/secret").how == "public"  # type: ignore[union-attr]  # it was told of


def test_what_trends_is_told_to_those_who_asked_for_it(scene: Scene) -> None:
    found = scene.watcher()
    scene.subscribe(found, "trending", "slack:C0TREND")
    scene.subscribe(found, "acme", "slack:C0ACME")
    repo = scene.hub.add(release("someone/loved", ago_s=3 * 86_400, trending=0))
    repo.modified_at = day(2 * 86_400)
    scene.hub.state.page_size = 1
    scene.hub.state.repos["Qwen/Old"].trending = 5
    scene.until(found, lambda: found.releases.mark("trending"))
    repo.trending = 99
    scene.until(found, scene.slack.said)
    assert [said["channel"] for said in scene.slack.messages] == ["C0TREND"]


def test_a_quantized_copy_is_known_as_such(scene: Scene, watcher: Watcher) -> None:
    base = "meta-llama/Llama-3.1-8B-Instruct"
    scene.subscribe(watcher, "everything base only", "slack:C0BASE")
    scene.subscribe(watcher, "everything", "slack:C0ALL")
    scene.hub.add(release("quants/Llama-copy-FP8", tags=(f"base_model:quantized:{base}",)))
    scene.until(watcher, lambda: len(scene.slack.said()) == 1)
    scene.hub.add(release("acme/own-8B"))
    scene.until(watcher, lambda: len(scene.slack.said()) == 4)
    shown = json.dumps(scene.slack.messages[0]["blocks"], ensure_ascii=False)
    assert f"a quantization of {base}" in shown
    assert [said["text"] for said in scene.slack.messages if said["channel"] == "C0BASE"] != []
    assert "copy" not in " ".join(said["text"] for said in scene.slack.messages if said["channel"] == "C0BASE")


def test_a_copy_is_known_by_its_name_where_it_has_no_tag(scene: Scene) -> None:
    teller = Teller(SpecStore(scene.engine), "https://huggingface.co")
    copy = Release("quants/Llama-3.1-8B-Instruct-FP8", READY, "created", listed="{}")
    assert teller.made_from(copy) == {"repo_id": "meta-llama/Llama-3.1-8B-Instruct", "relation": "quantized"}
    own = Release("meta-llama/Llama-3.1-8B-Instruct", READY, "created", listed="{}")
    assert teller.made_from(own) is None


@pytest.mark.parametrize(
    ("words", "is_told"),
    [
        ("acme", True),
        ("everything", True),
        ("someone-else", False),
        ("acme over 7B", False),
        ("acme under 7B", True),
        ("acme licence apache-2.0", True),
        ("acme license mit", False),
        ("acme task text-generation", True),
        ("acme task image-to-text", False),
        ("acme likes 10", False),
        ("trending", False),
    ],
)
def test_a_subscription_hears_what_it_asks_for(words: str, is_told: bool) -> None:
    facts = {"parameters": 600e6, "licence": "apache-2.0", "pipeline_tag": "text-generation", "likes": 3}
    assert read_wish(words).wants("acme/model", "created", facts) is is_told


@pytest.mark.parametrize(
    ("words", "found_h", "told_h"),
    [
        ("acme", 12, 12),
        ("acme quiet 22-7", 12, 12),
        ("acme quiet 22-7", 23, 24 + 7),
        ("acme quiet 22-7", 3, 7),
        ("acme quiet 22-7 UTC+2", 21, 24 + 5),
        ("acme daily 9", 12, 24 + 9),
        ("acme daily 9", 8, 9),
        ("acme daily 9 UTC-5", 12, 14),
        ("acme hourly", 12.5, 13),
        ("acme hourly quiet 22-7", 21.5, 24 + 7),
    ],
)
def test_hours_are_kept(words: str, found_h: float, told_h: float) -> None:
    midnight = NOON - 12 * 3600
    assert read_wish(words).due_at(midnight + found_h * 3600) == midnight + told_h * 3600


@pytest.mark.parametrize(
    "words", ["", "acme on 8x toaster", "acme/model", "acme quiet 22-99", "<!channel>", "a " * 400]
)
def test_words_that_are_no_wish_are_refused(words: str) -> None:
    with pytest.raises(QuestionError):
        read_wish(words)


@pytest.mark.parametrize("target", ["slack:", "slack:c012", "slack:C0 12", "mail:me", "hook:nowhere", ""])
def test_what_is_nowhere_to_tell_is_refused(target: str) -> None:
    with pytest.raises(QuestionError, match="nowhere to tell"):
        read_target(target)


def test_a_digest_is_one_message(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [time.time()]
    found = scene.watcher(clock=lambda: now[0])
    scene.subscribe(found, "acme hourly")
    scene.until(found, lambda: found.releases.mark("organization:acme") and found.releases.mark("createdAt"))
    for number in range(3):
        scene.hub.add(release(f"acme/model-{number}"))
    scene.until(found, lambda: len(found.releases.latest(9)) == 3 and found.outbox.counts().get("new") == 3)
    assert scene.slack.said() == []
    now[0] += 3700
    scene.until(found, scene.slack.said)
    (text,) = scene.slack.said()
    assert [name for name in ("acme/model-0", "acme/model-1", "acme/model-2") if name not in text] == []


def test_an_incoming_webhook_gets_the_facts(scene: Scene, watcher: Watcher) -> None:
    scene.subscribe(watcher, "acme on 1x4090", scene.slack.hook)
    scene.hub.add(release("acme/model"))
    scene.until(watcher, lambda: len(scene.slack.messages) == 2)
    (body,) = [said for said in scene.slack.messages if "releases" in said]
    (row,) = body["releases"][0]["machines"]
    assert (body["releases"][0]["repo_id"], row["machine"], row["fits"]) == ("acme/model", "rtx-4090", True)


def test_what_slack_took_without_an_answer_is_not_posted_again(scene: Scene, watcher: Watcher) -> None:
    scene.hub.add(release("acme/model"))
    scene.until(watcher, scene.slack.said)
    outbox = Outbox(scene.engine)
    with scene.engine.begin() as connection:  # as if its sender had died before it could cross it out
        connection.exec_driver_sql("UPDATE outbox SET state = 'new', not_before = 0")
    scene.until(watcher, lambda: outbox.counts() == {"sent": 1})
    assert len(scene.slack.said()) == 1
    assert scene.slack.searched == 1
    assert ALREADY


def test_a_file_that_is_full_is_tried_again(scene: Scene, watcher: Watcher, caplog: pytest.LogCaptureFixture) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here: a full disk cannot be had")
    (scene.folder / "told.jsonl").symlink_to("/dev/full")
    scene.subscribe(watcher, "acme", f"lines:{scene.folder / 'told.jsonl'}")
    scene.hub.add(release("acme/model"))
    scene.until(watcher, lambda: "No space left" in caplog.text)
    assert watcher.outbox.counts()["new"] == 1
    (scene.folder / "told.jsonl").unlink()
    with scene.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET not_before = 0 WHERE state = 'new'")
    scene.until(watcher, lambda: scene.lines("told.jsonl"))
    assert [row["repo_id"] for row in scene.lines("told.jsonl")] == ["acme/model"]


def test_a_repository_deleted_before_it_was_fetched_is_refused_with_its_reason(scene: Scene, watcher: Watcher) -> None:
    scene.hub.add(release("acme/gone"))
    scene.hub.fail(faults.status(404, "/api/models/acme/gone", X_Error_Code="RepoNotFound"))
    found = settled(scene, watcher, "acme/gone")
    assert (found.state, "UnknownModel" in (found.problem or "")) == (REFUSED, True)
    assert scene.slack.said() == []


def test_a_model_for_another_task_is_not_told_of(scene: Scene, watcher: Watcher) -> None:
    files = {"config.json": json_file({"model_type": "clip"}), "model.safetensors": weights_file(1_000)}
    scene.hub.add(release("acme/eyes", files=files))
    assert settled(scene, watcher, "acme/eyes").state == REFUSED


def test_a_gated_model_is_told_of_though_it_cannot_be_read(scene: Scene, watcher: Watcher) -> None:
    scene.hub.add(release("acme/closed", gated="manual"))
    scene.until(watcher, scene.slack.said)
    assert "gated" in json.dumps(scene.slack.messages[0]["blocks"], ensure_ascii=False)


def test_malformed_cards_beside_it_do_not_hide_a_release(scene: Scene, watcher: Watcher) -> None:
    scene.hub.add(release("acme/model"))
    good = scene.hub.state.repos["acme/model"]
    entries: list[Any] = [None, {"id": 3}, {"id": "a/b", "sha": []}, good.info(good.refs["main"]), "x"]
    scene.hub.fail(faults.body(json.dumps(entries).encode(), "/api/models"))
    watcher.round()
    scene.until(watcher, lambda: watcher.releases.get("acme/model"))
    scene.hub.fail()
    scene.until(watcher, scene.slack.said)


def test_the_subscriptions_of_an_archived_channel_rest_until_they_are_made_again(
    scene: Scene, watcher: Watcher
) -> None:
    scene.subscribe(watcher, "everything", "slack:C0OTHER")
    scene.slack.archived.add(CHANNEL)
    scene.hub.add(release("acme/first"))
    scene.until(watcher, lambda: scene.slack.said() and watcher.subscriptions.all(f"slack:{CHANNEL}")[0].paused_because)
    (resting,), (other,) = (watcher.subscriptions.all(f"slack:{name}") for name in (CHANNEL, "C0OTHER"))
    assert (resting.paused_because, other.paused_because) == ("is_archived", "")
    assert [message["channel"] for message in scene.slack.messages] == ["C0OTHER"]

    scene.slack.archived.clear()
    again = watcher.subscriptions.add(resting.words, resting.target)
    assert again.id == resting.id
    scene.hub.add(release("acme/second"))
    scene.until(watcher, lambda: len(scene.slack.messages) == 3)
    told = sorted((message["channel"], "acme/second" in message["text"]) for message in scene.slack.messages[1:])
    assert told == [("C0OTHER", True), (CHANNEL, True)]


def test_an_outage_of_the_hub_loses_nothing(scene: Scene, watcher: Watcher, caplog: pytest.LogCaptureFixture) -> None:
    scene.hub.fail(faults.status(503))
    for number in range(3):
        scene.hub.add(release(f"acme/model-{number}"))
    for _ in range(30):
        watcher.round()
        time.sleep(0.01)
    assert "failed with status 503" in caplog.text
    scene.hub.fail()
    scene.until(watcher, lambda: len(scene.slack.said()) == 3)


def test_a_locked_database_is_waited_for(scene: Scene, watcher: Watcher) -> None:
    if scene.engine.dialect.name != "sqlite":
        pytest.skip("SQLite alone locks a whole database")
    scene.hub.add(release("acme/model"))
    other = sqlite3.connect(str(scene.engine.url.database), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    freed = threading.Timer(0.7, lambda: other.execute("ROLLBACK"))
    freed.start()
    scene.until(watcher, scene.slack.said)
    freed.join()
    other.close()


def test_a_database_that_fails_is_said_in_the_log_and_waited_for(
    scene: Scene, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    with scene.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox RENAME TO elsewhere")
    scene.hub.add(release("acme/model"))
    scene.until(watcher, lambda: "the database fails" in caplog.text)
    with scene.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO outbox")
    scene.until(watcher, scene.slack.said)


@pytest.mark.parametrize("jump_s", [-7 * 86_400.0, 7 * 86_400.0], ids=["back", "ahead"])
def test_a_clock_that_jumps_hides_nothing(scene: Scene, jump_s: float) -> None:
    offset = [0.0]
    found = scene.watcher(clock=lambda: time.time() + offset[0])
    scene.subscribe(found, "acme")
    scene.until(found, lambda: found.releases.mark("createdAt") and found.releases.mark("organization:acme"))
    scene.hub.add(release("acme/before"))
    scene.until(found, lambda: len(scene.slack.said()) == 1)
    offset[0] = jump_s
    scene.hub.add(release("acme/after"))
    scene.until(found, lambda: len(scene.slack.said()) == 2)
    offset[0] = 0.0
    scene.hub.add(release("acme/then"))
    scene.until(found, lambda: len(scene.slack.said()) == 3)


def test_subscriptions_come_from_a_file_and_keep_their_secrets(scene: Scene) -> None:
    store = SubscriptionStore(scene.engine)
    lines = ["# ours", "", "slack:C0ABC Qwen on 8xH100", "https://hooks.example.org/s3cret everything over 30B"]
    both = store.add_lines(lines)
    assert [each.shown for each in both] == ["slack:C0ABC", "hook:hooks.example.org/..."]
    assert store.add_lines(lines) == both
    assert len(store.all()) == 2
    with pytest.raises(QuestionError, match="line 1"):
        store.add_lines(["slack:nowhere Qwen"])
    assert store.remove(both[0].id)
    assert not store.remove(both[0].id)


def test_two_watchers_tell_of_a_release_once(scene: Scene) -> None:
    both = [scene.watcher(), scene.watcher()]
    scene.subscribe(both[0], "acme")
    scene.until(both[0], lambda: both[0].releases.mark("createdAt") and both[0].releases.mark("organization:acme"))
    for number in range(5):
        scene.hub.add(release(f"acme/model-{number}"))
    stop = threading.Event()
    threads = [threading.Thread(target=each.run, args=(stop,)) for each in both]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 20
    while both[0].outbox.counts().get("sent", 0) < 5 and time.monotonic() < end:
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    assert sorted(said.partition(":")[0] for said in scene.slack.said()) == [f"acme/model-{n}" for n in range(5)]


def test_the_mark_of_a_list_is_no_day_ahead_of_now(scene: Scene, watcher: Watcher) -> None:
    scene.hub.add(replace_day(release("acme/from-the-future"), "2199-01-01T00:00:00.000Z"))
    scene.until(watcher, scene.slack.said)
    assert ReleaseStore(scene.engine).mark("createdAt") < "2199"
    scene.hub.add(release("acme/next"))
    scene.until(watcher, lambda: len(scene.slack.said()) == 2)


def replace_day(repo: Any, created_at: str) -> Any:
    return replace(repo, created_at=created_at, commits={}, refs={})
