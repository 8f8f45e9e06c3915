"""Every button, menu and form of an answer, pressed through Bolt by signed requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bot.bootstrap import asker, model_loader
from bot.render.block_models import message_fault, view_fault
from tests.bot.slack.payloads import command, direct, interaction, mention, press, signed, submission
from tests.bot.slack.signed_bot import nothing_waits, running, settled, states
from tests.bot.slack.web_api import Call, Reply

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.slack.signed_bot import Bot
    from tests.bot.slack.web_api import WebApi

pytestmark = pytest.mark.anyio
ask = asker(model_loader())
SOMEBODY_ELSE: dict[str, Any] = {"user": {"id": "U0OTHER", "team_id": "T123"}}


def blocks_of(call: Call) -> list[dict[str, Any]]:
    blocks = call.arguments.get("blocks") or "[]"
    found: list[dict[str, Any]] = json.loads(blocks) if isinstance(blocks, str) else blocks
    return found


def control(call: Call, action_id: str, value: str = "") -> dict[str, Any]:
    """What Slack sends when that control of a message is used."""
    for block in blocks_of(call):
        for element in block.get("elements", []):
            if element.get("action_id") != action_id:
                continue
            pressed: dict[str, Any] = {"action_id": action_id, "block_id": block["block_id"], "type": element["type"]}
            if element["type"] == "static_select":
                chosen = next(row for row in element["options"] if row["text"]["text"] == value)
                return pressed | {"selected_option": chosen}
            return pressed | {"value": value}
    pytest.fail(f"no {action_id} in {blocks_of(call)}")


async def answered(bot: Bot, api: WebApi, text: str = "llama-3.1-8b on 1xH100 at 8K") -> Call:
    """The bot's answer to a mention, in a channel."""
    await bot.send(signed(mention(text=text, ts="1.1")))
    call: Call = (await settled(api, 1))[0]
    return call


