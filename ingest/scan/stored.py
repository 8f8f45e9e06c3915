"""A model out of what the store keeps of its repository: as `ingest.hub_models` reads it, without asking the Hub."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

from ingest.errors import NoConfig
from ingest.hub_models import HubModels
from ingest.repo_kind import missing_config
from ingest.repo_ref import RepoRef

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.fetched_repo import FetchedRepo
    from ingest.gguf.header import GgufHeader
    from ingest.loaded_model import LoadedModel


@dataclass(frozen=True, slots=True)
class _Kept:
    """One repository; what was not fetched with it is not there."""

    repo: FetchedRepo

    def fetch_repo(self, ref: RepoRef) -> FetchedRepo:  # noqa: ARG002  # there is one
        return self.repo

    def fetch_part(self, repo: FetchedRepo, name: str) -> None:  # noqa: ARG002  # the protocol's signature
        return None

    def fetch_gguf_header(self, repo: FetchedRepo, name: str, *, with_tensors: bool = False) -> GgufHeader:  # noqa: ARG002  # as above
        raise NoConfig(f"{repo.repo_id}/{name}: GGUF files are not read by scans", f"ask for {repo.repo_id} by itself")


def model_of(repo: FetchedRepo, base_of: Callable[[RepoRef], LoadedModel]) -> LoadedModel:
    """The model of a kept repository; raises the `IngestError` tree. `base_of` loads the base of an adapter."""
    if repo.config is None and repo.adapter_config is None:
        _not_read(repo)
    plain = replace(repo, gguf=None) if repo.config is not None else repo
    return HubModels(_Kept(plain), base_of).load(RepoRef(repo.repo_id), repo.repo_id)


def _not_read(repo: FetchedRepo) -> NoReturn:
    raise missing_config(repo)
