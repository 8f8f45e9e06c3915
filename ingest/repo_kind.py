"""What a repository without config.json is instead, by its files, tags and library, and what to ask for.

Each rule is one line of a table: a test, what the repository is called, the error, and the hint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ingest.errors import IngestError, NoConfig, NotAGenerativeModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.fetched_repo import FetchedRepo

FURNITURE: Final = frozenset({".gitattributes", ".gitignore", "readme.md", "license", "license.txt"})
BASE: Final = "Ask about the model it is made from"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of repository that has no config.json, how to tell it and what to say."""

    name: str
    is_it: Callable[[FetchedRepo], bool]
    error: type[IngestError]
    hint: str


def missing_config(repo: FetchedRepo) -> IngestError:
    """The error for a repository without config.json, naming what it is and the model it is made from."""
    kind = next((kind for kind in KINDS if kind.is_it(repo)), None)
    what = f"it is {kind.name}" if kind else "and nothing tells what it is"
    hint = kind.hint if kind else "Name the repository of the original transformers checkpoint."
    if repo.base_models:
        hint = f"{hint.rstrip('.')}: {', '.join(repo.base_models[:3])}."
    error = kind.error if kind else NoConfig
    where = f"{repo.repo_id}@{repo.commit[:8]}"
    return error(f"{where} has no config.json: {what}.", hint, suggestions=repo.base_models[:3])


def _names(repo: FetchedRepo) -> list[str]:
    return [file.name.lower() for file in repo.siblings or ()]


def _is_empty(repo: FetchedRepo) -> bool:
    return FURNITURE.issuperset(_names(repo))


def _is_adapter(repo: FetchedRepo) -> bool:
    return "adapter_config.json" in _names(repo) or repo.library_name == "peft"


def _is_diffusion(repo: FetchedRepo) -> bool:
    return "model_index.json" in _names(repo) or repo.library_name == "diffusers"


def _is_gguf(repo: FetchedRepo) -> bool:
    return repo.gguf is not None or any(name.endswith(".gguf") for name in _names(repo))


def _is_sentence_embedder(repo: FetchedRepo) -> bool:
    return repo.library_name == "sentence-transformers" or "config_sentence_transformers.json" in _names(repo)


def _is_original_checkpoint(repo: FetchedRepo) -> bool:
    return "params.json" in _names(repo) or any(name.startswith("consolidated.") for name in _names(repo))


def _is_nemo(repo: FetchedRepo) -> bool:
    return repo.library_name == "nemo" or any(name.endswith(".nemo") for name in _names(repo))


def _is_onnx(repo: FetchedRepo) -> bool:
    return any(name.endswith(".onnx") for name in _names(repo))


def _has_nested_configs(repo: FetchedRepo) -> bool:
    return any(name.endswith("/config.json") for name in _names(repo))


def _is_other_task(repo: FetchedRepo) -> bool:
    return repo.pipeline_tag is not None and "text-generation" not in repo.pipeline_tag


ANOTHER = "Name a repository of a language model as org/name."
TRANSFORMERS = "Name its transformers version, often the same name with -hf."
KINDS: Final = (
    Kind("empty so far", _is_empty, NoConfig, "Ask again when its files are uploaded."),
    Kind("an adapter (LoRA or the like), no whole model", _is_adapter, NotAGenerativeModel, f"{BASE}."),
    Kind("a diffusion pipeline", _is_diffusion, NotAGenerativeModel, ANOTHER),
    Kind("a GGUF repository of ready-quantized files", _is_gguf, NoConfig, f"{BASE}, with a GGUF type such as q4_k_m."),
    Kind("a sentence-embedding model", _is_sentence_embedder, NotAGenerativeModel, ANOTHER),
    Kind("a checkpoint in its makers' own layout", _is_original_checkpoint, NoConfig, TRANSFORMERS),
    Kind("a NeMo checkpoint", _is_nemo, NoConfig, TRANSFORMERS),
    Kind("an ONNX export", _is_onnx, NoConfig, f"{BASE}."),
    Kind("several models in folders", _has_nested_configs, NoConfig, "Save one config.json of them and name the file."),
    Kind("a model for another task than text", _is_other_task, NotAGenerativeModel, ANOTHER),
)
