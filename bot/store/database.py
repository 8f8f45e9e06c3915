"""A database by its address: SQLite for one machine, PostgreSQL for several replicas."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from bot.errors import SettingsError
from bot.store.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

DRIVERS: Final = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite"}
BUSY_TIMEOUT_MS: Final = 5_000
RETRY_WAITS_S: Final = (0.02, 0.05, 0.1, 0.2, 0.4)


def open_database(address: str) -> Engine:
    """An engine with our tables in place.

    Raises `SettingsError` where the address cannot be read or the database cannot be reached; the message never
    holds the password.
    """
    url = _url(address)
    engine = _sqlite(url) if url.get_backend_name() == "sqlite" else create_engine(url, pool_pre_ping=True)
    try:
        _make_tables(engine)
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        shown = url.render_as_string(hide_password=True)
        hint = "check HUBGAUGE_DATABASE_URL and that the database runs"
        raise SettingsError(f"the database {shown} does not answer ({type(error).__name__})", hint) from None
    return engine


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
        raise SettingsError("HUBGAUGE_DATABASE_URL is no database address", hint) from None
    driver = DRIVERS.get(url.drivername.split("+")[0])
    if driver is None:
        raise SettingsError(f"HUBGAUGE_DATABASE_URL names {url.drivername}, which is not supported", hint)
    return url.set(drivername=driver)


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise SettingsError("an SQLite database in memory keeps no question over a restart", "name a file")
    _make_folder(Path(url.database).parent)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1_000})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")  # readers and the one writer do not wait for each other
        connection.execute("PRAGMA synchronous=NORMAL")  # a power cut may cost the last event; Slack sends it again

    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(
            f"the folder {folder} cannot be made ({error.strerror})", "set HUBGAUGE_DATABASE_URL"
        ) from None


def _make_tables(engine: Engine) -> None:
    """Makes what is missing. Replicas that start together may look before and make after one another: they try again.

    SQLite refuses the switch to WAL at once while another process switches, whatever its time-out.
    """
    for wait_s in RETRY_WAITS_S:
        try:
            METADATA.create_all(engine)
        except (IntegrityError, OperationalError, ProgrammingError):
            time.sleep(wait_s)
        else:
            return
    METADATA.create_all(engine)
