"""The question's way through: taken on in the database, answered off the event loop, with what carries it on below."""

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
from bot.slack.inbound import MAX_QUESTION_CHARACTERS, Asked
from bot.slack.outbound import Sent
from bot.slack.workers import WORKERS, Workers
from bot.store.answers import AnswerStore
from ingest.store.database import answers, reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.question import Query
    from bot.slack.outbound import Outbound
    from bot.store.answers import Kept, Verdict
    from bot.store.work import Reserved, WorkStore

log = logging.getLogger(__name__)
T = TypeVar("T")

FORGET_S: Final = 3600.0
ANSWER_S: Final = 60.0
SLOWEST_SEND_S: Final = 45.0


class Service:
    """Takes questions on and has them answered. One for each process."""

    def __init__(
        self,
        store: WorkStore,
        ask: Callable[[str | Query], Report],
        outbound: Outbound,
        *,
        answer_s: float = ANSWER_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.outbound = outbound
        self.errands: dict[str, Callable[[Asked], Awaitable[Sent]]] = {}
        self._workers = Workers(store, self._run, clock=clock)
        self._in_store = self._workers.in_store
        self._answers = AnswerStore(store.engine)
        self._conversation = Conversation(ask, self._answers, clock)
        self._answer_s = answer_s
        self._clock = clock
        self._asking = ThreadPoolExecutor(2 * WORKERS, "ask")  # a question out of time leaves its thread busy
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts the workers; waiting questions of a former process are taken up first."""
        self._workers.start()
        self._keeper = asyncio.create_task(self._forget(), name="forgets")

    async def take(self, asked: Asked) -> Reserved:
        """Writes the question down and wakes a worker. Raises SQLAlchemyError where the database is away."""
        return await self._workers.take(asked)

    async def carries_on(self, asked: Asked) -> bool:
        """Whether there is an answer before it, where it was asked, or soon will be.

        Raises SQLAlchemyError as `take` does.
        """
        return await self._in_store(
            lambda: bool(self._conversation.before(asked)) or self.store.is_awaited_in(asked.thread)
        )

    async def drain(self, deadline_s: float) -> None:
        """Answers what waits, at most until the deadline, and frees what that used."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._workers.drain(deadline_s)
        self._asking.shutdown(wait=False, cancel_futures=True)
        await self.outbound.close()

    async def kept(self, team: str, token: str) -> Kept | None:
        """The answer of that token, if this workspace was given it."""
        return await self._in_store(lambda: self._answers.find(team, token))

    async def leave(self, team: str, said_at: float) -> None:
        """Forgets a workspace that removed the app at that time (seconds since the epoch): token, answers, machine."""
        if team and await self.outbound.workspaces.lost(team, said_at):
            await self._in_store(lambda: self._answers.forget_team(team))
            log.info("a workspace removed the app: what it left here is forgotten")

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
        if self._workers.is_draining:
            return "stopping"
        if self._workers.fatal:
            return f"Slack refuses us: {self._workers.fatal}"
        if not self._workers.is_running():
            return "the workers do not run"
        return "" if await self._in_store(lambda: answers(self.store.engine)) else "the database does not answer"

    async def _run(self, asked: Asked, is_again: bool) -> Sent:  # what `Workers` calls
        errand = self.errands.get(asked.errand)
        return await (errand(asked) if errand else self._reply(asked, is_again=is_again))

    async def _reply(self, asked: Asked, *, is_again: bool) -> Sent:
        """Answers a question, with the buttons that carry it on."""
        report = await self.report(asked)
        if report is None:
            return Sent("sent")
        below = await self._controls(asked, report)
        async with asyncio.timeout(SLOWEST_SEND_S):
            return await self.outbound.answer(asked, report, below, is_again=is_again)

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
