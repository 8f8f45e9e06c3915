"""Answers computed in a process aside, so that the one that acknowledges Slack and serves HTTP never computes.

Python runs one thread at a time: an estimate of 5 ms among the acknowledgements holds each of them up. The process
aside hears `(number, name, argument)` over a pipe and says `(number, outcome)`; it ends with the pipe, so that one
whose front was killed does not stay behind. Where it dies itself, what it had begun is asked once more of the next.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import multiprocessing
import os
import pickle
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

log = logging.getLogger(__name__)

THREADS: Final = 16
"""One computes at a time (`bot.turn`); the others wait for the Hub."""
NICE: Final = 10
"""Who acknowledges goes first, also where both share a core."""
ATTEMPTS: Final = 2


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class AsideEndedError(Exception):
    """The process aside ended twice over one question."""


@dataclass(slots=True)
class _Asked:
    """A call that waits for its outcome."""

    name: str
    argument: tuple[Any, ...]
    outcome: Future[Any]
    attempts: int = 0


class Aside:
    """The process, with what `make`, a function of a module, makes there. Use it as a context, which ends it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._numbers = itertools.count()
        self._waiting: dict[int, _Asked] = {}
        self._lock = threading.Lock()
        self._is_closed = False
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def calling(self, name: str) -> Callable[..., Any]:
        """A function that has the attribute of that name called over there, and returns or raises what it does."""

        def call(*argument: Any) -> Any:
            asked = _Asked(name, argument, Future())
            with self._lock:
                self._ask(asked)
            return asked.outcome.result()

        return call

    def close(self) -> None:
        """Ends the process; what waits hears that it ended."""
        with self._lock:
            self._is_closed = True
            self._is_running = False
            self._process.kill()  # it holds nothing: what it keeps is in files that survive that
        self._process.join()
        self._reader.join()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._make), name="computes", daemon=True)
        self._process.start()
        theirs.close()  # else its end would not be heard
        self._reader = threading.Thread(target=self._read, args=(self._pipe,), name="hears", daemon=True)
        self._reader.start()
        self._is_running = True

    def _ask(self, asked: _Asked) -> None:
        """Sends it; held by the lock, so that two do not write into each other's message."""
        number = next(self._numbers)
        asked.attempts += 1
        if self._is_closed or asked.attempts > ATTEMPTS:
            asked.outcome.set_exception(AsideEndedError(f"the process that computes ended ({asked.name})"))
            return
        self._waiting[number] = asked
        if not self._is_running:
            self._start()
        with contextlib.suppress(OSError):  # it ended: its reader asks again
            self._pipe.send((number, asked.name, asked.argument))

    def _read(self, pipe: Connection) -> None:
        while True:
            try:
                number, is_good, outcome = pipe.recv()
            except (EOFError, OSError):
                break
            asked = self._waiting.pop(number)
            if is_good:
                asked.outcome.set_result(outcome)
            else:
                asked.outcome.set_exception(outcome)
        with self._lock:
            left, self._waiting = self._waiting, {}
            self._is_running = False
            pipe.close()
            if not self._is_closed:
                log.error("the process that computes ended: the next question starts another")
            for asked in left.values():
                self._ask(asked)


def _serve(pipe: Connection, make: Callable[[], Any]) -> None:
    """What the process does, until its pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the front, which answers first what waits
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICE)
    product = make()
    lock = threading.Lock()

    def answer(number: int, name: str, argument: tuple[Any, ...]) -> None:
        try:
            said = (number, True, getattr(product, name)(*argument))
        except Exception as error:  # noqa: BLE001  # raised where it was asked
            said = (number, False, error)
        with lock, contextlib.suppress(OSError):
            pipe.send_bytes(_pickled(*said))

    with ThreadPoolExecutor(THREADS, "answers") as pool:
        while True:
            try:
                asked = pipe.recv()
            except (EOFError, OSError):
                os._exit(0)  # the front is gone; threads that wait for the Hub are not waited for
            pool.submit(answer, *asked)


def _pickled(number: int, is_good: bool, outcome: Any) -> bytes:  # a message, not a switch
    try:
        return pickle.dumps((number, is_good, outcome), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001  # an outcome that cannot travel is a bug, and is said where it was asked
        return pickle.dumps((number, False, TypeError(f"{type(outcome).__name__} cannot be sent: {error}")))
