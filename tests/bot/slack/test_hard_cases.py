"""The hard cases of Slack, one test each: two replicas of the real `hubgauge serve` against a Slack not written here.

Between them stands the fault proxy, which adds what local-slack lacks. docs/slack.md has the table of cases.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Self

import pytest

from tests.bot.slack.fault_proxy import Deliveries, FaultProxy, Relay, waited_for
from tests.bot.slack.local_slack import APP_TOKEN, BOT_TOKEN, SECRET, LocalSlack, eventually
from tests.bot.slack.payloads import Signed, direct, envelope, mention, press, signed, submission
from tests.bot.slack.replicas import Replica
from tests.bot.slack.signed_bot import states
from tests.bot.slack.web_api import Reply
from tests.hub import faults
from tests.hub.fixture_repos import QWEN3_0_6B, fixture_repos
from tests.hub.loopback import LoopbackHub
from tests.hub.repositories import HubRepo, json_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.enable_socket
QUESTION = "llama-3.1-8b on 1xH100 at 8K"
RATE_LIMITED = {"ok": False, "error": "ratelimited"}


class Scene:
    """local-slack, the proxy, a Hub, and so many replicas on one SQLite file."""

    def __init__(self, folder: Path, count: int = 2) -> None:
        self._folder, self._count = folder, count
        self.database = f"sqlite:///{folder / 'bot.db'}"
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        enter = self._stack.enter_context
        self.hub = enter(LoopbackHub(*fixture_repos()))
        self.hub.add(HubRepo("acme/gated", {"config.json": json_file(QWEN3_0_6B)}, gated="manual"))
        self.hub.grant("hf_team", "acme/secret")
        self.deliveries = enter(Deliveries())
        self.slack = enter(LocalSlack(self._folder, self.deliveries.url))
        self.proxy = enter(FaultProxy(self.slack.api_url))
        self.replicas = [enter(self._replica(number)) for number in range(self._count)]
        self.deliveries.go_to(*(replica.url for replica in self.replicas))
        for number in range(self._count):
            eventually(lambda: self.deliveries.is_ready(number))  # noqa: B023  # runs within this turn
        return self

    def __exit__(self, *_: object) -> None:
        for replica in self.replicas:
            if replica.process.poll() is None:
                assert replica.stop() in {0, -signal.SIGTERM}
        logged = "".join(path.read_text() for path in self._folder.glob("replica*.log"))
        self._stack.close()
        assert "Traceback" not in logged, logged
        assert not [secret for secret in (BOT_TOKEN, SECRET, "hf_team", "llama") if secret in logged]

    def _replica(self, number: int) -> Replica:
        return Replica(
            self.database,
            self.proxy.url,
            self._folder / f"replica{number}.log",
            SLACK_BOT_TOKEN=BOT_TOKEN,
            SLACK_SIGNING_SECRET=SECRET,
            HF_HUB_OFFLINE="0",
            HF_ENDPOINT=self.hub.url,
            HF_TOKEN="hf_team",  # of the Hub of these tests
            HUBGAUGE_CACHE_DIR=str(self._folder / f"cache{number}"),
        )

    def mention(self, text: str = QUESTION, **more: str) -> str:
        """A person mentions the bot in the channel; the post's ts."""
        return self.slack.say(self.slack.channel, f"<@{self.slack.bot}> {text}", **more)

    def event(self, body: dict[str, Any]) -> Signed:
        """An event as Slack would sign it, for what local-slack does not send."""
        return signed(body, secret=SECRET)

    def sign(self, body: str) -> Signed:
        """A form or a press as Slack would sign it."""
        return signed(body, secret=SECRET)

    def team(self) -> dict[str, str]:
        """The workspace, as presses name it: events of local-slack say which."""
        return {"id": self.deliveries.team}

    def answers(self, thread_ts: str, channel: str = "") -> list[dict[str, Any]]:
        """What the bot posted in a thread."""
        found = self.slack.answers(channel or self.slack.channel)
        return [message for message in found if message.get("thread_ts") == thread_ts]

    def answered(self, thread_ts: str, channel: str = "") -> list[dict[str, Any]]:
        """What the bot posted there, once it is something and nothing waits any more."""
        waited_for(lambda: self.answers(thread_ts, channel))
        self.rest()
        return self.answers(thread_ts, channel)

    def rest(self) -> None:
        """Returns when no question waits."""
        eventually(lambda: "waiting" not in states(self.database))

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The arguments of the bot's calls of that method."""
        return [call.arguments for call in self.proxy.calls if call.method == method]


