"""A thread that was answered goes on without a mention; what is no question there, or not ours, is left alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, func, select, update

from bot.bootstrap import asker, model_loader
from bot.slack.conversation import STILL_TALKING_S
from bot.store.tables import METADATA, THREADS
from tests.bot.slack.payloads import command, direct, mention, press, signed, submission
from tests.bot.slack.signed_bot import nothing_waits, running, settled, states
from tests.bot.slack.test_buttons import control

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.slack.web_api import WebApi

pytestmark = pytest.mark.anyio
ask = asker(model_loader())
WHOLE = "llama-3.1-70b fp8 on 4xH100 at 16k"


def reply(text: str, number: int, **more: Any) -> dict[str, Any]:
    """A post in the thread that began at 1.1, addressed to nobody; the reference of `message.channels`."""
    event = {"channel_type": "channel", "channel": "C123", "ts": f"{number}.9", "thread_ts": "1.1"}
    return direct(f"Ev{number}", text=text, **(event | more))


async def test_a_thread_goes_on_without_a_mention_and_changes_what_is_named(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention("Ev1", ts="1.1", text=WHOLE)))
        await settled(web_api, 1)
        for number, text in enumerate(("and on H200?", "64 users", "<@U0BOT> what about int4?"), start=2):
            await nothing_waits(bot)
            asked = reply(text, number) if "<@" not in text else mention(f"Ev{number}", "4.9", text, thread_ts="1.1")
            await bot.send(signed(asked))
            await settled(web_api, number)
        answers = web_api.posted()
    assert [call.arguments["thread_ts"] for call in answers] == ["1.1"] * 4
    assert "4× h200-sxm-141gb, fp8, 16K" in answers[1].arguments["text"]
    assert "64" in answers[2].arguments["text"] + json.dumps(answers[2].arguments["blocks"])
    assert "4× h200-sxm-141gb, int4" in answers[3].arguments["text"]


@pytest.mark.parametrize(
    "said",
    [
        reply("thanks!", 2),
        reply("ok, on friday?", 2),
        reply("who has 8 cards?", 2),
        reply("<@U2> and on H200?", 2),
        reply("and on H200? " + "so we were saying that the budget of this year is long gone " * 3, 2),
        reply("and on H200?", 2, bot_id="B1"),
        reply("and on H200?", 2, subtype="message_changed"),
        reply("and on H200?", 2, thread_ts=None),
        reply("and on H200?", 2, thread_ts="2.9"),
        reply("and on H200?", 2, thread_ts="7.7"),
        reply("and on H200?", 2, channel="C999"),
        reply("and on H200?", 2) | {"team_id": "T999"},
        reply("and on H200?", 2) | {"team_id": ""},
        reply("help", 2),
    ],
)
async def test_talk_and_threads_of_others_get_silence(said: dict[str, Any], web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention("Ev1", ts="1.1", text=WHOLE)))
        await settled(web_api, 1)
        await nothing_waits(bot)
        assert (await bot.send(signed(said))).status_code == 200
        await nothing_waits(bot)
    assert len(web_api.posted()) == 1


async def test_talk_outside_answered_threads_is_not_even_written_down(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        for number, text in enumerate((WHOLE, "and on H200?", "thanks"), start=2):
            await bot.send(signed(reply(text, number)))
        assert states(bot.database) == []


async def test_a_mention_that_also_comes_as_a_message_is_answered_once(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention("Ev1", ts="1.1", text=WHOLE)))
        await settled(web_api, 1)
        await nothing_waits(bot)
        await bot.send(signed(reply("<@U0BOT> and on H200?", 2)))
        await bot.send(signed(mention("Ev3", ts="2.9", text="and on H200?", thread_ts="1.1")))
        await settled(web_api, 2)
        await nothing_waits(bot)
    assert len(web_api.posted()) == 2


async def test_an_error_of_a_reply_is_told_to_its_writer_alone(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention("Ev1", ts="1.1", text=WHOLE)))
        await settled(web_api, 1)
        await nothing_waits(bot)
        await bot.send(signed(reply("and on H2000?", 2, user="U0OTHER")))
        _, told = await settled(web_api, 2)
    assert (told.method, told.arguments["user"], told.arguments["thread_ts"]) == (
        "chat.postEphemeral",
        "U0OTHER",
        "1.1",
    )


async def test_a_private_answer_does_not_turn_the_thread(web_api: WebApi, tmp_path: Path) -> None:
    somebody_else: dict[str, Any] = {"user": {"id": "U0OTHER", "team_id": "T123"}}
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention("Ev1", ts="1.1", text=WHOLE)))
        (answer,) = await settled(web_api, 1)
        chosen = control(answer, "ask:card", "B200")
        await bot.send(signed(press(chosen, web_api.response_url, **somebody_else)))
        await settled(web_api, 2)
        await nothing_waits(bot)
        await bot.send(signed(reply("64 users", 2)))
        *_, last = await settled(web_api, 3)
    assert "h100-sxm-80gb" in last.arguments["text"]


async def test_a_press_of_the_asker_turns_the_thread(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention("Ev1", ts="1.1", text=WHOLE)))
        (answer,) = await settled(web_api, 1)
        await bot.send(signed(press(control(answer, "ask:card", "H200 141 GB"), web_api.response_url)))
        await settled(web_api, 2)
        await nothing_waits(bot)
        await bot.send(signed(reply("64 users", 2)))
        *_, last = await settled(web_api, 3)
    assert "h200-sxm-141gb" in last.arguments["text"]


async def test_commands_and_forms_in_a_thread_stand_alone(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention("Ev1", ts="1.1", text=WHOLE)))
        await settled(web_api, 1)
        await nothing_waits(bot)
        place = json.dumps({"channel": "C123", "thread_ts": "1.1", "response_url": web_api.response_url})
        await bot.send(signed(submission("refine", {"model": "qwen3-32b"}, metadata=place)))
        await bot.send(signed(command(web_api.response_url, "qwen3-32b")))
        _, *alone = await settled(web_api, 3)
    assert not [call for call in alone if "h100" in call.arguments["text"]]


async def test_messages_to_the_bot_alone_lean_on_the_last_hour(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(direct("Ev1", ts="1.1", text=WHOLE)))
        await settled(web_api, 1)
        await nothing_waits(bot)
        await bot.send(signed(direct("Ev2", ts="2.2", text="and on H200?")))
        _, leaning = await settled(web_api, 2)
        await nothing_waits(bot)
        engine = create_engine(bot.database)
        with engine.begin() as connection:
            connection.execute(update(THREADS).values(answered_at=THREADS.c.answered_at - STILL_TALKING_S - 1))
        engine.dispose()
        await bot.send(signed(direct("Ev3", ts="3.3", text="qwen3-32b")))
        *_, anew = await settled(web_api, 3)
    assert "4× h200-sxm-141gb, fp8, 16K" in leaning.arguments["text"]
    assert leaning.arguments["thread_ts"] == "2.2"
    assert "h200" not in anew.arguments["text"]


async def test_another_process_carries_the_thread_on(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention("Ev1", ts="1.1", text=WHOLE)))
        await settled(web_api, 1)
        await nothing_waits(bot)
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(reply("and on H200?", 2)))
        _, leaning = await settled(web_api, 2)
    assert "4× h200-sxm-141gb, fp8, 16K" in leaning.arguments["text"]


async def test_no_words_of_a_person_are_kept(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention("Ev1", ts="1.1", text=f"the merger with Initech: {WHOLE}")))
        await settled(web_api, 1)
        await nothing_waits(bot)
        engine = create_engine(bot.database)
        with engine.connect() as connection:
            kept = {table.name: connection.execute(select(table)).all() for table in METADATA.sorted_tables}
            assert connection.execute(select(func.count()).select_from(THREADS)).scalar_one() == 1
        engine.dispose()
    assert "Initech" not in repr(kept)
