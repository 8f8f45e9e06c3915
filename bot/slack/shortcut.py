"""The message shortcut "Estimate this model": a message is read as a question and answered to its asker alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.slack.inbound import Asked, cleaned
from bot.slack.pressed import team_of, user_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt.async_app import AsyncAck, AsyncApp

    from bot.slack.service import Service

CALLBACK: Final = "estimate_message"
BUSY: Final = "Too many questions are waiting. Please try again in a few minutes."


def register(app: AsyncApp, service: Service) -> None:
    """Listens for the shortcut."""

    async def on_shortcut(ack: AsyncAck, body: dict[str, Any]) -> None:
        asked = from_message(body)
        if await service.take(asked) == "full":
            await service.tell(asked.response_url, BUSY, asked.thread_ts)
        await ack()

    app.shortcut(CALLBACK)(on_shortcut)


def from_message(body: Mapping[str, Any]) -> Asked:
    """The question in the message on which the shortcut was used."""
    message = body.get("message") or {}
    return Asked(
        keys=(f"shortcut:{team_of(body)}:{body['trigger_id']}",),
        channel=str((body.get("channel") or {}).get("id") or ""),
        thread_ts=str(message.get("thread_ts") or ""),
        response_url=str(body.get("response_url") or ""),
        is_private=True,
        team=team_of(body),
        user=user_of(body),
        **cleaned(str(message.get("text") or "")),
    )
