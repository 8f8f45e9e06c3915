"""`hubgauge serve`: the HTTP front under uvicorn, until the process is told to stop."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import uvicorn

from bot.http.app import build

if TYPE_CHECKING:
    from bot.http.product import Product
    from bot.settings import Settings

TURN_S = 0.001
"""Threads that compute take turns with the event loop: a fifth of the usual turn, so that accepting waits little."""
KEPT_OPEN_S = 75
"""Longer than proxies keep an idle connection (nginx and AWS: 60 s), so that none of them reuses one that we closed."""
MOST_CONNECTIONS = 1024
"""Connections at once; what comes beyond hears 503, so that a flood of idle ones leaves memory to the others."""


def run(settings: Settings, product: Product) -> None:
    """Serves until SIGTERM or SIGINT, then finishes what is under way. No access log: addresses hold questions."""
    sys.setswitchinterval(TURN_S)
    uvicorn.run(
        build(settings, product),
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        http="h11",  # bounds what a stranger sends as headers; httptools, quicker by half a millisecond, does not
        timeout_keep_alive=KEPT_OPEN_S,
        timeout_graceful_shutdown=int(settings.drain_s) or 1,
    )
