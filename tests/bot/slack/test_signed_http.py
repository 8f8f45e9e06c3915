"""Slack over signed HTTP, in this process: requests as Slack signs them in, calls to a scripted Web API out."""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text

from bot.render.chart import Chart, Line
from bot.render.report import Notes, Report, Section, error_report
from bot.slack import workers
from bot.store.work import MAX_ATTEMPTS
from tests.bot.slack.payloads import QUESTION, SECRET, Signed, command, direct, mention, signed
from tests.bot.slack.signed_bot import TOKEN, fits, nothing_waits, running, settled, states
from tests.bot.slack.web_api import Reply, WebApi

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def test_a_mention_a_message_and_a_command_get_the_same_blocks(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, lambda _: fits("the same")) as bot:
        for request in (
            signed(mention("Ev1", ts="1.1")),
            signed(direct("Ev2", ts="2.2")),
            signed(command(web_api.response_url)),
        ):
            response = await bot.send(request)
            assert (response.status_code, response.text) == (200, "")
        calls = await settled(web_api, 3)
    drawn = [blocks if isinstance(blocks := call.arguments["blocks"], list) else json.loads(blocks) for call in calls]
    assert len({blocks[0].pop("block_id") for blocks in drawn}) == 3  # each answer is known by its own mark
    assert drawn[0] == drawn[1] == drawn[2]
    assert "Fits: 54 requests" in json.dumps(drawn[0])
    places = {(call.arguments.get("channel"), call.arguments.get("thread_ts")) for call in calls}
    assert places == {("C123", "1.1"), ("D024", "2.2"), (None, None)}
    assert {call.token for call in calls if call.method == "chat.postMessage"} == {TOKEN}
    assert [call.arguments["response_type"] for call in calls if call.method == "respond"] == ["ephemeral"]


async def test_what_is_asked_is_what_was_typed(web_api: WebApi, tmp_path: Path) -> None:
    heard: list[str] = []

    def ask(question: Any) -> Report:
        heard.append(question)
        return fits(question)

    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention(text="8×H100 &amp; “fp8” <https://hf.co/a/b|a/b>")))
        await settled(web_api, 1)
    assert heard == ["8×H100 &amp; “fp8” <https://hf.co/a/b|a/b>"]  # cleaned by the question's own parser, once


async def test_a_repeated_event_is_answered_once_and_each_delivery_is_accepted(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path) as bot:
        for retry in range(4):
            assert (await bot.send(signed(mention(), retry=retry))).status_code == 200
        await settled(web_api, 1)
    assert len(web_api.posted()) == 1


async def test_a_retry_whose_first_delivery_never_came_is_answered(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path) as bot:
        await bot.send(signed(mention(), retry=1))
        await settled(web_api, 1)


async def test_mention_and_message_of_one_post_and_a_repeated_command_are_answered_once(
    web_api: WebApi, tmp_path: Path
) -> None:
    async with running(web_api, tmp_path) as bot:
        for request in (
            signed(mention("Ev1", channel="D024")),
            signed(direct("Ev2")),
            signed(command(web_api.response_url)),
            signed(command(web_api.response_url)),
        ):
            assert (await bot.send(request)).status_code == 200
        await settled(web_api, 2)
    assert sorted(call.method for call in web_api.posted()) == ["chat.postMessage", "respond"]


@pytest.mark.parametrize(
    "forged",
    [
        signed(mention(), secret="not the secret"),
        signed(mention(), at=time.time() - 301),
        signed(mention(), at=time.time() + 3_600),
        (signed(mention())[0] + b" ", signed(mention())[1]),
        (signed(mention())[0], {"Content-Type": "application/json"}),
        (signed(mention())[0], {**signed(mention())[1], "X-Slack-Request-Timestamp": "now"}),
        (b"{", signed("{")[1]),
        (b"\xff\xfe", signed("x")[1]),
    ],
)
async def test_a_forged_old_or_altered_request_is_refused_and_answered_nowhere(
    forged: Signed, web_api: WebApi, tmp_path: Path
) -> None:
    async with running(web_api, tmp_path) as bot:
        response = await bot.send(forged)
    assert response.status_code in ({400, 401} if not forged[0].startswith(b'{"') else {401})
    assert web_api.posted() == []
    assert states(bot.database) == []


