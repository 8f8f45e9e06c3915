"""A name in, a repository at a commit out.

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

import contextlib
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ingest.errors import HubUnavailable, IngestError
from ingest.exchange import Exchange
from ingest.fetched_repo import FetchedRepo, read_model_info
from ingest.hub_errors import Asked
from ingest.quota import Quota, Use
from ingest.repo_kind import missing_config
from ingest.repo_ref import is_repo_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.cache import CachedRef, RepoCache
    from ingest.gguf.header import GgufHeader
    from ingest.repo_ref import RepoRef
    from ingest.settings import Settings


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
        found = _json(answer.content, asked)
        return [hit for entry in found[:limit] if (hit := _hit(entry))] if isinstance(found, list) else []

    def _is_fresh(self, seen: CachedRef) -> bool:
        """Whether a branch need not be asked for; without a model it is: repositories are made empty, then filled."""
        is_filled = seen.repo.config is not None or bool(seen.repo.weight_files)
        return is_filled and 0 <= self._wall_clock() - seen.fetched_at_s < self._settings.freshness_s

    def _asked(self, name: str) -> Asked:
        return Asked(name, self._settings.endpoint, self._settings.token is not None)

    def _exchange(self, asked: Asked) -> contextlib.AbstractContextManager[Exchange]:
        if self._settings.is_offline:
            raise HubUnavailable(
                f"{asked.name}: offline mode is on (HF_HUB_OFFLINE), so the Hub is not asked.",
                "Unset HF_HUB_OFFLINE, or name a bundled or cached model.",
            )
        return contextlib.nullcontext(Exchange(self._settings, self._quota, self._use, asked))

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
            described = read_model_info(_json(answer.content, asked), asked_id, revision, now_s)
            if described is None:
                raise _no_hub(asked)
            repo = self._with_files(exchange, described)
        if self._cache:
            self._cache.put(repo, asked=asked_id, revision=revision, etag=etag)
        return repo

    def _with_files(self, exchange: Exchange, repo: FetchedRepo) -> FetchedRepo:
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


def _json(content: bytes, asked: Asked) -> Any:
    try:
        return json.loads(content)
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
