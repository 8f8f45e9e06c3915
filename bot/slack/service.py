"""The question's way through: taken on in the database, answered by workers off the event loop, drained at the end.

The database is the queue: at most `workers` questions are in memory, each held by its worker's task. A stopping
process answers what waits until its deadline; the rest is claimed by the next process, or by another replica.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from bot.question.stored import stored
from bot.render.report import Report, error_report
from bot.slack.controls import controls
from bot.slack.conversation import Conversation
from bot.slack.inbound import MAX_QUESTION_CHARACTERS, Asked, from_payload
from bot.slack.outbound import Sent
from bot.store.answers import AnswerStore
from ingest.store.database import answers, reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.question import Query
    from bot.slack.outbound import Outbound
    from bot.store.answers import Kept, Verdict
    from bot.store.work import Item, Outcome, Reserved, WorkStore

log = logging.getLogger(__name__)
T = TypeVar("T")

WORKERS: Final = 4
POLL_S: Final = 5.0
FORGET_S: Final = 3600.0
ANSWER_S: Final = 60.0
SLOWEST_SEND_S: Final = 45.0
LONGEST_DELAY_S: Final = 300.0


class Service:
    """Takes questions on and has them answered. One for each process."""

    def __init__(
        self,
        store: WorkStore,
        ask: Callable[[str | Query], Report],
        outbound: Outbound,
        *,
        workers: int = WORKERS,
        poll_s: float = POLL_S,
        answer_s: float = ANSWER_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.outbound = outbound
        self.errands: dict[str, Callable[[Asked], Awaitable[Sent]]] = {}
        self.fatal = ""
        self._answers = AnswerStore(store.engine)
        self._conversation = Conversation(ask, self._answers, clock)
        self._workers = workers
        self._poll_s = poll_s
        self._answer_s = answer_s
        self._clock = clock
        self._asking = ThreadPoolExecutor(2 * workers, "ask")  # a question out of time leaves its thread busy
        self._storing = ThreadPoolExecutor(2, "store")  # so that busy questions never hold up an acknowledgement
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._keeper: asyncio.Task[None] | None = None
        self._is_draining = False

    def start(self) -> None:
        """Starts the workers; waiting questions of a former process are taken up first."""
        self._tasks = [asyncio.create_task(self._work(), name=f"answers {number}") for number in range(self._workers)]
        self._keeper = asyncio.create_task(self._forget(), name="forgets")

    async def take(self, asked: Asked) -> Reserved:
        """Writes the question down and wakes a worker. Raises SQLAlchemyError where the database is away."""
        reserved = await self._in_store(lambda: self.store.reserve(asked.keys, asked.payload(), self._clock()))
        if reserved == "new":
            self._wake.set()
        return reserved

    async def carries_on(self, asked: Asked) -> bool:
        """Whether there is an answer before it, where it was asked. Raises SQLAlchemyError as `take` does."""
        return bool(await self._in_store(lambda: self._conversation.before(asked)))

    async def drain(self, deadline_s: float) -> None:
        """Answers what waits, at most until the deadline, then stops the workers and frees what they used."""
        self._is_draining = True
        self._wake.set()
        if self._keeper is not None:
            self._keeper.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=deadline_s)
            for task in late:
                task.cancel()
            if late:
                log.warning("stopping with %d answers under way: the next process takes them up", len(late))
        await asyncio.gather(*self._tasks, *filter(None, [self._keeper]), return_exceptions=True)
        self._asking.shutdown(wait=False, cancel_futures=True)
        self._storing.shutdown(wait=True)
        await self.outbound.close()

    async def kept(self, team: str, token: str) -> Kept | None:
        """The answer of that token, if this workspace was given it."""
        return await self._in_store(lambda: self._answers.find(team, token))

    async def judge(self, kept: Kept, user: str, verdict: Verdict) -> None:
        """Notes what a person thought of an answer."""
        await self._in_store(lambda: self._answers.judge(kept, user, verdict, self._clock()))

    async def recent(self, team: str, user: str) -> list[Kept]:
        """What this person asked last."""
        return await self._in_store(lambda: self._answers.recent(team, user))

    async def machine(self, team: str) -> str:
        """The workspace's machine, as it was typed."""
        return await self._in_store(lambda: self._answers.machine(team))

    async def set_machine(self, team: str, user: str, machine: str) -> None:
        """Sets the workspace's machine; an empty one takes it back."""
        await self._in_store(lambda: self._answers.set_machine(team, user, machine, self._clock()))

    async def tell(self, response_url: str, text: str, thread_ts: str = "") -> None:
        """A line to the person who pressed something; lost where Slack takes none."""
        if response_url:
            await self.outbound.tell(response_url, text, thread_ts)

    async def not_ready(self) -> str:
        """Why no question can be taken on now; empty when one can."""
        if self._is_draining:
            return "stopping"
        if self.fatal:
            return f"Slack refuses us: {self.fatal}"
        if not self._tasks or any(task.done() for task in self._tasks):
            return "the workers do not run"
        return "" if await self._in_store(lambda: answers(self.store.engine)) else "the database does not answer"

    async def _in_store(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._storing, call)

    async def _work(self) -> None:
        while True:
            try:
                item = await self._in_store(lambda: self.store.claim(self._clock()))
                if item is not None:
                    await self._answer(item)
                    continue
            except SQLAlchemyError as error:
                log.error("the database fails (%s)", reason(error))  # noqa: TRY400  # SQL holds texts
            if self._is_draining:
                return
            await self._rest()

    async def _rest(self) -> None:
        """Waits for a question, or for the time when another process's may be free."""
        self._wake.clear()
        try:
            async with asyncio.timeout(self._poll_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _answer(self, item: Item) -> None:
        asked = from_payload(item.payload)
        run_errand = self.errands.get(asked.errand, self._reply)
        try:
            async with asyncio.timeout(self._answer_s + SLOWEST_SEND_S):
                sent = await run_errand(asked)
        except TimeoutError:
            await self._in_store(lambda: self.store.finish(item.key, "failed"))
            log.error("Slack took no answer in time")  # noqa: TRY400  # a time-out has no story to tell
            return
        await self._settle(item, sent)

    async def _settle(self, item: Item, sent: Sent) -> None:
        self.fatal = sent.error if sent.fate == "fatal" else ""
        if sent.fate == "later":
            until = self._clock() + min(sent.retry_after_s, LONGEST_DELAY_S)
            await self._in_store(lambda: self.store.postpone(item, until))
            return
        outcome: Outcome = "done" if sent.fate == "sent" else "failed"
        await self._in_store(lambda: self.store.finish(item.key, outcome))

    async def _reply(self, asked: Asked) -> Sent:
        """Answers a question, with the buttons that carry it on."""
        report = await self.report(asked)
        if report is None:
            return Sent("sent")
        below = await self._controls(asked, report)
        async with asyncio.timeout(SLOWEST_SEND_S):
            return await self.outbound.answer(asked, report, below)

    async def _controls(self, asked: Asked, report: Report) -> list[dict[str, Any]]:
        """Buttons for an answer whose query is kept; none where there is nothing to carry on, or nowhere to keep it."""
        query = report.query
        if query is None or query.intent == "help" or report.mood == "error" or not asked.team:
            return []
        try:
            token = await self._in_store(
                lambda: self._answers.keep(asked.team, asked.user, stored(query), self._clock())
            )
        except SQLAlchemyError as error:
            log.error("the database fails (%s)", reason(error))  # noqa: TRY400  # SQL holds texts
            return []
        return controls(token, query, is_private=asked.is_private)

    async def report(self, asked: Asked) -> Report | None:
        """The answer, or words for why there is none; None where there is nothing to say.

        A bug keeps its traceback, in the log and without texts.
        """
        if asked.is_too_long:
            return _too_long(asked.characters)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._answer_s):
                return await loop.run_in_executor(self._asking, self._conversation.reply, asked)
        except TimeoutError:
            hint = "ask again in a minute; the Hub may be slow"
            return error_report(f"No answer within {self._answer_s:.0f} seconds.", hint)
        except Exception as error:  # noqa: BLE001  # the asker is told, the worker lives on
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("a question broke the program: %s\n%s", type(error).__name__, frames)  # noqa: TRY400  # no texts
            return error_report("Something broke while answering this.", "the log of the bot has the details")

    async def _forget(self) -> None:
        while True:
            try:
                await self._in_store(lambda: self.store.forget(self._clock()))
                await self._in_store(lambda: self._answers.forget(self._clock()))
            except SQLAlchemyError as error:
                log.error("the database fails (%s)", reason(error))  # noqa: TRY400  # SQL holds texts
            await asyncio.sleep(FORGET_S)


def _too_long(characters: int) -> Report:
    return error_report(
        f"The question has {characters:,} characters; at most {MAX_QUESTION_CHARACTERS:,} are read.",
        "ask with the launch line or one sentence, without the log",
    )
