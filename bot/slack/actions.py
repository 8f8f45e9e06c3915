"""Buttons and menus of an answer: each press becomes a question in the queue, or a note, or a form.

A press on one's own answer changes it in place; on somebody else's it is answered to the presser alone, since nobody's
answer is altered by another. A press is known by its trigger, so that a replay does nothing; a token that this
workspace was not given finds nothing, and says so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from bot.slack import controls, modal
from bot.slack.inbound import Asked
from bot.slack.pressed import pressed
from bot.thread import restored

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck, AsyncApp

    from bot.slack.pressed import Pressed
    from bot.slack.service import Service
    from bot.store.answers import Kept, Verdict

GONE: Final = "This answer is not known here any more. Ask the question again, and its buttons will work."
BUSY: Final = "Too many questions are waiting. Please press again in a few minutes."
NOTED: Final = "Noted, thank you. It helps to make the answers better."
LATE: Final = "Slack closed the form before it could open. Please press again."
WHY: Final = "why?"


def register(app: AsyncApp, service: Service) -> None:
    """Listens for what `controls` puts below an answer."""
    presses = _Presses(service)
    app.action(re.compile(rf"^{controls.ASK}:"))(presses.on_ask)
    app.action(controls.WHY)(presses.on_why)
    app.action(controls.SHARE)(presses.on_share)
    app.action(controls.FEEDBACK)(presses.on_feedback)
    app.action(controls.REFINE)(presses.on_refine)


class _Presses:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def on_ask(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A menu: the answer to the same question with one thing changed."""
        press, kept = await self._known(body)
        if kept is not None:
            await self._take(press, follow_up(press, kept))
        await ack()

    async def on_why(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The arithmetic, for the presser alone."""
        press, kept = await self._known(body)
        if kept is not None:
            asked = replace(follow_up(press, kept), question=WHY, replaces=False, is_private=not press.is_direct)
            await self._take(press, asked)
        await ack()

    async def on_share(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The private answer again, for everybody there: once, however often it is pressed."""
        press, kept = await self._known(body)
        if kept is not None and kept.user == press.user:
            key = f"share:{press.team}:{press.token}"
            asked = replace(follow_up(press, kept), keys=(key,), question="", replaces=False, is_private=False)
            await self._take(press, asked)
        await ack()

    async def on_feedback(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A judgement is stored; the last one of a person counts."""
        press, kept = await self._known(body)
        if kept is not None and press.value in {"good", "bad"}:
            await self._service.judge(kept, press.user, cast("Verdict", press.value))
            await self._service.tell(press.response_url, NOTED, press.thread_ts)
        await ack()

    async def on_refine(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The form, filled with the answer's question; Slack gives three seconds to open it."""
        press, kept = await self._known(body)
        query = restored(kept.query) if kept is not None else None
        if query is not None:
            view = modal.refine_view(query, modal.Place.of(press))
            opened = await self._service.outbound.call(press.team, "views.open", trigger_id=press.trigger_id, view=view)
            if opened.fate != "sent":
                await self._service.tell(press.response_url, LATE, press.thread_ts)
        await ack()

    async def _known(self, body: dict[str, Any]) -> tuple[Pressed, Kept | None]:
        """The press, and the answer it belongs to; who presses on what is not known here is told so."""
        press = pressed(body)
        kept = await self._service.kept(press.team, press.token) if press.token and press.team else None
        if kept is None:
            await self._service.tell(press.response_url, GONE, press.thread_ts)
        return press, kept

    async def _take(self, press: Pressed, asked: Asked) -> None:
        if await self._service.take(asked) == "full":
            await self._service.tell(press.response_url, BUSY, press.thread_ts)


def follow_up(press: Pressed, kept: Kept) -> Asked:
    """The press as a follow-up of the answer: in place where it is the presser's own, else to the presser alone."""
    is_own = press.is_ephemeral or press.is_direct or press.user == kept.user
    return Asked(
        keys=(press.key,),
        question=press.value,
        characters=len(press.value),
        channel=press.channel,
        thread_ts=press.thread_ts,
        response_url=press.response_url,
        is_private=press.is_ephemeral or not is_own,
        team=press.team,
        user=press.user,
        previous=kept.query,
        replaces=is_own,
        message_ts="" if press.is_ephemeral else press.message_ts,
    )
