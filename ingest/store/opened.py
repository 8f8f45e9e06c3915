"""The database with the tables of ingest in it, brought up to date when it is opened."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from ingest.store.database import open_database
from ingest.store.history import History

if TYPE_CHECKING:
    from sqlalchemy import Engine

HISTORY: Final = History("ingest.store", "ingest_version")


def open_store(address: str) -> Engine:
    """An engine with the tables of ingest in place. Raises `StoreUnavailable`."""
    return open_database(address, HISTORY)


def process_engine(address: str) -> Engine:
    """The engine that all tasks of this process share; a forked child opens its own."""
    with _LOCK:
        key = (address, os.getpid())
        if key not in _ENGINES:
            _ENGINES[key] = open_store(address)
        return _ENGINES[key]


def close_engines() -> None:
    """Lets go of the engines of this process."""
    with _LOCK:
        for key in [key for key in _ENGINES if key[1] == os.getpid()]:
            _ENGINES.pop(key).dispose()


_ENGINES: Final[dict[tuple[str, int], Engine]] = {}
_LOCK: Final = threading.Lock()
