"""Repositories out of a Parquet file of others, such as the hub-stats data set: one request instead of thousands.

Its rows are taken for entries of the Hub's own list, as far as it has columns of those names: then it tells, as a list
does, at which commit each stands, and which of them is none that we read. What columns there are is looked up: `id`
must be there; where there is `sha`, each is asked for at that commit; `downloads` puts the most used first.
Source: the data set cfahlgren1/hub-stats on the Hub, models.parquet.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ingest.errors import HubUnavailable, IngestError
from ingest.exchange import download
from ingest.listing import EXPANDED, read_listed
from ingest.repo_ref import is_repo_id
from ingest.scan.fetch import listed_item, named_item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.settings import Settings
    from ingest.store.scans import Item

HUB_STATS: Final = "hub-stats"
HUB_STATS_PATH: Final = "/datasets/cfahlgren1/hub-stats/resolve/main/models.parquet"
MEMORY: Final = "256MB"
MOST_BYTES: Final = 16 * 2**30
"""Of a file that is fetched: the data set's had 1.1 GB."""
MOST_ROW_CHARACTERS: Final = 2**20


class SeedUnreadable(IngestError):
    """The file of names cannot be read."""


def seeded_items(address: str, settings: Settings, limit: int | None = None) -> Iterator[Item]:
    """The items of a path, of an http(s) address, or of `hub-stats`. Raises `SeedUnreadable` and `HubUnavailable`."""
    import duckdb  # noqa: PLC0415  # an extra

    with tempfile.TemporaryDirectory(prefix="hubgauge-seed-") as folder:
        path, rows = _at_hand(address, settings, Path(folder)), Path(folder) / "rows.jsonl.gz"
        config: dict[str, Any] = {"threads": 1, "memory_limit": MEMORY, "temp_directory": folder}
        try:
            with duckdb.connect(config=config) as connection:
                query = _query(connection, path, address, limit)
                connection.execute(f"COPY ({query}) TO '{rows}' (FORMAT json, COMPRESSION gzip)")
        except duckdb.Error as error:
            said = str(error).partition("\n")[0][:300]
            raise SeedUnreadable(f"{address}: cannot be read as Parquet ({said})", "a path, or an address") from None
        with gzip.open(rows, "rt", encoding="utf-8") as lines:  # a file, for DuckDB keeps what it answers in memory
            yield from (item for line in lines if (item := _item(line)) is not None)


def _query(connection: Any, path: Path, address: str, limit: int | None) -> str:
    source = "read_parquet('" + str(path).replace("'", "''") + "')"
    rows = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608  # quoted
    columns = {str(row[0]) for row in rows}
    if "id" not in columns:
        raise SeedUnreadable(f"{address} has no column `id`", f"it has {', '.join(sorted(columns)[:20])}")
    told = ", ".join(f'"{name}"' for name in ("id", *EXPANDED) if name in columns)
    order = "downloads DESC NULLS LAST, id" if "downloads" in columns else "id"
    cut = f" LIMIT {limit:d}" if limit else ""
    return f"SELECT {told} FROM {source} ORDER BY {order}{cut}"  # noqa: S608  # the names are ours


def _item(line: str) -> Item | None:
    """As the Hub's list gives it; by its name alone where the row tells no commit; None where it names nothing."""
    row: dict[str, Any] = json.loads(line)
    name = str(row.get("id"))
    if not is_repo_id(name):
        return None
    entry = read_listed(_entry(row), time.time()) if len(line) <= MOST_ROW_CHARACTERS else None
    return listed_item(entry) if entry is not None else named_item(name)


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    """The row as the list's JSON: what was stored as text of JSON is opened, and what a row has not is not there."""
    for key in ("siblings", "safetensors", "gguf", "config"):
        if isinstance(row.get(key), str):
            with contextlib.suppress(ValueError, RecursionError):
                row[key] = json.loads(row[key])
    found: dict[str, Any] = _stated(row)
    return found


def _stated(value: Any) -> Any:
    """Without the keys that are null: columns of structs have every key of every row."""
    if isinstance(value, dict):
        return {key: _stated(part) for key, part in value.items() if part is not None}
    return value


def _at_hand(address: str, settings: Settings, folder: Path) -> Path:
    """The file itself, fetched where it is an address."""
    url = settings.endpoint + HUB_STATS_PATH if address == HUB_STATS else address
    if urlsplit(url).scheme not in {"http", "https"}:
        return Path(url)
    if settings.is_offline:
        raise HubUnavailable(f"{address}: offline mode is on (HF_HUB_OFFLINE).", "Unset HF_HUB_OFFLINE.")
    path = folder / "models.parquet"
    try:
        download(url, path, settings, MOST_BYTES)
    except OSError as error:
        raise SeedUnreadable(f"{url}: no room for it in {folder} ({error.strerror})", "set TMPDIR") from None
    return path
