"""The rounds of the watcher: what the Hub's lists show now that they did not show before.

    created        newest first, back to what was seen last and a little further: entries come late and out of order
    modified       what was made empty and filled since
    organizations  all that a watched one has: a private repository made public has an old day of creation
    trending       what people like now, of the last month

The first look at a list only notes what is there: nobody is told of the past. Each page is kept in one transaction with
the mark of how far it was read, so a killed round is read again and tells of nothing twice.
"""

from __future__ import annotations

import json
import logging
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from ingest.listing import Listed, list_path
from ingest.store.releases import OLD, WAITING, Release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ingest.listing import HubListing
    from ingest.store.releases import ReleaseStore

log = logging.getLogger("hubgauge.watch")

_RELATION: Final = re.compile(r"base_model:([a-z]+):")
PAGE: Final = 100
MOST_PAGES: Final = 50
"""Of one list in one round: after an outage of days the oldest are left to the organizations' lists."""
OVERLAP: Final = timedelta(minutes=10)
TRENDING_AGE: Final = timedelta(days=30)
AHEAD: Final = timedelta(days=1)
"""A day beyond now is no day of a list: a mark there would hide all that comes."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a round found."""

    new: int = 0
    malformed: int = 0

    def __add__(self, other: Found) -> Found:
        return Found(self.new + other.new, self.malformed + other.malformed)


class Lookout:
    """Looks at the lists of one Hub. What nobody wants is noted as old: it costs no further request."""

    def __init__(
        self,
        listing: HubListing,
        releases: ReleaseStore,
        *,
        is_wanted: Callable[[Listed], bool] = lambda _: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._is_wanted = is_wanted
        self._listing, self._releases, self._clock = listing, releases, clock

    def created(self) -> Found:
        """The newest repositories."""
        return self._walk("createdAt", lambda entry: entry.created_at, self._new)

    def modified(self) -> Found:
        """Repositories that changed: those that are waited for are looked at again, new ones that were missed noted."""
        return self._walk("lastModified", lambda entry: entry.modified_at, self._changed)

    def organization(self, name: str) -> Found:
        """All repositories of an organization or user."""
        mark, path, found = f"organization:{name.lower()}", list_path({"author": name, "limit": 1000}), Found()
        is_first = self._releases.mark(mark) is None
        for _ in range(MOST_PAGES):
            page = self._listing.page(path)
            entries = self._unknown(page.entries)
            releases = [self._release(entry, "public", OLD if is_first else WAITING) for entry in entries]
            is_last = page.next_path is None
            new = self._releases.note(releases, mark if is_last else None, self._clock())
            found += Found(0 if is_first else new, page.malformed)
            if page.next_path is None:
                break
            path = page.next_path
        return found

    def trending(self) -> Found:
        """What is liked now, was not at the last look, and was made in the last month."""
        page = self._listing.page(list_path({"sort": "trendingScore", "direction": "-1", "limit": PAGE}))
        before: list[str] | None = self._releases.mark("trending")
        names, since = [entry.repo.repo_id for entry in page.entries], _text(self._now() - TRENDING_AGE)
        young = [entry for entry in page.entries if before is not None and entry.repo.repo_id not in before]
        risen = [self._release(entry, "trending", WAITING) for entry in young if entry.created_at >= since]
        self._releases.revive([release.repo_id for release in risen if release.state == WAITING], self._clock())
        return Found(self._releases.note(risen, "trending", names), page.malformed)

    def noticed(self, repo_id: str) -> None:
        """A repository that the Hub told of by itself."""
        self._releases.note([Release(repo_id, WAITING, "webhook", found_at=self._clock(), not_before=self._clock())])
        self._releases.wake([repo_id], self._clock())

    def _walk(
        self,
        sort: str,
        day_of: Callable[[Listed], str],
        sift: Callable[[Sequence[Listed], str, str], list[Release]],
    ) -> Found:
        """Pages of a list from its head back to its mark; the mark moves when all of them are kept."""
        mark: str | None = self._releases.mark(sort)
        path, newest, found = list_path({"sort": sort, "direction": "-1", "limit": PAGE}), mark or "", Found()
        latest = _text(self._now() + AHEAD)
        until = _text(_day(mark) - OVERLAP) if mark else _text(self._now() - OVERLAP)
        state = WAITING if mark else OLD
        for _ in range(MOST_PAGES):
            page = self._listing.page(path)
            days = [day for entry in page.entries if "2" <= (day := day_of(entry)) <= latest]
            newest = max([newest, *days])
            recent = [entry for entry in page.entries if not mark or day_of(entry) >= until]
            found += Found(self._releases.note(sift(recent, until, state)), page.malformed)
            if not mark or page.next_path is None or not days or min(days) < until:
                break
            path = page.next_path
        else:
            log.warning("more was new by %s than %d pages hold: what is older is not looked at", sort, MOST_PAGES)
        self._releases.note([], sort, newest or _text(self._now()))
        return found

    def _new(self, entries: Sequence[Listed], _until: str, state: str) -> list[Release]:
        return [self._release(entry, "created", state) for entry in self._unknown(entries)]

    def _changed(self, entries: Sequence[Listed], until: str, state: str) -> list[Release]:
        self._releases.wake([entry.repo.repo_id for entry in entries], self._clock())
        return self._new([entry for entry in entries if entry.created_at >= until], until, state)

    def _unknown(self, entries: Iterable[Listed]) -> list[Listed]:
        entries = list(entries)
        known = self._releases.known(entry.repo.repo_id for entry in entries)
        return [entry for entry in entries if entry.repo.repo_id not in known]

    def _release(self, entry: Listed, how: str, state: str) -> Release:
        now = self._clock()
        state = state if state == OLD or self._is_wanted(entry) else OLD
        return Release(entry.repo.repo_id, state, how, None, dump_facts(entry), found_at=now, not_before=now)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def dump_facts(entry: Listed) -> str:
    """What a list's entry says that subscriptions ask for, as JSON."""
    repo = entry.repo
    facts: dict[str, Any] = {
        "created_at": entry.created_at,
        "modified_at": entry.modified_at,
        "likes": entry.likes,
        "downloads": entry.downloads,
        "pipeline_tag": repo.pipeline_tag,
        "library_name": repo.library_name,
        "licence": next((tag.removeprefix("license:") for tag in repo.tags if tag.startswith("license:")), None),
        "gated": repo.gated,
        "base_models": repo.base_models[:4],
        "relation": next((found[1] for tag in repo.tags if (found := _RELATION.match(tag))), None),
        "parameters": repo.safetensors_total,
        "model_type": entry.model_type,
    }
    return dumped({key: value for key, value in facts.items() if value not in (None, ())})


def dumped(values: dict[str, Any]) -> str:
    """The values as JSON of whole characters: half of one, or a NUL, no database and no message holds."""
    text = json.dumps(values, ensure_ascii=False).replace("\\u0000", "")
    return text.encode("utf-8", "replace").decode()


def _day(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _text(day: datetime) -> str:
    """As the Hub writes days: to be compared as text."""
    return day.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{day.microsecond // 1000:03}Z"
