"""What is on its way: written down with the release, sent under a lease, crossed out when it has arrived.

    new     to be sent when its time has come
    sent    arrived; kept, so that nothing is told of twice
    failed  its target refuses it for good

A lease is a `not_before` in the future: a sender that dies leaves it to run out. Each attempt counts; from the second
on whoever sends looks first whether an earlier one arrived. What goes in one message is one batch, and stays it.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.watch.tables import OUTBOX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

    from bot.watch.subscriptions import Subscription
    from ingest.store.releases import Release, ReleaseStore

NEW: Final = "new"
SENT: Final = "sent"
FAILED: Final = "failed"
LEASE_S: Final = 60.0
MOST_IN_A_BATCH: Final = 20
LONGEST_LEASE_S: Final = 49 * 3600.0
"""A time further ahead was written by a clock that has jumped back: digests wait for a day, quiet hours add one."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Releases that go to one subscription in one message. `key` names it at every attempt, `until` ends the lease."""

    subscription_id: str
    repo_ids: tuple[str, ...]
    key: str
    attempts: int
    until: float


class Outbox:
    """The outbox of a database."""

    def __init__(self, engine: Engine, *, lease_s: float = LEASE_S, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self.lease_s, self._clock = lease_s, clock

    def announce(self, release: Release, subscriptions: Sequence[Subscription], releases: ReleaseStore) -> int:
        """Writes down whom to tell of a release, once for ever; how many there are."""
        now = self._clock()
        wanted = [each for each in subscriptions if each.wish.wants(release.repo_id, release.how, release.facts)]
        dialect = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        with self.engine.begin() as connection:
            if not releases.announce(release.repo_id, connection):
                return 0
            rows = [_row(each.id, release.repo_id, each.wish.due_at(now), now) for each in wanted]
            if rows:
                connection.execute(dialect.insert(OUTBOX).on_conflict_do_nothing(), rows)
        return len(rows)

    def claim(self, most: int, is_batched: Callable[[str], bool]) -> list[Batch]:
        """Messages that are due, leased to this process."""
        now, found = self._clock(), list[Batch]()
        with self.engine.begin() as connection:
            due = self._due(connection, now, most)
            for subscription_id, batch, repo_ids, attempts in _grouped(due, is_batched):
                key = batch or hashlib.sha256(f"{subscription_id} {' '.join(repo_ids)}".encode()).hexdigest()[:24]
                where = (OUTBOX.c.subscription_id == subscription_id, OUTBOX.c.repo_id.in_(repo_ids))
                values = {"batch": key, "attempts": attempts + 1, "not_before": now + self.lease_s}
                connection.execute(update(OUTBOX).where(*where).values(**values))
                found.append(Batch(subscription_id, repo_ids, key, attempts + 1, now + self.lease_s))
        return found

    def settle(self, batch: Batch, state: str, *, wait_s: float = 0.0, problem: str = "") -> None:
        """Crosses a message out, or puts it off."""
        where = (OUTBOX.c.subscription_id == batch.subscription_id, OUTBOX.c.batch == batch.key)
        values = {"state": state, "not_before": self._clock() + wait_s, "problem": problem[:500] or None}
        with self.engine.begin() as connection:
            connection.execute(update(OUTBOX).where(*where, OUTBOX.c.state == NEW).values(**values))

    def counts(self) -> dict[str, int]:
        """How many lines there are in each state."""
        query = select(OUTBOX.c.state, func.count()).group_by(OUTBOX.c.state)
        with self.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def _due(self, connection: Connection, now: float, most: int) -> list[tuple[str, str | None, str, int]]:
        """Lines that are due, taken from other processes until the transaction ends."""
        table = OUTBOX.c
        is_due = (table.not_before <= now) | (table.not_before > now + LONGEST_LEASE_S)
        query = select(table.subscription_id, table.batch, table.repo_id, table.attempts)
        query = query.where(table.state == NEW, is_due).order_by(table.not_before, table.made_at).limit(most)
        if connection.dialect.name == "postgresql":
            query = query.with_for_update(skip_locked=True)
        else:
            connection.exec_driver_sql(
                "UPDATE outbox SET attempts = attempts WHERE 1 = 0"
            )  # begins to write: others wait
        return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def _row(subscription_id: str, repo_id: str, not_before: float, now: float) -> dict[str, object]:
    return {
        "subscription_id": subscription_id,
        "repo_id": repo_id,
        "state": NEW,
        "not_before": not_before,
        "attempts": 0,
        "made_at": now,
    }


def _grouped(
    due: Sequence[tuple[str, str | None, str, int]], is_batched: Callable[[str], bool]
) -> list[tuple[str, str | None, tuple[str, ...], int]]:
    """Lines as messages: what was one stays one; of the rest, those of a digest go together, others by themselves."""
    groups: dict[tuple[str, str], list[tuple[str | None, str, int]]] = {}
    for subscription_id, batch, repo_id, attempts in due:
        name = batch or ("digest" if is_batched(subscription_id) else repo_id)
        groups.setdefault((subscription_id, name), []).append((batch, repo_id, attempts))
    found = []
    for (subscription_id, _), lines in groups.items():
        size = len(lines) if lines[0][0] else MOST_IN_A_BATCH
        for start in range(0, len(lines), size):
            part = lines[start : start + size]
            found.append((subscription_id, part[0][0], tuple(line[1] for line in part), max(line[2] for line in part)))
    return found
