"""What strangers type and replay: nothing of it is live in what goes out, and no shape of a payload breaks the bot."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from bot.bootstrap import asker, model_loader
from bot.render.block_models import message_fault, view_fault
from bot.slack.unfurl import MAX_MODELS
from tests.bot.slack.payloads import command, direct, interaction, mention, press, signed, submission
from tests.bot.slack.signed_bot import nothing_waits, running, settled, states
from tests.bot.slack.test_buttons import blocks_of, control
from tests.bot.slack.test_places import called, home_of, shared
from tests.bot.slack.web_api import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bot.slack.web_api import Call, WebApi

pytestmark = pytest.mark.anyio
ask = asker(model_loader())
BAIT = (
    "<!channel>",
    "&lt;!here&gt;",
    "<!subteam^S012|@all>",
    "<@U0BOSS>",
    "<https://evil.example|huggingface.co>",
    "[click](https://evil.example)",
    "*bold* _it_ ~no~ `code`",
    "```\n<!everyone>\n```",
    "\u202e<!channel>\u200b",
    "&amp;lt;!channel&amp;gt;",
)


def parsed_texts(value: Any) -> Iterator[str]:
    """Every text of a call that Slack parses: `text` of a message, and mrkdwn wherever it stands."""
    if isinstance(value, list):
        for inner in value:
            yield from parsed_texts(inner)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str) and value.get("type", "mrkdwn") == "mrkdwn":
            yield value["text"]
        for inner in value.values():
            yield from parsed_texts(inner)


def unpacked(call: Call) -> dict[str, Any]:
    return call.arguments | ({"blocks": blocks_of(call)} if "blocks" in call.arguments else {})


def assert_nothing_is_live(api: WebApi) -> None:
    """No bracket that Slack would read, and none of a stranger's markup."""
    texts = [text for call in api.calls for text in parsed_texts(unpacked(call))]
    assert texts
    for text in texts:
        assert "<" not in text
        assert "&lt;!" not in text
        assert "&lt;@" not in text
        assert "*bold*" not in text
        assert "`code`" not in text
    assert "<@U0BOSS" not in json.dumps([call.arguments for call in api.calls])


@pytest.mark.parametrize("bait", BAIT)
async def test_bait_in_a_question_is_dead_wherever_it_is_asked(bait: str, web_api: WebApi, tmp_path: Path) -> None:
    text = f"acme/{bait} and {bait} on 1xH100"
    url = web_api.response_url
    message = {"channel": {"id": "C1"}, "message": {"text": text, "ts": "1.1"}, "response_url": url}
    shortcut = {"type": "message_action", "callback_id": "estimate_message", "trigger_id": "5", "team": {"id": "T123"}}
    async with running(web_api, tmp_path, ask) as bot:
        for request in (
            signed(mention("Ev1", ts="1.1", text=text)),
            signed(direct("Ev2", ts="2.2", text=text)),
            signed(command(url, text)),
            signed(interaction(shortcut | message | {"user": {"id": "U1"}})),
            signed(mention("Ev3", ts="3.3", text=f"llama-3.1-8b on 1xH100 {bait}")),
        ):
            assert (await bot.send(request)).status_code == 200
        await settled(web_api, 5)
        await nothing_waits(bot)
        await home_of(bot, web_api, "Ev9")
    assert_nothing_is_live(web_api)
    for call in web_api.posted():
        assert message_fault(blocks_of(call)) == ""


@pytest.mark.parametrize("bait", BAIT)
async def test_bait_in_a_form_is_dead_below_its_field(bait: str, web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        for number, (callback, field) in enumerate(
            (("refine", "model"), ("refine", "machine"), ("machine", "machine"))
        ):
            values = {"model": "llama-3.1-8b"} if callback == "refine" else {}
            sent = submission(callback, values | {field: bait}, view_id=f"V{number}")
            response = await bot.send(signed(sent))
            assert response.status_code == 200
            assert "<!" not in response.text
            assert "<@" not in response.text
        await nothing_waits(bot)
    for call in web_api.calls:
        assert "<" not in "".join(parsed_texts(unpacked(call)))


async def test_bait_in_a_query_that_was_kept_is_dead_on_the_home_tab_and_in_the_form(
    web_api: WebApi, tmp_path: Path
) -> None:
    """A name that no parser would let through, as if an older version had kept it."""
    from sqlalchemy import create_engine, update

    from bot.store.tables import ANSWERS

    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention("Ev1", ts="1.1")))
        (answer,) = await settled(web_api, 1)
        await nothing_waits(bot)
        engine = create_engine(bot.database)
        with engine.begin() as connection:
            bad = json.dumps({"v": 1, "models": ["<!channel>*bold*"], "models_as_typed": ["<!channel>*bold*"]})
            connection.execute(update(ANSWERS).values(query=bad))
        engine.dispose()
        view = await home_of(bot, web_api, "Ev2")
        await bot.send(signed(press(control(answer, "refine"), web_api.response_url)))
    (form,) = called(web_api, "views.open")
    assert view_fault(form.arguments["view"]) == ""
    assert "<!channel" not in json.dumps(view)
    assert_nothing_is_live(web_api)


async def test_forty_kilobytes_get_one_short_hint(web_api: WebApi, tmp_path: Path) -> None:
    paste = "torch.OutOfMemoryError <!channel> CUDA out of memory\n" * 800
    async with running(web_api, tmp_path, lambda _: pytest.fail("asked")) as bot:
        for request in (signed(mention("Ev1", ts="1.1", text=paste)), signed(command(web_api.response_url, paste))):
            assert (await bot.send(request)).status_code == 200
        await settled(web_api, 2)
    for call in web_api.posted():
        assert len(json.dumps(call.arguments)) < 3_000
    assert_nothing_is_live(web_api)


