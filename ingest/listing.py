"""Pages of the Hub's lists: what was made, changed or liked lately, what an author has, what a search finds.

    GET /api/models?sort=createdAt&limit=1000&expand=sha&expand=siblings...     one request for up to 1,000 models

A page names the next in its Link header; that address is kept as path and query, so that a mirror's page leads back to
the mirror. Cards are strangers' text: an entry that cannot be read is left out and counted, the rest stands.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from ingest.errors import HubUnavailable, UnknownModel
from ingest.exchange import Exchange
from ingest.fetched_repo import FetchedRepo, read_model_info
from ingest.hub_errors import Asked
from ingest.repo_ref import is_repo_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ingest.quota import Quota, Use
    from ingest.settings import Settings

EXPANDED: Final = (
    "sha", "siblings", "safetensors", "gguf", "tags", "pipeline_tag", "library_name", "gated", "private", "config",
    "createdAt", "lastModified", "likes", "downloads", "trendingScore",
)  # fmt: skip
"""What tells a model from another without its config.json. Source: huggingface_hub 2.4, `ExpandModelProperty_T`."""
PAGE_MODELS: Final = 1000
MODELS_PATH: Final = "/api/models"
_NEXT: Final = re.compile(r'<([^<>]{1,8000})>\s*;\s*rel="?next"?')
_SLUG: Final = re.compile(r"[\w.-]{1,96}/[\w.-]{1,160}")


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a list: the repository at its present commit, without its files' bytes, and what the list adds."""

    repo: FetchedRepo
    created_at: str = ""
    modified_at: str = ""
    likes: int = 0
    downloads: int = 0
    model_type: str | None = None
    architectures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Entries in the Hub's order; `next_path` is None on the last page, `malformed` counts what could not be read."""

    entries: tuple[Listed, ...]
    next_path: str | None = None
    malformed: int = 0


def list_path(params: Mapping[str, str | int]) -> str:
    """Path and query of the first page of a list with these parameters."""
    query = [*((key, str(value)) for key, value in params.items()), *(("expand", name) for name in EXPANDED)]
    return f"{MODELS_PATH}?{urlencode(query)}"


class HubListing:
    """Lists of one Hub, asked for with one identity. Threads may share it."""

    def __init__(
        self,
        settings: Settings,
        quota: Quota,
        use: Use = "background",
        *,
        wall_clock: Callable[[], float] = time.time,
        exchange: type[Exchange] = Exchange,
    ) -> None:
        self._settings, self._quota, self._use = settings, quota, use
        self._wall_clock = wall_clock
        self._exchange = exchange

    def page(self, path: str) -> Page:
        """One page: one request. Raises the `IngestError` tree."""
        asked = self._asked("the list of models")
        answer = self._exchange(self._settings, self._quota, self._use, asked).get(path)
        found = self._json(answer.content, asked)
        if not isinstance(found, list):
            raise HubUnavailable(f"{asked.host} answered {path[:80]} with no list of models.", "Is it a Hub?")
        entries = [entry for raw in found if (entry := read_listed(raw, self._wall_clock())) is not None]
        return Page(tuple(entries), next_path(answer.headers.get("link", "")), len(found) - len(entries))

    def collection(self, slug: str) -> list[str]:
        """The ids of the models in a collection (`owner/name-0123abc`): one request."""
        if not _SLUG.fullmatch(slug):
            raise UnknownModel(f"{slug[:80]!r} is no collection", "it ends the address of its page: owner/name-id")
        asked = self._asked(f"the collection {slug}")
        answer = self._exchange(self._settings, self._quota, self._use, asked).get(f"/api/collections/{slug}")
        found = self._json(answer.content, asked)
        items = found.get("items") if isinstance(found, dict) else None
        return [item["id"] for item in items or () if _is_model(item)] if isinstance(items, list) else []

    def _asked(self, what: str) -> Asked:
        if self._settings.is_offline:
            raise HubUnavailable(f"{what}: offline mode is on (HF_HUB_OFFLINE).", "Unset HF_HUB_OFFLINE.")
        return Asked(what, self._settings.endpoint, self._settings.token is not None)

    def _json(self, content: bytes, asked: Asked) -> Any:
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise HubUnavailable(f"{asked.name}: what {asked.host} answered is no JSON.", "Is it a Hub?") from None


def next_path(link: str) -> str | None:
    """Path and query of the next page that a Link header names; None where it names none of a list of models."""
    found = _NEXT.search(link)
    if found is None:
        return None
    try:
        parts = urlsplit(found[1])
    except ValueError:
        return None
    return f"{parts.path}?{parts.query}" if parts.path == MODELS_PATH and parts.query else None


def read_listed(raw: object, now_s: float) -> Listed | None:
    """An entry of a list; None if it names no repository at a commit. Other keys of the wrong kind count as unsaid."""
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str) or not is_repo_id(raw["id"]):
        return None
    repo = read_model_info(raw, raw["id"], "main", now_s)
    if repo is None:
        return None
    config = raw.get("config") if isinstance(raw.get("config"), dict) else {}
    assert config is not None
    return Listed(
        repo=repo,
        created_at=_text(raw.get("createdAt")),
        modified_at=_text(raw.get("lastModified")),
        likes=_count(raw.get("likes")),
        downloads=_count(raw.get("downloads")),
        model_type=_text(config.get("model_type")) or None,
        architectures=_texts(config.get("architectures")),
    )


def _is_model(item: object) -> bool:
    return isinstance(item, dict) and item.get("type") == "model" and is_repo_id(str(item.get("id")))


def _text(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0


def _texts(value: object) -> tuple[str, ...]:
    items: Sequence[object] = value if isinstance(value, list) else ()
    return tuple(item[:100] for item in items[:8] if isinstance(item, str))
