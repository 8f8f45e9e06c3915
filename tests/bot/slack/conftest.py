"""A bot in this process between a scripted Web API and requests signed as Slack signs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bot.slack.web_api import WebApi

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def web_api() -> Iterator[WebApi]:
    """A Web API that records what it is told."""
    with WebApi() as api:
        yield api


@pytest.fixture
def anyio_backend() -> str:
    """Bolt speaks asyncio."""
    return "asyncio"
