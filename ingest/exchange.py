"""The one module that opens a socket: requests to a Hub under one time limit, their answers read under a cap.

Nothing is retried, nothing sleeps: a person waits. A Hub that drips, hangs, loops or never ends is an outage.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urlsplit

from ingest import hub_errors
from ingest.errors import HubUnavailable, IngestError, NoConfig
from ingest.quota import Quota, Use, bucket_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from ssl import SSLContext

    import httpx2

    from ingest.fetched_repo import FetchedRepo
    from ingest.gguf.header import GgufHeader
    from ingest.hub_errors import Asked
    from ingest.settings import Settings

T = TypeVar("T")

MAX_FILE_BYTES: Final = 2**20
MAX_ANSWER_BYTES: Final = 16 * 2**20
"""For the Hub's own JSON: the listing of a repository with tens of thousands of files stays below this."""
MAX_REDIRECTS: Final = 5
DOWNLOAD_READ_S: Final = 60.0
"""For each piece of a large file; the whole may take hours."""
HEADER_STEPS_BYTES: Final = (256 * 2**10, 4 * 2**20, 16 * 2**20)
"""How far into a GGUF file its header is looked for: the shape is in the first step, its tensors' list in the last."""


class Exchange:
    """The requests that one question takes, under one time limit."""

    def __init__(self, settings: Settings, quota: Quota, use: Use, asked: Asked) -> None:
        self._settings, self._quota, self._use, self._asked = settings, quota, use, asked
        self._deadline_s = time.monotonic() + settings.timeout_s
        if not asked.is_askable:
            raise hub_errors.no_address()
        if settings.token is not None and not (settings.token.isascii() and settings.token.isprintable()):
            raise hub_errors.wrong_token(asked)  # the HTTP library would print it when it cannot send it

    def file(self, repo: FetchedRepo, name: str) -> bytes | None:
        """The bytes of a small file; None if the commit has none of that name."""
        if not repo.has_file(name):
            return None
        size_bytes = repo.size_of(name)
        if size_bytes is not None and size_bytes > MAX_FILE_BYTES:
            raise hub_errors.too_large(name, self._asked, size_bytes, MAX_FILE_BYTES)
        path = f"/{repo.repo_id}/resolve/{repo.commit}/{quote(name)}"
        try:
            return self.get(path, what=name, max_bytes=MAX_FILE_BYTES).content
        except NoConfig:
            return None

    def gguf_header(self, repo: FetchedRepo, name: str, *, with_tensors: bool) -> GgufHeader:
        """The header of a GGUF file, from as few of its first bytes as tell what is wanted."""
        from ingest.gguf.header import HeaderCut, read_header  # noqa: PLC0415  # most models have none
        from ingest.gguf.model import missing_shape  # noqa: PLC0415  # as above

        label, data = f"{repo.repo_id}@{repo.commit[:7]}/{name}", b""
        for end_bytes in HEADER_STEPS_BYTES:
            before = len(data)
            data += self._range(repo, name, before, end_bytes)
            try:
                return read_header(data, label, with_tensors=with_tensors)
            except HeaderCut:
                if len(data) < end_bytes or len(data) == before:
                    break  # the file itself ends here
        try:
            return read_header(data, label)  # deeper than is read: the shape without the tensors
        except HeaderCut:
            raise missing_shape(label) from None

    def _range(self, repo: FetchedRepo, name: str, first: int, end: int) -> bytes:
        """The bytes of a file from `first` up to `end`, fewer where it ends before."""
        size_bytes = repo.size_of(name)
        end = end if size_bytes is None else min(end, size_bytes)
        if first >= end:
            return b""
        headers = {"Range": f"bytes={first}-{end - 1}", "Accept-Encoding": "identity"}
        path = f"/{repo.repo_id}/resolve/{repo.commit}/{quote(name)}"
        answer = self.get(path, headers=headers, what=name, max_bytes=end - first, may_cut=True)
        if first and answer.status_code != 206:
            raise HubUnavailable(f"{self._asked.name}: {self._asked.host} serves no ranges.", hub_errors.TRY_LATER)
        return answer.content

    def get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        what: str = "",
        max_bytes: int = MAX_ANSWER_BYTES,
        may_cut: bool = False,
    ) -> httpx2.Response:
        """The whole answer, redirects followed; 304 is an answer. Raises an IngestError for every other failure.

        `may_cut` reads no more than `max_bytes` of a longer answer, where it else is an error.
        """
        import httpx2  # noqa: PLC0415  # 0.2 s, and only when the Hub is asked

        try:
            client = process_client()
            request = client.build_request(
                "GET", self._settings.endpoint + path, params=params, headers={**self._headers(), **(headers or {})}
            )
            answer = self._within_the_limit(lambda: self._follow(client, request, what, max_bytes, may_cut=may_cut))
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, UnicodeError) as error:
            raise hub_errors.no_answer(error, self._asked, self._settings.timeout_s) from error
        if answer.status_code != 304 and (refused := hub_errors.refusal(answer, self._asked)):
            raise refused
        return answer

    def _headers(self) -> dict[str, str]:
        token = self._settings.token
        return {"User-Agent": user_agent(), **({"Authorization": f"Bearer {token}"} if token else {})}

    def _take(self, bucket: str) -> None:
        self._quota.take(bucket, self._use)

    def _left_s(self) -> float:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s

    def _within_the_limit(self, work: Callable[[], T]) -> T:
        """The result of the work, or TimeoutError at the deadline, whatever it is stuck in.

        A thread, because neither looking up a host name nor a head that comes byte by byte heeds a socket's limit.
        """
        results: list[T] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(work())
            except BaseException as error:  # noqa: BLE001  # raised again in the caller's thread
                errors.append(error)

        thread = threading.Thread(target=run, name="hubgauge-hub", daemon=True)
        thread.start()
        thread.join(self._left_s())
        if errors:
            raise errors[0]
        if not results:
            raise TimeoutError
        return results[0]

    def _follow(
        self, client: httpx2.Client, request: httpx2.Request, what: str, max_bytes: int, *, may_cut: bool
    ) -> httpx2.Response:
        """The answer at the end of the redirects; the token goes to the Hub's own host only (httpx2 sees to that)."""
        import httpx2  # noqa: PLC0415  # loaded already

        for _ in range(MAX_REDIRECTS + 1):
            bucket = bucket_of(request.url.path)
            self._take(bucket)
            left_s = self._left_s()
            limits = httpx2.Timeout(left_s, connect=min(left_s, self._settings.connect_timeout_s))
            request.extensions = {**request.extensions, "timeout": limits.as_dict()}
            response = client.send(request, stream=True)
            with contextlib.closing(response):
                self._quota.observe(bucket, response.status_code, response.headers)
                if response.next_request is None:
                    return self._read(response, what, max_bytes, may_cut=may_cut)
                request = response.next_request
        raise httpx2.TooManyRedirects(f"more than {MAX_REDIRECTS} redirects", request=request)

    def _read(self, response: httpx2.Response, what: str, max_bytes: int, *, may_cut: bool) -> httpx2.Response:
        """The answer with its body, read under the cap and the time limit."""
        import httpx2  # noqa: PLC0415  # loaded already

        stated = response.headers.get("content-length", "")
        if not may_cut and stated.isdigit() and int(stated) > max_bytes:
            raise hub_errors.too_large(what, self._asked, int(stated), max_bytes)
        body = bytearray()
        for chunk in response.iter_bytes(65536):
            body += chunk
            self._left_s()
            if len(body) > max_bytes:
                if may_cut:
                    break
                raise hub_errors.too_large(what, self._asked, None, max_bytes)
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in ENCODING_HEADERS]
        return httpx2.Response(
            response.status_code, headers=headers, content=bytes(body[:max_bytes]), request=response.request
        )


