"""A repository of a scan fetched with as few requests as tell its size, or the reason why it cannot be.

from a list, its commit in the store      0
from a list, new                          1   config.json; a second where it lists hf_quant_config.json
from a list, of a type nobody reads       0   the list itself names the type
by name                                   1   config.json of main, which states the commit; conditional if seen
by name at a commit in the store          0
"""

from __future__ import annotations

import json
import logging
import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sqlalchemy.exc import SQLAlchemyError

from ingest.errors import HubUnavailable, IngestError, NoConfig, UnknownModel, UnsupportedArchitecture
from ingest.exchange import MAX_ANSWER_BYTES, MAX_FILE_BYTES
from ingest.families.table import FAMILIES, OTHER_KINDS
from ingest.fetched_repo import FetchedRepo, dump_description, load_description, read_model_info
from ingest.hub_errors import Asked
from ingest.normalize import normalize
from ingest.repo_kind import missing_config
from ingest.repo_ref import is_commit, is_repo_id, parse_repo_ref
from ingest.scan.line import Line
from ingest.store.budget import BudgetClosed
from ingest.store.scans import KEPT, LISTED, REFUSED, Item

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ingest.listing import Listed
    from ingest.quota import Quota
    from ingest.repo_ref import RepoRef
    from ingest.settings import Settings
    from ingest.store.specs import SpecStore

log = logging.getLogger("hubgauge.scan")

CONFIG: Final = "config.json"
_FILE_PATH: Final = re.compile(r"/(?:api/resolve-cache/models/)?([^/]+(?:/[^/]+)?)/(?:resolve/)?([0-9a-f]{40}|main)/")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of an item, and the repository to keep with it."""

    item: Item
    repo: FetchedRepo | None = None
    etag: str | None = None


def listed_item(entry: Listed) -> Item:
    """The item of a list's entry; refused at once where the list tells that its config would be."""
    repo = entry.repo
    item = Item(asked=repo.repo_id, repo_id=repo.repo_id, commit=repo.commit, listed=dump_description(repo))
    try:
        _refuse_unread(entry)
    except IngestError as error:
        return refused(item, error)
    return item


def named_item(text: str) -> Item:
    """The item of a name as the user gave it; refused where it names no repository."""
    asked = text.strip()
    try:
        ref = parse_repo_ref(asked)
    except IngestError as error:
        return refused(Item(asked=asked[:255]), error)
    return Item(asked=str(ref), repo_id=ref.repo_id, commit=ref.revision if ref.is_commit else None)


def refused(item: Item, error: IngestError) -> Item:
    """The item with the reason why it cannot be sized."""
    problem = {"type": type(error).__name__, "message": error.message[:2000], "hint": error.hint[:1000]}
    return replace(item, state=REFUSED, problem=json.dumps(problem).replace("\\u0000", ""))


def _faulty(item: Item, error: Exception) -> Item:
    """The item refused by a fault of ours, whose traceback is in the log: the others are to be read all the same."""
    said = f"{item.asked[:200]}: a fault of hubgauge: {type(error).__name__}: {error}"
    problem = {"type": "Bug", "message": said[:500], "hint": "please report it with the model's name"}
    return replace(item, state=REFUSED, listed=None, problem=json.dumps(problem).replace("\\u0000", ""))


def _refuse_unread(entry: Listed) -> None:
    """Raises where the list already tells that no model comes of it, and so spares the request."""
    repo, label = entry.repo, f"{entry.repo.repo_id}@{entry.repo.commit[:7]}"
    if repo.siblings is not None and not repo.has_file(CONFIG) and not repo.has_file("adapter_config.json"):
        raise missing_config(repo)
    if entry.model_type is not None and (entry.model_type not in FAMILIES or entry.model_type in OTHER_KINDS):
        shape = {"model_type": entry.model_type, "architectures": list(entry.architectures)}
        normalize(shape, repo_id=repo.repo_id, revision=repo.commit)
        raise UnsupportedArchitecture(f"{label}: {entry.model_type} is not known")  # normalize has said so better


