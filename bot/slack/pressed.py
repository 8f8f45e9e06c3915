"""What Slack sends when somebody presses, chooses or submits, as plain values. Pure: a payload in, a value out.

Source: docs.slack.dev, reference/interaction-payloads (block_actions, shortcuts, view_submission), read 2026-11-21.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.slack.controls import token_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Pressed:
    """One press on one of our controls. `token` names the answer that it belongs to; empty where it is none of ours."""

    team: str
    user: str
    trigger_id: str
    action_id: str
    value: str
    token: str
    channel: str
    message_ts: str
    thread_ts: str
    response_url: str
    is_ephemeral: bool

    @property
    def key(self) -> str:
        """What the press is known by, should Slack send it again."""
        return f"press:{self.team}:{self.trigger_id}"

    @property
    def is_direct(self) -> bool:
        """Whether it was pressed in a conversation with the bot alone."""
        return self.channel.startswith("D")


def pressed(body: Mapping[str, Any]) -> Pressed:
    """The first action of a payload: Slack sends one at a time."""
    action = (body.get("actions") or [{}])[0]
    container, message = body.get("container") or {}, body.get("message") or {}
    return Pressed(
        team=team_of(body),
        user=user_of(body),
        trigger_id=str(body.get("trigger_id") or ""),
        action_id=str(action.get("action_id") or ""),
        value=_value(action),
        token=token_of(str(action.get("block_id") or "")),
        channel=str(container.get("channel_id") or (body.get("channel") or {}).get("id") or ""),
        message_ts=str(container.get("message_ts") or message.get("ts") or ""),
        thread_ts=str(container.get("thread_ts") or message.get("thread_ts") or ""),
        response_url=str(body.get("response_url") or ""),
        is_ephemeral=bool(container.get("is_ephemeral")),
    )


def team_of(body: Mapping[str, Any]) -> str:
    """The workspace of the person who pressed; the whole organisation where Slack names no workspace."""
    for part in ("team", "enterprise"):
        found = (body.get(part) or {}).get("id")
        if found:
            return str(found)
    return str((body.get("user") or {}).get("team_id") or "")


def user_of(body: Mapping[str, Any]) -> str:
    """Who pressed."""
    return str((body.get("user") or {}).get("id") or "")


def typed(view: Mapping[str, Any], block_id: str) -> str:
    """What was typed or chosen in that field of a form; empty where it was left alone."""
    fields = (view.get("state") or {}).get("values") or {}
    for element in (fields.get(block_id) or {}).values():
        return _value(element or {}).strip()
    return ""


def _value(action: Mapping[str, Any]) -> str:
    chosen = action.get("selected_option") or {}
    return str(chosen.get("value") or action.get("value") or "")
