"""A bot in this process, spoken to as Slack speaks: signed requests in, calls to a scripted Web API out."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import httpx2
import pytest
from sqlalchemy import create_engine, select

from bot.http.app import build
from bot.render.report import Report, Section
from bot.settings import Settings
from bot.store.tables import WORK
from tests.bot.http.stand_in import product
from tests.bot.slack.payloads import SECRET, Signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.bot.slack.web_api import WebApi

TOKEN = "xoxb-1-super-secret"


def fits(question: Any) -> Report:
    section = Section(heading="Llama-3.1-8B on 1× H100", mood="yes", verdict="Fits: 54 requests of 8K at once.")
    return Report(title=f"answer to {question}", sections=(section,))


class Bot:
    """The HTTP front with Slack set up, and a client that speaks to it."""

    def __init__(self, client: httpx2.AsyncClient, api: WebApi, database: str) -> None:
        self.client = client
        self.api = api
        self.database = database

    async def send(self, request: Signed) -> httpx2.Response:
        body, headers = request
        return await self.client.post("/slack/events", content=body, headers=headers)


@contextlib.asynccontextmanager
async def running(
    api: WebApi, tmp_path: Path, ask: Callable[[Any], Report] = fits, **settings_too: Any
) -> AsyncIterator[Bot]:
    usual = {"slack_bot_token": TOKEN, "slack_signing_secret": SECRET, "slack_api_url": api.url, "drain_s": 5.0}
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'bot.db'}", **{**usual, **settings_too})
    app = build(settings, product(ask=ask))
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://bot") as client,
    ):
        yield Bot(client, api, settings.database_url)


def states(database: str) -> list[str]:
    engine = create_engine(database)
    with engine.connect() as connection:
        found = list(connection.execute(select(WORK.c.state)).scalars())
    engine.dispose()
    return found


async def nothing_waits(bot: Bot) -> None:
    """Slack's answer reaches the database a moment after the test sees the call."""
    for _ in range(1500):
        if "waiting" not in states(bot.database):
            return
        await anyio.sleep(0.01)
    pytest.fail("a question still waits")


async def settled(api: WebApi, count: int) -> list[Any]:
    """The answers, once so many have come."""
    return await anyio.to_thread.run_sync(api.wait_for, count)
