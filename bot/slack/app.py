"""The listeners, the same for both ways in: each validates, takes the question on and acknowledges.

`process_before_response` makes Bolt run a listener before it answers Slack: the question is in the database when
Slack hears 200, and a database that is away makes a 500, which Slack repeats. It also spares Bolt's polling for an
acknowledgement, 10 ms each.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from sqlalchemy.exc import SQLAlchemyError

from bot.slack import actions, agent, home, lifecycle, modal, shortcut, unfurl, watching
from bot.slack.inbound import EVENTS, from_command, from_event
from bot.slack.outbound import Outbound, web_client
from bot.slack.service import Service
from bot.slack.workspaces import workspaces_of
from bot.store.work import WorkStore
from ingest.store.database import reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slack_sdk.web.async_client import AsyncWebClient
    from sqlalchemy import Engine

    from bot.question import Query
    from bot.render.report import Report
    from bot.settings import Settings

log = logging.getLogger(__name__)

COMMAND: Final = "/hubgauge"
BOLT_LOGGER: Final = "bot.slack.bolt"
ANY: Final = re.compile(r".*")
BUSY: Final = "Too many questions are waiting. Please ask again in a few minutes."
AWAY: Final = "Questions cannot be taken on at the moment. Please ask again in a few minutes."


FACES: Final = (
    actions.register,
    modal.register,
    home.register,
    shortcut.register,
    unfurl.register,
    agent.register,
    lifecycle.register,
    watching.register,
)
"""Who listens to what besides questions; one function for each file."""


class NoRoom(Exception):
    """Too many questions wait; Slack's retry finds room."""


def build_service(settings: Settings, ask: Callable[[str | Query], Report], engine: Engine) -> Service:
    """The service of a process. Call it inside the event loop: it opens an HTTP session, which `drain` closes."""
    session = aiohttp.ClientSession()

    def client(token: str) -> AsyncWebClient:
        return web_client(token, settings.slack_api_url, session)

    return Service(WorkStore(engine), ask, Outbound(workspaces_of(settings, engine, client), session))


def build_app(service: Service, *, signing_secret: str | None = None) -> AsyncApp:
    """A Bolt app that hands questions to the service. Without a secret it verifies nothing: for Socket Mode only."""
    app = AsyncApp(
        authorize=_authorize,
        signing_secret=signing_secret or "unused",
        request_verification_enabled=signing_secret is not None,
        process_before_response=True,
        ignoring_self_events_enabled=False,  # `from_event` ignores all bots
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
        logger=_bolt_logger(),
        name=BOLT_LOGGER,  # Bolt quiets the logger of this name: "hubgauge" would quiet the watcher with it
    )
    for event in EVENTS:  # first what comes most: Bolt asks one listener after the other
        app.event(event)(_on_event(service))
    for register in FACES:  # before what hears everything: Bolt takes the first that matches
        register(app, service)
    app.command(COMMAND)(_on_command(service))
    app.event(ANY)(_on_nothing_heard)
    for kind in (app.action, app.shortcut, app.view):
        kind(ANY)(_on_nothing)  # old messages may hold buttons of others; silence would show an error
    app.error(_on_error)
    return app


async def _authorize() -> AuthorizeResult:
    """Nobody in particular: answers go out through our own client, and Bolt's `auth.test` would delay the first 200."""
    return AuthorizeResult(enterprise_id=None, team_id=None, bot_token="")


def _bolt_logger() -> logging.Logger:
    """Bolt's logger for errors alone: its warnings are advice to developers, its debug lines hold whole requests."""
    logger = logging.getLogger(BOLT_LOGGER)
    logger.setLevel(logging.ERROR)
    return logger


def _on_event(service: Service) -> Callable[..., Awaitable[None]]:
    async def on_event(body: dict[str, Any]) -> None:
        asked = from_event(body)
        if asked is None or (asked.is_overheard and not await service.carries_on(asked)):
            return
        if await service.take(asked) == "full":
            raise NoRoom

    return on_event


def _on_command(service: Service) -> Callable[..., Awaitable[None]]:
    async def on_command(ack: AsyncAck, command: dict[str, Any]) -> None:
        try:
            reserved = await service.take(from_command(command))
        except SQLAlchemyError as error:
            log.error("the database fails (%s)", reason(error))  # noqa: TRY400  # SQL holds texts
            await ack(AWAY)
            return
        await (ack(BUSY) if reserved == "full" else ack())

    return on_command


async def _on_nothing(ack: AsyncAck) -> None:
    await ack()


async def _on_nothing_heard() -> None:
    """An event that we did not ask for: a 404 would count against the app."""


async def _on_error(error: Exception) -> None:
    """Bolt answers 500, Slack tries again. The name of the error is all that is logged: its text may quote a person."""
    cause = reason(error) if isinstance(error, SQLAlchemyError) else type(error).__name__
    log.error("an event was not taken on (%s)", cause)