async def test_slack_hears_that_the_address_is_ours(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path) as bot:
        response = await bot.send(signed({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "unused"}))
    assert response.status_code == 200
    assert response.json() == {"challenge": "3eZbrw1aB"}


async def test_talk_that_is_no_question_is_acknowledged_in_silence(web_api: WebApi, tmp_path: Path) -> None:
    pressed = {
        "type": "block_actions",
        "trigger_id": "1",
        "user": {"id": "U1"},
        "team": {"id": "T123"},
        "actions": [{"type": "button", "action_id": "old"}],
    }
    async with running(web_api, tmp_path) as bot:
        for request in (
            signed(direct(subtype="message_changed")),
            signed(mention(bot_id="B1")),
            signed(f"payload={json.dumps(pressed)}"),
        ):
            assert (await bot.send(request)).status_code == 200
        assert states(bot.database) == []


async def test_a_command_is_answered_to_its_asker_alone_unless_it_is_shared(web_api: WebApi, tmp_path: Path) -> None:
    def ask(question: Any) -> Report:
        return error_report("There is no such model.", "try org/name") if "qwem" in question else fits(question)

    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(command(web_api.response_url, "qwem-9", trigger_id="1")))
        await settled(web_api, 1)
        await bot.send(signed(command(web_api.response_url, QUESTION, trigger_id="2")))
        await settled(web_api, 2)
        await bot.send(signed(command(web_api.response_url, f"share {QUESTION}", trigger_id="3")))
        calls = await settled(web_api, 3)
    assert [call.arguments["response_type"] for call in calls] == ["ephemeral", "ephemeral", "in_channel"]
    assert "There is no such model." in calls[0].arguments["text"]


async def test_a_pasted_log_gets_a_short_hint_and_is_not_parsed(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, lambda _: pytest.fail("asked")) as bot:
        await bot.send(signed(mention(text="INFO loading " * 3_000)))
        (call,) = await settled(web_api, 1)
    assert "at most 2,000" in call.arguments["text"]


async def test_slack_is_heard_at_once_while_the_answers_take_their_time(web_api: WebApi, tmp_path: Path) -> None:
    gate = threading.Event()

    def ask(question: Any) -> Report:
        gate.wait(10)
        return fits(question)

    async with running(web_api, tmp_path, ask) as bot:
        times_s = []
        for number in range(12):
            began = time.perf_counter()
            await bot.send(signed(mention(f"Ev{number}", ts=f"{number}.0")))
            times_s.append(time.perf_counter() - began)
        assert web_api.posted() == []
        gate.set()
        await settled(web_api, 12)
    assert max(times_s) < 3.0  # Slack's own limit; what is usual is measured by the benchmark


async def test_slacks_wish_to_wait_is_granted_and_the_answer_comes_once(web_api: WebApi, tmp_path: Path) -> None:
    web_api.script["chat.postMessage"] = [Reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "1"})]
    async with running(web_api, tmp_path) as bot:
        began = time.monotonic()
        await bot.send(signed(mention()))
        await settled(web_api, 2)
        assert time.monotonic() - began >= 1.0
    assert states(bot.database) == ["done"]


async def test_a_pause_that_slack_wishes_keeps_one_channel_in_its_order_and_no_other(
    web_api: WebApi, tmp_path: Path
) -> None:
    limited = Reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "2"})
    web_api.script["chat.postMessage"] = [limited] * 3
    async with running(web_api, tmp_path, drain_s=20) as bot:
        for number in range(3):
            await bot.send(signed(mention(f"Ev{number}", ts=f"{number}.0")))
        await settled(web_api, 3)
        await bot.send(signed(mention("Ev9", ts="9.0", channel="C9")))
        await nothing_waits(bot)
    places = [(message["channel"], message["thread_ts"]) for message in web_api.messages]
    assert places == [("C9", "9.0"), ("C123", "0.0"), ("C123", "1.0"), ("C123", "2.0")]


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long"])
async def test_blocks_that_slack_refuses_come_again_as_plain_text(code: str, web_api: WebApi, tmp_path: Path) -> None:
    web_api.script["chat.postMessage"] = [Reply({"ok": False, "error": code})]
    notes = Notes("Assumed", ("vLLM 0.19.0",))
    report = Report("Fits", (Section("Llama", "yes", "Fits.", notes=(notes,)),))
    async with running(web_api, tmp_path, lambda _: report) as bot:
        await bot.send(signed(mention()))
        refused, plain = await settled(web_api, 2)
    assert "blocks" in refused.arguments
    assert "blocks" not in plain.arguments
    assert "vLLM 0.19.0" in plain.arguments["text"]
    assert states(bot.database) == ["done"]


