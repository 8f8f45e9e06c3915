"""What a scan gives to threads, processes or machines: plain functions of plain values, the same wherever they run.

A task carries no secret and no address: each worker reads its own environment, as `hubgauge` does, and opens the one
database that all of them share. A task that ran half and is given to another worker leaves what is settled alone.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.errors import SettingsError
from bot.scan.rows import line, refusal, tail
from bot.scan.sizing import Sizer
from bot.settings import read_settings as read_front_settings
from ingest.errors import HubUnavailable, StoreUnavailable
from ingest.scan.collect import Done, fetch_chunk
from ingest.scan.fetch import Fetcher
from ingest.scan.keeper import Keeper
from ingest.settings import read_settings
from ingest.store.budget import SharedQuota
from ingest.store.opened import close_engines, process_engine
from ingest.store.scans import KEPT, Item, ScanStore
from ingest.store.specs import SpecStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.scan.plan import Plan

MOST_ITEMS: Final = 500
"""Read from the store at once."""


@dataclass(frozen=True, slots=True)
class Station:
    """What one process shares among its tasks of one scan."""

    scans: ScanStore
    specs: SpecStore
    quota: SharedQuota
    fetcher: Fetcher
    keeper: Keeper


def station(scan_id: str) -> Station:
    """The station of this process for a scan, opened at its first task."""
    return _station(scan_id, read_front_settings(os.environ).database_url, os.getpid())


@functools.lru_cache(maxsize=4)
def _station(scan_id: str, address: str, _pid: int) -> Station:
    settings, engine = read_settings(os.environ), process_engine(address)
    specs, scans = SpecStore(engine), ScanStore(engine)
    quota = SharedQuota(engine, f"{settings.identity}@{settings.endpoint}"[:255])
    return Station(scans, specs, quota, Fetcher(settings, quota, specs), Keeper(specs, scans, scan_id))


def hang_up(scan_id: str) -> None:
    """Closes this process's connections to the Hub for a scan; who waits for the quota waits no more."""
    at = station(scan_id)
    at.quota.close()
    at.fetcher.close()


def close() -> None:
    """Lets go of the databases of this process's scans."""
    _station.cache_clear()
    close_engines()


def fetch(scan_id: str, names: Sequence[str], threads: int) -> Done:
    """What came of these items: fetched, and kept in the database."""
    at = station(scan_id)
    if not at.scans.named(scan_id, names[:1]):
        raise SettingsError(
            "a worker looked into another database than the scan's", "give all workers the same HUBGAUGE_DATABASE_URL"
        )
    return fetch_chunk(names, at.fetcher, at.keeper, threads)


def size(scan_id: str, plan: Plan, after: str, last: str) -> str:
    """The rows of the items from the name behind `after` up to `last`, as lines of JSON in the order of their names."""
    at, sizer = station(scan_id), _sizer(plan, os.getpid())
    return "".join(_rows(at, sizer, scan_id, after, last))


@functools.lru_cache(maxsize=2)
def _sizer(plan: Plan, _pid: int) -> Sizer:
    return Sizer(plan)


def _rows(at: Station, sizer: Sizer, scan_id: str, after: str, last: str) -> Iterator[str]:
    while page := at.scans.page(scan_id, after, MOST_ITEMS, last):
        keys = [(item.repo_id, item.commit) for item in page if item.state == KEPT and item.repo_id and item.commit]
        repos = {(repo.repo_id, repo.commit): repo for repo in at.specs.many(keys)}
        for item in page:
            repo = repos.get((item.repo_id or "", item.commit or ""))
            if repo is not None:
                yield from sizer.lines(repo)
            else:
                yield line(item.repo_id or item.asked, item.commit, tail(_refused(item)))
        after = page[-1].asked


def _refused(item: Item) -> dict[str, str | int | float | bool | None]:
    if item.reason:
        return {"refusal": item.reason["type"], "reason": item.reason["message"], "hint": item.reason["hint"]}
    if item.state == KEPT:
        return refusal(StoreUnavailable("the store has lost this commit", "scan again with --fresh"))
    return refusal(HubUnavailable("not fetched yet", "run the scan again: it goes on where it was"))
