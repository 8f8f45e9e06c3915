"""Answers given a moment ago, kept as they were sent: the same question again costs no second computation.

An answer follows from the question, the model and the prices. Models and prices may change under a running server, so
nothing is kept for longer than a minute; refusals are not kept at all.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

KEPT_S: Final = 60.0
MOST_BYTES: Final = 16 * 2**20
"""Of all answers together: about two thousand estimates, or five hundred views of the page."""


class Recent:
    """Bodies by question, the latest last. Used by the event loop alone, so without a lock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most_bytes: int = MOST_BYTES) -> None:
        self._bodies: OrderedDict[Hashable, tuple[float, bytes]] = OrderedDict()
        self._clock = clock
        self._most_bytes = most_bytes
        self._bytes = 0

    def get(self, key: Hashable) -> bytes | None:
        """The answer to that question, where it is fresh."""
        found = self._bodies.get(key)
        if found is None:
            return None
        given_at, body = found
        if self._clock() - given_at > KEPT_S:
            self._drop(key)
            return None
        return body

    def keep(self, key: Hashable, body: bytes) -> None:
        """Keeps it, and lets the oldest go where there is no room."""
        self._drop(key)
        if len(body) > self._most_bytes:
            return
        self._bodies[key] = (self._clock(), body)
        self._bytes += len(body)
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._bodies)))

    def _drop(self, key: Hashable) -> None:
        _, body = self._bodies.pop(key, (0.0, b""))
        self._bytes -= len(body)