def drawn(question: Any) -> Report:
    line = Line("one request", (10.0, 12.0))
    chart = Chart("Time per token", "requests at once", "ms", ("1", "64"), (line,), "12 ms at 64")
    return replace(fits(question), charts=(chart,))


async def test_charts_of_refused_blocks_come_as_pictures_in_the_thread(web_api: WebApi, tmp_path: Path) -> None:
    web_api.script["chat.postMessage"] = [Reply({"ok": False, "error": "invalid_blocks"})]
    place = {"ok": True, "upload_url": f"{web_api.root}/upload", "file_id": "F1"}
    web_api.script["files.getUploadURLExternal"] = [Reply(place)]
    web_api.script["files.completeUploadExternal"] = [Reply({"ok": True, "files": [{"id": "F1"}]})]
    async with running(web_api, tmp_path, drawn) as bot:
        await bot.send(signed(mention(ts="7.7")))
        await settled(web_api, 2)
        await nothing_waits(bot)
    asked, uploaded, completed = web_api.calls[-3:]
    assert (asked.method, asked.arguments["filename"]) == ("files.getUploadURLExternal", "chart.png")
    assert asked.arguments["alt_txt"] == "12 ms at 64"
    assert uploaded.method == "upload"
    assert (completed.arguments["channel_id"], completed.arguments["thread_ts"]) == ("C123", "7.7")


async def test_where_no_file_can_be_uploaded_the_answer_stands_and_is_not_tried_again(
    web_api: WebApi, tmp_path: Path
) -> None:
    web_api.script["chat.postMessage"] = [Reply({"ok": False, "error": "invalid_blocks"})]
    web_api.script["files.getUploadURLExternal"] = [Reply({"ok": False, "error": "missing_scope"})]
    async with running(web_api, tmp_path, drawn) as bot:
        await bot.send(signed(mention()))
        await settled(web_api, 2)
        await nothing_waits(bot)
    (message,) = web_api.messages
    assert "Fits" in message["text"]
    assert states(bot.database) == ["done"]


async def test_a_revoked_token_makes_us_unready_and_a_lost_channel_does_not(web_api: WebApi, tmp_path: Path) -> None:
    codes = ("not_in_channel", "token_revoked")
    web_api.script["chat.postMessage"] = [Reply({"ok": False, "error": code}) for code in codes]
    async with running(web_api, tmp_path) as bot:
        for number, status in enumerate((200, 503)):
            await bot.send(signed(mention(f"Ev{number}", ts=f"{number}.0")))
            await settled(web_api, number + 1)
            await nothing_waits(bot)
            assert (await bot.client.get("/readyz")).status_code == status
    assert states(bot.database) == ["failed", "failed"]


@pytest.mark.parametrize("is_taken", [True, False])
async def test_after_a_server_error_the_thread_is_looked_at_before_the_answer_is_posted_again(
    is_taken: bool,  # a parameter of the test
    web_api: WebApi,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "UNSURE_S", 0.01)
    web_api.script["chat.postMessage"] = [Reply({"ok": False, "error": "internal_error"}, 500, is_taken=is_taken)]
    async with running(web_api, tmp_path) as bot:
        await bot.send(signed(mention()))
        await nothing_waits(bot)
    assert states(bot.database) == ["done"]
    assert len(web_api.messages) == 1
    assert [call.method for call in web_api.calls] == [
        "chat.postMessage",
        "conversations.replies",
        *([] if is_taken else ["chat.postMessage"]),
    ]


async def test_an_answer_that_cannot_be_looked_for_is_posted_again(
    web_api: WebApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "UNSURE_S", 0.01)
    web_api.script["chat.postMessage"] = [Reply({"ok": False, "error": "internal_error"}, 503)]
    web_api.script["conversations.replies"] = [Reply({"ok": False, "error": "missing_scope"})]
    async with running(web_api, tmp_path) as bot:
        await bot.send(signed(mention()))
        await nothing_waits(bot)
    assert len(web_api.messages) == 1


