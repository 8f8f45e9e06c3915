"""What can go wrong with a Hub, on order: one value per fault, matched by a part of the path."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from enum import Enum


class Harm(Enum):
    """How an answer is spoilt."""

    STATUS = "another status"
    HANG = "no answer"
    DRIP = "a byte now and then"
    HEADER_DRIP = "a byte of the head now and then"
    TRUNCATE = "half the body, then the end"
    BODY = "another body"
    ENDLESS = "a body without end and without length"
    LOOP = "a redirect to itself"
    CLOSE = "the line goes dead"


@dataclass(slots=True)
class Fault:
    """One harm, done to the next `times` requests whose path holds `path`; for ever if None.

    `share` of them, where it is below 1.
    """

    harm: Harm
    path: str = ""
    times: int | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    pause_s: float = 0.05
    share: float = 1.0
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311  # which calls fail

    def strikes(self, path: str) -> bool:
        """Whether this request is harmed; counts down."""
        if self.path not in path or self.times == 0:
            return False
        if self.share < 1 and self.chance.random() >= self.share:
            return False
        if self.times is not None:
            self.times -= 1
        return True


def status(code: int, path: str = "", *, times: int | None = None, **headers: str) -> Fault:
    """An error of the server, with a JSON body as the Hub writes them."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(Harm.STATUS, path, times, code, named, b'{"error":"Injected"}')


def now_and_then(code: int, share: float) -> Fault:
    """An error of the server for that share of all requests."""
    return replace(status(code), share=share)


def hang(path: str = "", *, times: int | None = None) -> Fault:
    """No answer until the client or the Hub goes away."""
    return Fault(Harm.HANG, path, times)


def drip(path: str = "", *, pause_s: float = 0.05, in_head: bool = False) -> Fault:
    """One byte per pause: each read succeeds in time, the whole never does."""
    return Fault(Harm.HEADER_DRIP if in_head else Harm.DRIP, path, pause_s=pause_s)


def truncate(path: str = "", *, times: int | None = None) -> Fault:
    """Half of what Content-Length promises."""
    return Fault(Harm.TRUNCATE, path, times)


def body(content: bytes, path: str = "") -> Fault:
    """A good status with other content: garbage, a captive portal, a huge file."""
    return Fault(Harm.BODY, path, body=content)


def endless(path: str = "") -> Fault:
    """Chunks without end; no length is stated."""
    return Fault(Harm.ENDLESS, path)


def loop(path: str = "") -> Fault:
    """307 to the same address."""
    return Fault(Harm.LOOP, path)


def close(path: str = "", *, times: int | None = None) -> Fault:
    """The connection ends without a word."""
    return Fault(Harm.CLOSE, path, times)