async def test_fifty_links_in_a_message_are_one_call_with_five_notes_by_the_addresses_as_they_came(
    web_api: WebApi, tmp_path: Path
) -> None:
    known = ["meta-llama/Llama-3.1-8B-Instruct", "Qwen/Qwen3-32B", "google/gemma-3-27b-it", "openai/gpt-oss-20b"]
    urls = [f"https://huggingface.co/{known[number % 4]}/tree/main?x={number}" for number in range(50)]
    async with running(web_api, tmp_path, ask) as bot:
        for _ in range(3):
            await bot.send(signed(shared(*urls, "https://huggingface.co/<!channel>/x")))
        await nothing_waits(bot)
    (call,) = called(web_api, "chat.unfurl")
    assert list(call.arguments["unfurls"]) == urls[:4]
    assert len(call.arguments["unfurls"]) <= MAX_MODELS
    for shown in call.arguments["unfurls"].values():
        assert message_fault(shown["blocks"]) == ""
    assert_nothing_is_live(web_api)


async def test_asking_again_from_home_is_answered_once_however_often_it_is_replayed(
    web_api: WebApi, tmp_path: Path
) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(mention("Ev1", ts="1.1")))
        await settled(web_api, 1)
        await nothing_waits(bot)
        view = await home_of(bot, web_api, "Ev2")
        block = next(block for block in view["blocks"] if block.get("block_id", "").startswith("answer:"))
        again = {"action_id": "home_again", "block_id": block["block_id"], "type": "button"}
        for _ in range(3):
            await bot.send(signed(press(again, trigger_id="again")))
        await bot.send(signed(press(again, trigger_id="x", team={"id": "T999"})))
        await settled(web_api, 2)
        await nothing_waits(bot)
    assert len(web_api.posted()) == 2


async def test_an_error_from_the_home_tab_is_posted_to_the_person_that_is_its_channel(
    web_api: WebApi, tmp_path: Path
) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        form = submission("refine", {"model": "acme/no-such-model-9000", "machine": "1x H100"})
        await bot.send(signed(form))
        (call,) = await settled(web_api, 1)
    assert (call.method, call.arguments["channel"]) == ("chat.postMessage", "U061F7AUR")


@pytest.mark.parametrize(
    "metadata", ["", "[]", "1", "null", "not json", '{"channel": null}', '{"channel": ["C1"]}', "[" * 2_900]
)
async def test_a_stale_form_is_answered_to_its_submitter_alone(metadata: str, web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        stale = submission("refine", {"model": "llama-3.1-8b", "machine": "1x H100"}, metadata=metadata)
        assert (await bot.send(signed(stale))).status_code == 200
        (call,) = await settled(web_api, 1)
    assert (call.method, call.arguments["channel"]) == ("chat.postMessage", "U061F7AUR")


async def test_a_form_whose_address_died_is_answered_where_it_was_opened(web_api: WebApi, tmp_path: Path) -> None:
    web_api.script["respond"] = [Reply({"ok": False, "error": "expired_url"}, 404)]
    place = json.dumps({"channel": "C123", "thread_ts": "1.1", "response_url": web_api.response_url})
    async with running(web_api, tmp_path, ask) as bot:
        form = submission("refine", {"model": "llama-3.1-8b", "machine": "1x H100"}, metadata=place)
        await bot.send(signed(form))
        _, call = await settled(web_api, 2)
    assert (call.method, call.arguments["user"]) == ("chat.postEphemeral", "U061F7AUR")


async def test_a_form_of_another_version_is_closed_and_does_nothing(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        response = await bot.send(signed(submission("refine_v0", {"model": "llama-3.1-8b"})))
        assert (response.status_code, response.text) == (200, "")
        assert states(bot.database) == []
    assert web_api.calls == []


def without(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The payload with one place of it gone, or something else there."""
    changed: Any = copy.deepcopy(body)
    *parents, last = path.split(".")
    place = changed
    for part in parents:
        place = place[int(part)] if part.isdigit() else place[part]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    found: dict[str, Any] = changed
    return found


def paths(value: Any, above: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{above}{name}"
            yield from paths(inner, f"{above}{name}.")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from paths(inner, f"{above}{number}.")


def body_of(request: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(parse_qs(request)["payload"][0])
    return found


ASK = {"action_id": "ask:card", "block_id": "answer:t:menus", "type": "static_select"}
PRESS = body_of(press(ASK | {"selected_option": {"value": "on h100"}}))
FORM = body_of(submission("refine", {"model": "llama-3.1-8b"}))
NEVER_LEFT_OUT = {"type", "event", "actions", "actions.0.action_id", "view", "view.id", "view.type"}
"""What a payload is known by: Bolt itself reads these before any listener of ours."""
OPENED = {"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "home"}


@pytest.mark.parametrize("value", [KeyError, None], ids=repr)
async def test_no_shape_of_a_payload_breaks_the_bot(value: Any, web_api: WebApi, tmp_path: Path) -> None:
    broken = []
    async with running(web_api, tmp_path, ask) as bot:
        for body in (PRESS, FORM, shared("https://huggingface.co/a/b"), mention(), direct() | {"event": OPENED}):
            for path in paths(body):
                if path in NEVER_LEFT_OUT:
                    continue
                changed = without(body, path, value)
                request = signed(interaction(changed) if "user" in body else changed)
                response = await bot.send(request)
                if response.status_code >= 500:
                    broken.append(path)
    assert broken == []
