"""Answers are computed in threads, a few at a time; what comes beyond those that may wait hears 503 at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import anyio.to_thread

from bot import metrics
from bot.http.errors import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

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
