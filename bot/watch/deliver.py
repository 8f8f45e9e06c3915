"""From the outbox to the targets: claimed, posted, crossed out. What fails is tried again, later and later."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from bot.slack.outbound import Sent
from bot.watch.outbox import FAILED, NEW, SENT, Batch, Outbox
from bot.watch.posting import ALREADY, Postman

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from bot.settings import Settings
    from bot.watch.message import Teller
    from bot.watch.subscriptions import Subscription, SubscriptionStore
    from ingest.store.releases import ReleaseStore

log = logging.getLogger("hubgauge.watch")

MOST_AT_ONCE: Final = 20
MOST_ATTEMPTS: Final = 200
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 600.0
GONE: Final = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "channel_is_archived",
        "not_installed",
        "http_404",
        "http_410",
    }
)
"""What Slack and its webhooks say of a channel that was archived, deleted or left, or of an app that was removed."""
BEFORE_S: Final = 5.0
"""Slack's clock and ours differ; a message is searched for from a little before it was written down."""


class Delivery:
    """Delivers what is due."""

    def __init__(
        self,
        settings: Settings,
        outbox: Outbox,
        releases: ReleaseStore,
        teller: Teller,
        subscriptions: SubscriptionStore,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._outbox, self._releases, self._teller = settings, outbox, releases, teller
        self._subscriptions, self._clock = subscriptions, clock

    def deliver_due(self, subscriptions: Mapping[str, Subscription], kept_back: Collection[str] = ()) -> int:
        """Posts what is due, but for the subscriptions that are kept back; how many messages there were."""
        batches = self._outbox.claim(MOST_AT_ONCE, lambda name: _is_digest(subscriptions.get(name)))
        if batches:
            asyncio.run(self._post_all(batches, subscriptions, kept_back))
        return len(batches)

    async def _post_all(
        self, batches: list[Batch], subscriptions: Mapping[str, Subscription], kept_back: Collection[str]
    ) -> None:
        async with Postman(self._settings, self._outbox.engine) as postman:
            for batch in batches:
                to = subscriptions.get(batch.subscription_id)
                if batch.subscription_id in kept_back:
                    problem = "the words of the subscription cannot be read"
                    self._outbox.settle(batch, NEW, wait_s=LONGEST_WAIT_S, problem=problem)
                elif to is None:
                    self._outbox.settle(batch, FAILED, problem="the subscription was removed or rests")
                elif self._clock() < batch.until - self._outbox.lease_s / 2:  # else it is left to the next claim
                    await self._post(postman, batch, to)

    async def _post(self, postman: Postman, batch: Batch, to: Subscription) -> None:
        """Posts one message. A fault of ours puts this one off, and keeps no other waiting."""
        try:
            sent = await self._sent(postman, batch, to)
        except SQLAlchemyError:
            raise
        except Exception as error:
            log.exception("a message to %s could not be made", to.shown)
            sent = Sent("later", f"a fault of hubgauge: {type(error).__name__}")
        if sent.error == ALREADY:
            log.info("a message to %s had arrived before its sender knew: not posted again", to.shown)
        self._settle(batch, to, sent)

    async def _sent(self, postman: Postman, batch: Batch, to: Subscription) -> Sent:
        releases = [found for name in batch.repo_ids if (found := self._releases.get(name)) is not None]
        told = [self._teller.tell(release, to.wish.plan) for release in releases]
        since = min((release.ready_at or release.found_at for release in releases), default=0.0) - BEFORE_S
        try:
            async with asyncio.timeout(self._outbox.lease_s / 2):  # over before another process may begin
                return await postman.post(to, batch, told, since)
        except TimeoutError:
            return Sent("unsure", "no answer in time")

    def _settle(self, batch: Batch, to: Subscription, sent: Sent) -> None:
        if sent.fate == "sent":
            self._outbox.settle(batch, SENT)
        elif sent.fate == "refused" or batch.attempts >= MOST_ATTEMPTS:
            log.error("%s takes no message for good (%s)", to.shown, sent.error)
            self._outbox.settle(batch, FAILED, problem=sent.error)
            if sent.error in GONE:
                log.error("subscriptions of %s rest until they are made again", to.shown)
                self._subscriptions.pause(to.target, sent.error)
        else:
            wait_s = max(sent.retry_after_s, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(batch.attempts - 1, 10)))
            log.warning("a message to %s is put off by %.0f s (%s)", to.shown, wait_s, sent.error or sent.fate)
            self._outbox.settle(batch, NEW, wait_s=wait_s, problem=sent.error)


def _is_digest(subscription: Subscription | None) -> bool:
    """Whether what waits for it goes in one message: digests, and what the quiet hours held back."""
    return subscription is not None and (subscription.wish.digest is not None or subscription.wish.quiet is not None)
