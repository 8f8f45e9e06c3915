"""How the watcher and the scans of a database are, in a line each, for `hubgauge doctor`. Looks only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from bot.watch.outbox import FAILED, NEW, SENT, Outbox
from bot.watch.subscriptions import SubscriptionStore
from bot.watch.tables import HISTORY
from ingest.store.history import version
from ingest.store.opened import HISTORY as INGEST_HISTORY
from ingest.store.releases import ReleaseStore
from ingest.store.tables import LEASES, MODELS, RELEASES, SCANS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

MINUTE_S: Final = 60.0


def watch_health(engine: Engine, clock: Callable[[], float] = time.time) -> str | None:
    """Subscriptions, what waits to be delivered, who looks, and what was seen; None where none watched."""
    if version(engine, HISTORY) == "none":
        return None
    counts, newest = Outbox(engine).counts(), ReleaseStore(engine).mark("createdAt")
    delivered = f"{counts.get(SENT, 0):,} delivered, {counts.get(NEW, 0):,} waiting, {counts.get(FAILED, 0):,} given up"
    seen = f"newest repository seen: {newest}" if newest else "nothing was looked at yet"
    return f"{len(SubscriptionStore(engine).all()):,} subscriptions; {delivered}; {_looking(engine, clock())}; {seen}"


def webhook_health(engine: Engine) -> str:
    """How many repositories the Hub told of by itself, and the last of them."""
    if version(engine, INGEST_HISTORY) == "none":
        return "nothing has come yet"
    by_webhook = select(RELEASES.c.repo_id).where(RELEASES.c.how == "webhook")
    with engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(by_webhook.subquery())).scalar_one()
        last = connection.execute(by_webhook.order_by(RELEASES.c.found_at.desc()).limit(1)).scalar_one_or_none()
    return f"{count:,} repositories were first told of by it, last {last}" if last else "nothing has come yet"


def _looking(engine: Engine, now: float) -> str:
    """Whether a watcher looks at the lists: it holds a lease, which it renews at each look."""
    with engine.connect() as connection:
        until = connection.execute(select(LEASES.c.until).where(LEASES.c.name == "watch")).scalar_one_or_none()
    if until is None:
        return "no watcher has looked yet"
    return "a watcher looks" if now <= until else f"no watcher has looked for {(now - until) / MINUTE_S:,.0f} minutes"


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
