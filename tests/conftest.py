"""Fixtures of all suites, and the rule that no test leaves this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.hub.fixture_repos import fixture_repos
from tests.hub.loopback import LoopbackHub

if TYPE_CHECKING:
    from collections.abc import Iterator

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Close every socket but loopback and unix ones (PostgreSQL, asyncio), and set aside proxies."""
    config.option.allow_hosts = "127.0.0.1,::1,localhost"
    config.option.allow_unix_socket = True
    for name in PROXY_VARIABLES:
        os.environ.pop(name, None)
        os.environ.pop(name.lower(), None)
    os.environ["HUBGAUGE_PRICES"] = "bundled"  # what was refreshed on this machine is no part of a test
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = (
        "1"  # huggingface_hub, our judge, asks the Hub a question of its own otherwise
    )


@pytest.fixture
def loopback_hub() -> Iterator[LoopbackHub]:
    """A Hub on 127.0.0.1 that holds one repository of each kind; `hub.log` counts what it is asked."""
    with LoopbackHub(*fixture_repos()) as hub:
        yield hub
