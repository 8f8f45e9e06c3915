"""A database with the tables of ingest, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ingest.store.opened import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@pytest.fixture
def store(database_address: str) -> Iterator[Engine]:
    """An open, empty store."""
    engine = open_store(database_address)
    yield engine
    engine.dispose()
