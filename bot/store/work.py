"""Questions taken on and not yet answered, kept so that a crash loses none and a retry repeats none.

One transaction marks an event as seen and writes down its question. A worker claims a row for a while (`lease_s`);
a row whose lease ran out, because its process died, is claimed again. The text of a question is erased when it is
answered. Times are seconds since the epoch, passed in by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.tables import MAX_KEY_CHARACTERS, SEEN, WORK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection, Engine

MAX_WAITING: Final = 1_000
MAX_ATTEMPTS: Final = 3
KEEP_S: Final = 24 * 3600.0
"""How long events are remembered. Slack's last retry comes after six minutes, delayed events within hours."""

Reserved = Literal["new", "seen", "full"]
Outcome = Literal["done", "failed"]


@dataclass(frozen=True, slots=True)
class Item:
    """One question to answer; `attempts` counts this one."""

    key: str
    payload: dict[str, Any]
    attempts: int


class WorkStore:
    """The waiting questions of all replicas that share a database."""

    def __init__(self, engine: Engine, *, lease_s: float = 120.0, max_waiting: int = MAX_WAITING) -> None:
        self.engine = engine
        self.lease_s = lease_s
        self.max_waiting = max_waiting

    def reserve(self, keys: Iterable[str], payload: Mapping[str, Any], now: float) -> Reserved:
        """Takes a question on: "new" once for any of its keys, "seen" ever after, "full" where too many wait.

        A post has two keys, its event and its place (channel and time), since a mention in a direct message comes as
        two events. Nothing is kept of a question that finds no room, so that Slack's retry finds one.
        """
        names = sorted({key[:MAX_KEY_CHARACTERS] for key in keys})  # one order for all: no deadlock
        with self.engine.begin() as connection:
            if self._waiting(connection) >= self.max_waiting:
                return "full"
            if not all(self._is_first(connection, name, now) for name in names):
                return "seen"
            row = {"key": names[0], "state": "waiting", "payload": dict(payload), "created_at": now}
            connection.execute(insert(WORK).values(attempts=0, not_before=0.0, **row))
        return "new"

    def claim(self, now: float) -> Item | None:
        """The oldest question that nobody works on, ours for `lease_s`; None where there is none."""
        oldest = (
            select(WORK.c.key)
            .where(WORK.c.state == "waiting", WORK.c.not_before <= now)
            .order_by(WORK.c.created_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        taken = (
            update(WORK)
            .where(WORK.c.key == oldest.scalar_subquery(), WORK.c.state == "waiting", WORK.c.not_before <= now)
            .values(not_before=now + self.lease_s, attempts=WORK.c.attempts + 1)
            .returning(WORK.c.key, WORK.c.payload, WORK.c.attempts)
        )
        with self.engine.begin() as connection:
            row = connection.execute(taken).one_or_none()
        return Item(row.key, row.payload, row.attempts) if row else None

    def finish(self, key: str, outcome: Outcome) -> None:
        """The question is answered or given up; its text is erased."""
        values = {"state": outcome, "payload": None}
        with self.engine.begin() as connection:
            connection.execute(update(WORK).where(WORK.c.key == key).values(values))

    def postpone(self, item: Item, until: float) -> None:
        """The question is tried again later; after `MAX_ATTEMPTS` it is given up."""
        if item.attempts >= MAX_ATTEMPTS:
            self.finish(item.key, "failed")
            return
        with self.engine.begin() as connection:
            connection.execute(update(WORK).where(WORK.c.key == item.key).values(not_before=until))

    def forget(self, now: float) -> int:
        """How many events and answered questions older than a day were dropped."""
        old = now - KEEP_S
        with self.engine.begin() as connection:
            seen = connection.execute(delete(SEEN).where(SEEN.c.seen_at < old)).rowcount
            work = connection.execute(delete(WORK).where(WORK.c.created_at < old)).rowcount
        return seen + work

    def waiting(self) -> int:
        """How many questions wait for their answer, those being worked on included."""
        with self.engine.connect() as connection:
            return self._waiting(connection)

    def _waiting(self, connection: Connection) -> int:
        query = select(func.count()).select_from(WORK).where(WORK.c.state == "waiting")
        return connection.execute(query).scalar_one()

    def _is_first(self, connection: Connection, key: str, now: float) -> bool:
        """Marks the key as seen. RETURNING tells, since a driver need not count the rows of an INSERT."""
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(SEEN).values(key=key, seen_at=now).on_conflict_do_nothing().returning(SEEN.c.key)
        return connection.execute(statement).one_or_none() is not None