ENCODING_HEADERS: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""They describe the body on the wire, not the one that was read."""

_client: httpx2.Client | None = None
_client_pid = 0
_client_lock = threading.Lock()


def process_client() -> httpx2.Client:
    """The HTTP client that the whole process shares: making one costs 40-75 ms. A forked child makes its own."""
    global _client, _client_pid
    import http.cookiejar  # noqa: PLC0415  # only when the Hub is asked

    import httpx2  # noqa: PLC0415  # as above

    with _client_lock:
        if _client is None or _client_pid != os.getpid():
            _client, _client_pid = httpx2.Client(follow_redirects=False, timeout=10.0), os.getpid()
            atexit.register(_client.close)
            # No cookie is kept: callers with different tokens share this client.
            _client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        return _client


def download(url: str, path: Path, settings: Settings, most_bytes: int) -> None:
    """Writes what an address answers to a file, in one request; the token goes to the Hub alone.

    Raises `HubUnavailable`, and OSError where the disk does not take it.
    """
    import httpx2  # noqa: PLC0415  # 0.2 s, and only here

    is_hubs = urlsplit(url)[:2] == urlsplit(settings.endpoint)[:2]
    headers = {"User-Agent": user_agent(), "Accept-Encoding": "identity"}
    headers |= {"Authorization": f"Bearer {settings.token}"} if is_hubs and settings.token else {}
    hint = "Download it, and name its path."
    try:
        with (
            httpx2.Client(follow_redirects=True, timeout=DOWNLOAD_READ_S) as client,
            client.stream("GET", url, headers=headers) as answer,
            path.open("wb") as file,
        ):
            if answer.status_code != httpx2.codes.OK:
                raise HubUnavailable(f"{url} answered with status {answer.status_code}.", hint)
            for part in answer.iter_bytes():
                file.write(part)
                if file.tell() > most_bytes:
                    raise HubUnavailable(f"{url} is larger than {most_bytes:,} bytes.", hint)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise HubUnavailable(f"{url} does not answer ({type(error).__name__}).", hint) from None


def refused_answer(
    status: int, headers: Mapping[str, str], content: bytes, url: str, asked: Asked
) -> IngestError | None:
    """The error that another client's answer means; None if it is none."""
    import httpx2  # noqa: PLC0415  # only when the Hub refuses

    kept = [(name, value) for name, value in headers.items() if name not in ENCODING_HEADERS]
    request = httpx2.Request("GET", url)
    return hub_errors.refusal(httpx2.Response(status, headers=kept, content=content, request=request), asked)


@lru_cache(maxsize=1)
def tls_context() -> SSLContext:
    """Whom the Hub's certificate is checked by: as httpx2 does it."""
    import httpx2  # noqa: PLC0415  # only when the Hub is asked

    return httpx2.create_ssl_context()


@lru_cache(maxsize=1)
def user_agent() -> str:
    """Who asks: this program, huggingface_hub and Python, with their versions."""
    from importlib.metadata import version  # noqa: PLC0415  # only when the Hub is asked
    from platform import python_version  # noqa: PLC0415  # as above

    return f"hubgauge/{version('hubgauge')}; hf_hub/{version('huggingface_hub')}; python/{python_version()}"
