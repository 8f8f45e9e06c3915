"""What is left of the Hub's quota, kept in the database so that every process of a scan draws on one budget.

A process leases a few requests at a time. Where the present window is not known, at the start and after each window,
one process asks one question and the Hub's answer tells; the others wait for it. What people need stays: a lease never
goes below their share. The Hub counts on its side too, so requests that others make are seen in its answers.

Unlike `ingest.quota`, which tells a person how long to wait, this one waits.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ingest.errors import HubUnavailable
from ingest.quota import RESERVED_FOR_INTERACTIVE_FRACTION, Quota, Use, read_allowances, read_retry_after_s
from ingest.store.tables import BUDGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import ColumnElement, Connection, Engine, Row


class BudgetClosed(HubUnavailable):
    """The process is told to stop while a request waits for its share."""


MOST_LEASED: Final = 50
LEASED_FRACTION: Final = 1 / 16
"""Of what is left, so that at the end of a window no process sits on what another could use."""
PROBE_S: Final = 5.0
"""How long others wait for the one that asks how much is left; then another asks."""
MARGIN_S: Final = 1.0
"""The Hub states whole seconds: a window may last almost one longer than it says."""
SAME_WINDOW_S: Final = 2.5
LONGEST_WINDOW_S: Final = 900.0
"""A window that ends later than this was written by a clock that jumped."""
NAP_S: Final = 0.1
SOON_S: Final = 0.001
BEING_ASKED: Final = -1
"""In the place of what is left while one process asks."""
UNLIMITED: Final = 10**9
"""What is left at a Hub that states no limits: mirrors have none."""


@dataclass(slots=True)
class _Lease:
    """Requests that this process may still make in a window; `is_probe` marks the one that asks how much is left."""

    requests: int = 0
    ends_at: float = 0.0
    is_probe: bool = False
    lowest: int | None = None
    closed_until: float = 0.0


class SharedQuota(Quota):
    """The budget of one caller at one Hub. `clock` is seconds since 1970, the same for all processes."""

    def __init__(
        self,
        engine: Engine,
        caller: str,
        *,
        reserved_fraction: float = RESERVED_FOR_INTERACTIVE_FRACTION,
        clock: Callable[[], float] = time.time,
        closed: threading.Event | None = None,
    ) -> None:
        super().__init__(clock=clock, reserved_fraction=reserved_fraction)
        self._engine, self._caller = engine, caller
        self._insert = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert
        self._leases: dict[str, _Lease] = {}
        self._closed = closed or threading.Event()

    def take(self, bucket: str, use: Use = "background") -> None:  # noqa: ARG002  # all who share it are scanners
        """Count one request, once there is one. Raises `BudgetClosed` where it is closed meanwhile."""
        while True:
            with self._lock:
                wait_s = self._try(bucket)
            if wait_s <= 0:
                return
            if self._closed.wait(min(wait_s, NAP_S)):
                raise BudgetClosed("the scan was stopped", "run it again: it goes on where it was")

    def close(self) -> None:
        """Whoever waits in this process waits no more, until it is opened again."""
        self._closed.set()

    def open(self) -> None:
        """As after it was made."""
        self._closed.clear()

    def wait_s(self, bucket: str, use: Use = "background") -> float:  # noqa: ARG002  # as above
        """Seconds until the next request of this process, as far as it knows."""
        with self._lock:
            lease = self._leases.get(bucket)
            return max(0.0, lease.closed_until - self._clock()) if lease and not lease.requests else 0.0

    def left(self, bucket: str) -> tuple[int, float] | None:
        """What scanners may still ask for in this window, and the seconds to its end; None where that is not known."""
        now = self._clock()
        with self._engine.connect() as connection:
            row = connection.execute(select(BUDGETS).where(*self._key(bucket))).one_or_none()
        if row is None or not 0 < row.ends_at - now <= LONGEST_WINDOW_S:
            return None
        return max(0, row.left - int((row.limit or 0) * self._reserved_fraction)), row.ends_at - now

    def observe(self, bucket: str, status: int, headers: Mapping[str, str]) -> None:
        """Take note of what an answer states: at once after a question for it or a 429, else with the next lease."""
        stated = next((a for a in read_allowances(headers) if a.bucket == bucket), None)
        left, limit = (stated.left, stated.limit) if stated else (None, None)
        reset_s = stated.reset_s if stated else read_retry_after_s(headers)
        if status == 429:
            left = 0
        now = self._clock()
        with self._lock:
            lease = self._leases.setdefault(bucket, _Lease())
            if left is None or reset_s is None:
                left, limit, reset_s = (UNLIMITED, 0, 60.0) if lease.is_probe else (left, limit, reset_s)
            if left is None or reset_s is None:
                return
            ends_at = now + reset_s + MARGIN_S
            if lease.is_probe or status == 429:
                lease.is_probe, lease.requests, lease.closed_until = False, 0, 0.0
                self._write(bucket, left, limit, ends_at)
            elif abs(ends_at - lease.ends_at) <= SAME_WINDOW_S:
                lease.lowest = left if lease.lowest is None else min(lease.lowest, left)

    def _key(self, bucket: str) -> tuple[ColumnElement[bool], ...]:
        return (BUDGETS.c.caller == self._caller, BUDGETS.c.bucket == bucket)

    def _try(self, bucket: str) -> float:
        """0 where a request was counted, else the seconds until it is worth trying again."""
        lease, now = self._leases.setdefault(bucket, _Lease()), self._clock()
        if lease.requests and now < lease.ends_at:
            lease.requests -= 1
            return 0.0
        if now < lease.closed_until <= now + LONGEST_WINDOW_S:
            return lease.closed_until - now
        return self._lease(bucket, lease, now)

    def _lease(self, bucket: str, lease: _Lease, now: float) -> float:
        """As `_try`, by way of the database; "left" is compared and swapped, so that no request is given twice."""
        with self._engine.begin() as connection:
            if lease.lowest is not None:
                self._lower(connection, bucket, lease)
            row = connection.execute(select(BUDGETS).where(*self._key(bucket))).one_or_none()
            if row is None or not 0 < row.ends_at - now <= LONGEST_WINDOW_S:
                return self._probe(connection, bucket, lease, now)
            if row.left == BEING_ASKED:
                return NAP_S / 2
            spare = row.left - int((row.limit or 0) * self._reserved_fraction)
            if spare < 1:
                lease.closed_until = row.ends_at
                return float(row.ends_at - now)
            wanted = max(1, min(MOST_LEASED, int(spare * LEASED_FRACTION)))
            if not self._swap(connection, bucket, row, row.left - wanted, row.ends_at):
                return SOON_S
        lease.requests, lease.ends_at, lease.lowest, lease.is_probe = wanted - 1, row.ends_at, None, False
        return 0.0

    def _probe(self, connection: Connection, bucket: str, lease: _Lease, now: float) -> float:
        """One request for the first that comes: its answer says how many there are."""
        ends_at = now + PROBE_S
        old = or_(BUDGETS.c.ends_at <= now, BUDGETS.c.ends_at > now + LONGEST_WINDOW_S)
        values = {"left": BEING_ASKED, "ends_at": ends_at}
        statement = self._insert(BUDGETS).values(caller=self._caller, bucket=bucket, **values)
        statement = statement.on_conflict_do_update(index_elements=["caller", "bucket"], set_=values, where=old)
        if connection.execute(statement.returning(BUDGETS.c.left)).one_or_none() is None:
            return SOON_S
        lease.requests, lease.ends_at, lease.lowest, lease.is_probe = 0, ends_at, None, True
        return 0.0

    def _swap(self, connection: Connection, bucket: str, seen: Row[Any], left: int, ends_at: float) -> bool:
        where = (*self._key(bucket), BUDGETS.c.left == seen.left, BUDGETS.c.ends_at == seen.ends_at)
        statement = update(BUDGETS).where(*where).values(left=left, ends_at=ends_at).returning(BUDGETS.c.left)
        return connection.execute(statement).one_or_none() is not None

    def _lower(self, connection: Connection, bucket: str, lease: _Lease) -> None:
        """What the Hub counted where that is less than we did: others ask with this identity too."""
        near = BUDGETS.c.ends_at.between(lease.ends_at - SAME_WINDOW_S, lease.ends_at + SAME_WINDOW_S)
        fewer = case((BUDGETS.c.left < lease.lowest, BUDGETS.c.left), else_=lease.lowest)
        connection.execute(update(BUDGETS).where(*self._key(bucket), near).values(left=fewer))

    def _write(self, bucket: str, left: int, limit: int | None, ends_at: float) -> None:
        """The window as the Hub has just stated it."""
        with self._engine.begin() as connection:
            known = {"left": left, "ends_at": ends_at} | ({} if limit is None else {"limit": limit})
            connection.execute(update(BUDGETS).where(*self._key(bucket)).values(**known))
