"""The small files of a scan, over one open connection for each thread.

A person's question goes through `ingest.exchange`. Hundreds of thousands of them by a machine have another price: the
standard library's client takes a third of the processor time of httpx2's for a small file. Where a proxy stands
between, or an answer points to another host, the exchange is asked all the same.

Requests wait for their share of the quota; the time limit of each begins when it may be made, and one thread for the
whole process ends what has gone beyond it, whatever it hangs in.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from ingest import hub_errors
from ingest.exchange import MAX_REDIRECTS, Exchange, refused_answer, tls_context, user_agent
from ingest.quota import Quota, bucket_of
from ingest.scan.watchdog import WATCHDOG

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from ingest.hub_errors import Asked
    from ingest.settings import Settings

    T = TypeVar("T")

GOOD: Final = (200, 304)
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_DROPPED: Final = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)
"""What an idle connection that the Hub has closed meanwhile shows as, at the next request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names in lower case, `path` is where redirects led."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    path: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One file."""

    path: str
    asked: Asked
    what: str
    max_bytes: int
    headers: Mapping[str, str]


class PatientExchange(Exchange):
    """As a person's exchange, but it waits for its share of the quota and has no thread of its own."""

    def _take(self, bucket: str) -> None:
        self._quota.take(bucket, self._use)
        self._deadline_s = time.monotonic() + self._settings.timeout_s

    def _within_the_limit(self, work: Callable[[], T]) -> T:
        return work()


class Line:
    """Files of one Hub for one caller. Threads share it; each has a connection of its own."""

    def __init__(self, settings: Settings, quota: Quota) -> None:
        self._settings, self._quota = settings, quota
        self._origin = urlsplit(settings.endpoint)
        self._has_proxy = self._is_proxied()
        self._own = threading.local()
        self._opened: list[http.client.HTTPConnection] = []
        token = settings.token
        self._headers = {"User-Agent": user_agent(), "Accept-Encoding": "identity"}
        self._headers |= {"Authorization": f"Bearer {token}"} if token else {}

    def get(
        self, path: str, asked: Asked, *, what: str, max_bytes: int, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The whole answer, redirects of the Hub's own followed; 304 is an answer. Raises the `IngestError` tree."""
        exchange = PatientExchange(self._settings, self._quota, "background", asked)  # checks address and token
        try:
            found = None if self._has_proxy else self._follow(path, asked, what, max_bytes, headers or {})
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._hang_up()
            raise hub_errors.no_answer(error, asked, self._settings.timeout_s) from error
        if found is None:
            answer = exchange.get(path, headers=headers, what=what, max_bytes=max_bytes)
            return Answer(answer.status_code, answer.headers, answer.content, answer.request.url.path)
        if found.status not in GOOD:
            url = self._settings.endpoint + found.path
            refused = refused_answer(found.status, found.headers, found.content, url, asked)
            if refused is not None:
                raise refused
        return found

    def _follow(self, path: str, asked: Asked, what: str, max_bytes: int, headers: Mapping[str, str]) -> Answer | None:
        """The answer at the end of the redirects; None where they leave the Hub."""
        for _ in range(MAX_REDIRECTS + 1):
            found = self._once(_Wanted(path, asked, what, max_bytes, headers))
            if found.status not in REDIRECTS:
                return found
            target = urlsplit(urljoin(self._settings.endpoint + path, found.headers.get("location", "")))
            if (target.scheme, target.netloc) != (self._origin.scheme, self._origin.netloc):
                return None
            path = target.path + (f"?{target.query}" if target.query else "")
        return None

    def _once(self, wanted: _Wanted) -> Answer:
        is_used = getattr(self._own, "connection", None) is not None
        try:
            return self._ask(wanted)
        except _DROPPED:
            self._hang_up()
            if not is_used:
                raise
        return self._ask(wanted)

    def _ask(self, wanted: _Wanted) -> Answer:
        bucket = bucket_of(wanted.path)
        self._quota.take(bucket, "background")
        connection = self._connection()
        with WATCHDOG.over(connection, self._settings.timeout_s):
            connection.request("GET", self._origin.path + wanted.path, headers={**self._headers, **wanted.headers})
            response = connection.getresponse()
            stated = {name.lower(): value for name, value in response.getheaders()}
            self._quota.observe(bucket, response.status, stated)
            content = self._read(response, wanted)
        return Answer(response.status, stated, content, wanted.path.partition("?")[0])

    def _read(self, response: http.client.HTTPResponse, wanted: _Wanted) -> bytes:
        """The body, no longer than is wanted and no shorter than was stated; then the connection can be used again."""
        length = response.length
        content = b"" if length is not None and length > wanted.max_bytes else response.read(wanted.max_bytes + 1)
        if (length or 0) > wanted.max_bytes or len(content) > wanted.max_bytes:
            self._hang_up()
            raise hub_errors.too_large(wanted.what, wanted.asked, length, wanted.max_bytes)
        if response.length:
            raise http.client.IncompleteRead(content, response.length)
        response.read()
        return content

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            host, timeout_s = self._origin.netloc.rpartition("@")[2], self._settings.timeout_s
            if self._origin.scheme == "https":
                connection = http.client.HTTPSConnection(host, timeout=timeout_s, context=tls_context())
            else:
                connection = http.client.HTTPConnection(host, timeout=timeout_s)
            self._own.connection = connection
            self._opened.append(connection)
        return connection

    def close(self) -> None:
        """Closes the connections of all threads; whoever asks again opens another."""
        while self._opened:
            self._opened.pop().close()

    def _hang_up(self) -> None:
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        self._own.connection = None
        if connection is not None:
            connection.close()
            with contextlib.suppress(ValueError):  # closed with all others just now
                self._opened.remove(connection)

    def _is_proxied(self) -> bool:
        host = self._origin.hostname or ""
        return self._origin.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host)
