"""Installing the app in a workspace: the page with "Add to Slack", and the way back with the token.

Slack's own flow, Bolt's implementation of it; the state is kept in the database, used once, and bound to the browser
by a cookie.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from bot.slack.outbound import quiet_logger

if TYPE_CHECKING:
    from slack_sdk.oauth.installation_store import Installation
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.store.installations import Installations

INSTALL_PATH: Final = "/slack/install"
REDIRECT_PATH: Final = "/slack/oauth_redirect"
SCOPES: Final = (
    "app_mentions:read",
    "im:history",
    "channels:history",
    "groups:history",
    "mpim:history",
    "chat:write",
    "commands",
    "links:read",
    "links:write",
    "assistant:write",
    "files:write",
)
"""What the manifest asks for; a test holds the two together."""


def install_flow(installations: Installations, client_secret: str, client: AsyncWebClient) -> AsyncOAuthFlow:
    """The two pages."""
    settings = AsyncOAuthSettings(
        client_id=installations.client_id,
        client_secret=client_secret,
        scopes=SCOPES,
        install_path=INSTALL_PATH,
        redirect_uri_path=REDIRECT_PATH,
        installation_store=_Store(installations),
        state_store=_States(installations),
        logger=quiet_logger(),
    )
    return AsyncOAuthFlow(client=client, logger=quiet_logger(), settings=settings)


class _Store(AsyncInstallationStore):
    """Where the flow leaves a token; the SDK's own asynchronous store wants a second set of database drivers."""

    def __init__(self, installations: Installations) -> None:
        self._installations = installations

    async def async_save(self, installation: Installation) -> None:
        await asyncio.to_thread(self._installations.store.save, installation)


class _States(AsyncOAuthStateStore):
    def __init__(self, installations: Installations) -> None:
        self._installations = installations

    async def async_issue(self, *_args: Any, **_named: Any) -> str:
        return await asyncio.to_thread(self._installations.states.issue)

    async def async_consume(self, state: str) -> bool:
        return await asyncio.to_thread(self._installations.states.consume, state)
