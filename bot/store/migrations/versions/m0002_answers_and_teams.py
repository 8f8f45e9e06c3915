"""Answers that can be carried on, what people thought of them, and what workspaces take for granted."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Make the three tables and their indices."""
    op.create_table(
        "answers",
        sa.Column("token", sa.String(32), primary_key=True),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("user", sa.String(32), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index("ix_answers_created_at", "answers", ["created_at"])
    op.create_index("answers_of_a_person", "answers", ["team", "user", "created_at"])
    op.create_table(
        "feedback",
        sa.Column("token", sa.String(32), primary_key=True),
        sa.Column("user", sa.String(32), primary_key=True),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("given_at", sa.Double, nullable=False),
    )
    op.create_table(
        "team_defaults",
        sa.Column("team", sa.String(32), primary_key=True),
        sa.Column("machine", sa.String(255), nullable=False),
        sa.Column("set_by", sa.String(32), nullable=False),
        sa.Column("set_at", sa.Double, nullable=False),
    )
