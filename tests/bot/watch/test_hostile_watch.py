"""What strangers publish, a clock that was wrong and words of another version keep nobody's news from coming."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from bot.watch.message import Teller
from ingest.store.releases import WAITING
from ingest.watch.settle import Settler
from tests.bot.watch.conftest import day, release
from tests.hub.fixture_repos import QWEN3_0_6B
from tests.hub.repositories import HubFile, json_file, weights_file

if TYPE_CHECKING:
    from bot.scan.plan import Plan
    from bot.watch.loop import Watcher
    from bot.watch.message import Told
    from ingest.fetched_repo import FetchedRepo
    from ingest.store.releases import Release
    from tests.bot.watch.conftest import Scene

EMPTY = {".gitattributes": HubFile(b"*\n")}
FAULTY = "acme/faulty"
YEAR_S = 365 * 86_400.0


@pytest.fixture
def watcher(scene: Scene) -> Watcher:
    """A watcher that has looked once, for one subscription."""
    found = scene.watcher()
    scene.subscribe(found, "acme on 1x4090")
    looked_at(scene, found)
    return found


def looked_at(scene: Scene, watcher: Watcher) -> None:
    names = ("createdAt", "lastModified", "organization:acme")
    scene.until(watcher, lambda: all(watcher.releases.mark(name) for name in names))


def publish(scene: Scene) -> None:
    """A release that we fail on, then three others."""
    for name in (FAULTY, *(f"acme/model-{number}" for number in range(3))):
        scene.hub.add(release(name))


def told_of(scene: Scene) -> set[str]:
    return {said.partition(":")[0] for said in scene.slack.said()}


def test_a_message_that_cannot_be_made_keeps_no_other_waiting(
    scene: Scene, watcher: Watcher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = Teller.tell

    def tell(self: Teller, found: Release, plan: Plan | None) -> Told:
        if found.repo_id == FAULTY:
            raise KeyError(FAULTY)
        return real(self, found, plan)

    monkeypatch.setattr(Teller, "tell", tell)
    publish(scene)
    scene.until(watcher, lambda: len(scene.slack.said()) == 3)
    assert FAULTY not in told_of(scene)
    assert watcher.outbox.counts() == {"sent": 3, "new": 1}
    assert "Traceback" in caplog.text
    monkeypatch.undo()
    with scene.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET not_before = 0 WHERE state = 'new'")
    scene.until(watcher, lambda: FAULTY in told_of(scene))


def test_a_release_that_we_fail_to_judge_is_told_of_all_the_same(
    scene: Scene, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Settler._judged

    def judged(self: Settler, found: Release, repo: FetchedRepo) -> Release:
        if repo.repo_id == FAULTY:
            raise KeyError(FAULTY)
        return real(self, found, repo)

    monkeypatch.setattr(Settler, "_judged", judged)
    publish(scene)
    scene.until(watcher, lambda: len(scene.slack.said()) == 4)
    assert FAULTY in told_of(scene)
    assert "a fault of hubgauge (KeyError)" in (watcher.releases.get(FAULTY).problem or "")  # type: ignore[union-attr]  # it was told of


def test_words_that_only_another_version_reads_are_named_and_silence_nobody(
    scene: Scene, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    with scene.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO subscriptions (id, words, target, made_by, made_at) "
            "VALUES ('of-then', 'acme on 8x toaster', 'slack:C0X', '', 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO outbox (subscription_id, repo_id, state, not_before, attempts, made_at) "
            "VALUES ('of-then', 'acme/older', 'new', 0, 0, 0)"
        )
    scene.hub.add(release("acme/model"))
    scene.until(watcher, scene.slack.said)
    assert caplog.text.count("subscription of-then cannot be read here") == 1
    assert watcher.outbox.counts() == {"sent": 1, "new": 1}


def test_half_a_character_in_a_card_reaches_nobody(scene: Scene, watcher: Watcher) -> None:
    scene.subscribe(watcher, "acme on 1x4090", f"lines:{scene.folder / 'told.jsonl'}")
    config = json.dumps({**QWEN3_0_6B, "architectures": ["Qwen3\ud800"]}).encode()
    files = {"config.json": HubFile(config), "model.safetensors": weights_file(1_000)}
    scene.hub.add(release("acme/half", files=files, tags=("license:\ud800",)))
    scene.until(watcher, lambda: scene.lines("told.jsonl") and scene.slack.said())
    assert "\\ud800" not in json.dumps(scene.slack.messages)
    assert "\\ud800" not in json.dumps(scene.lines("told.jsonl"))


def test_what_is_waited_for_by_a_clock_that_was_a_year_ahead_is_looked_at_when_it_is_right(scene: Scene) -> None:
    offset_s = [YEAR_S]
    found = scene.watcher(clock=lambda: time.time() + offset_s[0])
    scene.subscribe(found, "acme")
    looked_at(scene, found)
    repo = scene.hub.add(release("acme/later", files=EMPTY))
    scene.until(found, lambda: (one := found.releases.get("acme/later")) and one.attempts)
    offset_s[0] = 0.0
    repo.commit({"config.json": json_file(QWEN3_0_6B), "model.safetensors": weights_file(1_503_300_328)})
    repo.modified_at = day(30 * 86_400)  # no list shows it again
    scene.until(found, scene.slack.said)


def test_an_empty_one_found_by_a_clock_that_was_years_behind_is_not_given_up_when_it_is_right(scene: Scene) -> None:
    offset_s = [-YEAR_S]
    found = scene.watcher(clock=lambda: time.time() + offset_s[0])
    scene.subscribe(found, "acme")
    looked_at(scene, found)
    scene.hub.add(release("acme/later", files=EMPTY))
    scene.until(found, lambda: (one := found.releases.get("acme/later")) and one.attempts)
    offset_s[0] = 0.0
    scene.until(found, lambda: (one := found.releases.get("acme/later")) and one.attempts > 2)
    assert found.releases.get("acme/later").state == WAITING  # type: ignore[union-attr]  # it is there


def test_the_first_model_of_an_empty_hub_is_news(scene: Scene) -> None:
    scene.hub.state.repos.clear()
    found = scene.watcher()
    scene.subscribe(found, "everything")
    scene.until(found, lambda: all(found.releases.mark(name) for name in ("createdAt", "lastModified")))
    scene.hub.add(release("acme/first"))
    scene.until(found, scene.slack.said)
