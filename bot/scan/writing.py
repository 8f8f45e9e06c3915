"""Rows into a file: Parquet (by DuckDB), CSV or JSON lines, by the file's ending.

Rows go to a file beside the named one first, which takes the name when it is whole: whoever reads the named file never
sees half a scan.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import json
import os
from typing import IO, TYPE_CHECKING, Final

from bot.errors import BotError, SettingsError
from bot.scan.rows import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

ENDINGS: Final = (".parquet", ".csv", ".jsonl", ".ndjson")
DUCKDB_MEMORY: Final = "128MB"
ROW_GROUP_ROWS: Final = 20_000


class OutputFault(BotError):
    """The file of results cannot be written."""


class RowFile:
    """Takes lines of JSON, leaves the file in its format; use it as a context."""

    def __init__(self, path: Path) -> None:
        if path.suffix.lower() not in ENDINGS:
            raise SettingsError(f"{path.name}: its ending tells no format", f"one of {', '.join(ENDINGS)}")
        if path.suffix.lower() == ".parquet":
            import duckdb  # noqa: F401, PLC0415  # an extra: said as missing before the scan, not after it
        self._path = path
        self._spool = path.with_name(f".{path.name}.rows")
        self._made = path.with_name(f".{path.name}.new")
        self.rows = 0

    def __enter__(self) -> Self:
        with _said(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # half a character, which JSON can spell and UTF-8 cannot, becomes a question mark
            self._file: IO[str] = self._spool.open("a", encoding="utf-8", errors="replace")
            self._have_alone()
            self._file.truncate(0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with _said(self._path):
                self._file.flush()
                if kind is None:
                    FORMATS[self._path.suffix.lower()](self._spool, self._made)
                    os.replace(self._made, self._path)  # noqa: PTH105  # says what it does
        finally:
            for path in (self._spool, self._made):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # what it still held is said or lost already
                self._file.close()

    def _have_alone(self) -> None:
        """Raises `OutputFault` where another process is at this file; its death frees the file at once."""
        with contextlib.suppress(ImportError):  # Windows knows no such locks
            import fcntl  # noqa: PLC0415  # as above

            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self._file.close()
                raise OutputFault(f"{self._path}: another scan writes it", "name another file with -o") from None

    def write(self, lines: str) -> None:
        """Adds whole lines."""
        with _said(self._path):
            self._file.write(lines)
        self.rows += lines.count("\n")


def _as_lines(spool: Path, made: Path) -> None:
    os.replace(spool, made)  # noqa: PTH105  # as above


def _as_csv(spool: Path, made: Path) -> None:
    with spool.open(encoding="utf-8") as source, made.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for line in source:
            writer.writerow({name: _harmless(value) for name, value in json.loads(line).items()})


def _harmless(value: object) -> object:
    """A text that no spreadsheet takes for a formula: strangers choose names and keys of configs."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value


def _as_parquet(spool: Path, made: Path) -> None:
    import duckdb  # noqa: PLC0415  # an extra

    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    source = f"read_json({_quoted(spool)}, format = 'newline_delimited', columns = {{{columns}}})"
    target = f"{_quoted(made)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS})"
    with duckdb.connect(config={"threads": 1, "memory_limit": DUCKDB_MEMORY}) as connection:
        connection.execute(f"SET temp_directory = {_quoted(made.parent)}")
        try:
            connection.execute(f"COPY (SELECT * FROM {source}) TO {target}")  # noqa: S608  # our own names
        except duckdb.OperationalError as error:  # the disk or the memory; anything else is a fault of ours
            raise OSError(errno.EIO, str(error).partition("\n")[0][:300]) from None


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


FORMATS: Final[Mapping[str, Callable[[Path, Path], None]]] = {
    ".parquet": _as_parquet,
    ".csv": _as_csv,
    ".jsonl": _as_lines,
    ".ndjson": _as_lines,
}


@contextlib.contextmanager
def _said(path: Path) -> Iterator[None]:
    """A fault of the disk in words; what was fetched is in the database and is not asked for again."""
    try:
        yield
    except OSError as error:
        raise OutputFault(
            f"{path}: cannot be written ({error.strerror or error})",
            "make room or name another file, and run the scan again: nothing is fetched twice",
        ) from None
