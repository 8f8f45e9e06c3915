"""How a bot on Slack's socket is, over HTTP: /healthz, /readyz and /metrics, as `hubgauge serve` has them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from aiohttp import web

from bot import metrics
from bot.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from bot.settings import Settings


@contextlib.asynccontextmanager
async def told_over_http(settings: Settings, not_ready: Callable[[], Awaitable[str]]) -> AsyncIterator[None]:
    """While inside, HUBGAUGE_HEALTH_PORT tells how the bot is; nothing listens where it is unset.

    `not_ready` says why no question can be taken on. Raises `SettingsError` where the port is taken.
    """
    if settings.health_port is None:
        yield
        return
    runner = web.AppRunner(_app(not_ready), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.health_port).start()
    except OSError as error:
        await runner.cleanup()
        port = f"{settings.host}:{settings.health_port}"
        raise SettingsError(f"nobody can listen on {port} ({error.strerror})", "set HUBGAUGE_HEALTH_PORT") from None
    try:
        yield
    finally:
        await runner.cleanup()


def _app(not_ready: Callable[[], Awaitable[str]]) -> web.Application:
    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        reason = await not_ready()
        if reason:
            return web.json_response({"status": "not ready", "reason": reason}, status=503)
        return web.json_response({"status": "ready", "slack": True})

    async def told(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", told)])
    return app
