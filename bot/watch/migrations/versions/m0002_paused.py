"""Subscriptions whose target is gone rest until they are made again."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Add the reason for which one rests; null where it does not."""
    op.add_column("subscriptions", sa.Column("paused_because", sa.Text, nullable=True))
