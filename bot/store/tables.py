"""Every table of the bot as it stands now; `migrations` says how it came to be, and a test that both agree."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, Column, Double, Index, Integer, MetaData, String, Table, Text

METADATA: Final = MetaData()
MAX_KEY_CHARACTERS: Final = 255
MAX_ASKER_CHARACTERS: Final = 80
MAX_THREAD_CHARACTERS: Final = 120

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
    Column("asker", String(MAX_ASKER_CHARACTERS), nullable=False, server_default=""),
    Column("channel", String(MAX_ASKER_CHARACTERS), nullable=False, server_default=""),
    Column("thread", String(MAX_THREAD_CHARACTERS), nullable=False, server_default="", index=True),
)
ANSWERS: Final = Table(
    "answers",
    METADATA,
    Column("token", String(32), primary_key=True),
    Column("team", String(32), nullable=False),
    Column("user", String(32), nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", Double, nullable=False, index=True),
    Index("answers_of_a_person", "team", "user", "created_at"),
)
THREADS: Final = Table(
    "threads",
    METADATA,
    Column("team", String(32), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("thread_ts", String(32), primary_key=True),
    Column("query", Text, nullable=False),
    Column("answered_at", Double, nullable=False, index=True),
)
FEEDBACK: Final = Table(
    "feedback",
    METADATA,
    Column("token", String(32), primary_key=True),
    Column("user", String(32), primary_key=True),
    Column("team", String(32), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("query", Text, nullable=False),
    Column("given_at", Double, nullable=False),
)
TEAM_DEFAULTS: Final = Table(
    "team_defaults",
    METADATA,
    Column("team", String(32), primary_key=True),
    Column("machine", String(255), nullable=False),
    Column("set_by", String(32), nullable=False),
    Column("set_at", Double, nullable=False),
)
