"""The events that were seen and the questions that wait.

The first release made these tables without a version: where they stand already, they are taken over.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None


def upgrade() -> None:
    """Make both tables and their indices where they are missing."""
    op.create_table(
        "events_seen",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("seen_at", sa.Double, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_events_seen_seen_at", "events_seen", ["seen_at"], if_not_exists=True)
    op.create_table(
        "work",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("payload", sa.JSON, nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("not_before", sa.Double, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_work_state", "work", ["state"], if_not_exists=True)
