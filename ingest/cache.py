"""What the Hub said, kept in one small SQLite file: commits for ever, branches with the time they were seen.

    repos   (endpoint, identity, repo_id, commit)  -> description, config.json and its like
    refs    (endpoint, identity, asked, revision)  -> repo_id, commit, ETag, when it was seen
    parts   (endpoint, identity, repo_id, commit, name)  -> another small file, or what was read of a large one

`identity` names the caller without giving the token away, so gated content is never shown to another caller. The blob
cache of huggingface_hub is not used: ten inodes per config, gated files shared between callers, staleness hidden.

A cache may only ever help: an unwritable folder means none, said once; a damaged file is moved aside and begun anew.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from ingest.fetched_repo import FetchedRepo, dump_description, load_description

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

FILE_NAME: Final = "hubgauge.sqlite3"
SCHEMA_VERSION: Final = 2
MAX_ROWS: Final = 20_000
MAX_BYTES: Final = 256 * 2**20
BUSY_TIMEOUT_S: Final = 2.0
EVICTED_FRACTION: Final = 0.1
"""How much more than needed goes when room is made, so that not every new row pays for it."""

SCHEMA: Final = """
CREATE TABLE repos (
    endpoint TEXT, identity TEXT, repo_id TEXT, "commit" TEXT,
    description TEXT NOT NULL, config BLOB, hf_quant_config BLOB, adapter_config BLOB,
    size_bytes INTEGER NOT NULL, stored_at_s REAL NOT NULL,
    PRIMARY KEY (endpoint, identity, repo_id, "commit")
) WITHOUT ROWID;
CREATE INDEX repos_by_age ON repos (stored_at_s);
CREATE TABLE refs (
    endpoint TEXT, identity TEXT, asked TEXT, revision TEXT,
    repo_id TEXT NOT NULL, "commit" TEXT NOT NULL, etag TEXT, fetched_at_s REAL NOT NULL,
    PRIMARY KEY (endpoint, identity, asked, revision)
) WITHOUT ROWID;
CREATE TABLE parts (
    endpoint TEXT, identity TEXT, repo_id TEXT, "commit" TEXT, name TEXT, content BLOB NOT NULL,
    PRIMARY KEY (endpoint, identity, repo_id, "commit", name)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class CachedRef:
    """A branch or tag as it was seen: the repository at that commit, and the ETag to ask again with."""

    repo: FetchedRepo
    etag: str | None
    fetched_at_s: float


def log_warning(message: str) -> None:
    """Say it to the program's log; imported late, for most runs have nothing to say."""
    import logging  # noqa: PLC0415  # start-up counts

    logging.getLogger("hubgauge").warning(message)


class RepoCache:
    """The cache of one caller at one Hub; several threads and processes may share the file.

    Every method is safe to call when there is no cache: it finds nothing and keeps nothing.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        endpoint: str,
        identity: str,
        max_rows: int = MAX_ROWS,
        max_bytes: int = MAX_BYTES,
        warn: Callable[[str], None] = log_warning,
    ) -> None:
        self._path = folder / FILE_NAME if folder else None
        self._key = (endpoint, identity)
        self._max_rows, self._max_bytes = max_rows, max_bytes
        self._warn = warn
        self._connection: sqlite3.Connection | None = None
        self._inode = self._pid = 0
        self._lock = threading.RLock()

    @property
    def path(self) -> Path | None:
        """Where the cache lies; None if there is none."""
        return self._path

    def repo(self, repo_id: str, commit: str) -> FetchedRepo | None:
        """The repository at a commit, if it was ever fetched by this caller."""
        return self._run(lambda db: self._read_repo(db, repo_id, commit))

    def ref(self, asked: str, revision: str) -> CachedRef | None:
        """The branch or tag of a repository as it was last seen."""
        return self._run(lambda db: self._read_ref(db, asked, revision))

    def put(self, repo: FetchedRepo, *, asked: str, revision: str, etag: str | None) -> None:
        """Keep a repository, and that `revision` of `asked` is its commit."""
        blobs = (repo.config, repo.hf_quant_config, repo.adapter_config)
        description = dump_description(repo)
        size_bytes = len(description) + sum(len(blob) for blob in blobs if blob)
        values = (*self._key, repo.repo_id.lower(), repo.commit, description, *blobs, size_bytes, repo.fetched_at_s)

        def write(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT OR REPLACE INTO repos VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            self._put_ref(db, repo, asked, revision, etag)
            self._make_room(db)
            db.execute("COMMIT")

        if size_bytes <= self._max_bytes // 4:
            self._run(write)

    def touch(self, repo: FetchedRepo, *, asked: str, revision: str, etag: str | None) -> None:
        """Keep only that `revision` still is this commit."""
        self._run(lambda db: self._put_ref(db, repo, asked, revision, etag))

    def part(self, repo: FetchedRepo, name: str) -> bytes | None:
        """What was kept of a file of that commit by `put_part`."""
        where = (*self._key, repo.repo_id.lower(), repo.commit, name)
        sql = 'SELECT content FROM parts WHERE (endpoint, identity, repo_id, "commit", name) = (?, ?, ?, ?, ?)'
        row = self._run(lambda db: db.execute(sql, where).fetchone())
        return bytes(row[0]) if row else None

    def put_part(self, repo: FetchedRepo, name: str, content: bytes) -> None:
        """Keep a small file of a commit that is kept, or what was read of a large one; it goes when the commit goes."""
        where = (*self._key, repo.repo_id.lower(), repo.commit)

        def write(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            grown = db.execute(
                "UPDATE repos SET size_bytes = size_bytes + ?"
                ' WHERE (endpoint, identity, repo_id, "commit") = (?, ?, ?, ?)',
                (len(content), *where),
            )
            if grown.rowcount:
                db.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?)", (*where, name, content))
            db.execute("COMMIT")

        self._run(write)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def _read_repo(self, db: sqlite3.Connection, repo_id: str, commit: str) -> FetchedRepo | None:
        row = db.execute(
            "SELECT description, config, hf_quant_config, adapter_config, stored_at_s FROM repos"
            ' WHERE (endpoint, identity, repo_id, "commit") = (?, ?, ?, ?)',
            (*self._key, repo_id.lower(), commit),
        ).fetchone()
        if row is None:
            return None
        description, config, hf_quant, adapter, stored_at_s = row
        try:
            return load_description(
                description,
                config=config,
                hf_quant_config=hf_quant,
                adapter_config=adapter,
                fetched_at_s=stored_at_s,
                source="cache",
            )
        except (ValueError, TypeError, KeyError):
            return None  # another program wrote here: as good as nothing

    def _read_ref(self, db: sqlite3.Connection, asked: str, revision: str) -> CachedRef | None:
        row = db.execute(
            'SELECT repo_id, "commit", etag, fetched_at_s FROM refs'
            " WHERE (endpoint, identity, asked, revision) = (?, ?, ?, ?)",
            (*self._key, asked.lower(), revision),
        ).fetchone()
        repo = self._read_repo(db, row[0], row[1]) if row else None
        return CachedRef(replace(repo, revision=revision, fetched_at_s=row[3]), row[2], row[3]) if repo else None

    def _put_ref(self, db: sqlite3.Connection, repo: FetchedRepo, asked: str, revision: str, etag: str | None) -> None:
        values = (*self._key, asked.lower(), revision, repo.repo_id.lower(), repo.commit, etag, repo.fetched_at_s)
        db.execute("INSERT OR REPLACE INTO refs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def _make_room(self, db: sqlite3.Connection) -> None:
        """Drop the oldest commits beyond the bounds, and the branches that pointed at them."""
        rows, size_bytes = db.execute("SELECT count(*), total(size_bytes) FROM repos").fetchone()
        if rows <= self._max_rows and size_bytes <= self._max_bytes:
            return
        excess = max(1 - self._max_rows / rows, 1 - self._max_bytes / size_bytes)
        count = max(1, int(rows * min(1.0, excess + EVICTED_FRACTION)))
        cut = db.execute("SELECT stored_at_s FROM repos ORDER BY stored_at_s LIMIT 1 OFFSET ?", (count - 1,)).fetchone()
        db.execute("DELETE FROM repos WHERE stored_at_s <= ?", cut)
        for table in ("refs", "parts"):
            db.execute(
                f'DELETE FROM {table} WHERE (endpoint, identity, repo_id, "commit")'  # noqa: S608  # our own names
                ' NOT IN (SELECT endpoint, identity, repo_id, "commit" FROM repos)'
            )

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """What the work returns; None without a cache. Whatever SQLite raises is dealt with here and not passed on."""
        with self._lock:
            for _ in range(2):  # a second time after a damaged file was moved aside
                try:
                    db = self._open()
                    return work(db) if db else None
                except (sqlite3.OperationalError, OSError) as error:
                    self._give_up(error)
                    return None
                except sqlite3.DatabaseError as error:
                    self._move_aside(error)
        return None

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is not None and self._pid == os.getpid():
            return self._connection
        if self._path is None:
            return None
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # gated configs are the caller's own
        self._connection = self._connect(self._path)
        self._pid = os.getpid()
        return self._connection

    def _connect(self, path: Path) -> sqlite3.Connection:
        if not path.exists():
            path.touch(mode=0o600)  # as the folder, also where that is another's
        db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        self._inode = path.stat().st_ino
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            _ensure_schema(db)
        except BaseException:
            db.close()
            raise
        return db

    def _give_up(self, error: Exception) -> None:
        """No cache from now on, and it is said; only for this call if another process just keeps the file busy."""
        if self._connection is not None and self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
        if "locked" in str(error) or "busy" in str(error):
            return
        self.close()
        self._warn(f"No cache at {self._path}: {error}. Going on without; set HUBGAUGE_CACHE_DIR to another folder.")
        self._path = None

    def _move_aside(self, error: Exception) -> None:
        """Rename the damaged file and its journal, unless another process has done so already."""
        self.close()
        if self._path is None:
            return
        try:
            if self._path.stat().st_ino == self._inode:
                aside = self._path.with_name(f"{FILE_NAME}.damaged-{self._inode}")
                for suffix in ("", "-wal", "-shm"):
                    with contextlib.suppress(FileNotFoundError):
                        self._path.with_name(FILE_NAME + suffix).replace(aside.with_name(aside.name + suffix))
                self._warn(f"The cache was damaged ({error}); it is begun anew, and the old file kept as {aside}.")
        except OSError as reason:
            self._give_up(reason)


def _ensure_schema(db: sqlite3.Connection) -> None:
    """Make the tables, or make them anew if an older version of this program wrote them."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == SCHEMA_VERSION:
        return
    if version > SCHEMA_VERSION:
        raise sqlite3.OperationalError(f"it is of a later version ({version}) of hubgauge")
    db.execute("BEGIN IMMEDIATE")
    (version,) = db.execute("PRAGMA user_version").fetchone()  # another process may have been first
    if version != SCHEMA_VERSION:
        db.execute("DROP TABLE IF EXISTS repos")
        db.execute("DROP TABLE IF EXISTS refs")
        db.execute("DROP TABLE IF EXISTS parts")
        for statement in filter(str.strip, SCHEMA.split(";")):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    db.execute("COMMIT")
