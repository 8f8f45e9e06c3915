"""Which .gguf files of a repository are one quantization of the model, and which quantization is meant.

    Model-Q4_K_M.gguf    Q4_K_M/Model-Q4_K_M-00001-of-00003.gguf    UD-Q4_K_XL/...    model.gguf (no label)

Projectors of vision or audio (mmproj), importance matrices and adapters are no quantizations of the model.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ingest.errors import AmbiguousModel, IngestError, NoConfig, UnknownModel
from ingest.fetched_repo import RepoFile

ENDING: Final = ".gguf"
PREFERRED: Final = "Q4_K_M"
MAX_FILES: Final = 10_000
MAX_NAME: Final = 512
_BESIDE: Final = ("mmproj", "imatrix", "lora", "vocab", "projector")
_SHARD: Final = re.compile(r"-(\d{5})-of-(\d{5})$")
_LABEL: Final = re.compile(
    r"(?:^|[-._/ ])((?:UD-)?(?:(?:I?Q|TQ)\d(?:_[A-Z0-9]{1,3}){1,3}|MXFP4(?:_MOE)?|NVFP4|BF16|FP?16|FP?32))"
    r"(?=$|[-._/ ])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quantization:
    """One quantization: its label in capitals, empty where the name has none, and its files in order."""

    label: str
    files: tuple[RepoFile, ...]

    @property
    def size_bytes(self) -> int | None:
        """All files together; None where one's size is not stated."""
        sizes = [file.size_bytes for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def stem(self) -> str:
        """The name of the first file without its ending and its number."""
        return _SHARD.sub("", self.files[0].name.removesuffix(ENDING))


def is_gguf(name: str) -> bool:
    """Whether a file of that name holds a model, or a part of one."""
    lower = name.lower()
    if ".." in name.split("/"):
        return False  # it becomes part of an address
    return lower.endswith(ENDING) and not any(word in lower.rpartition("/")[2] for word in _BESIDE)


def label_of(name: str) -> str:
    """The quantization that a file's name states, the file's own name before its folder's; empty if none does."""
    stem = _SHARD.sub("", name[-MAX_NAME:].removesuffix(ENDING))
    folder, _, own = stem.rpartition("/")
    found = _LABEL.findall(own) or _LABEL.findall(folder)
    label = found[-1].upper() if found else ""
    return "F" + label.removeprefix("FP") if label.startswith("FP") else label


def quantizations(files: Iterable[RepoFile]) -> list[Quantization]:
    """The quantizations among the files, smallest first. A shard without its first one is none that loads."""
    groups: dict[str, list[RepoFile]] = {}
    for file in list(files)[:MAX_FILES]:
        if is_gguf(file.name):
            groups.setdefault(_SHARD.sub("", file.name.removesuffix(ENDING)), []).append(file)
    found = [
        Quantization(label_of(members[0].name), tuple(sorted(members, key=lambda file: file.name)))
        for members in groups.values()
    ]
    return sorted(found, key=lambda one: (one.size_bytes or 0, one.stem))


def choose(repo_id: str, found: list[Quantization], asked: str | None, file: str | None) -> Quantization:
    """The quantization that was asked for, by label or by file; else the only one, else Q4_K_M.

    Raises: UnknownModel where it is not there, AmbiguousModel where several would do; both list what is there.
    """
    if not found:
        raise NoConfig(f"{repo_id}: no .gguf file of a model", "name the repository of the original model")
    if file is not None:
        return _one([one for one in found if any(part.name == file for part in one.files)], repo_id, found, file)
    if asked is not None:
        return _one(_labelled(found, asked.upper()), repo_id, found, asked)
    if len(found) == 1:
        return found[0]
    preferred = _labelled(found, PREFERRED)
    if len(preferred) == 1:
        return preferred[0]
    raise AmbiguousModel(
        f"{repo_id} holds {len(found)} quantizations: {listing(found)}",
        f"name one, such as {spelled(repo_id, found[0])}",
        suggestions=tuple(spelled(repo_id, one) for one in found[:8]),
    )


def _labelled(found: list[Quantization], label: str) -> list[Quantization]:
    """Those of exactly that label, else those of that label in the dynamic variant."""
    exact = [one for one in found if one.label == label]
    return exact or [one for one in found if one.label == f"UD-{label}"]


def _one(fitting: list[Quantization], repo_id: str, found: list[Quantization], asked: str) -> Quantization:
    if len(fitting) == 1:
        return fitting[0]
    error: type[IngestError] = AmbiguousModel if fitting else UnknownModel
    said = f"{len(fitting)} files of it" if fitting else "it holds"
    raise error(
        f"{repo_id} has {'several' if fitting else 'no'} {asked}: {said} {listing(fitting or found)}",
        f"name one, such as {spelled(repo_id, (fitting or found)[0])}",
        suggestions=tuple(spelled(repo_id, one) for one in (fitting or found)[:8]),
    )


def listing(found: list[Quantization]) -> str:
    """The labels with their sizes in GB."""
    shown = [f"{one.label or one.stem} ({_size(one)})" for one in found[:24]]
    return ", ".join(shown) + (f" and {len(found) - 24} more" if len(found) > 24 else "")


def _size(one: Quantization) -> str:
    return "size not stated" if one.size_bytes is None else f"{one.size_bytes / 1e9:,.1f} GB"


def spelled(repo_id: str, one: Quantization) -> str:
    """How to ask for it: by label, or by file where that has none."""
    return f"{repo_id}:{one.label}" if one.label else f"hf://{repo_id}/{one.files[0].name}"


def is_whole(one: Quantization) -> bool:
    """Whether all numbered parts are there."""
    counts = {match[2] for file in one.files if (match := _SHARD.search(file.name.removesuffix(ENDING)))}
    return not counts or counts == {f"{len(one.files):05}"}
