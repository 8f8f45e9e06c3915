"""Releases, how far each list was watched, and leases."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"

BY_BYTES: Final = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "releases",
        sa.Column("repo_id", BY_BYTES, primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("commit", sa.String(64), nullable=True),
        sa.Column("listed", sa.Text, nullable=True),
        sa.Column("problem", sa.Text, nullable=True),
        sa.Column("found_at", sa.Double, nullable=False),
        sa.Column("ready_at", sa.Double, nullable=True),
        sa.Column("not_before", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("is_announced", sa.Boolean, nullable=False),
    )
    op.create_index("ix_releases_state", "releases", ["state", "not_before"])
    op.create_index("ix_releases_ready_at", "releases", ["ready_at"])
    op.create_table(
        "marks",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("until", sa.Double, nullable=False),
    )
