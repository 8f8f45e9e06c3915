"""A database with the bot's tables for the fronts' suites, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.store.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@pytest.fixture
def engine(database_address: str) -> Iterator[Engine]:
    """An open, empty database, of each kind in turn."""
    engine = open_database(database_address)
    yield engine
    engine.dispose()
