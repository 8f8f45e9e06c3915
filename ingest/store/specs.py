"""Repositories by commit: what the Hub said of them and the small files that size them, kept for ever.

Written one by one as they come, in groups as large as the database makes them wait: what was paid for with a request
is kept before many more are made.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from ingest.fetched_repo import FetchedRepo, dump_description, load_description
from ingest.store.tables import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Engine, Row

Key = tuple[str, str]
"""A repository's id and a commit."""

MOST_KEYS: Final = 400
"""In one question: SQLite takes 32,766 variables since 3.32, older ones 999."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A repository as it was seen, and the ETag of its config.json."""

    repo: FetchedRepo
    etag: str | None


class SpecStore:
    """The repositories of a database."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self._clock = clock

    def known(self, keys: Iterable[Key]) -> set[Key]:
        """Those of the commits that are kept."""
        wanted = list(keys)
        found: set[Key] = set()
        with self.engine.connect() as connection:
            for part in _parts(wanted):
                where = tuple_(MODELS.c.repo_id, MODELS.c.commit).in_(part)
                found.update((row[0], row[1]) for row in connection.execute(select(*_KEY).where(where)))
        return found

    def get(self, repo_id: str, commit: str) -> FetchedRepo | None:
        """The repository at a commit, if it is kept."""
        return next(iter(self.many([(repo_id, commit)])), None)

    def latest(self, repo_id: str) -> Seen | None:
        """The commit of the repository that was kept last."""
        query = select(MODELS).where(MODELS.c.repo_id == repo_id).order_by(MODELS.c.stored_at.desc()).limit(1)
        with self.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return Seen(read(row), row.etag) if row is not None else None

    def many(self, keys: Sequence[Key]) -> Iterator[FetchedRepo]:
        """The repositories of these commits that are kept, in no order."""
        with self.engine.connect() as connection:
            for part in _parts(keys):
                where = tuple_(MODELS.c.repo_id, MODELS.c.commit).in_(part)
                yield from map(read, connection.execute(select(MODELS).where(where)))

    def put(self, repos: Sequence[FetchedRepo], connection: Connection, etags: Sequence[str | None] = ()) -> None:
        """Keeps these repositories, in the caller's transaction; a commit that is kept stays as it is."""
        if not repos:
            return
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        now = self._clock()
        rows = [_row(repo, etag, now) for repo, etag in zip(repos, etags or [None] * len(repos), strict=True)]
        connection.execute(dialect.insert(MODELS).on_conflict_do_nothing(), rows)


_KEY: Final = (MODELS.c.repo_id, MODELS.c.commit)


def _parts(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    return (keys[start : start + MOST_KEYS] for start in range(0, len(keys), MOST_KEYS))


def _row(repo: FetchedRepo, etag: str | None, now: float) -> dict[str, Any]:
    return {
        "repo_id": repo.repo_id,
        "commit": repo.commit,
        "description": dump_description(repo).replace("\\u0000", ""),  # which PostgreSQL does not keep
        "config": repo.config,
        "hf_quant_config": repo.hf_quant_config,
        "adapter_config": repo.adapter_config,
        "etag": etag,
        "stored_at": now,
    }


def read(row: Row[Any]) -> FetchedRepo:
    """The repository that a row of `models` keeps."""
    return load_description(
        row.description,
        config=row.config,
        hf_quant_config=row.hf_quant_config,
        adapter_config=row.adapter_config,
        fetched_at_s=row.stored_at,
        source="cache",
    )
