"""Questions taken on and not yet answered, kept so that a crash loses none and a retry repeats none.

One transaction marks an event as seen and writes down its question. A worker claims a row for a while (`lease_s`) and
renews the claim as long as it works; a row whose lease ran out, because its process died, is claimed again. The queue
is fair: the first question of each asker comes before the second of any. A thread is answered in its order, one
question at a time. The text of a question is erased when it is answered. Times are seconds since the epoch, passed in
by the caller; the clocks of replicas must agree to a few seconds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.tables import MAX_ASKER_CHARACTERS, MAX_KEY_CHARACTERS, MAX_THREAD_CHARACTERS, SEEN, WORK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Engine, Select

MAX_WAITING: Final = 1_000
MAX_ATTEMPTS: Final = 5
LEASE_S: Final = 20.0
MOST_OF_ONE_ASKER: Final = 0.1
"""Share of the queue that one person's waiting questions may fill."""
_LOOKED_AT: Final = 16
"""Rows that a claim considers: as many as replicas may reach for at once."""
KEEP_S: Final = 24 * 3600.0
"""How long events are remembered. Slack's last retry comes after six minutes, delayed events within hours."""

Reserved = Literal["new", "seen", "full"]
Outcome = Literal["done", "failed"]


@dataclass(frozen=True, slots=True)
class Whose:
    """Who asked, and where: `channel` names its workspace too; an empty `thread` is one of its own."""

    asker: str = ""
    channel: str = ""
    thread: str = ""


@dataclass(frozen=True, slots=True)
class New:
    """A question that arrived at `now`: the keys of its event, what to keep, and whose it is."""

    keys: tuple[str, ...]
    payload: Mapping[str, Any]
    now: float
    whose: Whose = Whose()

    def names(self) -> list[str]:
        """The keys as they are stored."""
        return sorted({key[:MAX_KEY_CHARACTERS] for key in self.keys})

    def row(self) -> dict[str, Any]:
        """Its row of the queue."""
        row = {"key": self.names()[0], "state": "waiting", "payload": dict(self.payload), "created_at": self.now}
        return {**row, "attempts": 0, "not_before": 0.0, **_columns(self.whose)}


@dataclass(frozen=True, slots=True)
class Item:
    """One question to answer; `attempts` counts this one."""

    key: str
    payload: dict[str, Any]
    attempts: int
    created_at: float


NOBODYS: Final = Whose()


