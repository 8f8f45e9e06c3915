"""Whose question waits and where it was asked, so that the queue is fair and a thread is answered in its order."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    """Add the columns; what waits already has no asker and no thread, and is answered as before."""
    for name, length in (("asker", 80), ("channel", 80), ("thread", 120)):
        op.add_column("work", sa.Column(name, sa.String(length), nullable=False, server_default=""))
    op.create_index("ix_work_thread", "work", ["thread"])
