"""What a repository that cannot be asked for repeats: a bundled model of the same name, under another organisation.

    unsloth/Llama-3.1-8B-Instruct                  the shape of meta-llama/Llama-3.1-8B-Instruct
    RedHatAI/Qwen3-30B-A3B-NVFP4                   the shape of Qwen/Qwen3-30B-A3B, in nvfp4
    bartowski/Llama-3.1-8B-Instruct-GGUF:Q4_K_M    the shape of meta-llama/Llama-3.1-8B-Instruct, in q4_k_m

Words and numbers must be the same, and the format one that is known: a fine-tune with a name of its own is not guessed.
The answer says that the repository was not read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ingest.name_parts import NameParts, is_original, name_parts
from ingest.repo_ref import RepoRef

FORMATS_BY_WORD: Final[Mapping[str, str]] = {
    "nvfp4": "nvfp4",
    "mxfp4": "mxfp4",
    "fp8": "fp8",
    "int8": "int8",
    "w8a8": "int8",
    "8bit": "int8",
    "int4": "int4",
    "w4a16": "int4",
    "awq": "int4",
    "gptq": "int4",
    "autoround": "int4",
    "4bit": "int4",
    "nf4": "nf4",
}
"""The format that a word of a name stands for, where it stands for one."""
SILENT_WORDS: Final = frozenset({"quantized", "dynamic", "mlx", "gguf"})
"""Words beside the format: how it was made, or the file it lies in."""


@dataclass(frozen=True, slots=True)
class SameName:
    """The bundled model of that name, and the format that the repository's name adds (None: the model's own)."""

    repo_id: str
    weights: str | None


def same_name(ref: RepoRef, bundled: Iterable[str]) -> SameName | None:
    """The bundled model whose name this repository repeats; None where there is none, or its format is not known."""
    organisation, _, name = ref.repo_id.rpartition("/")
    asked = name_parts(name)
    weights = ref.quantization.lower() if ref.quantization else _format_of(asked)
    if ref.revision is not None or ref.file is not None or weights is None:
        return None
    found = [(rank, repo_id) for repo_id in bundled if (rank := _rank(asked, repo_id)) is not None]
    if not found or not asked.numbers or is_original(organisation, asked):
        return None  # a maker's own other model has another shape
    (_, _, has_its_format), repo_id = min(found)
    return SameName(repo_id, None if not has_its_format or weights == "" else weights)


def _format_of(asked: NameParts) -> str | None:
    """The format that the name states, "" where it states none, None where it states what is not known."""
    if "bnb" in asked.formats and asked.formats <= {"bnb", "4bit"}:
        return "nf4"
    named = {FORMATS_BY_WORD.get(word) for word in asked.formats - SILENT_WORDS}
    if None in named or len(named) > 1 or ("gguf" in asked.formats and not named):
        return None
    return next((word for word in named if word is not None), "")


def _rank(asked: NameParts, repo_id: str) -> tuple[bool, bool, bool] | None:
    """How well a bundled model of the same words and numbers fits, smaller first; None where it is another model."""
    organisation, _, name = repo_id.rpartition("/")
    parts = name_parts(name)
    if parts.key != asked.key or parts.suffixes != asked.suffixes or (parts.formats and parts.formats != asked.formats):
        return None
    return not is_original(organisation, parts), parts.is_instruct != asked.is_instruct, parts.formats != asked.formats
