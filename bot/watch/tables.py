"""Subscriptions, and what is on its way to each: `migrations` says how these tables came to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Double, Index, Integer, MetaData, String, Table, Text

from bot.store.database import HISTORY as BOT_HISTORY
from ingest.store.database import open_database
from ingest.store.history import History
from ingest.store.opened import HISTORY as INGEST_HISTORY

if TYPE_CHECKING:
    from sqlalchemy import Engine

METADATA: Final = MetaData()
HISTORY: Final = History("bot.watch", "watch_version")

SUBSCRIPTIONS: Final = Table(
    "subscriptions",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("words", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("made_by", String(255), nullable=False),
    Column("made_at", Double, nullable=False),
    Column("paused_because", Text, nullable=True),
)
OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("subscription_id", String(32), primary_key=True),
    Column("repo_id", String(255), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("batch", String(64), nullable=True),
    Column("not_before", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("problem", Text, nullable=True),
    Index("ix_outbox_state", "state", "not_before"),
)


def open_watch(address: str) -> Engine:
    """An engine with the tables of the watcher, of subscriptions, and of the bot, whose tokens post.

    Raises `StoreUnavailable`.
    """
    return open_database(address, INGEST_HISTORY, BOT_HISTORY, HISTORY)
