"""How far a scan has come, so that a killed one goes on where it was.

    listed    named by the Hub or by the user; to be fetched
    kept      its commit is in the store
    refused   it cannot be sized; `problem` says why

Listing keeps the address of the next page in the transaction that keeps the page, so none is asked for twice.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ingest.store.tables import SCAN_ITEMS, SCANS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

LISTED: Final = "listed"
KEPT: Final = "kept"
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True)
class Item:
    """One repository of a scan. `listed` is its description as the listing gave it, for those that a listing gave."""

    asked: str
    state: str = LISTED
    listed: str | None = None
    repo_id: str | None = None
    commit: str | None = None
    problem: str | None = None
    attempts: int = 0
    number: int = 0

    @property
    def reason(self) -> dict[str, str]:
        """Why it was refused: type, message and hint."""
        found: dict[str, str] = json.loads(self.problem) if self.problem else {}
        return found


@dataclass(frozen=True, slots=True)
class Progress:
    """How many repositories of a scan are in each state."""

    listed: int = 0
    kept: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        """All that are known so far."""
        return self.listed + self.kept + self.refused


class ScanStore:
    """The scans of a database."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self._clock = clock

    def begin(self, scan_id: str, source: str) -> bool:
        """Whether this scan is begun anew; False where one of that name had not come to its end and goes on.

        What the Hub failed to answer then is asked for again as if it had not been.
        """
        with self.engine.begin() as connection:
            row = connection.execute(select(SCANS).where(SCANS.c.id == scan_id)).one_or_none()
            if row is not None and row.ended_at is None:
                tried = (SCAN_ITEMS.c.scan_id == scan_id, SCAN_ITEMS.c.state == LISTED, SCAN_ITEMS.c.attempts > 0)
                connection.execute(update(SCAN_ITEMS).where(*tried).values(attempts=0))
                return False
            if row is not None:
                self._forget(connection, scan_id)
            connection.execute(
                insert(SCANS).values(id=scan_id, source=source, is_listed=False, items=0, begun_at=self._clock())
            )
        return True

    def forget(self, scan_id: str) -> None:
        """Forgets how far the scan came; what was fetched stays in the store."""
        with self.engine.begin() as connection:
            self._forget(connection, scan_id)

    def end(self, scan_id: str) -> None:
        """Notes that everything of the scan was written out."""
        with self.engine.begin() as connection:
            connection.execute(update(SCANS).where(SCANS.c.id == scan_id).values(ended_at=self._clock()))

    def cursor(self, scan_id: str) -> tuple[str | None, bool]:
        """The address of the next page, and whether there is none left."""
        with self.engine.connect() as connection:
            row = connection.execute(select(SCANS).where(SCANS.c.id == scan_id)).one()
        return row.cursor, row.is_listed

    def count(self, scan_id: str) -> int:
        """How many items were listed so far."""
        with self.engine.connect() as connection:
            return int(connection.execute(select(SCANS.c["items"]).where(SCANS.c.id == scan_id)).scalar_one())

    def add_page(self, scan_id: str, items: Sequence[Item], cursor: str | None, *, is_last: bool) -> int:
        """Keeps the items of a page, those that are new, and the address of the next; how many there are now."""
        dialect = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        new = {item.asked: item for item in items}.values()
        with self.engine.begin() as connection:
            values = {"cursor": cursor, "is_listed": is_last, "items": SCANS.c["items"] + len(new)}
            paged = update(SCANS).where(SCANS.c.id == scan_id).values(**values).returning(SCANS.c["items"])
            count = int(connection.execute(paged).scalar_one())
            rows = [_row(scan_id, item) | {"number": count - len(new) + n} for n, item in enumerate(new)]
            if rows:
                connection.execute(dialect.insert(SCAN_ITEMS).on_conflict_do_nothing(), rows)
        return count

    def to_fetch(self, scan_id: str, after: int, limit: int, most_attempts: int) -> list[Item]:
        """The next items that wait to be fetched, in the order they were listed."""
        columns = SCAN_ITEMS.c
        where = (columns.scan_id == scan_id, columns.state == LISTED, columns.number > after)
        few = columns.attempts < most_attempts
        query = select(SCAN_ITEMS).where(*where, few).order_by(columns.number).limit(limit)
        with self.engine.connect() as connection:
            return [_item(row) for row in connection.execute(query)]

    def named(self, scan_id: str, asked: Sequence[str]) -> list[Item]:
        """The items of these names."""
        query = select(SCAN_ITEMS).where(SCAN_ITEMS.c.scan_id == scan_id, SCAN_ITEMS.c.asked.in_(asked))
        with self.engine.connect() as connection:
            return [_item(row) for row in connection.execute(query)]

    def settle(self, scan_id: str, items: Sequence[Item], connection: Connection) -> None:
        """Notes what became of these items, in the caller's transaction."""
        if items:
            connection.execute(_SETTLE, [{"b_" + key: value for key, value in _row(scan_id, i).items()} for i in items])

    def page(self, scan_id: str, after: str, size: int, last: str | None = None) -> list[Item]:
        """The items after this name and up to `last`, in the order of their names."""
        columns = SCAN_ITEMS.c
        where = [columns.scan_id == scan_id, columns.asked > after] + ([columns.asked <= last] if last else [])
        with self.engine.connect() as connection:
            query = select(SCAN_ITEMS).where(*where).order_by(columns.asked).limit(size)
            return [_item(row) for row in connection.execute(query)]

    def last_of_page(self, scan_id: str, after: str, size: int) -> str | None:
        """The name of the item that is so many places after this name, or the last; None where there is none."""
        columns = SCAN_ITEMS.c
        query = select(columns.asked).where(columns.scan_id == scan_id, columns.asked > after).order_by(columns.asked)
        with self.engine.connect() as connection:
            names = connection.execute(query.limit(size)).scalars().all()
        return str(names[-1]) if names else None

    def progress(self, scan_id: str) -> Progress:
        """How many items are in each state."""
        query = select(SCAN_ITEMS.c.state, func.count()).where(SCAN_ITEMS.c.scan_id == scan_id)
        with self.engine.connect() as connection:
            counts = {row[0]: row[1] for row in connection.execute(query.group_by(SCAN_ITEMS.c.state))}
        return Progress(**counts)

    def _forget(self, connection: Connection, scan_id: str) -> None:
        connection.execute(SCAN_ITEMS.delete().where(SCAN_ITEMS.c.scan_id == scan_id))
        connection.execute(SCANS.delete().where(SCANS.c.id == scan_id))


_SETTLED: Final = ("state", "listed", "repo_id", "commit", "problem", "attempts")
_SETTLE: Final = (
    update(SCAN_ITEMS)
    .where(SCAN_ITEMS.c.scan_id == bindparam("b_scan_id"), SCAN_ITEMS.c.asked == bindparam("b_asked"))
    .values({name: bindparam(f"b_{name}") for name in _SETTLED})
)


def _row(scan_id: str, item: Item) -> dict[str, Any]:
    return {"scan_id": scan_id, "asked": item.asked, **{name: getattr(item, name) for name in _SETTLED}}


def _item(row: Any) -> Item:
    return Item(row.asked, row.state, row.listed, row.repo_id, row.commit, row.problem, row.attempts, row.number)
