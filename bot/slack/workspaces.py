"""Whose token answers: the one of the environment, or that of each workspace that installed the app."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final, Protocol

from slack_sdk.errors import SlackClientError, SlackTokenRotationError
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk.oauth.installation_store import Bot
    from slack_sdk.web.async_client import AsyncWebClient
    from sqlalchemy import Engine

    from bot.settings import Settings
    from bot.store.installations import Installations

log = logging.getLogger(__name__)

REMEMBER_S: Final = 60.0
"""How long a workspace's token is used without asking the database again."""
MAX_REMEMBERED: Final = 1_000
ROTATE_BEFORE_MINUTES: Final = 120
"""A token that lives twelve hours is renewed when two are left, as Bolt does."""


class Workspaces(Protocol):
    """The Web API in the name of each workspace."""

    async def client(self, team: str) -> AsyncWebClient | None:
        """The client that speaks for that workspace; None where the app is not installed there."""

    async def lost(self, team: str, before: float) -> bool:
        """Notes that Slack refuses that workspace's token from before this time; whether others go on."""


class OneWorkspace:
    """The token of the environment, for whoever asks."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def client(self, team: str) -> AsyncWebClient | None:  # noqa: ARG002  # one for all
        """The one client."""
        return self._client

    async def lost(self, team: str, before: float) -> bool:  # noqa: ARG002  # one for all
        """Nobody is left."""
        return False


class ManyWorkspaces:
    """The tokens of all workspaces that installed the app, renewed before they end where they do."""

    def __init__(
        self,
        installations: Installations,
        client_secret: str,
        make_client: Callable[[str], AsyncWebClient],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._installations = installations
        self._make_client = make_client
        self._clock = clock
        self._rotator = AsyncTokenRotator(
            client_id=installations.client_id, client_secret=client_secret, client=make_client("")
        )
        self._known: dict[str, tuple[AsyncWebClient, float]] = {}

    async def client(self, team: str) -> AsyncWebClient | None:
        """The workspace's client; None where it did not install the app, or removed it."""
        client, until = self._known.get(team, (None, 0.0))
        if client is None or until < self._clock():
            bot = await asyncio.to_thread(self._installations.bot, team)
            bot = await self._fresh(bot) if bot else None
            client = self._make_client(bot.bot_token) if bot else None
            self._remember(team, client)
        return client

    async def lost(self, team: str, before: float) -> bool:
        """Forgets the workspace's token; the others go on."""
        self._known.pop(team, None)
        await asyncio.to_thread(self._installations.remove, team, before)
        return True

    async def _fresh(self, bot: Bot) -> Bot:
        """The bot with a token that lives; the one that it has where it cannot be renewed now."""
        if not bot.bot_refresh_token:
            return bot
        try:
            renewed = await self._rotator.perform_bot_token_rotation(
                bot=bot, minutes_before_expiration=ROTATE_BEFORE_MINUTES
            )
        except (SlackTokenRotationError, SlackClientError, OSError, TimeoutError) as error:
            log.warning("a token could not be renewed (%s)", type(error).__name__)
            return await asyncio.to_thread(self._installations.bot, bot.team_id or "") or bot  # another replica's
        if renewed is None:
            return bot
        await asyncio.to_thread(self._installations.store.save_bot, renewed)
        return renewed

    def _remember(self, team: str, client: AsyncWebClient | None) -> None:
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        if client is not None:
            self._known[team] = (client, self._clock() + REMEMBER_S)
        else:
            self._known.pop(team, None)


def workspaces_of(settings: Settings, engine: Engine, make_client: Callable[[str], AsyncWebClient]) -> Workspaces:
    """The workspaces that the settings speak for; call it only where they are set up for Slack."""
    if settings.slack_bot_token:
        return OneWorkspace(make_client(settings.slack_bot_token))
    assert settings.slack_client_id
    assert settings.slack_client_secret
    from bot.store.installations import Installations  # noqa: PLC0415  # brings the tables; one token needs none

    return ManyWorkspaces(Installations(engine, settings.slack_client_id), settings.slack_client_secret, make_client)
