"""The watcher: one loop that looks, waits for what is not whole yet, writes down whom to tell, and delivers.

Every replica settles and delivers, under leases; one of them at a time looks at the Hub's lists. Whatever fails in a
round is said in the log and tried in the next: an outage of the Hub, of Slack or of the database loses nothing.
"""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from bot.watch.deliver import Delivery
from bot.watch.message import Teller
from bot.watch.outbox import Outbox
from bot.watch.subscriptions import SubscriptionStore
from ingest.errors import IngestError
from ingest.hub import HubClient
from ingest.listing import HubListing
from ingest.loader import Loader
from ingest.quota import Quota
from ingest.repo_ref import RepoRef
from ingest.store.database import reason
from ingest.store.leases import Leases
from ingest.store.releases import ReleaseStore
from ingest.store.specs import SpecStore
from ingest.watch.look import Found, Lookout
from ingest.watch.settle import Patience, Settler

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sqlalchemy import Engine

    from bot.settings import Settings as FrontSettings
    from bot.watch.subscriptions import Subscription
    from ingest.fetched_repo import FetchedRepo
    from ingest.listing import Listed
    from ingest.loaded_model import LoadedModel
    from ingest.settings import Settings

log = logging.getLogger("hubgauge.watch")

LEFT_TO_PEOPLE: Final = 0.05
"""Of the quota: less than what scans leave, so that a scan does not keep news waiting."""
ORGANIZATIONS_A_ROUND: Final = 5


@dataclass(frozen=True, slots=True)
class Pace:
    """How often each list is looked at, in seconds, and how long leases last."""

    created_s: float = 30.0
    modified_s: float = 60.0
    trending_s: float = 900.0
    organization_s: float = 600.0
    tick_s: float = 1.0
    lease_s: float = 60.0
    patience: Patience = field(default_factory=Patience)


class Watcher:
    """Watches one Hub for the subscriptions of one database."""

    def __init__(
        self,
        settings: Settings,
        front: FrontSettings,
        engine: Engine,
        *,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pace, self._clock, self._settings = pace or Pace(), clock, settings
        quota = Quota(reserved_fraction=LEFT_TO_PEOPLE)
        self._hub = HubClient(settings, quota=quota, use="background", wall_clock=clock)
        self.subscriptions, self.releases, specs = SubscriptionStore(engine), ReleaseStore(engine), SpecStore(engine)
        self.outbox = Outbox(engine, lease_s=self._pace.lease_s, clock=clock)
        self._leases = Leases(engine, uuid.uuid4().hex)
        listing = HubListing(settings, quota, wall_clock=clock)
        self._lookout = Lookout(listing, self.releases, is_wanted=self._is_wanted, clock=clock)
        self._settler = Settler(
            self.releases, specs, self._describe, self._base, patience=self._pace.patience, clock=clock
        )
        self._delivery = Delivery(
            front, self.outbox, self.releases, Teller(specs, settings.endpoint), self.subscriptions, clock=clock
        )
        self._loader = Loader()
        self._due: dict[str, float] = {}
        self._subscribed: dict[str, Subscription] = {}
        self._unreadable: dict[str, Subscription] = {}

    def run(self, stop: threading.Event) -> None:
        """Watches until told to stop; what is under way is finished."""
        while not stop.is_set():
            is_busy = self.round()
            stop.wait(0.0 if is_busy else self._pace.tick_s)

    def round(self) -> bool:
        """One round; whether there is more to do at once."""
        steps = (self._read_subscriptions, self._look, self._settle, self._announce, self._deliver)
        done = [self._guarded(step) for step in steps]
        return any(done)

    def _guarded(self, step: Callable[[], bool]) -> bool:
        try:
            return step()
        except SQLAlchemyError as error:
            log.error("the database fails (%s); the next round tries again", reason(error))  # noqa: TRY400  # SQL holds texts
        except IngestError as error:
            log.warning("%s %s", error.message, error.hint)
        except Exception:
            log.exception("a round of the watcher broke; the next one goes on")
        return False

    def _read_subscriptions(self) -> bool:
        found = self.subscriptions.all()
        self._subscribed = {each.id: each for each in found if each.is_readable and not each.paused_because}
        unreadable = {each.id: each for each in found if not each.is_readable}
        for name in unreadable.keys() - self._unreadable.keys():
            log.error(
                "subscription %s cannot be read here: %r. Remove it and add another.", name, unreadable[name].words
            )
        self._unreadable = unreadable
        return False

    def _look(self) -> bool:
        now = self._clock()
        due = [name for name in self._lists() if not 0 <= self._due.get(name, 0.0) - now <= self._every(name)]
        if not due or not self._leases.hold("watch", now, self._pace.lease_s):
            return False
        for name in due[:ORGANIZATIONS_A_ROUND]:
            self._due[name] = now + self._every(name)
            try:
                found = self._look_at(name)
            except IngestError:
                self._due[name] = now + min(self._every(name), self._pace.patience.away_s)
                raise
            if found.new or found.malformed:
                log.info("%s: %d new, %d entries that could not be read", name, found.new, found.malformed)
        return False

    def _lists(self) -> list[str]:
        organizations = {name for each in self._subscribed.values() for name in each.wish.organizations}
        return ["created", "modified", "trending", *sorted(organizations)]

    def _every(self, name: str) -> float:
        pace = self._pace
        rest = {"created": pace.created_s, "modified": pace.modified_s, "trending": pace.trending_s}
        return rest.get(name, pace.organization_s)

    def _look_at(self, name: str) -> Found:
        lists = {
            "created": self._lookout.created,
            "modified": self._lookout.modified,
            "trending": self._lookout.trending,
        }
        return lists[name]() if name in lists else self._lookout.organization(name)

    def _is_wanted(self, entry: Listed) -> bool:
        """Whether anybody may be told of it; everything where nobody has subscribed, for the feed."""
        return not self._subscribed or any(each.wish.may_want(entry.repo.repo_id) for each in self._subscribed.values())

    def _settle(self) -> bool:
        return self._settler.settle_due() > 0

    def _announce(self) -> bool:
        waiting = self.releases.unannounced(100)
        for release in waiting:
            self.outbox.announce(release, list(self._subscribed.values()), self.releases)
        return bool(waiting)

    def _deliver(self) -> bool:
        return self._delivery.deliver_due(self._subscribed, self._unreadable.keys()) > 0

    def _describe(self, repo_id: str) -> FetchedRepo:
        return self._hub.fetch_repo(RepoRef(repo_id))

    def _base(self, ref: RepoRef) -> LoadedModel:
        return self._loader.load(ref.repo_id)
