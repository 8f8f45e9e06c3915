"""A scan's repositories listed and handed out in chunks, until each is kept or refused.

The list is read a page at a time, just ahead of what is fetched; all that is known of it lies in the database. Who
fetches a chunk, a thread, another process or another machine, is the caller's business (`submit`).
"""

from __future__ import annotations

import itertools
import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ingest.errors import HubUnavailable
from ingest.scan.fetch import listed_item, named_item
from ingest.store.budget import BudgetClosed
from ingest.store.scans import KEPT, LISTED, REFUSED, Item, Progress, ScanStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ingest.listing import HubListing, Page
    from ingest.scan.fetch import Fetcher
    from ingest.scan.keeper import Keeper
    from ingest.scan.source import Source
    from ingest.store.specs import SpecStore

log = logging.getLogger("hubgauge.scan")

CHUNK: Final = 20
NAMES: Final = 1000
"""Noted at once where no page of the Hub's says how many."""
MOST_ATTEMPTS: Final = 5
ROUND_WAITS_S: Final = (1.0, 3.0, 10.0, 30.0)
"""Before those that the Hub failed to answer are asked for again, and before a page of its list is."""
TICK_S: Final = 0.25
COUNTING_FRACTION: Final = 0.05
"""Of the time: two million items take a second to count."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a chunk."""

    kept: int = 0
    refused: int = 0
    later: int = 0


@dataclass(slots=True)
class Collector:
    """One scan. `submit` gives names of items to whoever fetches them; `tick` hears how far it came.

    `seeded` reads the items of a seed.
    """

    source: Source
    scans: ScanStore
    specs: SpecStore
    listing: HubListing
    submit: Callable[[Sequence[str]], Future[Done]]
    most_in_flight: int
    tick: Callable[[Progress], None]
    seeded: Callable[[], Iterator[Item]] = lambda: iter(())
    malformed: int = 0

    @property
    def scan_id(self) -> str:
        """The scan's name in the database."""
        return self.source.scan_id

    def begin(self) -> bool:
        """Whether the scan begins anew; False where it goes on."""
        return self.scans.begin(self.scan_id, self.source.as_json())

    def run(self) -> Progress:
        """Everything listed and fetched; those that the Hub failed to answer stay listed. Raises what stops it."""
        progress = self._round()
        for wait_s in ROUND_WAITS_S:
            if not self.scans.to_fetch(self.scan_id, -1, 1, MOST_ATTEMPTS):
                break
            time.sleep(wait_s)
            progress = self._round()
        return progress

    def _round(self) -> Progress:
        pending, after, due = set[Future[Done]](), -1, 0.0
        try:
            while True:
                while len(pending) < self.most_in_flight and (chunk := self._chunk(after)):
                    after = chunk[-1].number
                    pending.add(self.submit([item.asked for item in chunk]))
                if not pending:
                    return self.scans.progress(self.scan_id)
                done, pending = wait(pending, timeout=TICK_S, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                if (begun := time.monotonic()) >= due:
                    self.tick(self.scans.progress(self.scan_id))
                    due = time.monotonic() + max(TICK_S, (time.monotonic() - begun) / COUNTING_FRACTION)
        finally:
            for future in pending:
                future.cancel()

    def _chunk(self, after: int) -> list[Item]:
        """The next items that wait, from the list's next page where there is none."""
        while not (chunk := self.scans.to_fetch(self.scan_id, after, CHUNK, MOST_ATTEMPTS)):
            if not self._list_page():
                return []
        return chunk

    def _list_page(self) -> bool:
        """Whether there was a page to read."""
        cursor, is_listed = self.scans.cursor(self.scan_id)
        if is_listed:
            return False
        path = self.source.first_path()
        if path is None:
            self._list_names(int(cursor or 0))
            return True
        page = self._next_page(cursor) if cursor else self.listing.page(path)
        self.malformed += page.malformed
        self._add([listed_item(entry) for entry in page.entries], page.next_path, is_last=page.next_path is None)
        return True

    def _list_names(self, done: int) -> None:
        """Notes names that come from no list of the Hub's, those apart that a killed scan had noted."""
        items = itertools.islice(self._items(), done, self.source.most)
        while part := list(itertools.islice(items, NAMES)):
            done += len(part)
            self._add(part, str(done), is_last=False)
        self._add([], None, is_last=True)

    def _items(self) -> Iterator[Item]:
        if self.source.kind == "seed":
            return self.seeded()
        is_collection = self.source.kind == "collection"
        return map(named_item, self.listing.collection(self.source.value) if is_collection else self.source.names)

    def _next_page(self, path: str) -> Page:
        """A page after the first, asked for again where the Hub failed to give it: hours of a scan hang on it."""
        for wait_s in ROUND_WAITS_S:
            try:
                return self.listing.page(path)
            except BudgetClosed:
                raise
            except HubUnavailable as error:
                log.warning("%s Asking again in %.0f s.", error.message, wait_s)
                time.sleep(wait_s)
        return self.listing.page(path)

    def _add(self, items: Sequence[Item], cursor: str | None, *, is_last: bool) -> None:
        known = self.specs.known((i.repo_id, i.commit) for i in items if i.repo_id and i.commit and i.state == LISTED)
        have = [
            replace(item, state=KEPT, listed=None) if (item.repo_id, item.commit) in known else item for item in items
        ]
        most = self.source.most
        room = have if most is None else have[: max(0, most - self.scans.count(self.scan_id))]
        is_full = most is not None and len(room) < len(have)
        count = self.scans.add_page(self.scan_id, room, cursor, is_last=is_last or is_full)
        if most is not None and count >= most and not (is_last or is_full):
            self.scans.add_page(self.scan_id, [], None, is_last=True)


def fetch_chunk(names: Sequence[str], fetcher: Fetcher, keeper: Keeper, threads: int = 1) -> Done:
    """The items of these names fetched and kept. Those that were settled since, by a worker that died, are left."""
    waiting = sorted(keeper.scans.named(keeper.scan_id, names), key=lambda item: item.number)

    def fetch(item: Item) -> str:
        if item.state != LISTED:
            return item.state
        fetched = fetcher.fetch(item)
        keeper.keep(fetched)
        return fetched.item.state

    try:
        if threads == 1:
            states = [fetch(item) for item in waiting]
        else:
            with ThreadPoolExecutor(threads) as pool:
                states = list(pool.map(fetch, waiting))
    finally:
        keeper.flush()
    return Done(*(states.count(state) for state in (KEPT, REFUSED, LISTED)))