@pytest.fixture(scope="module")
def two_replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two replicas that the tests of this file share."""
    with Scene(tmp_path_factory.mktemp("scene")) as scene:
        yield scene


@pytest.fixture
def scene(two_replicas: Scene) -> Scene:
    """The two replicas at rest, with nothing scripted."""
    two_replicas.rest()
    two_replicas.proxy.script.clear()
    two_replicas.proxy.calls.clear()
    two_replicas.hub.fail()
    return two_replicas


# -- what comes twice, late or not at all ---------------------------------------------------------------------------


def test_an_event_that_comes_twice_to_each_of_two_replicas_is_answered_once(scene: Scene) -> None:
    with scene.deliveries.in_copies(2):
        asked = scene.mention()
    assert len(scene.answered(asked)) == 1


def test_a_retry_whose_first_delivery_was_lost_is_answered(scene: Scene) -> None:
    scene.deliveries.lose(1)
    assert len(scene.answered(scene.mention())) == 1


def test_a_retry_while_the_first_is_being_answered_is_not_answered_again(scene: Scene) -> None:
    scene.proxy.script["chat.postMessage"] = [Reply({"ok": True, "ts": "1.1"}, after_s=1.0)]
    request = scene.event(mention("EvRetry", ts="1800000000.000001", channel=scene.slack.channel))
    assert scene.deliveries.deliver(request, 0).status_code == 200
    waited_for(lambda: scene.calls("chat.postMessage"))
    for number in (1, 2, 3):
        assert scene.deliveries.retry(request, number, replica=1).status_code == 200
    scene.rest()
    assert len(scene.calls("chat.postMessage")) == 1


def test_a_mention_that_also_comes_as_a_message_is_answered_once(scene: Scene) -> None:
    post = {"ts": "1800000000.000002", "channel": scene.slack.channel, "text": f"<@U0BOT> {QUESTION}"}
    scene.deliveries.deliver(scene.event(mention("EvA", **post)), 0)
    scene.deliveries.deliver(scene.event(direct("EvB", **post, channel_type="channel")), 1)
    waited_for(lambda: scene.calls("chat.postMessage"))
    scene.rest()
    assert len(scene.calls("chat.postMessage")) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"bot_id": "B0SELF", "user": "U0BOT"},
        {"bot_id": "B0OTHER"},
        {"subtype": "bot_message"},
        {"user": "USLACKBOT"},
        {"subtype": "message_changed", "message": {"text": QUESTION}},
        {"subtype": "message_deleted"},
    ],
    ids=["itself", "another-bot", "bot-message", "slackbot", "changed", "deleted"],
)
def test_bots_edits_and_deletions_get_silence(scene: Scene, change: dict[str, Any]) -> None:
    event = direct(f"EvSilent{hash(str(change))}", ts="1800000000.000003", channel=scene.slack.conversation, **change)
    assert scene.deliveries.deliver(scene.event(event)).status_code == 200
    asked = scene.slack.say(scene.slack.conversation, QUESTION)
    scene.answered(asked, scene.slack.conversation)
    assert scene.answers("1800000000.000003", scene.slack.conversation) == []
    assert len(scene.calls("chat.postMessage")) == 1


def test_an_edited_mention_gets_no_second_answer(scene: Scene) -> None:
    asked = scene.mention()
    scene.answered(asked)
    scene.slack.edit(scene.slack.channel, asked, f"<@{scene.slack.bot}> {QUESTION} int4")
    later = scene.mention()
    scene.answered(later)
    assert len(scene.answers(asked)) == 1


# -- where it is answered -------------------------------------------------------------------------------------------


def test_a_mention_inside_a_thread_is_answered_in_that_thread(scene: Scene) -> None:
    asked = scene.mention()
    scene.answered(asked)
    scene.mention("and on 2xH100?", thread_ts=asked)
    waited_for(lambda: len(scene.answers(asked)) == 2)
    assert "2× h100" in scene.answers(asked)[1]["text"].lower()


def test_a_direct_conversation_has_threads_too(scene: Scene) -> None:
    asked = scene.slack.say(scene.slack.conversation, QUESTION)
    scene.answered(asked, scene.slack.conversation)
    scene.slack.say(scene.slack.conversation, "at 32k", thread_ts=asked)
    waited_for(lambda: len(scene.answers(asked, scene.slack.conversation)) == 2)
    assert "32K" in scene.answers(asked, scene.slack.conversation)[1]["text"]


# -- what Slack refuses ---------------------------------------------------------------------------------------------


def test_a_wish_to_wait_delays_its_channel_in_order_and_no_other(scene: Scene) -> None:
    scene.proxy.script["chat.postMessage"] = [Reply(RATE_LIMITED, 429, {"Retry-After": "4"})]
    first = scene.mention()
    waited_for(lambda: scene.calls("chat.postMessage"))
    second = scene.mention("qwen3-8b on 1xH100")
    elsewhere = scene.slack.say(scene.slack.conversation, QUESTION)
    waited_for(lambda: scene.answers(elsewhere, scene.slack.conversation))
    assert scene.answers(first) == scene.answers(second) == []
    scene.answered(second)
    at = [float(scene.answers(thread)[0]["ts"]) for thread in (first, second)]
    assert at == sorted(at)
    assert len(scene.answers(first)) == len(scene.answers(second)) == 1


def test_an_archived_channel_stops_nothing_else(scene: Scene) -> None:
    scene.proxy.script["chat.postMessage"] = [Reply({"ok": False, "error": "is_archived"})]
    lost = scene.mention()
    scene.rest()
    assert len(scene.answered(scene.mention())) == 1
    assert scene.answers(lost) == []


def test_blocks_that_slack_refuses_come_as_plain_text_and_their_chart_as_a_picture(scene: Scene) -> None:
    scene.proxy.script["chat.postMessage"] = [Reply({"ok": False, "error": "msg_blocks_too_long"})]
    answer, picture = scene.answered(scene.mention())
    assert "Fits" in answer["text"]
    assert not answer.get("blocks")
    assert [file["name"] for file in picture["files"]] == ["chart.png"]


def test_an_answer_whose_acknowledgement_was_lost_is_not_posted_again(scene: Scene) -> None:
    asked = "1800000000.000004"
    body = mention("EvLost", ts=asked, channel=scene.slack.channel)
    scene.proxy.lose_answer("chat.postMessage")
    scene.deliveries.deliver(scene.event(body))
    assert len(scene.answered(asked)) == 1


@pytest.mark.parametrize("error", ["token_revoked", "account_inactive"])
def test_a_revoked_token_is_said_by_readiness_and_the_questions_wait(tmp_path: Path, error: str) -> None:
    with Scene(tmp_path, 1) as alone:
        alone.proxy.script["chat.postMessage"] = [Reply({"ok": False, "error": error})]
        asked = alone.mention()
        eventually(lambda: not alone.deliveries.is_ready(0))
        alone.replicas[0].stop()
        assert alone.answers(asked) == []


# -- links ------------------------------------------------------------------------------------------------------------


def _shared(*urls: str) -> dict[str, Any]:
    links = [{"domain": "huggingface.co", "url": url} for url in urls]
    event = {"type": "link_shared", "user": "U01ADA", "channel": "C01GENERAL", "message_ts": "1.1", "links": links}
    return envelope({**event, "unfurl_id": "C1.1.1", "source": "conversations_history"}, f"Ev{hash(urls)}{time.time()}")


HUB = "https://huggingface.co"
MODEL = f"{HUB}/meta-llama/Llama-3.1-8B-Instruct"


@pytest.mark.parametrize(
    "url",
    [
        f"{HUB}/datasets/openai/gsm8k",
        f"{HUB}/spaces/acme/demo",
        f"{HUB}/acme",
        f"{HUB}/acme/secret",
        f"{HUB}/acme/nothing-like-it",
    ],
    ids=["dataset", "space", "user", "private", "missing"],
)
def test_a_link_to_no_public_model_gets_silence(scene: Scene, url: str) -> None:
    scene.deliveries.deliver(scene.event(_shared(url)))
    scene.deliveries.deliver(scene.event(_shared(MODEL)))
    waited_for(lambda: scene.calls("chat.unfurl"))
    scene.rest()
    assert [list(call["unfurls"]) for call in scene.calls("chat.unfurl")] == [[MODEL]]


def test_duplicate_links_get_one_note(scene: Scene) -> None:
    scene.deliveries.deliver(scene.event(_shared(MODEL, f"{MODEL}/tree/main", MODEL)))
    (call,) = waited_for(lambda: scene.calls("chat.unfurl"))
    assert list(call["unfurls"]) == [MODEL]


# -- the Hub fails ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "model", "said"),
    [
        (None, "acme/nothing-like-it", "has no model acme/nothing-like-it"),
        (None, "acme/gated", "acme/gated is gated"),
        (faults.status(429, retry_after="60"), "acme/tiny-429", "limit for api requests is reached: ask again in 60 s"),
        (faults.close(), "acme/tiny-gone", "acme/tiny-gone: the answer of 127.0.0.1:"),
        (faults.hang(), "acme/tiny-slow", "acme/tiny-slow"),
        (faults.body(b"{" + b" " * 20_000_000 + b"}"), "acme/tiny-giant", "acme/tiny-giant"),
    ],
    ids=["missing", "gated", "quota", "broken-off", "silent", "giant"],
)
def test_a_hub_that_fails_is_told_to_the_asker_alone(
    scene: Scene, fault: faults.Fault | None, model: str, said: str
) -> None:
    scene.hub.fail(*([fault] if fault else []))
    before = len(scene.slack.answers(scene.slack.channel))
    scene.mention(f"{model} on 1xH100")
    (told,) = waited_for(lambda: scene.slack.answers(scene.slack.channel)[before:], 40)
    assert told["ephemeral_to"] == scene.slack.person
    assert said in told["text"]


# -- forms, presses, signatures ------------------------------------------------------------------------------------


def test_a_form_submitted_twice_is_answered_once(scene: Scene) -> None:
    form = scene.sign(submission("machine", {"machine": "8xH100"}, view_id="VTwice"))
    for replica in (0, 1, 0):
        assert scene.deliveries.deliver(form, replica).status_code == 200
    scene.rest()
    assert len(scene.calls("views.publish")) == 1


def _button(message: dict[str, Any], name: str) -> dict[str, Any]:
    """A control of an answer that Slack holds, as a press of it names it."""
    blocks = [block for block in message["blocks"] if block["type"] in {"actions", "context_actions"}]
    elements = [(block, element) for block in blocks for element in block["elements"]]
    (found,) = [pair for pair in elements if name in json.dumps(pair[1])][:1]
    block, element = found
    picked = {"selected_option": element["options"][-1]} if "options" in element else {"value": element.get("value")}
    return {**picked, "type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}


def test_a_press_after_half_an_hour_edits_the_message_itself(scene: Scene) -> None:
    asked = scene.mention()
    (answer,) = scene.answered(asked)
    menu = next(
        element
        for block in answer["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["type"] == "static_select"
    )
    scene.proxy.script["respond"] = [Reply({"ok": False, "error": "expired_url"}, 404)]
    place = {"channel_id": scene.slack.channel, "message_ts": answer["ts"], "thread_ts": asked, "type": "message"}
    request = press(
        _button(answer, menu["action_id"]),
        scene.proxy.response_url,
        container=place,
        channel={"id": scene.slack.channel},
        message={"ts": answer["ts"], "thread_ts": asked},
        user={"id": scene.slack.person},
        team=scene.team(),
    )
    scene.deliveries.deliver(scene.sign(request))
    (change,) = waited_for(lambda: scene.calls("chat.update"))
    assert change["ts"] == answer["ts"]
    waited_for(lambda: scene.answers(asked)[0]["text"] != answer["text"])
    assert len(scene.answers(asked)) == 1


def test_an_expired_trigger_is_said_to_the_presser(scene: Scene) -> None:
    asked = scene.mention()
    (answer,) = scene.answered(asked)
    scene.proxy.script["views.open"] = [Reply({"ok": False, "error": "expired_trigger_id"})]
    place = {"channel_id": scene.slack.channel, "message_ts": answer["ts"], "thread_ts": asked, "type": "message"}
    request = press(
        _button(answer, "Refine"),
        scene.proxy.response_url,
        container=place,
        user={"id": scene.slack.person},
        team=scene.team(),
    )
    scene.deliveries.deliver(scene.sign(request))
    (told,) = waited_for(lambda: scene.calls("respond"))
    assert told["response_type"] == "ephemeral"


@pytest.mark.parametrize("kind", ["forged", "stale"])
def test_a_forged_or_stale_request_is_refused(scene: Scene, kind: str) -> None:
    body = mention("EvForged", ts="1800000000.000005", channel=scene.slack.channel)
    request = (
        signed(body, secret="not ours")  # that is the point
        if kind == "forged"
        else signed(body, secret=SECRET, at=time.time() - 301)
    )
    assert scene.deliveries.deliver(request).status_code == 401
    scene.answered(scene.mention())
    assert scene.answers("1800000000.000005") == []


# -- processes and databases ------------------------------------------------------------------------------------------


def test_twenty_that_wait_are_answered_before_a_stopped_process_ends(tmp_path: Path) -> None:
    with Scene(tmp_path, 1) as alone:
        alone.proxy.script["chat.postMessage"] = [Reply({"ok": True, "ts": "1.1"}, after_s=0.2) for _ in range(20)]
        for number in range(20):
            event = mention(f"EvDrain{number}", ts=f"1800000001.{number:06}", channel=f"C9{number:02}")
            assert alone.deliveries.deliver(alone.event(event)).status_code == 200
        assert len(alone.calls("chat.postMessage")) < 20
        assert alone.replicas[0].stop() in {0, -signal.SIGTERM}
        threads = [call["thread_ts"] for call in alone.calls("chat.postMessage")]
        assert sorted(threads) == [f"1800000001.{number:06}" for number in range(20)]


def test_a_socket_that_breaks_while_an_answer_is_made_loses_nothing(tmp_path: Path) -> None:
    with (
        LocalSlack(tmp_path) as slack,
        Relay() as relay,
        FaultProxy(slack.api_url) as proxy,
    ):
        proxy.socket_url = relay.address
        proxy.script["chat.postMessage"] = [Reply(RATE_LIMITED, 429, {"Retry-After": "2"})]
        tokens = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}
        with Replica(f"sqlite:///{tmp_path / 'bot.db'}", proxy.url, tmp_path / "log", "slack", **tokens):
            eventually(slack.is_connected)
            first = slack.say(slack.channel, f"<@{slack.bot}> {QUESTION}")
            waited_for(lambda: [call for call in proxy.calls if call.method == "chat.postMessage"])
            relay.cut()
            waited_for(lambda: slack.answers(slack.channel))
            eventually(lambda: slack.is_connected(sockets=2), 60)
            second = slack.say(slack.channel, f"<@{slack.bot}> {QUESTION}")
            waited_for(lambda: len(slack.answers(slack.channel)) == 2)
        assert [answer["thread_ts"] for answer in slack.answers(slack.channel)] == [first, second]


def test_a_database_that_is_away_has_slack_send_the_event_again(tmp_path: Path) -> None:
    with Scene(tmp_path, 1) as alone:
        asked = "1800000002.000001"
        request = alone.event(mention("EvAway", ts=asked, channel=alone.slack.channel))
        other = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        assert alone.deliveries.deliver(request).status_code >= 500
        other.execute("ROLLBACK")
        other.close()
        assert alone.deliveries.retry(request).status_code == 200
        assert len(alone.answered(asked)) == 1


# -- the many spellings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "llama-3.1-8b on 8×H100",
        "llama-3.1-8b on 8 x h100 80gb",
        "“llama-3.1-8b” on 8xH100",
        "llama-3.1-8b &amp; 8xH100",
        "<https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct|meta-llama/Llama-3.1-8B-Instruct> on 8xH100",
        "```llama-3.1-8b on 8xH100```",
        ":rocket: llama-3.1-8b on 8xH100 :pray:",
        "\u202bllama-3.1-8b on 8xH100\u202c",
    ],
)
def test_one_question_in_the_spellings_of_slack(scene: Scene, text: str) -> None:
    (answer,) = scene.answered(scene.mention(text))
    assert "Llama-3.1-8B" in answer["text"]
    assert "8× h100-sxm-80gb" in answer["text"]


def test_an_empty_mention_gets_help(scene: Scene) -> None:
    (answer,) = scene.answered(scene.mention(""))
    assert "deepseek-v3" in answer["text"].lower() + json.dumps(answer.get("blocks", "")).lower()
