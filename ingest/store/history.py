"""The history of a package's tables: Alembic's scripts beside the package, its version in a table of its own.

A database is brought up to date when it is opened. Replicas may start together: one upgrades under a lock, the others
wait for it and find nothing left to do. Each upgrade is one transaction, so a killed process leaves the old tables or
the new ones. A new step is a file in the package's `migrations/versions`, after the pattern of those that are there;
steps that were shipped are never changed.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from ingest.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.runtime.migration import RevisionStep
    from alembic.script.revision import _RevIdType
    from sqlalchemy import Connection, Engine

LOCK_KEY: Final = 7_201_995_544_310_027
"""Of the advisory lock that an upgrade holds on PostgreSQL: any number, the same for all of ours."""

_ONE_AT_A_TIME: Final = threading.Lock()
"""Alembic's `op` is one for the process, so two threads must not upgrade at once."""


@dataclass(frozen=True, slots=True)
class History:
    """Where a package keeps its steps (`package` holds a folder `migrations`) and which table holds its version."""

    package: str
    version_table: str

    def newest(self) -> str:
        """The version that this program knows last; "none" where there are no steps."""
        return _scripts(self).get_current_head() or "none"


def upgrade(engine: Engine, history: History) -> None:
    """Brings the tables up to the newest version; a database without a version is taken over as it stands.

    Raises `StoreUnavailable` where the database has a version that this program does not know.
    """
    if version(engine, history) == history.newest():
        return
    with _ONE_AT_A_TIME, _locked(engine) as connection:
        _upgrade(connection, history)


def version(engine: Engine, history: History) -> str:
    """The version of this package's tables in the database; "none" where it has made none."""
    with engine.connect() as connection:
        return _version(connection, history)


def _version(connection: Connection, history: History) -> str:
    context = MigrationContext.configure(connection, opts={"version_table": history.version_table})
    return context.get_current_revision() or "none"


def _upgrade(connection: Connection, history: History) -> None:
    scripts = _scripts(history)
    found = _version(connection, history)
    if found != "none" and found not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreUnavailable(
            f"a newer hubgauge wrote the database ({history.version_table} {found}, here {history.newest()})",
            "update this one, or restore the database from before its upgrade",
        )

    def steps(revision: _RevIdType, _context: MigrationContext) -> list[RevisionStep]:
        return scripts._upgrade_revs("head", revision)  # type: ignore[arg-type]  # noqa: SLF001  # Alembic's own recipe

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection, version_table=history.version_table)
        environment.run_migrations()


@contextlib.contextmanager
def _locked(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that one process at a time can hold."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
            yield connection
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # Python's driver would not begin before a CREATE TABLE
        try:
            yield connection
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


def _scripts(history: History) -> ScriptDirectory:
    return ScriptDirectory(str(resources.files(history.package).joinpath("migrations")))
