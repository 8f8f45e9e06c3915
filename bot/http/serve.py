"""`hubgauge serve`: the HTTP front under uvicorn, until the process is told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from bot.http.app import build

if TYPE_CHECKING:
    from bot.http.product import Product
    from bot.settings import Settings

MOST_CONNECTIONS = 1024
"""Connections at once; what comes beyond hears 503, so that a flood of idle ones leaves memory to the others."""


def run(settings: Settings, product: Product) -> None:
    """Serves until SIGTERM or SIGINT, then finishes what is under way. No access log: addresses hold questions."""
    uvicorn.run(
        build(settings, product),
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=int(settings.drain_s) or 1,
    )
