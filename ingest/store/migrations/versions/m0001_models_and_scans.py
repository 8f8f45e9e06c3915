"""Models by commit, scans with their items, and the budget of requests."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

BY_BYTES: Final = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "models",
        sa.Column("repo_id", sa.String(255), primary_key=True),
        sa.Column("commit", sa.String(64), primary_key=True),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("config", sa.LargeBinary, nullable=True),
        sa.Column("hf_quant_config", sa.LargeBinary, nullable=True),
        sa.Column("adapter_config", sa.LargeBinary, nullable=True),
        sa.Column("etag", sa.String(255), nullable=True),
        sa.Column("stored_at", sa.Double, nullable=False),
    )
    op.create_table(
        "scans",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text, nullable=True),
        sa.Column("is_listed", sa.Boolean, nullable=False),
        sa.Column("items", sa.Integer, nullable=False),
        sa.Column("begun_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double, nullable=True),
    )
    op.create_table(
        "scan_items",
        sa.Column("scan_id", sa.String(64), primary_key=True),
        sa.Column("asked", BY_BYTES, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("listed", sa.Text, nullable=True),
        sa.Column("repo_id", sa.String(255), nullable=True),
        sa.Column("commit", sa.String(64), nullable=True),
        sa.Column("problem", sa.Text, nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_index("ix_scan_items_state", "scan_items", ["scan_id", "state", "number"])
    op.create_table(
        "budgets",
        sa.Column("caller", sa.String(255), primary_key=True),
        sa.Column("bucket", sa.String(32), primary_key=True),
        sa.Column("left", sa.Integer, nullable=False),
        sa.Column("limit", sa.Integer, nullable=True),
        sa.Column("ends_at", sa.Double, nullable=False),
    )
