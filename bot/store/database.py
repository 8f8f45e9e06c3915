"""The database with the bot's tables in it, brought up to date when it is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ingest.store.database import open_database as open_with
from ingest.store.history import History

if TYPE_CHECKING:
    from sqlalchemy import Engine

HISTORY: Final = History("bot.store", "bot_version")


def open_database(address: str) -> Engine:
    """An engine with the bot's tables in place. Raises `StoreUnavailable`."""
    return open_with(address, HISTORY)
