"""One thread computes at a time: arithmetic gains nothing from more, and each more keeps the loop from its work.

A long-running front computes answers in threads, since the Hub may keep one waiting. Those that compute compete with
the loop that acknowledges Slack for one interpreter; so they take turns, and leave theirs while they wait for the Hub.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from bot.answer import ModelSource
    from ingest.loaded_model import LoadedModel

S = TypeVar("S")
T = TypeVar("T")


class Turn:
    """Whose turn it is to compute."""

    def __init__(self) -> None:
        self._free = threading.Lock()
        self._mine = threading.local()

    def taking(self, function: Callable[[S], T]) -> Callable[[S], T]:
        """The function, waiting for its turn before it begins."""

        def in_turn(asked: S) -> T:
            with self._free:
                self._mine.is_held = True
                try:
                    return function(asked)
                finally:
                    self._mine.is_held = False

        return in_turn

    @contextlib.contextmanager
    def left(self) -> Iterator[None]:
        """Others may compute meanwhile; nothing where this thread has no turn."""
        if not getattr(self._mine, "is_held", False):
            yield
            return
        self._free.release()
        try:
            yield
        finally:
            self._free.acquire()


class PatientModels:
    """Models by name, whose loading leaves the turn to others: it may be the Hub that is waited for."""

    def __init__(self, models: "ModelSource", turn: Turn) -> None:
        self._models = models
        self._turn = turn

    def known(self) -> Sequence[str]:
        """Ids of the models that are bundled."""
        return self._models.known()

    def load(self, name: str) -> "LoadedModel":
        """The model of that name; raises the `IngestError` tree."""
        with self._turn.left():
            return self._models.load(name)
