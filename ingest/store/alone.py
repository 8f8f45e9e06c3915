"""One process at a time at one piece of work: a lock that the death of its holder frees at once, and no clock.

PostgreSQL: an advisory lock of a session. SQLite: a byte of a file beside the database, which the system unlocks.
Where the system knows no such locks (Windows), nobody is kept out.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

WAITS_S: Final = (0.1, 0.3, 1.0)
"""PostgreSQL may take a moment to see that a killed holder's line is down."""


@contextlib.contextmanager
def alone(engine: Engine, name: str) -> Iterator[bool]:
    """Whether this process has the work of that name to itself, for as long as the context lasts."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7])  # fits a BIGINT and a file's offset
    if engine.dialect.name == "postgresql":
        with _session(engine, key) as is_ours:
            yield is_ours
    elif sys.platform == "win32":
        yield True
    else:
        with _byte(Path(f"{engine.url.database}-lock"), key) as is_ours:
            yield is_ours


@contextlib.contextmanager
def _session(engine: Engine, key: int) -> Iterator[bool]:
    lock, unlock = text("SELECT pg_try_advisory_lock(:key)"), text("SELECT pg_advisory_unlock(:key)")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_ours = False
        for wait_s in (*WAITS_S, None):
            is_ours = bool(connection.execute(lock, {"key": key}).scalar_one())
            if is_ours or wait_s is None:
                break
            time.sleep(wait_s)
        try:
            yield is_ours
        finally:
            with contextlib.suppress(SQLAlchemyError):  # the server is gone, and the lock with it
                connection.execute(unlock, {"key": key})


@contextlib.contextmanager
def _byte(path: Path, key: int) -> Iterator[bool]:
    with path.open("ab") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, key)
        except OSError:
            yield False
        else:
            yield True  # closing the file unlocks it