async def test_a_slack_that_stays_away_is_given_up_after_a_few_attempts(
    web_api: WebApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "UNSURE_S", 0.01)
    web_api.script["chat.postMessage"] = [Reply({"ok": False, "error": "fatal_error"}, 503)] * 2 * MAX_ATTEMPTS
    async with running(web_api, tmp_path) as bot:
        await bot.send(signed(mention()))
        await nothing_waits(bot)
    assert states(bot.database) == ["failed"]
    assert len(web_api.posted()) == MAX_ATTEMPTS


async def test_a_bug_is_told_to_the_asker_alone_and_the_next_question_is_answered(
    web_api: WebApi, tmp_path: Path
) -> None:
    def ask(question: Any) -> Report:
        if "bug" in question:
            raise ZeroDivisionError(question)
        return fits(question)

    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention("Ev1", "1.0", text="bug")))
        await settled(web_api, 1)
        await bot.send(signed(mention("Ev2", "2.0")))
        broken, well = await settled(web_api, 2)
    assert (broken.method, broken.arguments["user"]) == ("chat.postEphemeral", "U061F7AUR")
    assert "Something broke" in broken.arguments["text"]
    assert "Fits" in well.arguments["text"]


async def test_what_waits_is_answered_before_the_process_ends(web_api: WebApi, tmp_path: Path) -> None:
    def ask(question: Any) -> Report:
        time.sleep(0.05)
        return fits(question)

    async with running(web_api, tmp_path, ask) as bot:
        for number in range(20):
            await bot.send(signed(mention(f"Ev{number}", ts=f"{number}.0", channel=f"C{number % 5}")))
    assert len(web_api.posted()) == 20
    assert states(bot.database) == ["done"] * 20


async def test_what_the_deadline_cuts_off_is_left_to_the_next_process(web_api: WebApi, tmp_path: Path) -> None:
    gate = threading.Event()

    def slow(question: Any) -> Report:
        gate.wait(10)
        return fits(question)

    async with running(web_api, tmp_path, slow, drain_s=0.2) as bot:
        for number in range(6):
            await bot.send(signed(mention(f"Ev{number}", ts=f"{number}.0")))
    gate.set()
    assert states(bot.database) == ["waiting"] * 6
    engine = create_engine(bot.database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE work SET not_before = 0"))  # two minutes later
    engine.dispose()
    async with running(web_api, tmp_path):
        await settled(web_api, 6)
    assert states(bot.database) == ["done"] * 6


async def test_a_database_that_is_away_makes_slack_send_the_event_again(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path) as bot:
        engine = create_engine(bot.database)
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE events_seen"))
        engine.dispose()
        assert (await bot.send(signed(mention()))).status_code == 500
        response = await bot.send(signed(command(web_api.response_url)))
    assert response.status_code == 200
    assert "ask again" in response.text


async def test_logs_hold_neither_secrets_nor_what_people_write(
    web_api: WebApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def ask(question: Any) -> Report:
        raise ValueError(question)

    web_api.script["chat.postEphemeral"] = [Reply({"ok": False, "error": "token_revoked"})]
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention(text="the merger with Initech")))
        await settled(web_api, 1)
        await bot.send(signed(mention("Ev9", text="the merger with Initech"), secret="forged"))
        await bot.send(signed(command(web_api.response_url, "the merger with Initech")))
        await settled(web_api, 2)
    assert "token_revoked" in caplog.text
    assert "ValueError" in caplog.text
    assert not [word for word in (TOKEN, SECRET, "Initech", "merger", web_api.response_url) if word in caplog.text]


async def test_the_watcher_beside_it_is_still_heard(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, fits):
        assert logging.getLogger("hubgauge.watch").isEnabledFor(logging.WARNING)


async def test_a_channel_asks_to_be_told_of_releases(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, fits) as bot:
        response = await bot.send(signed(command(web_api.response_url, "watch Qwen on 8xH100")))
        assert "This channel is told of Qwen on 8xH100" in response.text
        await nothing_waits(bot)
    assert web_api.calls == []
