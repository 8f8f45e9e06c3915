"""A scan from its first page to its file: listed, fetched, sized, written. Killed anywhere, it goes on from there."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import BotError
from bot.scan import tasks
from bot.scan.writing import RowFile
from ingest.listing import HubListing
from ingest.scan.collect import Collector
from ingest.scan.line import PatientExchange
from ingest.scan.seed import seeded_items
from ingest.settings import read_settings
from ingest.store.alone import alone
from ingest.store.database import reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from bot.scan.executors import Workers
    from bot.scan.plan import Plan
    from bot.scan.progress import Shown
    from ingest.scan.source import Source
    from ingest.store.scans import Progress

PAGE: Final = 1000
"""Repositories whose rows one task computes."""


class ScanStopped(BotError):
    """The scan cannot go on; run again, it goes on where it was."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scan came to."""

    progress: Progress
    rows: int
    malformed: int
    is_resumed: bool


def scan(source: Source, plan: Plan, output: Path, workers: Workers, shown: Shown, *, is_fresh: bool) -> Outcome:
    """Runs a scan to its end. Raises one of `bot.errors.USER_ERRORS`; what was fetched until then is kept."""
    file = RowFile(output)
    try:
        at = tasks.station(source.scan_id)
        with alone(at.scans.engine, f"scan {source.scan_id}") as is_ours:
            if not is_ours:
                raise ScanStopped(
                    f"another process is at the scan of {source}", "wait for it: what it fetches is kept for both"
                )
            if is_fresh:
                at.scans.forget(source.scan_id)
            with file:
                return _scan(_collector(source, at, workers, shown), plan, workers, file, shown)
    except SQLAlchemyError as error:
        raise ScanStopped(
            f"the database fails ({reason(error)})", "see to it and run the scan again: it goes on where it was"
        ) from None
    finally:
        tasks.hang_up(source.scan_id)


def _scan(collector: Collector, plan: Plan, workers: Workers, file: RowFile, shown: Shown) -> Outcome:
    """The scan, by the one process that is at it."""
    at = tasks.station(collector.scan_id)
    at.quota.open()
    is_new = collector.begin()
    shown.say(f"{'scanning' if is_new else 'going on with'} {collector.source}")
    progress = collector.run()
    for lines in _sized(collector.scan_id, at, plan, workers, shown=shown, total=progress.total):
        file.write(lines)
    if not progress.listed:
        at.scans.end(collector.scan_id)
    return Outcome(progress, file.rows, collector.malformed, not is_new)


def _collector(source: Source, at: tasks.Station, workers: Workers, shown: Shown) -> Collector:
    settings = read_settings(os.environ)

    def tick(progress: Progress) -> None:
        shown.fetched(progress, at.quota.left("resolvers"))

    return Collector(
        source=source,
        scans=at.scans,
        specs=at.specs,
        listing=HubListing(settings, at.quota, exchange=PatientExchange),
        submit=lambda names: workers.executor.submit(tasks.fetch, source.scan_id, names, workers.threads),
        most_in_flight=2 * workers.width,
        tick=tick,
        seeded=lambda: seeded_items(source.value, settings, source.limit),
    )


def _sized(scan_id: str, at: tasks.Station, plan: Plan, workers: Workers, *, shown: Shown, total: int) -> Iterator[str]:
    """The rows of all items, page by page, in the order of their names whoever computed them."""
    done = 0
    waiting: deque[Future[str]] = deque()
    for after, last in _pages(scan_id, at):
        if workers.is_here:
            yield tasks.size(scan_id, plan, after, last)
        else:
            waiting.append(workers.executor.submit(tasks.size, scan_id, plan, after, last))
            if len(waiting) < 2 * workers.width:
                continue
            yield waiting.popleft().result()
        done += PAGE
        shown.sized(min(done, total), total)
    while waiting:
        yield waiting.popleft().result()
        done += PAGE
        shown.sized(min(done, total), total)


def _pages(scan_id: str, at: tasks.Station) -> Iterator[tuple[str, str]]:
    after = ""
    while last := at.scans.last_of_page(scan_id, after, PAGE):
        yield after, last
        after = last