class Fetcher:
    """Fetches items for one caller of one Hub. Threads may share it."""

    def __init__(
        self,
        settings: Settings,
        quota: Quota,
        specs: SpecStore,
        *,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._specs = settings, specs
        self._line = Line(settings, quota)
        self._wall_clock = wall_clock

    def fetch(self, item: Item) -> Fetched:
        """The item settled; it stays listed, with one more attempt, where the Hub could not be asked.

        Raises `BudgetClosed` where the scan is told to stop, and what the database raises.
        """
        try:
            return self._listed(item) if item.listed is not None else self._named(item)
        except (BudgetClosed, SQLAlchemyError):
            raise
        except HubUnavailable as error:
            return Fetched(replace(refused(item, error), state=LISTED, attempts=item.attempts + 1))
        except IngestError as error:
            return Fetched(replace(refused(item, _since_listed(item, error)), listed=None))
        except Exception as error:
            log.exception("%s could not be read", item.asked)
            return Fetched(_faulty(item, error))

    def close(self) -> None:
        """Closes its connections."""
        self._line.close()

    def _listed(self, item: Item) -> Fetched:
        assert item.listed is not None
        repo = load_description(item.listed, fetched_at_s=self._wall_clock())
        return Fetched(_kept(item, repo), self._with_files(repo))

    def _with_files(self, repo: FetchedRepo) -> FetchedRepo:
        has_config, is_listed = repo.has_file(CONFIG), repo.siblings is not None
        may_be_adapter = is_listed and (not has_config or repo.is_adapter_only)
        found = replace(
            repo,
            config=self._file(repo, CONFIG) if has_config else None,
            hf_quant_config=self._file(repo, "hf_quant_config.json") if is_listed else None,
            adapter_config=self._file(repo, "adapter_config.json") if may_be_adapter else None,
        )
        if found.config is None and found.adapter_config is None:
            raise missing_config(found)
        return found

    def _named(self, item: Item) -> Fetched:
        ref = parse_repo_ref(item.asked)
        if ref.is_commit and (known := self._specs.get(ref.repo_id, ref.revision or "")):
            return Fetched(_kept(item, known))
        seen = None if ref.revision else self._specs.latest(ref.repo_id)
        headers = {"If-None-Match": seen.etag} if seen and seen.etag else {}
        path = f"/{ref.repo_id}/resolve/{quote(ref.revision or 'main', safe='')}/{CONFIG}"
        try:
            answer = self._line.get(path, self._asked(str(ref)), what=CONFIG, max_bytes=MAX_FILE_BYTES, headers=headers)
        except NoConfig:
            return self._described(item, ref)
        if answer.status == 304 and seen is not None:
            commit = _commit_of(answer.headers) or seen.repo.commit
            return Fetched(_kept(item, seen.repo, commit), replace(seen.repo, commit=commit), seen.etag)
        repo = self._stated(answer.content, _commit_of(answer.headers), answer.path, ref)
        if repo is None:
            return self._described(item, ref)
        return Fetched(_kept(item, repo), repo, answer.headers.get("etag"))

    def _stated(self, content: bytes, commit: str | None, path: str, ref: RepoRef) -> FetchedRepo | None:
        """The repository whose config was answered, by the name it has there; None where no commit was stated."""
        if commit is None:
            return None
        moved = _FILE_PATH.match(path)
        repo_id = moved[1] if moved and is_repo_id(moved[1]) else ref.repo_id
        return FetchedRepo(repo_id, commit, config=content, fetched_at_s=self._wall_clock())

    def _described(self, item: Item, ref: RepoRef) -> Fetched:
        """By the model's info, for what has no config.json, or a Hub that does not state the commit."""
        path = f"/api/models/{ref.repo_id}" + (f"/revision/{quote(ref.revision, safe='')}" if ref.revision else "")
        path += "?blobs=true"
        answer = self._line.get(path, self._asked(str(ref)), what="", max_bytes=MAX_ANSWER_BYTES)
        try:
            info = json.loads(answer.content)
        except (ValueError, RecursionError):
            info = None
        repo = read_model_info(info, ref.repo_id, ref.revision or "main", self._wall_clock())
        if repo is None:
            raise HubUnavailable(f"{ref}: what the Hub answered is not what a Hub says.", "Is HF_ENDPOINT a Hub?")
        return Fetched(_kept(item, repo), self._with_files(repo))

    def _file(self, repo: FetchedRepo, name: str) -> bytes | None:
        """The bytes of a small file; None if the commit has none of that name."""
        if not repo.has_file(name):
            return None
        path = f"/{repo.repo_id}/resolve/{repo.commit}/{name}"
        try:
            return self._line.get(path, self._asked(repo.repo_id), what=name, max_bytes=MAX_FILE_BYTES).content
        except NoConfig:
            return None

    def _asked(self, name: str) -> Asked:
        if self._settings.is_offline:
            raise HubUnavailable(f"{name}: offline mode is on (HF_HUB_OFFLINE).", "Unset HF_HUB_OFFLINE.")
        return Asked(name, self._settings.endpoint, self._settings.token is not None)


def _kept(item: Item, repo: FetchedRepo, commit: str | None = None) -> Item:
    return replace(item, state=KEPT, listed=None, problem=None, repo_id=repo.repo_id, commit=commit or repo.commit)


def _commit_of(headers: Mapping[str, str]) -> str | None:
    commit = headers.get("x-repo-commit", "")
    return commit if is_commit(commit) else None


def _since_listed(item: Item, error: IngestError) -> IngestError:
    """The error, with what is likely where a list has just named the repository."""
    if item.listed is None or not isinstance(error, UnknownModel):
        return error
    return UnknownModel(f"{error.message} The list named it: it was deleted or made private since.", error.hint)
