"""Every table of the bot as it stands now; `migrations` says how it came to be, and a test that both agree."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, Column, Double, Integer, MetaData, String, Table

METADATA: Final = MetaData()
MAX_KEY_CHARACTERS: Final = 255

SEEN: Final = Table(
    "events_seen",
    METADATA,
    Column("key", String(MAX_KEY_CHARACTERS), primary_key=True),
    Column("seen_at", Double, nullable=False, index=True),
)
WORK: Final = Table(
    "work",
    METADATA,
    Column("key", String(MAX_KEY_CHARACTERS), primary_key=True),
    Column("state", String(16), nullable=False, index=True),
    Column("payload", JSON, nullable=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("created_at", Double, nullable=False),
    Column("not_before", Double, nullable=False, default=0.0),
)
