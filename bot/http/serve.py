"""`hubgauge serve`: the HTTP front under uvicorn, until the process is told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import uvicorn

from bot.http.app import build

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.question import Query
    from bot.render.report import Report
    from bot.settings import Settings


def run(
    settings: Settings,
    ask: Callable[[str | Query], Report],
    estimate_json: Callable[[str], Mapping[str, Any]],
    *,
    ask_json: Callable[[str], Mapping[str, Any]],
) -> None:
    """Serves until SIGTERM or SIGINT, then finishes what is under way. No access log: addresses hold questions."""
    app = build(settings, ask, estimate_json, ask_json=ask_json)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.drain_s) or 1,
    )
