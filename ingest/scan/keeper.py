"""What was fetched goes to the database as it comes: many threads, one transaction at a time.

Whoever comes while a transaction runs, or right after one, leaves its part to the next and goes on. A process that is
killed loses what came in these few milliseconds, beside the requests that were under way.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import OperationalError

if TYPE_CHECKING:
    from ingest.scan.fetch import Fetched
    from ingest.store.scans import ScanStore
    from ingest.store.specs import SpecStore

GROUP: Final = 8
"""Written at once where files come as fast as that: a transaction costs as much as a request on one machine."""
PAUSE_S: Final = 0.005
"""After a transaction until the next, where fewer wait: at the Hub's own pace each file is written as it comes."""
LOCKED_WAITS_S: Final = (0.1, 0.3, 1.0, 3.0)
"""Beside SQLite's own five seconds: a back-up or a long reader may hold the file."""


class Keeper:
    """Keeps what comes of one scan. Threads share it."""

    def __init__(self, specs: SpecStore, scans: ScanStore, scan_id: str) -> None:
        self._specs, self.scans, self.scan_id = specs, scans, scan_id
        self._waiting: list[Fetched] = []
        self._list_lock, self._write_lock = threading.Lock(), threading.Lock()
        self._written_s = 0.0

    def keep(self, fetched: Fetched) -> None:
        """Writes it down, or leaves it to the thread that is just writing."""
        with self._list_lock:
            self._waiting.append(fetched)
            is_due = len(self._waiting) >= GROUP or time.monotonic() - self._written_s >= PAUSE_S
        if is_due and self._write_lock.acquire(blocking=False):
            try:
                self._write_all()
            finally:
                self._write_lock.release()

    def flush(self) -> None:
        """Writes down what waits."""
        with self._write_lock:
            self._write_all()

    def _write_all(self) -> None:
        while part := self._next():
            try:
                self._write(part)
                self._written_s = time.monotonic()
            except BaseException:
                with self._list_lock:
                    self._waiting[:0] = part
                raise

    def _next(self) -> list[Fetched]:
        with self._list_lock:
            part, self._waiting = self._waiting, []
        return part

    def _write(self, part: list[Fetched]) -> None:
        for wait_s in LOCKED_WAITS_S:
            try:
                return self._commit(part)
            except OperationalError as error:
                if "locked" not in str(error.orig):
                    raise
                time.sleep(wait_s)
        return self._commit(part)

    def _commit(self, part: list[Fetched]) -> None:
        with_repo = [fetched for fetched in part if fetched.repo is not None]
        with self._specs.engine.begin() as connection:
            repos = [fetched.repo for fetched in with_repo if fetched.repo is not None]
            self._specs.put(repos, connection, [fetched.etag for fetched in with_repo])
            self.scans.settle(self.scan_id, [fetched.item for fetched in part], connection)
