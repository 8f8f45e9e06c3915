"""How much the Hub still lets us ask, as it says itself on every answer.

The Hub counts requests in fixed windows of five minutes, per bucket (`api`, `resolvers`, `pages`) and caller:

    RateLimit:         "api";r=497;t=168                  497 left, the window ends in 168 s
    RateLimit-Policy:  "fixed window";"api";q=500;w=300   500 in 300 s

Source: Hub documentation, rate limits; headers as recorded from the real Hub, 2026. Nothing here sleeps: whoever asks
is told how long to wait, and a person at a terminal would rather hear that than look at a still cursor.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ingest.errors import HubUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Use = Literal["interactive", "background"]

RESERVED_FOR_INTERACTIVE_FRACTION: Final = 0.2
"""The share of each window that scans and watchers leave to people (policy)."""

LEFT_PATTERN: Final = r'"?(\w+)"?\s*;\s*r\s*=\s*(\d+)\s*;\s*t\s*=\s*(\d+)'
POLICY_PATTERN: Final = r'"?(\w+)"?\s*;\s*q\s*=\s*(\d+)\s*;\s*w\s*=\s*(\d+)'


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of one window: `limit` is None when the Hub does not state it."""

    bucket: str
    left: int
    reset_s: float
    limit: int | None = None


def read_allowances(headers: Mapping[str, str]) -> tuple[Allowance, ...]:
    """The allowances that an answer states; none if it states none or cannot be read.

    >>> read_allowances({"ratelimit": '"api";r=497;t=168', "ratelimit-policy": '"fixed window";"api";q=500;w=300'})
    (Allowance(bucket='api', left=497, reset_s=168.0, limit=500),)
    """
    limits = {name: int(q) for name, q, _ in re.findall(POLICY_PATTERN, headers.get("ratelimit-policy", ""))}
    found = re.findall(LEFT_PATTERN, headers.get("ratelimit", ""))
    return tuple(Allowance(name, int(left), float(reset), limits.get(name)) for name, left, reset in found)


def read_retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds of a Retry-After header; None without one (dates are not used by the Hub)."""
    value = headers.get("retry-after", "").strip()
    return float(value) if value.isascii() and value.isdigit() else None


def bucket_of(path: str) -> str:
    """Which bucket a request for this path draws on. Source: Hub documentation, rate limits."""
    if "/resolve/" in path or path.startswith("/api/resolve-cache/"):
        return "resolvers"
    return "api" if path.startswith("/api/") else "pages"


@dataclass(slots=True)
class _Window:
    left: int
    ends_at_s: float
    reserve: int


class Quota:
    """A limiter per bucket for one caller: observes what the Hub states and refuses early, with the seconds to wait.

    Before the Hub has said anything, everything is allowed. `clock` is monotonic seconds.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        reserved_fraction: float = RESERVED_FOR_INTERACTIVE_FRACTION,
    ) -> None:
        self._clock = clock
        self._reserved_fraction = reserved_fraction
        self._windows: dict[str, _Window] = {}
        self._lock = threading.Lock()

    def observe(self, bucket: str, status: int, headers: Mapping[str, str]) -> None:
        """Take note of what an answer states; a 429 without figures closes its bucket for Retry-After."""
        allowances = read_allowances(headers)
        wait_s = read_retry_after_s(headers)
        if status == 429 and wait_s is not None and not any(a.bucket == bucket for a in allowances):
            allowances = (Allowance(bucket, 0, wait_s),)
        now = self._clock()
        with self._lock:
            for allowance in allowances:
                reserve = int((allowance.limit or 0) * self._reserved_fraction)
                self._windows[allowance.bucket] = _Window(allowance.left, now + allowance.reset_s, reserve)

    def wait_s(self, bucket: str, use: Use = "interactive") -> float:
        """Seconds until a request of this use is allowed: 0 if it is now."""
        with self._lock:
            return self._wait_s(bucket, use)

    def take(self, bucket: str, use: Use = "interactive") -> None:
        """Count one request. Raises HubUnavailable with the seconds to wait when none is left."""
        with self._lock:
            wait_s = self._wait_s(bucket, use)
            if wait_s <= 0 and bucket in self._windows:
                self._windows[bucket].left -= 1
        if wait_s > 0:
            raise too_many_requests(bucket, wait_s)

    def _wait_s(self, bucket: str, use: Use) -> float:
        window = self._windows.get(bucket)
        if window is None:
            return 0.0
        remaining_s = window.ends_at_s - self._clock()
        if remaining_s <= 0:
            del self._windows[bucket]  # a new window: the next answer says how large
            return 0.0
        reserve = window.reserve if use == "background" else 0
        return remaining_s if window.left <= reserve else 0.0


def too_many_requests(bucket: str, wait_s: float | None) -> HubUnavailable:
    """The error for a spent quota, with how long to wait when that is known."""
    when = f"ask again in {wait_s:.0f} s" if wait_s is not None else "it does not say until when"
    return HubUnavailable(
        f"The Hub's limit for {bucket} requests is reached: {when}.",
        "A token (HF_TOKEN) raises the limit: the Hub counts anonymous requests per address.",
    )
