"""The only module that opens a socket: a name in, a repository at a commit out.

A new model costs two requests, and three where it states its quantization in a file of its own:

    GET /api/models/{id}[/revision/{revision}]?blobs=true     commit, files with sizes, tags, parameters per dtype
    GET /{id}/resolve/{commit}/config.json                    the config, at most 1 MiB
    GET /{id}/resolve/{commit}/hf_quant_config.json           only if the first answer lists it

and a GGUF file two: the first, and the first 256 KiB of the file by range (more only where its tensors must be listed).

A cached commit costs none, a cached branch none while it is fresh, then one (conditional on its ETag). Where the
Hub cannot be asked, a cached branch is given with `stale` and the reason. Nothing is retried, nothing sleeps: a person
waits.
huggingface_hub's own calls are not used to fetch: they have no time limit, sleep for minutes on 429 and serve stale
files in silence; its reading of error answers is.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import threading
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from ingest import hub_errors
from ingest.errors import HubUnavailable, IngestError, NoConfig
from ingest.fetched_repo import FetchedRepo, read_model_info
from ingest.hub_errors import Asked
from ingest.quota import Quota, Use, bucket_of
from ingest.repo_kind import missing_config
from ingest.repo_ref import is_repo_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx2

    from ingest.cache import CachedRef, RepoCache
    from ingest.gguf.header import GgufHeader
    from ingest.repo_ref import RepoRef
    from ingest.settings import Settings

T = TypeVar("T")

MAX_FILE_BYTES: Final = 2**20
MAX_ANSWER_BYTES: Final = 16 * 2**20
"""For the Hub's own JSON: the listing of a repository with tens of thousands of files stays below this."""
MAX_REDIRECTS: Final = 5
HEADER_STEPS_BYTES: Final = (256 * 2**10, 4 * 2**20, 16 * 2**20)
"""How far into a GGUF file its header is looked for: the shape is in the first step, its tensors' list in the last."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One model that the Hub's search found."""

    repo_id: str
    downloads: int | None = None
    pipeline_tag: str | None = None
    library_name: str | None = None
    tags: tuple[str, ...] = ()


