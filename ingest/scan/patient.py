"""Requests of a scan: they wait for their share of the quota, and the time limit of each begins when it may be made.

A person's question runs under a thread of its own, so that nothing can hold it beyond its limit. A scan has hundreds of
thousands of requests, and that thread costs as much as half a request: here each reading from the socket is bounded,
and a whole answer is checked against its limit as it comes in.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from ingest.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class PatientExchange(Exchange):
    """The requests that one repository takes."""

    def _take(self, bucket: str) -> None:
        self._quota.take(bucket, self._use)
        self._deadline_s = time.monotonic() + self._settings.timeout_s

    def _within_the_limit(self, work: Callable[[], T]) -> T:
        return work()
