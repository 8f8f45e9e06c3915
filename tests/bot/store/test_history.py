"""The tables' history: one upgrade whoever starts together, old databases taken over, newer ones refused."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, select, text

from bot.store.database import HISTORY, open_database
from bot.store.tables import METADATA, SEEN
from ingest.errors import StoreUnavailable
from ingest.store.database import connect
from ingest.store.history import version

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

OPEN = "import sys; from bot.store.database import open_database; open_database(sys.argv[1]).dispose(); print('open')"


def test_the_steps_lead_to_the_tables_that_the_code_uses(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": HISTORY.version_table})
        assert compare_metadata(context, METADATA) == []
    assert version(engine, HISTORY) == HISTORY.newest() != "none"


def test_a_database_of_the_time_before_versions_is_taken_over_with_what_it_holds(database_address: str) -> None:
    old = connect(database_address)
    with old.begin() as connection:  # as the first release made them, from the git history of bot/store/tables.py
        connection.execute(text("CREATE TABLE events_seen (key VARCHAR(255) PRIMARY KEY, seen_at FLOAT NOT NULL)"))
        connection.execute(text("CREATE INDEX ix_events_seen_seen_at ON events_seen (seen_at)"))
        connection.execute(insert(SEEN).values(key="event:Ev1", seen_at=1.0))
    old.dispose()
    engine = open_database(database_address)
    with engine.connect() as connection:
        assert connection.execute(select(SEEN.c.key)).scalars().all() == ["event:Ev1"]
    assert version(engine, HISTORY) == HISTORY.newest()
    engine.dispose()


def test_processes_that_start_together_upgrade_once(database_address: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = list(
            pool.map(
                lambda _: subprocess.run(
                    [sys.executable, "-c", OPEN, database_address], capture_output=True, text=True, check=False
                ),
                range(4),
            )
        )
    assert [(run.stdout, run.stderr) for run in runs] == [("open\n", "")] * 4
    engine = connect(database_address)
    with engine.connect() as connection:
        versions = connection.execute(text("SELECT version_num FROM bot_version")).scalars().all()
    engine.dispose()
    assert versions == [HISTORY.newest()]


def test_a_database_of_a_newer_program_is_refused_and_left_alone(database_address: str) -> None:
    engine = open_database(database_address)
    with engine.begin() as connection:
        connection.execute(text("UPDATE bot_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match="newer hubgauge wrote the database"):
        open_database(database_address)
    assert version(engine, HISTORY) == "9999"
    engine.dispose()


def test_a_step_that_fails_leaves_the_tables_as_they_were(database_address: str, tmp_path: Path) -> None:
    """A history whose second step breaks half way: nothing of it stays, and the next start tries again."""
    package = tmp_path / "broken_history"
    versions = package / "migrations" / "versions"
    versions.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (versions / "one.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nrevision, down_revision = '1', None\n"
        "def upgrade():\n    op.create_table('half', sa.Column('id', sa.Integer))\n    raise ZeroDivisionError\n"
    )
    look = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from ingest.store.database import connect; from ingest.store.history import History, upgrade\n"
        "from sqlalchemy import inspect\nengine = connect(sys.argv[1])\n"
        "try: upgrade(engine, History('broken_history', 'broken_version'))\n"
        "except ZeroDivisionError: print(inspect(engine).get_table_names())"
    )
    command = [sys.executable, "-c", look, database_address, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
