"""Names of models out of a Parquet file of others, such as the hub-stats data set: one request instead of thousands.

DuckDB reads the file where it lies, columns and row groups that are needed alone. What columns there are is looked up:
`id` must be there, `sha` pins each name to its commit, `downloads` puts the most used first.
Source: the data set cfahlgren1/hub-stats on the Hub, models.parquet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ingest.errors import IngestError, UnknownModel
from ingest.repo_ref import is_commit, is_repo_id

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY: Final = "256MB"


class SeedUnreadable(IngestError):
    """The file of names cannot be read."""


def seeded_names(address: str, limit: int | None = None) -> Iterator[str]:
    """Names, pinned to their commits where the file tells them. Raises `SeedUnreadable`."""
    import duckdb  # noqa: PLC0415  # an extra

    source = "read_parquet('" + address.replace("'", "''") + "')"
    try:
        with duckdb.connect(config={"threads": 1, "memory_limit": MEMORY}) as connection:
            rows = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608  # quoted
            columns = {str(row[0]) for row in rows}
            if "id" not in columns:
                raise UnknownModel(f"{address} has no column `id`", f"it has {', '.join(sorted(columns)[:20])}")
            query = f"SELECT id, {'sha' if 'sha' in columns else 'NULL'} FROM {source}"  # noqa: S608  # quoted above
            query += " ORDER BY downloads DESC, id" if "downloads" in columns else " ORDER BY id"
            found = connection.execute(query + (f" LIMIT {limit:d}" if limit else ""))
            while batch := found.fetchmany(10_000):
                yield from (_name(str(name), str(sha or "")) for name, sha in batch if is_repo_id(str(name)))
    except duckdb.Error as error:
        said = str(error).partition("\n")[0][:300]
        raise SeedUnreadable(
            f"{address}: cannot be read as Parquet ({said})", "a path, or an http(s) address"
        ) from None


def _name(repo_id: str, sha: str) -> str:
    return f"{repo_id}@{sha}" if is_commit(sha) else repo_id
