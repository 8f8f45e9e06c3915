"""The Home tab, the workspace's machine, links to models and the agent's first questions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bot.bootstrap import asker, model_loader
from bot.render.block_models import view_fault
from bot.slack.unfurl import model_of, models_in
from bot.slack.watching import answer
from bot.watch.subscriptions import SubscriptionStore
from bot.watch.tables import open_watch
from tests.bot.slack.payloads import QUESTION, envelope, mention, press, signed, submission
from tests.bot.slack.signed_bot import nothing_waits, running, settled, states
from tests.bot.slack.test_buttons import blocks_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.slack.signed_bot import Bot
    from tests.bot.slack.web_api import Call, WebApi

pytestmark = pytest.mark.anyio
ask = asker(model_loader())
MODEL = "https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct"


def opened(tab: str, event_id: str, user: str = "U061F7AUR") -> dict[str, Any]:
    return envelope({"type": "app_home_opened", "user": user, "channel": "D024", "tab": tab}, event_id)


def shared(*urls: str, event_id: str = "Ev7", **more: Any) -> dict[str, Any]:
    links = [{"domain": "huggingface.co", "url": url} for url in urls]
    event = {"type": "link_shared", "user": "U061F7AUR", "channel": "C123", "message_ts": "3.3", "links": links}
    return envelope(event | {"unfurl_id": "C123.3.3.abc", "source": "conversations_history"} | more, event_id)


def called(api: WebApi, method: str) -> list[Call]:
    return [call for call in api.calls if call.method == method]


async def home_of(bot: Bot, api: WebApi, event_id: str, user: str = "U061F7AUR") -> dict[str, Any]:
    """The Home tab as that person sees it."""
    await nothing_waits(bot)
    before = len(called(api, "views.publish"))
    await bot.send(signed(opened("home", event_id, user)))
    await nothing_waits(bot)
    call = called(api, "views.publish")[before]
    assert call.arguments["user_id"] == user
    view: dict[str, Any] = call.arguments["view"]
    assert view_fault(view) == ""
    return view


async def test_home_shows_each_person_their_own_questions_and_asks_them_again(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        assert "Nothing yet." in json.dumps(await home_of(bot, web_api, "Ev1"))
        await bot.send(signed(mention("Ev2")))
        await settled(web_api, 1)
        await nothing_waits(bot)
        view = await home_of(bot, web_api, "Ev3")
        other = await home_of(bot, web_api, "Ev4", "U0OTHER")
        (recent,) = [block for block in view["blocks"] if block.get("block_id", "").startswith("answer:")]
        again = {"action_id": "home_again", "block_id": recent["block_id"], "type": "button"}
        for user in ("U0OTHER", "U061F7AUR"):
            await bot.send(signed(press(again, trigger_id=user, user={"id": user, "team_id": "T123"})))
        _, again_answer = await settled(web_api, 2)
        await nothing_waits(bot)
    assert "llama-3.1-8b on 1x h100-sxm-80gb at 8k context" in recent["text"]["text"]
    assert "llama-3.1-8b on 1x" not in json.dumps(other)
    assert (again_answer.method, again_answer.arguments["channel"]) == ("chat.postMessage", "U061F7AUR")
    assert len(web_api.posted()) == 2


async def test_the_workspaces_machine_answers_questions_that_name_none_and_is_said(
    web_api: WebApi, tmp_path: Path
) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        change = {"action_id": "home_machine", "block_id": "x", "type": "button"}
        await bot.send(signed(press(change, trigger_id="1")))
        assert view_fault(called(web_api, "views.open")[0].arguments["view"]) == ""
        response = await bot.send(signed(submission("machine", {"machine": "8xH100"})))
        assert (response.status_code, response.text) == (200, "")
        await bot.send(signed(mention("Ev1", ts="1.1", text="llama-3.1-70b")))
        await settled(web_api, 1)
        await bot.send(signed(mention("Ev2", ts="2.2", text="llama-3.1-70b on 4xH200")))
        await settled(web_api, 2)
        await bot.send(signed(mention("Ev3", ts="3.3", text="cheapest way to run llama-3.1-70b")))
        usual, named, cheapest = await settled(web_api, 3)
        await nothing_waits(bot)
        view = await home_of(bot, web_api, "Ev9")
    assert "8× h100-sxm-80gb" in usual.arguments["text"]
    assert "8xH100, the machine of this workspace" in json.dumps(blocks_of(usual))
    for call in (named, cheapest):
        assert "machine of this workspace" not in json.dumps(blocks_of(call))
    assert "8xH100" in json.dumps(view)


async def test_home_shows_each_person_their_own_subscriptions_and_ends_them(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        engine = open_watch(bot.database)
        asked = {"team_id": "T123", "channel_id": "C123"}
        for user in ("U061F7AUR", "U0OTHER"):
            answer(engine, asked | {"user_id": user, "text": f"watch Qwen, {user} on 8xH100"})
        answer(engine, asked | {"user_id": "U061F7AUR", "team_id": "T999", "text": "watch elsewhere"})
        view = await home_of(bot, web_api, "Ev1")
        (mine,) = [block for block in view["blocks"] if (block.get("accessory") or {}).get("action_id") == "home_end"]
        for user in ("U0OTHER", "U061F7AUR"):
            await bot.send(signed(press(mine["accessory"], trigger_id=user, user={"id": user, "team_id": "T123"})))
            await nothing_waits(bot)
            left = [each.words for each in SubscriptionStore(engine).all("slack:T123/C123")]
            assert len(left) == (2 if user == "U0OTHER" else 1)
        after = await home_of(bot, web_api, "Ev2")
        engine.dispose()
    assert mine["text"]["text"] == "Qwen, U061F7AUR on 8xH100 in <#C123>"
    assert "U0OTHER" not in json.dumps(view)
    assert "elsewhere" not in json.dumps(view)
    assert "home_end" not in json.dumps(after)


async def test_another_workspace_knows_nothing_of_the_machine(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(submission("machine", {"machine": "8xH100"})))
        await bot.send(signed(mention(text="llama-3.1-70b") | {"team_id": "T999"}))
        (call,) = await settled(web_api, 1)
    assert "machine of this workspace" not in json.dumps(blocks_of(call))


@pytest.mark.parametrize("machine", ["a toaster", "8xH100 and 4xA100", "how many H100", "<!channel>", "0xH100"])
async def test_what_is_no_machine_is_refused_below_the_field(machine: str, web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        response = await bot.send(signed(submission("machine", {"machine": machine})))
    assert list(response.json()["errors"]) == ["machine"]


async def test_a_machine_is_taken_back_by_an_empty_field(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        for number, machine in enumerate(("8xH100", "")):
            await bot.send(signed(submission("machine", {"machine": machine}, view_id=f"V{number}")))
        assert "No machine is set" in json.dumps(await home_of(bot, web_api, "Ev9"))


async def test_a_link_to_a_model_is_shown_once_by_the_address_it_came_as(web_api: WebApi, tmp_path: Path) -> None:
    links = (MODEL, f"{MODEL}/tree/main", "https://huggingface.co/datasets/openai/gsm8k")
    async with running(web_api, tmp_path, ask) as bot:
        for _ in range(2):
            await bot.send(signed(shared(*links)))
        await nothing_waits(bot)
    (call,) = called(web_api, "chat.unfurl")
    assert list(call.arguments["unfurls"]) == [MODEL]
    assert (call.arguments["unfurl_id"], call.arguments["source"]) == ("C123.3.3.abc", "conversations_history")
    assert "Llama-3.1-8B-Instruct" in json.dumps(call.arguments["unfurls"])
    assert web_api.posted() == []


async def test_without_an_unfurl_id_the_message_is_named(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(shared(MODEL, unfurl_id="", source="")))
        await nothing_waits(bot)
    (call,) = called(web_api, "chat.unfurl")
    assert (call.arguments["channel"], call.arguments["ts"]) == ("C123", "3.3")


@pytest.mark.parametrize(
    "url",
    [
        "https://huggingface.co/datasets/openai/gsm8k",
        "https://huggingface.co/spaces/stabilityai/stable-diffusion",
        "https://huggingface.co/meta-llama",
        "https://huggingface.co/",
        "https://huggingface.co/papers/2307.09288",
        "https://huggingface.co/docs/transformers/index",
        "https://huggingface.co.evil.example/meta-llama/Llama-3.1-8B-Instruct",
        "https://huggingface.co@evil.example/meta-llama/Llama-3.1-8B-Instruct",
        "https://user@huggingface.co/meta-llama/Llama-3.1-8B-Instruct",
        "ftp://huggingface.co/meta-llama/Llama-3.1-8B-Instruct",
        "https://huggingface.co/<!channel>/x",
        "https://huggingface.co/..%2f/x",
        "https://[::1/a/b",
        "https://huggingface.co/a/b" + "x" * 5_000,
        "",
    ],
)
async def test_what_is_no_model_gets_silence(url: str, web_api: WebApi, tmp_path: Path) -> None:
    assert model_of(url) == ""
    async with running(web_api, tmp_path, ask) as bot:
        assert (await bot.send(signed(shared(url)))).status_code == 200
        assert states(bot.database) == []
    assert web_api.calls == []


async def test_a_model_that_nobody_knows_gets_silence(
    web_api: WebApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    offline = asker(model_loader())
    async with running(web_api, tmp_path, offline) as bot:
        await bot.send(signed(shared("https://huggingface.co/acme/no-such-model")))
        await nothing_waits(bot)
    assert called(web_api, "chat.unfurl") == []


def test_fifty_links_are_five_models_at_most() -> None:
    urls = [f"https://huggingface.co/acme/model-{number}" for number in range(50)]
    assert list(models_in(urls).values()) == [f"acme/model-{number}" for number in range(5)]


async def test_the_messages_tab_and_an_assistants_thread_offer_questions(web_api: WebApi, tmp_path: Path) -> None:
    thread = {"user_id": "U061F7AUR", "channel_id": "D024", "thread_ts": "4.4", "context": {}}
    started = envelope({"type": "assistant_thread_started", "assistant_thread": thread}, "Ev2")
    async with running(web_api, tmp_path, ask) as bot:
        await bot.send(signed(opened("messages", "Ev1")))
        await bot.send(signed(started))
        await bot.send(signed(opened("about", "Ev3")))
        await nothing_waits(bot)
    offered = called(web_api, "assistant.threads.setSuggestedPrompts")
    assert {(call.arguments["channel_id"], call.arguments.get("thread_ts")) for call in offered} == {
        ("D024", None),
        ("D024", "4.4"),
    }
    for prompt in offered[0].arguments["prompts"]:
        assert ask(prompt["message"]).mood != "error"
    assert QUESTION not in json.dumps(offered[0].arguments)