class WorkStore:
    """The waiting questions of all replicas that share a database."""

    def __init__(self, engine: Engine, *, lease_s: float = LEASE_S, max_waiting: int = MAX_WAITING) -> None:
        self.engine = engine
        self.lease_s = lease_s
        self.max_waiting = max_waiting

    def reserve(self, keys: Iterable[str], payload: Mapping[str, Any], now: float, whose: Whose = NOBODYS) -> Reserved:
        """Takes a question on: "new" once for any of its keys, "seen" ever after, "full" where too many wait.

        A post has two keys, its event and its place (channel and time), since a mention in a direct message comes as
        two events. Nothing is kept of a question that finds no room, so that Slack's retry finds one.
        """
        return self.reserve_all([New(tuple(keys), payload, now, whose)])[0]

    def reserve_all(self, news: Sequence[New]) -> list[Reserved]:
        """Takes questions on that came together, in one transaction: what became of each, as `reserve` says it."""
        with self.engine.begin() as connection:
            has_room = self._room(connection, {new.whose.asker for new in news})
            fits = [has_room(new.whose.asker) for new in news]
            firsts = self._firsts(connection, [new for new, fit in zip(news, fits, strict=True) if fit])
            rows = []
            outcomes: list[Reserved] = []
            for new, fit in zip(news, fits, strict=True):
                names = new.names()
                is_new = fit and firsts.issuperset(names)
                firsts.difference_update(names)  # the same event twice in one batch is new once
                outcomes.append("new" if is_new else "seen" if fit else "full")
                if is_new:
                    rows.append(new.row())
            if rows:
                connection.execute(insert(WORK), rows)
        return outcomes

    def claim(self, now: float) -> Item | None:
        """The question whose turn it is and that nobody works on, ours for `lease_s`; None where there is none."""
        free = _free(now).subquery()
        next_one = (
            select(WORK.c.key)
            .join(free, free.c.key == WORK.c.key)
            .where(WORK.c.state == "waiting", WORK.c.not_before <= now)
            .order_by(free.c.turn, free.c.created_at, free.c.key)
            .limit(1)
            .with_for_update(of=WORK, skip_locked=True)
        )
        taken = (
            update(WORK)
            .where(WORK.c.key == next_one.scalar_subquery(), WORK.c.state == "waiting", WORK.c.not_before <= now)
            .values(not_before=now + self.lease_s, attempts=WORK.c.attempts + 1)
            .returning(WORK.c.key, WORK.c.payload, WORK.c.attempts, WORK.c.created_at)
        )
        with self.engine.begin() as connection:
            row = connection.execute(taken).one_or_none()
        return Item(row.key, row.payload, row.attempts, row.created_at) if row else None

    def renew(self, keys: Iterable[str], now: float) -> None:
        """Holds the claimed questions for another `lease_s`."""
        mine = update(WORK).where(WORK.c.key.in_(list(keys)), WORK.c.state == "waiting")
        with self.engine.begin() as connection:
            connection.execute(mine.values(not_before=now + self.lease_s))

    def finish(self, key: str, outcome: Outcome) -> None:
        """The question is answered or given up; its text is erased."""
        values = {"state": outcome, "payload": None}
        with self.engine.begin() as connection:
            connection.execute(update(WORK).where(WORK.c.key == key).values(values))

    def postpone(self, item: Item, until: float, *, counts: bool = True) -> bool:
        """Whether the question is tried again at that time; after `MAX_ATTEMPTS` that count it is given up."""
        if counts and item.attempts >= MAX_ATTEMPTS:
            self.finish(item.key, "failed")
            return False
        attempts = item.attempts if counts else item.attempts - 1
        with self.engine.begin() as connection:
            mine = update(WORK).where(WORK.c.key == item.key, WORK.c.state == "waiting")
            connection.execute(mine.values(not_before=until, attempts=attempts))
        return True

    def hold(self, channel: str, until: float, apart_s: float) -> int:
        """Keeps what waits in that channel until then, so far apart and in its order; how many questions that is.

        Slack asked for a pause there: what is claimed already goes on, other channels do not notice.
        """
        mine = (
            select(WORK.c.key)
            .where(WORK.c.state == "waiting", WORK.c.channel == channel, WORK.c.not_before <= until)
            .order_by(WORK.c.created_at, WORK.c.key)
        )
        with self.engine.begin() as connection:
            keys = connection.execute(mine).scalars().all()
            for number, key in enumerate(keys):
                later = update(WORK).where(WORK.c.key == key)
                connection.execute(later.values(not_before=until + number * apart_s))
        return len(keys)

    def next_at(self, now: float) -> float | None:
        """When the next question that was put off, or that a dead process holds, is free; None where there is none."""
        query = select(func.min(WORK.c.not_before)).where(WORK.c.state == "waiting", WORK.c.not_before > now)
        with self.engine.connect() as connection:
            found: float | None = connection.execute(query).scalar_one()
        return found

    def is_awaited_in(self, thread: str) -> bool:
        """Whether a question of that thread still waits for its answer."""
        query = select(WORK.c.key).where(WORK.c.thread == thread, WORK.c.state == "waiting").limit(1)
        with self.engine.connect() as connection:
            return connection.execute(query).one_or_none() is not None

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

    def oldest_s(self, now: float) -> float:
        """How long the oldest question has waited; 0 where none waits."""
        query = select(func.min(WORK.c.created_at)).where(WORK.c.state == "waiting")
        with self.engine.connect() as connection:
            since = connection.execute(query).scalar_one()
        return 0.0 if since is None else max(0.0, now - since)

    def _room(self, connection: Connection, askers: set[str]) -> Callable[[str], bool]:
        """Says for one question after the other whether there is room, of each asker and of all."""
        total = self._waiting(connection)
        of_each = select(WORK.c.asker, func.count()).where(WORK.c.state == "waiting", WORK.c.asker.in_(askers))
        counts = connection.execute(of_each.group_by(WORK.c.asker))
        found: Counter[str] = Counter({asker: count for asker, count in counts})  # noqa: C416  # rows are no pairs
        most = max(1.0, self.max_waiting * MOST_OF_ONE_ASKER)

        def has_room(asker: str) -> bool:
            nonlocal total
            if total >= self.max_waiting or (asker and found[asker] >= most):
                return False
            total += 1
            found[asker] += 1
            return True

        return has_room

    def _waiting(self, connection: Connection) -> int:
        query = select(func.count()).select_from(WORK).where(WORK.c.state == "waiting")
        return connection.execute(query).scalar_one()

    def _firsts(self, connection: Connection, news: Sequence[New]) -> set[str]:
        """The keys that nobody saw before, marked as seen. In one order for all, so that replicas never deadlock.

        RETURNING tells, since a driver need not count the rows of an INSERT.
        """
        seen_at = {name: new.now for new in news for name in new.names()}
        if not seen_at:
            return set()
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(SEEN).on_conflict_do_nothing().returning(SEEN.c.key)
        rows = [{"key": name, "seen_at": seen_at[name]} for name in sorted(seen_at)]
        return set(connection.execute(statement, rows).scalars())


def _free(now: float) -> Select[tuple[str, int, float]]:
    """Key, turn and time of the questions that may be claimed, fairest first."""
    waiting = WORK.alias("waiting")
    in_order = (waiting.c.created_at, waiting.c.key)
    ranked = (
        select(
            waiting.c.key,
            waiting.c.thread,
            waiting.c.created_at,
            waiting.c.not_before,
            func.row_number().over(partition_by=waiting.c.asker, order_by=in_order).label("turn"),
            func.row_number().over(partition_by=waiting.c.thread, order_by=in_order).label("in_thread"),
        )
        .where(waiting.c.state == "waiting")
        .subquery("ranked")
    )
    return (
        select(ranked.c.key, ranked.c.turn, ranked.c.created_at)
        .where(ranked.c.not_before <= now, or_(ranked.c.thread == "", ranked.c.in_thread == 1))
        .order_by(ranked.c.turn, ranked.c.created_at, ranked.c.key)
        .limit(_LOOKED_AT)
    )


def _columns(whose: Whose) -> dict[str, str]:
    """As long as the columns are: a name that is cut still tells most from one another."""
    return {
        "asker": whose.asker[:MAX_ASKER_CHARACTERS],
        "channel": whose.channel[:MAX_ASKER_CHARACTERS],
        "thread": whose.thread[:MAX_THREAD_CHARACTERS],
    }