class HubClient:
    """One caller at one Hub. Threads may share it; sockets are opened at the first question and shared by the process.

    `wall_clock` is seconds since 1970, for what is kept; `clock` is monotonic, for time limits.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        cache: RepoCache | None = None,
        quota: Quota | None = None,
        use: Use = "interactive",
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._quota = quota or Quota()
        self._use = use
        self._wall_clock = wall_clock

    def fetch_model(self, ref: RepoRef) -> FetchedRepo:
        """The repository with its config.json.

        Raises: UnknownModel, GatedModel, HubUnavailable; NoConfig or NotAGenerativeModel, said as what it is, where
        there is no config.json; MalformedConfig beyond 1 MiB.
        """
        repo = self.fetch_repo(ref)
        if repo.config is None:
            raise missing_config(repo)
        return repo

    def fetch_repo(self, ref: RepoRef) -> FetchedRepo:
        """The repository, whatever it holds; `config` is None where it has no config.json."""
        revision = ref.revision or "main"
        if ref.is_commit and self._cache and (known := self._cache.repo(ref.repo_id, revision)):
            return replace(known, revision=revision)
        seen = self._cache.ref(ref.repo_id, revision) if self._cache else None
        if seen and (ref.is_commit or self._is_fresh(seen)):
            return seen.repo
        try:
            return self._ask(ref.repo_id, revision, seen)
        except HubUnavailable as error:
            if seen is None:
                raise
            return replace(seen.repo, stale=True, stale_reason=error.message)

    def fetch_part(self, repo: FetchedRepo, name: str) -> bytes | None:
        """The bytes of another small file of a fetched commit; None if it has none of that name. Raises as above."""
        if not repo.has_file(name):
            return None
        known = self._cache.part(repo, name) if self._cache else None
        if known is not None:
            return known
        with self._exchange(self._asked(repo.repo_id)) as exchange:
            content = exchange.file(repo, name)
        if content is not None and self._cache:
            self._cache.put_part(repo, name, content)
        return content

    def fetch_gguf_header(self, repo: FetchedRepo, name: str, *, with_tensors: bool = False) -> GgufHeader:
        """The header of a GGUF file of a fetched commit: one request, up to three where the tensors are wanted.

        Without the tensors where their list lies deeper than is read. Raises: MalformedConfig for what is no header or
        does not tell the shape, HubUnavailable.
        """
        from ingest.gguf.header import dump_header, load_header  # noqa: PLC0415  # most models have none

        key = f"gguf:{name}:{'tensors' if with_tensors else 'shape'}"
        known = self._cache.part(repo, key) if self._cache else None
        if known is not None:
            with contextlib.suppress(ValueError, TypeError, KeyError):
                return load_header(known)
        with self._exchange(self._asked(f"{repo.repo_id}/{name}")) as exchange:
            header = exchange.gguf_header(repo, name, with_tensors=with_tensors)
        if self._cache:
            self._cache.put_part(repo, key, dump_header(header))
        return header

    def search_models(self, query: str, limit: int = 20) -> list[SearchHit]:
        """The most downloaded models whose id holds the query: one request."""
        params = {"search": query[:100], "sort": "downloads", "direction": "-1", "limit": str(limit)}
        asked = self._asked(f"a search for {query[:100]!r}")
        with self._exchange(asked) as exchange:
            answer = exchange.get("/api/models", params=params)
        found = _json(answer, asked)
        return [hit for entry in found[:limit] if (hit := _hit(entry))] if isinstance(found, list) else []

    def _is_fresh(self, seen: CachedRef) -> bool:
        """Whether a branch need not be asked for; without a model it is: repositories are made empty, then filled."""
        is_filled = seen.repo.config is not None or bool(seen.repo.weight_files)
        return is_filled and 0 <= self._wall_clock() - seen.fetched_at_s < self._settings.freshness_s

    def _asked(self, name: str) -> Asked:
        return Asked(name, self._settings.endpoint, self._settings.token is not None)

    def _exchange(self, asked: Asked) -> contextlib.AbstractContextManager[_Exchange]:
        if self._settings.is_offline:
            raise HubUnavailable(
                f"{asked.name}: offline mode is on (HF_HUB_OFFLINE), so the Hub is not asked.",
                "Unset HF_HUB_OFFLINE, or name a bundled or cached model.",
            )
        return contextlib.nullcontext(_Exchange(self._settings, self._quota, self._use, asked))

    def _ask(self, asked_id: str, revision: str, seen: CachedRef | None) -> FetchedRepo:
        asked = self._asked(asked_id if revision == "main" else f"{asked_id}@{revision}")
        path = f"/api/models/{asked_id}" + ("" if revision == "main" else f"/revision/{quote(revision, safe='')}")
        headers = {"If-None-Match": seen.etag} if seen and seen.etag else {}
        with self._exchange(asked) as exchange:
            answer = exchange.get(path, params={"blobs": "true"}, headers=headers)
            now_s, etag = self._wall_clock(), answer.headers.get("etag")
            if answer.status_code == 304 and seen:
                repo = replace(seen.repo, fetched_at_s=now_s)
                if self._cache:
                    self._cache.touch(repo, asked=asked_id, revision=revision, etag=seen.etag)
                return repo
            described = read_model_info(_json(answer, asked), asked_id, revision, now_s)
            if described is None:
                raise _no_hub(asked)
            repo = self._with_files(exchange, described)
        if self._cache:
            self._cache.put(repo, asked=asked_id, revision=revision, etag=etag)
        return repo

    def _with_files(self, exchange: _Exchange, repo: FetchedRepo) -> FetchedRepo:
        """The repository with its small files: those of a commit seen before are not asked for again."""
        if self._cache and (known := self._cache.repo(repo.repo_id, repo.commit)):
            return replace(
                repo, config=known.config, hf_quant_config=known.hf_quant_config, adapter_config=known.adapter_config
            )
        is_listed = repo.siblings is not None
        has_config = repo.has_file("config.json")
        may_be_adapter = not has_config or repo.is_adapter_only
        return replace(
            repo,
            config=exchange.file(repo, "config.json") if has_config else None,
            hf_quant_config=exchange.file(repo, "hf_quant_config.json") if is_listed else None,
            adapter_config=exchange.file(repo, "adapter_config.json") if may_be_adapter else None,
        )


class _Exchange:
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
            self._quota.take(bucket, self._use)
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


@lru_cache(maxsize=1)
def user_agent() -> str:
    """Who asks: this program, huggingface_hub and Python, with their versions."""
    from importlib.metadata import version  # noqa: PLC0415  # only when the Hub is asked
    from platform import python_version  # noqa: PLC0415  # as above

    return f"hubgauge/{version('hubgauge')}; hf_hub/{version('huggingface_hub')}; python/{python_version()}"


def _json(answer: httpx2.Response, asked: Asked) -> Any:
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise _no_hub(asked) from error


def _no_hub(asked: Asked) -> IngestError:
    return HubUnavailable(
        f"{asked.name}: what {asked.host} answered is not what a Hub says.",
        "Is HF_ENDPOINT the address of a Hub, and does no log-in page of the network stand between?",
    )


def _hit(entry: object) -> SearchHit | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not is_repo_id(entry["id"]):
        return None
    downloads, task, library = entry.get("downloads"), entry.get("pipeline_tag"), entry.get("library_name")
    tags = entry.get("tags")
    return SearchHit(
        repo_id=entry["id"],
        downloads=downloads if isinstance(downloads, int) else None,
        pipeline_tag=task if isinstance(task, str) else None,
        library_name=library if isinstance(library, str) else None,
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
    )
