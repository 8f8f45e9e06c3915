"""A workspace that removes the app, or takes its token back: what it left here is forgotten.

Source: docs.slack.dev, reference of `app_uninstalled` and `tokens_revoked`, read 2026-11-21.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp

    from bot.slack.service import Service

UNINSTALLED: Final = "app_uninstalled"
REVOKED: Final = "tokens_revoked"
EVENTS: Final = (UNINSTALLED, REVOKED)


def register(app: AsyncApp, service: Service) -> None:
    """Listens for both."""

    async def on_uninstalled(body: dict[str, Any]) -> None:
        await service.leave(str(body.get("team_id") or ""), _said_at(body))

    async def on_revoked(body: dict[str, Any]) -> None:
        if ((body.get("event") or {}).get("tokens") or {}).get("bot"):
            await service.leave(str(body.get("team_id") or ""), _said_at(body))

    app.event(UNINSTALLED)(on_uninstalled)
    app.event(REVOKED)(on_revoked)


def _said_at(body: dict[str, Any]) -> float:
    """When it happened; seconds since the epoch."""
    at = body.get("event_time")
    return float(at) if isinstance(at, int | float) and at > 0 else time.time()
