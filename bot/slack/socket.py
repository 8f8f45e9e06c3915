"""`hubgauge slack`: Socket Mode, for a bot without a public address. Slack is called, and calls nobody."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from typing import TYPE_CHECKING

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import SettingsError
from bot.settings import needed
from bot.slack.app import build_app, build_service
from bot.slack.health import told_over_http
from bot.slack.outbound import quiet_logger, web_client
from bot.store.database import open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.question import Query
    from bot.render.report import Report
    from bot.settings import Settings
    from bot.slack.service import Service

log = logging.getLogger(__name__)


def run(settings: Settings, ask: Callable[[str | Query], Report]) -> None:
    """Answers until the process is told to stop (SIGTERM, SIGINT), then drains.

    Raises `SettingsError` for tokens that are missing or refused.
    """
    asyncio.run(_serve(settings, ask))


async def _serve(settings: Settings, ask: Callable[[str | Query], Report]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises instead
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with connected(settings, ask):
        log.info("connected to Slack; waiting for questions")
        await stop.wait()
        log.info("stopping: no new questions, answering what waits")


@contextlib.asynccontextmanager
async def connected(settings: Settings, ask: Callable[[str | Query], Report]) -> AsyncIterator[Service]:
    """A service that Slack's socket feeds; on the way out the socket closes first, then the waiting are answered."""
    bot_token = needed(settings.slack_bot_token, "SLACK_BOT_TOKEN", "the app's page, OAuth & Permissions")
    app_token = needed(
        settings.slack_app_token, "SLACK_APP_TOKEN", "the app's page, Basic Information, App-Level Tokens"
    )
    engine = open_database(settings.database_url)
    service = build_service(settings, ask, engine)
    handler = AsyncSocketModeHandler(
        build_app(service),
        app_token,
        logger=quiet_logger(),
        web_client=web_client(app_token, settings.slack_api_url),
    )
    try:
        await _check(web_client(bot_token, settings.slack_api_url), handler)
        service.start()

        async def not_ready() -> str:
            is_connected = await handler.client.is_connected()
            return await service.not_ready() if is_connected else "the socket to Slack is down"

        async with told_over_http(settings, not_ready):
            yield service
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt's handler has no annotations here
        await service.drain(settings.drain_s)
        engine.dispose()


async def _check(bot_client: AsyncWebClient, handler: AsyncSocketModeHandler) -> None:
    """Connects, with both tokens tried first, so that a wrong one is said at once and by name."""
    name = "SLACK_BOT_TOKEN"
    try:
        await bot_client.auth_test()
        name = "SLACK_APP_TOKEN"
        await handler.client.web_client.apps_connections_open(app_token=handler.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call]  # as in `connected`
    except SlackApiError as error:
        code = error.response.get("error", "unknown error")
        raise SettingsError(
            f"Slack refuses {name}: {code}", "copy it anew from the app's page; see docs/slack.md"
        ) from None
    except (SlackClientError, OSError, TimeoutError) as error:
        raise SettingsError(
            f"Slack cannot be reached ({type(error).__name__})", "check the network and the proxy"
        ) from None
