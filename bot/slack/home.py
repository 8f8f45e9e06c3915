"""The Home tab: how to ask, the workspace's machine, what its reader is told of, and asked last.

Everybody sees their own questions and subscriptions alone. The machine is the workspace's, and anybody may set it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from bot.errors import QuestionError
from bot.question.help import HELP
from bot.render.blocks import escape, literal
from bot.render.described import described
from bot.slack.controls import BLOCK, button, plain
from bot.slack.conversation import machine_of
from bot.slack.inbound import Asked
from bot.slack.modal import Place, refine_view
from bot.slack.pressed import pressed, team_of, typed, user_of
from bot.slack.watching import end, made_by
from bot.store.answers import MAX_MACHINE_CHARACTERS
from bot.thread import restored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slack_bolt.async_app import AsyncAck, AsyncApp

    from bot.slack.outbound import Sent
    from bot.slack.service import Service
    from bot.store.answers import Kept
    from bot.watch.subscriptions import Subscription

ERRAND: Final = "home"
ASK: Final = "home_ask"
AGAIN: Final = "home_again"
MACHINE: Final = "home_machine"
END: Final = "home_end"
ACTIONS: Final = (ASK, AGAIN, MACHINE, END)
MOST_SUBSCRIPTIONS: Final = 20
"""Shown: a view holds a hundred blocks."""
CALLBACK: Final = "machine"
NO_MACHINE: Final = "No machine is set. Questions that name none are answered with machines that would do."


def register(app: AsyncApp, service: Service) -> None:
    """Listens for the tab's buttons and form, and publishes the tab when it is asked for."""

    async def on_ask(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _open(service, body, refine_view(None, Place()))
        await ack()

    async def on_machine(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _open(service, body, machine_view(await service.machine(team_of(body))))
        await ack()

    async def on_again(ack: AsyncAck, body: dict[str, Any]) -> None:
        press = pressed(body)
        kept = await service.kept(press.team, press.token)
        if kept is not None and kept.user == press.user:
            again = Asked(keys=(press.key,), channel=press.user, team=press.team, user=press.user, previous=kept.query)
            await service.take(again)
        await ack()

    async def on_set(ack: AsyncAck, body: dict[str, Any]) -> None:
        machine = typed(body["view"], CALLBACK)
        fault = machine_fault(machine)
        if fault:
            await ack(response_action="errors", errors={CALLBACK: fault})
            return
        await service.set_machine(team_of(body), user_of(body), machine)
        await service.take(visit(team_of(body), user_of(body), f"view:{team_of(body)}:{body['view']['id']}"))
        await ack()

    async def on_end(ack: AsyncAck, body: dict[str, Any]) -> None:
        press = pressed(body)
        await asyncio.to_thread(end, service.store.engine, press.team, press.user, press.value)
        await service.take(visit(press.team, press.user, press.key))
        await ack()

    for action, listener in ((ASK, on_ask), (MACHINE, on_machine), (AGAIN, on_again), (END, on_end)):
        app.action(action)(listener)
    app.view(CALLBACK)(on_set)
    service.errands[ERRAND] = lambda asked: publish(service, asked)


def visit(team: str, user: str, key: str) -> Asked:
    """The errand of drawing the tab for one person."""
    return Asked(keys=(key,), team=team, user=user, errand=ERRAND)


async def publish(service: Service, asked: Asked) -> Sent:
    """Draws the tab for the person who looks at it."""
    told = await asyncio.to_thread(made_by, service.store.engine, asked.team, asked.user)
    view = home_view(await service.machine(asked.team), await service.recent(asked.team, asked.user), told)
    return await service.outbound.call(asked.team, "views.publish", user_id=asked.user, view=view)


def home_view(machine: str, recent: Sequence[Kept], told: Sequence[Subscription] = ()) -> dict[str, Any]:
    """The tab."""
    said = f"*{escape(machine)}* is meant where a question names no machine." if machine else NO_MACHINE
    examples = "\n".join(f"• {escape(entry.examples[0])}" for entry in HELP if entry.examples)
    blocks: list[dict[str, Any]] = [
        _header("Will it fit, how fast, at what cost?"),
        _section(f"Write to me, mention me, or type `/hubgauge`. For example:\n{examples}"),
        {"type": "actions", "elements": [button(ASK, "Ask…", "Ask in a form", style="primary")]},
        {"type": "divider"},
        _header("This workspace's machine"),
        _section(said, button(MACHINE, "Change…", "Change this workspace's machine")),
        *_told(told),
        {"type": "divider"},
        _header("What you asked last"),
        *(_asked_before(kept) for kept in recent),
    ]
    if not recent:
        blocks.append(_section("Nothing yet."))
    return {"type": "home", "blocks": blocks}


def machine_view(machine: str) -> dict[str, Any]:
    """The form that sets the machine."""
    element: dict[str, Any] = {
        "type": "plain_text_input",
        "action_id": CALLBACK,
        "max_length": MAX_MACHINE_CHARACTERS,
        "placeholder": plain("8x H100"),
    }
    if machine:
        element["initial_value"] = machine
    field = {"type": "input", "block_id": CALLBACK, "label": plain("Machine"), "element": element, "optional": True}
    hint = plain("Everybody's questions that name no machine are answered on this one. Leave it empty for none.")
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("The machine"),
        "submit": plain("Save"),
        "close": plain("Cancel"),
        "blocks": [{**field, "hint": hint}],
    }


def machine_fault(machine: str) -> str:
    """Why that cannot be a workspace's machine; empty where it can, or where none is wished."""
    try:
        return "" if not machine or machine_of(machine) else "no machine"
    except QuestionError as error:
        return literal(": ".join(part for part in (error.message, error.hint) if part))[:300]


async def _open(service: Service, body: dict[str, Any], view: dict[str, Any]) -> None:
    await service.outbound.call(team_of(body), "views.open", trigger_id=body["trigger_id"], view=view)


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": plain(text)}


def _section(text: str, accessory: dict[str, Any] | None = None) -> dict[str, Any]:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
    return section if accessory is None else {**section, "accessory": accessory}


def _told(subscriptions: Sequence[Subscription]) -> list[dict[str, Any]]:
    """What its reader had channels told of; nothing where that is nothing."""
    if not subscriptions:
        return []
    shown = [
        _section(
            f"{escape(each.words)} in <#{each.place.rpartition('/')[2]}>",
            button(END, "End", "End this subscription", value=each.id),
        )
        for each in subscriptions[:MOST_SUBSCRIPTIONS]
    ]
    return [{"type": "divider"}, _header("What you are told of"), *shown]


def _asked_before(kept: Kept) -> dict[str, Any]:
    query = restored(kept.query)
    words = literal(described(query)) if query is not None else "a question of an older version"
    again = button(AGAIN, "Ask again", "Ask this question again")
    return {**_section(escape(words), again), "block_id": f"{BLOCK}:{kept.token}:recent"}
