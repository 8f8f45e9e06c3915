"""A model repository as the Hub described it at one commit: a plain value, with the small files that size a model."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from ingest.repo_ref import is_commit, is_repo_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BASE_MODEL_RELATIONS: Final = ("quantized", "adapter", "finetune", "merge")
WEIGHT_ENDINGS: Final = (".safetensors", ".gguf", ".bin", ".pth", ".pt", ".msgpack", ".h5")
GGUF_KEYS: Final = ("total", "architecture", "context_length", "totalFileSize")
"""What is kept of `gguf`: its chat template is long and sizes nothing."""


@dataclass(frozen=True, slots=True)
class RepoFile:
    """One file of a repository; the size is None when the Hub did not state it."""

    name: str
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class FetchedRepo:
    """A repository at a commit, and where this knowledge is from.

    `config`, `hf_quant_config` and `adapter_config` are the bytes of those files, unread; None where the repository has
    none. `stale` means that the Hub could not be asked whether `revision` still is this commit, and `stale_reason` why.
    """

    repo_id: str
    commit: str
    revision: str = "main"
    config: bytes | None = None
    hf_quant_config: bytes | None = None
    adapter_config: bytes | None = None
    pipeline_tag: str | None = None
    library_name: str | None = None
    tags: tuple[str, ...] = ()
    gated: str | None = None
    is_private: bool = False
    base_models: tuple[str, ...] = ()
    safetensors_parameters: Mapping[str, int] | None = None
    safetensors_total: int | None = None
    siblings: tuple[RepoFile, ...] | None = None
    gguf: Mapping[str, Any] | None = None
    last_modified: str | None = None
    fetched_at_s: float = 0.0
    source: Literal["hub", "cache"] = "hub"
    stale: bool = False
    stale_reason: str = field(default="", compare=False)

    def has_file(self, name: str) -> bool:
        """Whether the commit lists this file; true when the Hub listed none, for then it must be asked."""
        return self.siblings is None or any(file.name == name for file in self.siblings)

    def size_of(self, name: str) -> int | None:
        """The stated bytes of a file; None if not stated."""
        return next((file.size_bytes for file in self.siblings or () if file.name == name), None)

    @property
    def weight_files(self) -> tuple[RepoFile, ...]:
        """The listed files that hold weights of the model or of an adapter."""
        return tuple(file for file in self.siblings or () if file.name.lower().endswith(WEIGHT_ENDINGS))

    @property
    def is_adapter_only(self) -> bool:
        """Whether an adapter is listed and no weights but its own."""
        if not any(file.name == "adapter_config.json" for file in self.siblings or ()):
            return False
        return all(file.name.rpartition("/")[2].startswith("adapter_") for file in self.weight_files)

    @property
    def is_gguf_only(self) -> bool:
        """Whether GGUF files are listed and no weights of another kind."""
        files = self.weight_files
        return bool(files) and all(file.name.lower().endswith(".gguf") for file in files)


def read_model_info(payload: object, asked: str, revision: str, fetched_at_s: float) -> FetchedRepo | None:
    """The repository that the Hub's model info describes; None if this is no model info.

    Keys of the wrong kind count as not stated: cards are strangers' text, and only the commit is required.
    """
    if not isinstance(payload, dict):
        return None
    info: dict[str, Any] = payload
    commit = info.get("sha")
    if not isinstance(commit, str) or not is_commit(commit):
        return None
    repo_id = _text(info.get("id")) or asked
    safetensors = _object(info.get("safetensors")) or {}
    tags = _strings(info.get("tags"))
    return FetchedRepo(
        repo_id=repo_id if is_repo_id(repo_id) else asked,  # it becomes part of an address
        commit=commit,
        revision=revision,
        pipeline_tag=_text(info.get("pipeline_tag")),
        library_name=_text(info.get("library_name")),
        tags=tags,
        gated=_text(info.get("gated")),
        is_private=info.get("private") is True,
        base_models=_base_models(tags, _object(info.get("cardData")) or {}),
        safetensors_parameters=_counts(safetensors.get("parameters")),
        safetensors_total=_count(safetensors.get("total")),
        siblings=_siblings(info.get("siblings")),
        gguf=_gguf(info.get("gguf")),
        last_modified=_text(info.get("lastModified")),
        fetched_at_s=fetched_at_s,
    )


def dump_description(repo: FetchedRepo) -> str:
    """Everything but the files' bytes and the circumstances, as JSON for the cache."""
    files = None if repo.siblings is None else [[file.name, file.size_bytes] for file in repo.siblings]
    return json.dumps(
        {
            "repo_id": repo.repo_id,
            "commit": repo.commit,
            "pipeline_tag": repo.pipeline_tag,
            "library_name": repo.library_name,
            "tags": repo.tags,
            "gated": repo.gated,
            "is_private": repo.is_private,
            "base_models": repo.base_models,
            "safetensors_parameters": repo.safetensors_parameters,
            "safetensors_total": repo.safetensors_total,
            "siblings": files,
            "gguf": repo.gguf,
            "last_modified": repo.last_modified,
        },
        separators=(",", ":"),
    )


def load_description(text: str, **circumstances: Any) -> FetchedRepo:
    """The repository that `dump_description` wrote, with its files' bytes and circumstances."""
    stored = json.loads(text)
    siblings = stored.pop("siblings")
    return FetchedRepo(
        **{**stored, "tags": tuple(stored["tags"]), "base_models": tuple(stored["base_models"])},
        siblings=None if siblings is None else tuple(RepoFile(name, size) for name, size in siblings),
        **circumstances,
    )


def _object(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _strings(value: object) -> tuple[str, ...]:
    items: Iterable[object] = value if isinstance(value, list) else [value]
    return tuple(item for item in items if isinstance(item, str) and item)


def _counts(value: object) -> dict[str, int] | None:
    counts = {key: count for key, raw in (_object(value) or {}).items() if (count := _count(raw)) is not None}
    return counts or None


def _siblings(value: object) -> tuple[RepoFile, ...] | None:
    if not isinstance(value, list):
        return None
    entries = (entry for entry in value if isinstance(entry, dict))
    return tuple(
        RepoFile(name, _count(entry.get("size"))) for entry in entries if (name := _text(entry.get("rfilename")))
    )


def _gguf(value: object) -> dict[str, Any] | None:
    stated = _object(value) or {}
    kept = {key: stated[key] for key in GGUF_KEYS if isinstance(stated.get(key), str | int)}
    return kept or None


def _base_models(tags: tuple[str, ...], card: Mapping[str, Any]) -> tuple[str, ...]:
    """The models this one is made from: tags `base_model:<relation>:<id>`, else the card."""
    prefixes = tuple(f"base_model:{relation}:" for relation in BASE_MODEL_RELATIONS)
    tagged = [tag.split(":", 2)[2] for tag in tags if tag.startswith(prefixes)]
    return tuple(dict.fromkeys(tagged)) or _strings(card.get("base_model"))