async def test_an_answer_has_its_controls_within_slacks_rules(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        call = await answered(bot, web_api)
    blocks = blocks_of(call)
    assert message_fault(blocks) == ""
    ids = [element.get("action_id") for block in blocks for element in block.get("elements", [])]
    chosen = ["ask:card", "ask:count", "ask:format", "ask:context", "ask:compare", "why", "refine", "feedback"]
    assert [name for name in ids if name] == chosen
    assert "data_visualization" in [block["type"] for block in blocks]


async def test_a_menu_changes_the_askers_answer_in_place(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        call = await answered(bot, web_api)
        chosen = control(call, "ask:card", "H200 141 GB")
        assert (await bot.send(signed(press(chosen, web_api.response_url)))).status_code == 200
        _, changed = await settled(web_api, 2)
    assert changed.method == "respond"
    assert changed.arguments["replace_original"] is True
    assert "h200-sxm-141gb" in changed.arguments["text"]
    assert "Llama-3.1-8B" in changed.arguments["text"]


async def test_somebody_else_gets_an_answer_of_their_own(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        call = await answered(bot, web_api)
        chosen = control(call, "ask:count", "4 GPUs")
        await bot.send(signed(press(chosen, web_api.response_url, **SOMEBODY_ELSE)))
        _, own = await settled(web_api, 2)
    assert own.arguments["response_type"] == "ephemeral"
    assert own.arguments["replace_original"] is False
    assert own.arguments["thread_ts"] == "1.1"
    assert "4× h100" in own.arguments["text"]
    assert control(own, "share")


async def test_a_press_after_half_an_hour_edits_the_message_itself(web_api: WebApi, tmp_path: Path) -> None:
    web_api.script["respond"] = [Reply({"ok": False, "error": "expired_url"}, 404)]
    async with running(web_api, tmp_path, ask) as bot:
        call = await answered(bot, web_api)
        await bot.send(signed(press(control(call, "ask:format", "FP8"), web_api.response_url)))
        *_, edited = await settled(web_api, 3)
    assert (edited.method, edited.arguments["channel"], edited.arguments["ts"]) == ("chat.update", "C123", "9.9")


async def test_the_arithmetic_is_shown_to_the_presser_alone_with_the_roofline(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        call = await answered(bot, web_api)
        await bot.send(signed(press(control(call, "why"), web_api.response_url)))
        _, shown = await settled(web_api, 2)
    assert (shown.arguments["response_type"], shown.arguments["replace_original"]) == ("ephemeral", False)
    (chart,) = [block for block in blocks_of(shown) if block["type"] == "data_visualization"]
    assert [line["name"] for line in chart["chart"]["series"]] == ["expected", "reading, at best", "computing, at best"]


async def test_compare_puts_two_machines_side_by_side(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        call = await answered(bot, web_api)
        await bot.send(signed(press(control(call, "ask:compare", "with H200 141 GB"), web_api.response_url)))
        _, both = await settled(web_api, 2)
    shown = json.dumps(blocks_of(both))
    assert "h100-sxm-80gb" in shown
    assert "h200-sxm-141gb" in shown


async def test_a_private_answer_is_shared_once_and_by_its_asker(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(command(web_api.response_url, "llama-3.1-8b on 1xH100")))
        (private,) = await settled(web_api, 1)
        share = control(private, "share")
        await bot.send(signed(press(share, web_api.response_url, trigger_id="1", **SOMEBODY_ELSE)))
        for trigger in ("2", "3"):
            await bot.send(signed(press(share, web_api.response_url, trigger_id=trigger)))
        await settled(web_api, 2)
        await nothing_waits(bot)
    assert private.arguments["response_type"] == "ephemeral"
    assert [call.arguments["response_type"] for call in web_api.posted()[1:]] == ["in_channel"]


async def test_a_replayed_press_does_nothing(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        call = await answered(bot, web_api)
        again = signed(press(control(call, "ask:format", "FP8"), web_api.response_url))
        for _ in range(3):
            assert (await bot.send(again)).status_code == 200
        await settled(web_api, 2)
        await nothing_waits(bot)
    assert len(web_api.posted()) == 2


@pytest.mark.parametrize(
    "foreign",
    [
        {"team": {"id": "T999"}, "user": {"id": "U061F7AUR", "team_id": "T999"}},
        {"team": None, "enterprise": None, "user": {"id": "U061F7AUR"}},
    ],
)
async def test_the_token_of_another_workspace_finds_nothing(
    foreign: dict[str, Any], web_api: WebApi, tmp_path: Path
) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        call = await answered(bot, web_api)
        for action_id, value in (("ask:card", "B200"), ("why", ""), ("refine", ""), ("feedback", "good")):
            await bot.send(signed(press(control(call, action_id, value), web_api.response_url, **foreign)))
    told = [call.arguments for call in web_api.posted()[1:]]
    assert len(told) == 4
    assert all("not known here" in line["text"] and line["response_type"] == "ephemeral" for line in told)
    assert not [call for call in web_api.calls if call.method == "views.open"]
    assert states(bot.database) == ["done"]


@pytest.mark.parametrize("block_id", ["answer:made-up:menus", "answer::menus", "x", "", "answer:" + "x" * 5_000 + ":m"])
async def test_a_made_up_token_finds_nothing(block_id: str, web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        forged = {"action_id": "ask:card", "block_id": block_id, "type": "static_select"}
        sent = press(forged | {"selected_option": {"value": "on h100"}}, web_api.response_url)
        assert (await bot.send(signed(sent))).status_code == 200
        (told,) = await settled(web_api, 1)
    assert "not known here" in told.arguments["text"]


async def test_a_judgement_is_stored_and_the_last_one_counts(web_api: WebApi, tmp_path: Path) -> None:
    from sqlalchemy import create_engine, select

    from bot.store.tables import FEEDBACK

    async with running(web_api, tmp_path, ask) as bot:
        call = await answered(bot, web_api)
        for verdict in ("good", "bad", "<!channel>"):
            await bot.send(signed(press(control(call, "feedback", verdict), web_api.response_url)))
    engine = create_engine(bot.database)
    with engine.connect() as connection:
        rows = connection.execute(select(FEEDBACK.c.user, FEEDBACK.c.verdict, FEEDBACK.c.query)).all()
    engine.dispose()
    assert [(row.user, row.verdict) for row in rows] == [("U061F7AUR", "bad")]
    assert "llama-3.1-8b" in rows[0].query


async def opened_form(bot: Bot, api: WebApi) -> dict[str, Any]:
    """The form that "Refine…" opens."""
    call = await answered(bot, api, "llama-3.1-70b fp8 on 4xH100 at 16K, 32 users")
    await bot.send(signed(press(control(call, "refine"), api.response_url)))
    (opened,) = [call for call in api.calls if call.method == "views.open"]
    assert opened.arguments["trigger_id"] == "7.7"
    view: dict[str, Any] = opened.arguments["view"]
    return view


def filled(view: dict[str, Any]) -> dict[str, str]:
    """What the fields of a form begin with."""
    found = {}
    for block in view["blocks"]:
        element = block["element"]
        chosen = element.get("initial_option", {}).get("value")
        found[block["block_id"]] = element.get("initial_value") or chosen or ""
    return found


async def test_the_form_begins_with_the_question_and_asks_what_its_fields_say(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        view = await opened_form(bot, web_api)
        assert view_fault(view) == ""
        values = filled(view)
        assert values == {
            "model": "llama-3.1-70b",
            "machine": "4x h100-sxm-80gb",
            "format": "fp8",
            "context": "16k",
            "users": "32",
            "more": "",
        }
        changed = values | {"machine": "8x H200", "more": "sglang"}
        for _ in range(2):  # submitted twice: one answer
            response = await bot.send(signed(submission("refine", changed, metadata=view["private_metadata"])))
            assert (response.status_code, response.text) == (200, "")
        _, own = await settled(web_api, 2)
        await nothing_waits(bot)
    assert "8× h200-sxm-141gb" in own.arguments["text"]
    assert (own.arguments["response_type"], own.arguments["thread_ts"]) == ("ephemeral", "1.1")
    assert len(web_api.posted()) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("users", "many"), ("users", "0"), ("machine", "0x H100"), ("context", "-5"), ("model", ""), ("users", "9" * 400)],
)
async def test_a_form_that_cannot_be_is_refused_below_the_field(
    field: str, value: str, web_api: WebApi, tmp_path: Path
) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        values = {"model": "llama-3.1-8b", "machine": "1x H100", "context": "8k", "users": "4"} | {field: value}
        response = await bot.send(signed(submission("refine", values)))
        assert response.json()["response_action"] == "errors"
        assert list(response.json()["errors"]) == [field]
        assert states(bot.database) == []


async def test_an_expired_trigger_is_said_to_the_presser(web_api: WebApi, tmp_path: Path) -> None:
    web_api.script["views.open"] = [Reply({"ok": False, "error": "expired_trigger_id"})]
    async with running(web_api, tmp_path, ask) as bot:
        call = await answered(bot, web_api)
        await bot.send(signed(press(control(call, "refine"), web_api.response_url)))
        _, told = await settled(web_api, 2)
    assert "press again" in told.arguments["text"]


async def test_in_a_direct_conversation_a_press_edits_and_the_arithmetic_is_posted(
    web_api: WebApi, tmp_path: Path
) -> None:
    place: dict[str, Any] = {
        "container": {"type": "message", "channel_id": "D024", "message_ts": "9.9", "thread_ts": "1.1"},
        "channel": {"id": "D024"},
    }
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(direct(ts="1.1")))
        (call,) = await settled(web_api, 1)
        await bot.send(signed(press(control(call, "why"), web_api.response_url, **place)))
        _, shown = await settled(web_api, 2)
    assert shown.arguments["response_type"] == "in_channel"


async def test_a_shortcut_reads_a_message_and_answers_its_user_alone(web_api: WebApi, tmp_path: Path) -> None:
    body = {
        "type": "message_action",
        "callback_id": "estimate_message",
        "team": {"id": "T123"},
        "user": {"id": "U061F7AUR", "team_id": "T123"},
        "channel": {"id": "C123"},
        "trigger_id": "5.5",
        "response_url": web_api.response_url,
        "message": {"type": "message", "user": "U2", "ts": "1.1", "text": "has anyone tried llama-3.1-8b on a 4090?"},
    }
    async with running(web_api, tmp_path, ask) as bot:
        for _ in range(2):
            assert (await bot.send(signed(interaction(body)))).status_code == 200
        (call,) = await settled(web_api, 1)
        await nothing_waits(bot)
    assert call.arguments["response_type"] == "ephemeral"
    assert "rtx-4090" in call.arguments["text"]
    assert len(web_api.posted()) == 1


async def test_a_shortcut_on_a_pasted_log_gets_a_hint(web_api: WebApi, tmp_path: Path) -> None:
    body = {
        "type": "message_action",
        "callback_id": "estimate_message",
        "team": {"id": "T123"},
        "user": {"id": "U1"},
        "channel": {"id": "C123"},
        "trigger_id": "5.5",
        "response_url": web_api.response_url,
        "message": {"text": "INFO loading <!channel> " * 2_000},
    }
    async with running(web_api, tmp_path, lambda _: pytest.fail("asked")) as bot:
        await bot.send(signed(interaction(body)))
        (call,) = await settled(web_api, 1)
    assert "at most 2,000" in call.arguments["text"]


async def test_a_hostile_model_name_calls_nobody_anywhere(web_api: WebApi, tmp_path: Path) -> None:
    name = "&lt;!channel&gt;/<https://evil.example|llama-3.1-8b>"
    async with running(web_api, tmp_path, ask) as bot:
        call = await answered(bot, web_api, f"{name} on 1xH100")
        shown = json.dumps(call.arguments, ensure_ascii=False)
    assert "<!channel" not in shown
    assert "<https://evil" not in shown
    assert "&lt;!channel" not in shown
