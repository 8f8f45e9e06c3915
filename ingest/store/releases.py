"""The repositories that the watcher knows, and how far it has looked.

old       was there before the watcher looked, or is none that anybody is told of
waiting   found, but not to be sized yet: empty, or the Hub did not answer
ready     can be told of
refused   cannot be sized; `problem` says why
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from ingest.store.tables import MARKS, RELEASES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Engine

OLD: Final = "old"
WAITING: Final = "waiting"
READY: Final = "ready"
REFUSED: Final = "refused"
MOST_PARTS: Final = 400
LONGEST_AHEAD_S: Final = 2 * 3600.0
"""A time further ahead was written by a clock that has jumped back since: it is looked again after an hour at most."""


@dataclass(frozen=True, slots=True)
class Release:
    """One repository. `how` says what it was found by; `listed` is the list's entry, as JSON."""

    repo_id: str
    state: str
    how: str
    commit: str | None = None
    listed: str | None = None
    problem: str | None = None
    found_at: float = 0.0
    ready_at: float | None = None
    not_before: float = 0.0
    attempts: int = 0
    is_announced: bool = False

    @property
    def facts(self) -> dict[str, Any]:
        """What the list said of it."""
        found: dict[str, Any] = json.loads(self.listed) if self.listed else {}
        return found


class ReleaseStore:
    """The releases of a database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def known(self, names: Iterable[str]) -> set[str]:
        """Those of the names that are known."""
        wanted, found = list(names), set[str]()
        with self.engine.connect() as connection:
            for start in range(0, len(wanted), MOST_PARTS):
                query = select(RELEASES.c.repo_id).where(RELEASES.c.repo_id.in_(wanted[start : start + MOST_PARTS]))
                found.update(connection.execute(query).scalars())
        return found

    def waiting(self, names: Sequence[str]) -> set[str]:
        """Those of the names that are waited for."""
        where = (RELEASES.c.repo_id.in_(names), RELEASES.c.state == WAITING)
        with self.engine.connect() as connection:
            return set(connection.execute(select(RELEASES.c.repo_id).where(*where)).scalars())

    def note(self, found: Sequence[Release], mark: str | None = None, value: Any = None) -> int:
        """Adds those that are new, and how far the list was read, at once; how many were new."""
        dialect = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        with self.engine.begin() as connection:
            new = 0
            for release in found:
                statement = dialect.insert(RELEASES).values(**_row(release)).on_conflict_do_nothing()
                row = connection.execute(statement.returning(RELEASES.c.repo_id)).one_or_none()
                new += row is not None
            if mark is not None:
                self._mark(connection, mark, value)
        return new

    def wake(self, names: Sequence[str], now: float) -> None:
        """Those of them that are waited for are looked at again now: they changed."""
        with self.engine.begin() as connection:
            where = (RELEASES.c.repo_id.in_(names), RELEASES.c.state == WAITING)
            connection.execute(update(RELEASES).where(*where).values(not_before=now))

    def revive(self, names: Sequence[str], now: float) -> None:
        """Those of them that were old news are waited for: they trend."""
        with self.engine.begin() as connection:
            where = (RELEASES.c.repo_id.in_(names), RELEASES.c.state == OLD)
            values = {"state": WAITING, "how": "trending", "found_at": now, "not_before": now}
            connection.execute(update(RELEASES).where(*where).values(**values))

    def mark(self, name: str) -> Any:
        """How far that list was read; None where it never was."""
        with self.engine.connect() as connection:
            value = connection.execute(select(MARKS.c.value).where(MARKS.c.name == name)).scalar_one_or_none()
        return None if value is None else json.loads(value)

    def claim(self, now: float, lease_s: float, most: int) -> list[Release]:
        """Those that are to be looked at now, kept from other processes for so long."""
        table = RELEASES.c
        is_due = (table.not_before <= now) | (table.not_before > now + LONGEST_AHEAD_S)
        due = select(table.repo_id).where(table.state == WAITING, is_due)
        due = due.order_by(table.not_before).limit(most)
        if self.engine.dialect.name == "postgresql":
            due = due.with_for_update(skip_locked=True)
        statement = update(RELEASES).where(table.repo_id.in_(due), table.state == WAITING, is_due)
        statement = statement.values(not_before=now + lease_s).returning(*RELEASES.c)
        with self.engine.begin() as connection:
            return [_release(row) for row in connection.execute(statement)]

    def settle(self, release: Release, connection: Connection | None = None) -> None:
        """Writes down what became of a release."""
        statement = update(RELEASES).where(RELEASES.c.repo_id == release.repo_id).values(**_row(release))
        if connection is not None:
            connection.execute(statement)
            return
        with self.engine.begin() as own:
            own.execute(statement)

    def unannounced(self, most: int) -> list[Release]:
        """Those that are ready and that nobody was told of yet, the oldest first."""
        query = select(RELEASES).where(RELEASES.c.state == READY, RELEASES.c.is_announced.is_(False))
        with self.engine.connect() as connection:
            return [_release(row) for row in connection.execute(query.order_by(RELEASES.c.ready_at).limit(most))]

    def announce(self, repo_id: str, connection: Connection) -> bool:
        """Whether it is this transaction that tells of the release, and no other."""
        where = (RELEASES.c.repo_id == repo_id, RELEASES.c.is_announced.is_(False))
        statement = update(RELEASES).where(*where).values(is_announced=True).returning(RELEASES.c.repo_id)
        return connection.execute(statement).one_or_none() is not None

    def get(self, repo_id: str) -> Release | None:
        """The release of that name."""
        with self.engine.connect() as connection:
            row = connection.execute(select(RELEASES).where(RELEASES.c.repo_id == repo_id)).one_or_none()
        return _release(row) if row is not None else None

    def latest(self, most: int, before: float | None = None) -> list[Release]:
        """Those that became ready last, the newest first."""
        query = select(RELEASES).where(RELEASES.c.state == READY)
        if before is not None:
            query = query.where(RELEASES.c.ready_at < before)
        query = query.order_by(RELEASES.c.ready_at.desc(), RELEASES.c.repo_id).limit(most)
        with self.engine.connect() as connection:
            return [_release(row) for row in connection.execute(query)]

    def _mark(self, connection: Connection, name: str, value: Any) -> None:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        said = json.dumps(value)
        statement = dialect.insert(MARKS).values(name=name, value=said)
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": said}))


def _row(release: Release) -> dict[str, Any]:
    return {column.name: getattr(release, column.name) for column in RELEASES.c}


def _release(row: Any) -> Release:
    return Release(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name begins so
