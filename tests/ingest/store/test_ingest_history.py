from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ingest.store.history import version
from ingest.store.opened import HISTORY
from ingest.store.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_the_steps_lead_to_the_tables_that_the_code_uses(store: Engine) -> None:
    with store.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": HISTORY.version_table})
        assert compare_metadata(context, METADATA) == []
    assert version(store, HISTORY) == HISTORY.newest() != "none"
