"""The conversation with the bot alone (Slack's agent view): questions to begin with, and the Home tab beside it.

Slack tells both tabs by one event. Older workspaces open an assistant's thread instead, with an event of its own.

Source: docs.slack.dev, reference of `app_home_opened`, `assistant_thread_started` and
`assistant.threads.setSuggestedPrompts`, read 2026-11-21.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.slack import home
from bot.slack.inbound import Asked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt.async_app import AsyncApp

    from bot.slack.outbound import Sent
    from bot.slack.service import Service

OPENED: Final = "app_home_opened"
STARTED: Final = "assistant_thread_started"
EVENTS: Final = (OPENED, STARTED)
ERRAND: Final = "prompts"
TITLE: Final = "Name a model, and a machine if you have one"
PROMPTS: Final = (
    ("Does it fit?", "deepseek-v3 on 8×H100 FP8 at 32K"),
    ("What would hold it?", "cheapest way to run llama-3.3-70b for 50 users at 16k"),
    ("What can I run?", "what can I run on a 4090"),
    ("This one or that one?", "qwen3-32b fp8 on 1xH100 vs 1xH200"),
)
"""Title and question; four are what Slack shows. The manifest holds the same."""


def register(app: AsyncApp, service: Service) -> None:
    """Listens for the tabs being opened."""

    async def on_opened(body: dict[str, Any]) -> None:
        asked = from_event(body)
        if asked is not None:
            await service.take(asked)

    for event in EVENTS:
        app.event(event)(on_opened)
    service.errands[ERRAND] = lambda asked: suggest(service, asked)


def from_event(body: Mapping[str, Any]) -> Asked | None:
    """The errand of drawing the tab that was opened; None for a tab that is not ours to draw."""
    event, team, key = body.get("event") or {}, str(body.get("team_id") or ""), f"event:{body.get('event_id', '')}"
    if event.get("type") == STARTED:
        thread = event.get("assistant_thread") or {}
        place = {"channel_id": thread.get("channel_id"), "thread_ts": thread.get("thread_ts")}
        return Asked(keys=(key,), team=team, user=str(thread.get("user_id") or ""), errand=ERRAND, details=place)
    if event.get("tab") == "home":
        return home.visit(team, str(event.get("user") or ""), key)
    if event.get("tab") == "messages":
        place = {"channel_id": event.get("channel")}
        return Asked(keys=(key,), team=team, user=str(event.get("user") or ""), errand=ERRAND, details=place)
    return None


async def suggest(service: Service, asked: Asked) -> Sent:
    """Offers questions to begin with."""
    place = {name: value for name, value in asked.details.items() if value}
    prompts = [{"title": title, "message": message} for title, message in PROMPTS]
    return await service.outbound.call(
        asked.team, "assistant.threads.setSuggestedPrompts", title=TITLE, prompts=prompts, **place
    )
