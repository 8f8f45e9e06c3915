"""How fast each channel may be written to: about a message a second with a short burst, and Slack's own pauses.

Kept in memory for each process: two replicas together may go too fast for a moment, and Slack's 429 says so.

Source: docs.slack.dev, rate limits ("1 message per second per channel, short bursts"), read 2026-11-21.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PACE_S: Final = 1.0
BURST: Final = 4
"""Messages that may go out at once after a silence: an answer, and the few questions that people ask together."""
MAX_CHANNELS: Final = 10_000


class Pace:
    """When each channel takes its next message. A channel that was silent for long is forgotten."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free_at: dict[str, float] = {}

    def wait_s(self, channel: str) -> float:
        """How long the channel takes nothing, in seconds; 0 where a message may go out now."""
        return max(0.0, self._free_at.get(channel, 0.0) - (BURST - 1) * PACE_S - self._clock())

    def spend(self, channel: str) -> None:
        """Counts a message to the channel."""
        if len(self._free_at) >= MAX_CHANNELS:
            now = self._clock()
            self._free_at = {name: free_at for name, free_at in self._free_at.items() if free_at > now}
        self._free_at[channel] = max(self._free_at.get(channel, 0.0), self._clock()) + PACE_S

    def pause(self, channel: str, seconds: float) -> None:
        """Slack wishes for silence: nothing for that long, and then a message at a time."""
        self._free_at[channel] = self._clock() + seconds + (BURST - 1) * PACE_S
