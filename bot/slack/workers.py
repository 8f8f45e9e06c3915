"""Those who answer what waits: each claims a question, holds it while it works, and says what became of it.

The database is the queue, so at most `workers` questions are in memory. What a process that died was working on is
claimed by another when its lease is over, and looked for in Slack before it is posted again. A stopping process
answers what waits until its deadline; the rest is claimed by the next one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar, get_args

from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.slack.inbound import from_payload
from bot.slack.intake import Intake
from bot.slack.outbound import Sent
from bot.slack.pace import PACE_S, Pace
from bot.store.work import MAX_ATTEMPTS, New, Reserved, Whose
from ingest.store.database import reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.slack.inbound import Asked
    from bot.store.work import Item, WorkStore

log = logging.getLogger(__name__)
T = TypeVar("T")

WORKERS: Final = 4
POLL_S: Final = 5.0
SHORTEST_REST_S: Final = 0.05
LONGEST_WORK_S: Final = 105.0
"""For an answer and its way to Slack; what takes longer hangs."""
LONGEST_DELAY_S: Final = 300.0
UNSURE_S: Final = 2.0
"""Until the second attempt where Slack failed; twice as long before each further one."""

TAKEN: Final = {outcome: metrics.SLACK_TAKEN.labels(outcome) for outcome in get_args(Reserved)}


class Workers:
    """The tasks of a process that answer questions. `run` answers one; its flag says that it may be there already."""

    def __init__(
        self,
        store: WorkStore,
        run: Callable[[Asked, bool], Awaitable[Sent]],
        *,
        count: int = WORKERS,
        poll_s: float = POLL_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.is_draining = False
        self.fatal = ""
        self._run = run
        self._count = count
        self._poll_s = poll_s
        self._clock = clock
        self._pace = Pace()
        self._held: set[str] = set()
        self._put_off_until = 0.0
        self._storing = ThreadPoolExecutor(2, "store")
        self._intake = Intake(store)
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._holder: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts the workers; waiting questions of a former process are taken up first."""
        self._tasks = [asyncio.create_task(self._work(), name=f"answers {number}") for number in range(self._count)]
        self._holder = asyncio.create_task(self._hold(), name="holds")

    async def take(self, asked: Asked) -> Reserved:
        """Writes the question down and wakes a worker. Raises SQLAlchemyError where the database is away."""
        whose = Whose(asked.asker, asked.place, asked.thread)
        with metrics.SLACK_TAKE_SECONDS.time():
            reserved = await self._intake.reserve(New(asked.keys, asked.payload(), self._clock(), whose))
        TAKEN[reserved].inc()
        if reserved == "new":
            self._wake.set()
        return reserved

    async def drain(self, deadline_s: float) -> None:
        """Answers what waits, at most until the deadline, then stops the workers and frees what they used."""
        self.is_draining = True
        self._wake.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=deadline_s)
            for task in late:
                task.cancel()
            if late:
                log.warning("stopping with %d answers under way: the next process takes them up", len(late))
        if self._holder is not None:
            self._holder.cancel()
        await asyncio.gather(*self._tasks, *filter(None, [self._holder]), return_exceptions=True)
        self._intake.close()
        self._storing.shutdown(wait=True)

    def is_running(self) -> bool:
        """Whether every worker lives."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def in_store(self, call: Callable[[], T]) -> T:
        """Runs what asks the database in a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._storing, call)

    async def _work(self) -> None:
        while True:
            try:
                item = await self.in_store(lambda: self.store.claim(self._clock()))
                if item is not None:
                    await self._answer(item)
                    continue
                until = await self.in_store(lambda: self.store.next_at(self._clock()))
            except SQLAlchemyError as error:
                log.error("the database fails (%s)", reason(error))  # noqa: TRY400  # SQL holds texts
                until = None
            if self.is_draining and self._clock() >= self._put_off_until:
                return
            await self._rest(until)

    async def _rest(self, until: float | None) -> None:
        """Waits for a question, for the time of one that was put off, or for another process's to be free."""
        self._wake.clear()
        rest_s = self._poll_s if until is None else min(self._poll_s, max(SHORTEST_REST_S, until - self._clock()))
        try:
            async with asyncio.timeout(rest_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _answer(self, item: Item) -> None:
        if item.attempts > MAX_ATTEMPTS:
            log.error("a question ended the process %d times: given up", MAX_ATTEMPTS)
            await self.in_store(lambda: self.store.finish(item.key, "failed"))
            return
        asked = from_payload(item.payload)
        wait_s = self._pace.wait_s(asked.place) if asked.place else 0.0
        if wait_s:
            await self._hold_channel(item, asked, wait_s)
            return
        if asked.place:
            self._pace.spend(asked.place)
        self._held.add(item.key)
        try:
            async with asyncio.timeout(LONGEST_WORK_S):
                sent = await self._run(asked, item.attempts > 1)
        except TimeoutError:
            sent = Sent("unsure", "timeout")
        finally:
            self._held.discard(item.key)
        await self._settle(item, asked, sent)

    async def _settle(self, item: Item, asked: Asked, sent: Sent) -> None:
        self.fatal = sent.error if sent.fate == "fatal" else ""
        if sent.fate == "later":
            await self._hold_channel(item, asked, min(sent.retry_after_s, LONGEST_DELAY_S))
        elif sent.fate == "unsure":
            until = self._clock() + UNSURE_S * 2 ** (item.attempts - 1)
            if not await self.in_store(lambda: self.store.postpone(item, until)):
                log.error("Slack took no answer: %s", sent.error)
        else:
            if sent.fate == "sent":
                metrics.SLACK_ANSWER_SECONDS.observe(max(0.0, self._clock() - item.created_at))
            await self.in_store(lambda: self.store.finish(item.key, "done" if sent.fate == "sent" else "failed"))

    async def _hold_channel(self, item: Item, asked: Asked, wait_s: float) -> None:
        """Puts off the question and all that waits in its channel; this is no attempt."""
        until = self._clock() + wait_s
        await self.in_store(lambda: self.store.postpone(item, until, counts=False))
        if asked.place:
            self._pace.pause(asked.place, wait_s)
            held = await self.in_store(lambda: self.store.hold(asked.place, until, PACE_S))
            self._put_off_until = max(self._put_off_until, until + held * PACE_S)

    async def _hold(self) -> None:
        """Keeps the claims of questions under way, and the gauges."""
        while True:
            try:
                now, held = self._clock(), list(self._held)
                await self.in_store(lambda: self.store.renew(held, now) if held else None)  # noqa: B023  # run at once
                metrics.SLACK_WAITING.set(await self.in_store(self.store.waiting))
                metrics.SLACK_OLDEST_SECONDS.set(await self.in_store(lambda: self.store.oldest_s(self._clock())))
            except SQLAlchemyError as error:
                log.error("the database fails (%s)", reason(error))  # noqa: TRY400  # SQL holds texts
            await asyncio.sleep(self.store.lease_s / 4)
