"""How the watcher and the scans of a database are, in a line each, for `hubgauge doctor`. Looks only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from bot.watch.outbox import FAILED, NEW, SENT, Outbox
from bot.watch.subscriptions import SubscriptionStore
from bot.watch.tables import HISTORY
from ingest.store.history import version
from ingest.store.opened import HISTORY as INGEST_HISTORY
from ingest.store.releases import ReleaseStore
from ingest.store.tables import MODELS, SCANS

if TYPE_CHECKING:
    from sqlalchemy import Engine


def watch_health(engine: Engine) -> str | None:
    """Subscriptions, what waits to be delivered, and the newest repository that was seen; None where none watched."""
    if version(engine, HISTORY) == "none":
        return None
    counts, newest = Outbox(engine).counts(), ReleaseStore(engine).mark("createdAt")
    delivered = f"{counts.get(SENT, 0):,} delivered, {counts.get(NEW, 0):,} waiting, {counts.get(FAILED, 0):,} given up"
    seen = f"newest repository seen: {newest}" if newest else "nothing was looked at yet"
    return f"{len(SubscriptionStore(engine).all()):,} subscriptions; {delivered}; {seen}"


def store_health(engine: Engine) -> str | None:
    """Models that are kept, and scans that did not come to their end; None where nothing was scanned or watched."""
    if version(engine, INGEST_HISTORY) == "none":
        return None
    open_scans = select(func.count()).select_from(SCANS).where(SCANS.c.ended_at.is_(None))
    with engine.connect() as connection:
        kept = connection.execute(select(func.count()).select_from(MODELS)).scalar_one()
        unfinished = connection.execute(open_scans).scalar_one()
    at = f"tables at version {version(engine, INGEST_HISTORY)}, newest {INGEST_HISTORY.newest()}"
    return f"{kept:,} models by commit, {unfinished:,} unfinished scans; {at}"
