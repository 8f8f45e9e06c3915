"""Who may ask, and how often: API keys from the environment, and a bucket of tokens for each.

`HUBGAUGE_API_KEYS` holds `name:key` pairs, separated by commas; unset, the API is open to whoever reaches it. A key is
sent as `Authorization: Bearer KEY` or as `X-API-Key: KEY`. Of the keys only digests are kept, and every one of them is
compared in constant time, so that neither a match nor its place among them shows in the time.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.errors import SettingsError
from bot.http.errors import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.datastructures import Headers

SHORTEST_KEY: Final = 16
"""Characters; shorter ones can be guessed."""
LONGEST_KEY: Final = 512
BURST_S: Final = 2.0
"""Seconds of its rate that a key may spend at once."""


@dataclass(slots=True)
class Bucket:
    """Requests that a key has left; it fills at `rate_per_s` up to `BURST_S` seconds of it."""

    rate_per_s: float
    clock: Callable[[], float]
    left: float = field(init=False)
    filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.filled_at = self.most, self.clock()

    @property
    def most(self) -> float:
        """Requests that fit at once; one at least."""
        return max(1.0, self.rate_per_s * BURST_S)

    def wait_s(self) -> float:
        """0 where a request may pass, which it then has; else the seconds until one may."""
        now = self.clock()
        self.left = min(self.most, self.left + (now - self.filled_at) * self.rate_per_s)
        self.filled_at = now
        if self.left < 1:
            return (1 - self.left) / self.rate_per_s
        self.left -= 1
        return 0.0


class Keys:
    """The keys of this server. Raises `SettingsError` for a text that is no list of them; quotes none of it."""

    def __init__(self, text: str | None, rate_per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        pairs = [_pair(part) for part in (text or "").split(",") if part.strip()]
        if len({name for name, _ in pairs}) < len(pairs):
            raise SettingsError("HUBGAUGE_API_KEYS names one key twice", "give each key a name of its own")
        self._digests = [(name, _digest(key)) for name, key in pairs]
        self._buckets = {name: Bucket(rate_per_s, clock) for name, _ in pairs}

    @property
    def is_open(self) -> bool:
        """Whether no key is asked for."""
        return not self._digests

    def admit(self, headers: Headers) -> str:
        """The name of the key that the request brings; refuses with 401 or 429."""
        if self.is_open:
            return "open"
        name = self._name_of(_presented(headers))
        if name is None:
            hint = "send a key of this server as `Authorization: Bearer KEY` or `X-API-Key: KEY`"
            raise RequestRefused(401, "Unauthorized", "no key, or none that this server knows", hint)
        wait_s = self._buckets[name].wait_s()
        if wait_s:
            message = f"the key {name} asks more often than it may"
            raise RequestRefused(429, "TooManyRequests", message, "wait, then ask less often", retry_s=wait_s)
        return name

    def _name_of(self, presented: str) -> str | None:
        digest, found = _digest(presented), None
        for name, known in self._digests:
            if hmac.compare_digest(known, digest):
                found = name
        return found


def _presented(headers: Headers) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    key = token.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "").strip()
    return key[: LONGEST_KEY + 1]


def _pair(part: str) -> tuple[str, str]:
    name, colon, key = (piece.strip() for piece in part.partition(":"))
    if not colon or not name.replace("-", "").replace("_", "").isalnum():
        raise SettingsError("HUBGAUGE_API_KEYS is no list of name:key", "for example scripts:KEY1,dashboard:KEY2")
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        hint = f"{SHORTEST_KEY} to {LONGEST_KEY} characters, for example from `openssl rand -hex 24`"
        raise SettingsError(f"the key {name[:40]} in HUBGAUGE_API_KEYS is too short or too long", hint)
    return name, key


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
