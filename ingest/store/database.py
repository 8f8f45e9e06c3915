"""A database by its address: SQLite for one machine, PostgreSQL for several replicas."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError, SQLAlchemyError

from ingest.errors import StoreUnavailable
from ingest.store.history import upgrade

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

    from ingest.store.history import History

DRIVERS: Final = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite"}
BUSY_TIMEOUT_MS: Final = 5_000
RETRY_WAITS_S: Final = (0.02, 0.05, 0.1, 0.2, 0.4)


def open_database(address: str, *histories: History) -> Engine:
    """An engine whose tables are as these histories have them last; a package names its own.

    Raises `StoreUnavailable` where the address cannot be read, the database cannot be reached, or a newer program
    wrote it; the message never holds the password.
    """
    engine = connect(address)
    try:
        for history in histories:
            _bring_up(engine, history)
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        shown = engine.url.render_as_string(hide_password=True)
        hint = "check HUBGAUGE_DATABASE_URL and that the database runs"
        raise StoreUnavailable(f"the database {shown} does not answer ({type(error).__name__})", hint) from None
    except StoreUnavailable:
        engine.dispose()
        raise
    return engine


def connect(address: str) -> Engine:
    """An engine for the address, its tables as they are; nothing is asked of the database yet."""
    url = _url(address)
    return _sqlite(url) if url.get_backend_name() == "sqlite" else create_engine(url, pool_pre_ping=True)


def answers(engine: Engine) -> bool:
    """Whether the database can be asked now."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def reason(error: SQLAlchemyError) -> str:
    """Why the database failed, for a log: never a statement or its values, which hold what people write."""
    if isinstance(error, OperationalError | ProgrammingError):
        return f"{type(error).__name__}: {str(error.orig).strip().partition(chr(10))[0]}"
    return type(error).__name__


def _url(address: str) -> URL:
    hint = "sqlite:////path/to/file.db or postgresql://user:password@host/name"
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise StoreUnavailable("HUBGAUGE_DATABASE_URL is no database address", hint) from None
    driver = DRIVERS.get(url.drivername.split("+")[0])
    if driver is None:
        raise StoreUnavailable(f"HUBGAUGE_DATABASE_URL names {url.drivername}, which is not supported", hint)
    return url.set(drivername=driver)


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreUnavailable("an SQLite database in memory keeps no question over a restart", "name a file")
    _make_folder(Path(url.database).parent)
    # One connection: a process that writes through several waits for itself by polling, here it queues.
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1_000}, pool_size=1, max_overflow=0)

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")  # readers and the one writer do not wait for each other
        connection.execute("PRAGMA synchronous=NORMAL")  # a power cut may cost the last event; Slack sends it again

    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreUnavailable(
            f"the folder {folder} cannot be made ({error.strerror})", "set HUBGAUGE_DATABASE_URL"
        ) from None


def _bring_up(engine: Engine, history: History) -> None:
    """Upgrades; again where SQLite refuses the switch to WAL, as it does at once while another process switches."""
    for wait_s in RETRY_WAITS_S:
        try:
            return upgrade(engine, history)
        except OperationalError:
            time.sleep(wait_s)
    return upgrade(engine, history)
