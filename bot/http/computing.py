"""Answers are computed in threads, a few at a time; what comes beyond those that may wait hears 503 at once.

What was answered a moment ago is sent again as it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import anyio.to_thread

from bot import metrics
from bot.http.errors import RequestRefused
from bot.http.product import written
from bot.http.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

S = TypeVar("S")
T = TypeVar("T")

AT_ONCE: Final = 8
MAX_WAITING: Final = 64
ANSWER_S: Final = 30.0
"""Seconds after which nobody waits any longer; the Hub itself is given ten."""


class Computing:
    """The threads of one application."""

    def __init__(self, answer_s: float = ANSWER_S) -> None:
        self._limiter: anyio.CapacityLimiter | None = None
        self._waiting = 0
        self._answer_s = answer_s
        self._recent = Recent()

    async def body(self, function: Callable[[Any], Any], asked: str | BaseModel) -> bytes:
        """The function's answer as the bytes of JSON."""
        key = (function, asked if isinstance(asked, str) else asked.model_dump_json())
        found = self._recent.get(key)
        metrics.ANSWERS.labels("computed" if found is None else "kept").inc()
        if found is None:
            found = await self.run(lambda question: written(function(question)), asked)
            self._recent.keep(key, found)
        return found

    async def run(self, function: Callable[[S], T], asked: S) -> T:
        """The function's answer, so that the loop and Slack's three seconds never wait for the Hub."""
        if self._waiting >= MAX_WAITING:
            raise RequestRefused(503, "Busy", "too many questions at once", "try again in half a minute")
        self._limiter = self._limiter or anyio.CapacityLimiter(AT_ONCE)
        self._waiting += 1
        try:
            with metrics.COMPUTING.track_inprogress(), anyio.fail_after(self._answer_s):
                return await anyio.to_thread.run_sync(function, asked, limiter=self._limiter, abandon_on_cancel=True)
        except TimeoutError:
            message = f"no answer within {self._answer_s:g} seconds"
            raise RequestRefused(504, "TooSlow", message, "ask for less at once, or try again") from None
        finally:
            self._waiting -= 1
