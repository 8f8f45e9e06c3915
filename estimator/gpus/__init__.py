"""Every card that hubgauge knows, one row each, and how a name finds its row.

Figures as of 2026-11-20, each with its source and confidence. `high`: at least two independent sources agree on
bandwidth and on the 16-bit rate; `med`: one source, or derived by a formula checked elsewhere; `low`: sources
disagree, the part is not out yet, or the figure is derived alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from math import isfinite
from typing import Final

from estimator.errors import ImpossibleValue, UnknownGpu
from estimator.gpus.accelerators import ACCELERATORS
from estimator.gpus.amd import AMD
from estimator.gpus.apple import APPLE
from estimator.gpus.cpu import CPU
from estimator.gpus.intel import INTEL
from estimator.gpus.nvidia_datacenter import NVIDIA_DATACENTER
from estimator.gpus.nvidia_geforce import NVIDIA_GEFORCE
from estimator.gpus.nvidia_hopper_blackwell import NVIDIA_HOPPER_BLACKWELL
from estimator.gpus.nvidia_workstation import NVIDIA_WORKSTATION
from estimator.gpus.unified import UNIFIED_MEMORY
from estimator.hardware import Gpu

GPUS: Final[Mapping[str, Gpu]] = {
    row.id: row
    for rows in (
        NVIDIA_HOPPER_BLACKWELL,
        NVIDIA_DATACENTER,
        NVIDIA_GEFORCE,
        NVIDIA_WORKSTATION,
        UNIFIED_MEMORY,
        AMD,
        APPLE,
        ACCELERATORS,
        INTEL,
        CPU,
    )
    for row in rows
}

BRANDS: Final = ("nvidia", "geforce", "quadro", "tesla", "amd", "instinct", "radeon", "intel", "google", "apple", "aws")
"""Words in front of a card's name that name no card: `NVIDIA GeForce RTX 4090` is an RTX 4090."""

LARGEST_MEMORY_GB: Final = 100_000
"""Above any machine: a larger figure is a slip of the unit."""


def find_gpu(name: str) -> Gpu:
    """The card of that name: its id, an alias, or either with the vendor before it or the memory after it.

    Case, spaces, dashes and underscores make no difference. A bare family name means its commonest form
    (h100 and h200 are SXM, a100 is the SXM with 80 GB). `UnknownGpu` names near ids.
    """
    gpu = _row(name)
    if gpu is None:
        stem, memory_gb = _split_memory(name)
        base = _row(stem) if memory_gb else None
        gpu = with_memory(base, memory_gb) if base and memory_gb else None
    if gpu is None:
        raise UnknownGpu(f"unknown GPU {name!r}", _hint(name))
    return gpu


def with_memory(gpu: Gpu, memory_gb: float) -> Gpu:
    """The card with another memory, in GB as labels print it.

    A memory that the card is sold with changes nothing (a B200 is labelled 180 and 192); one that another size of the
    same card has gives that row, bandwidth and all (an A100 SXM with 40 GB, the 30-core M3 Max with 96). Anything
    else is the same card with that memory, whose driver figure scales with the label (a 4090 with 48 GB).
    """
    if not isfinite(memory_gb) or not 0 < memory_gb <= LARGEST_MEMORY_GB:
        raise ImpossibleValue(f"{gpu.id} with {memory_gb:g} GB of memory", "give the memory of one card in GB")
    if memory_gb in gpu.memory_options_gb and memory_gb != gpu.sold_memory_gb:
        return _resized(gpu, memory_gb)
    if gpu.is_sold_with(memory_gb):
        return gpu
    for other in GPUS.values():
        if other.line == gpu.line and (memory_gb in other.memory_options_gb or other.is_sold_with(memory_gb)):
            return other if other.sold_memory_gb == memory_gb else _resized(other, memory_gb)
    return _resized(gpu, memory_gb)


@cache
def gpus_by_alias() -> Mapping[str, str]:
    """Ids by every name of a card, lower case with single spaces: `h100 sxm`, `rtx 4090`, `4090`."""
    return {name.lower().replace("-", " "): gpu.id for gpu in GPUS.values() for name in (gpu.id, *gpu.aliases)}


def _resized(gpu: Gpu, memory_gb: float) -> Gpu:
    driver_gib = gpu.driver_memory_gib and gpu.driver_memory_gib / gpu.sold_memory_gb * memory_gb
    return replace(
        gpu,
        sold_memory_gb=memory_gb,
        driver_memory_gib=driver_gib,
        driver_memory_source=f"scaled from {gpu.sold_memory_gb:g} GB" if driver_gib else "",
        engine_memory_gib=None,
        also_sold_as_gb=(),
    )


@cache
def _ids_by_compact_name() -> Mapping[str, str]:
    return {name.replace(" ", ""): gpu_id for name, gpu_id in gpus_by_alias().items()}


def _row(name: str) -> Gpu | None:
    exact = GPUS.get(name)
    if exact is not None:
        return exact
    ids = _ids_by_compact_name()
    return next((GPUS[ids[key]] for key in _spellings(name) if key in ids), None)


def _spellings(name: str) -> Iterator[str]:
    """The name without separators, then without one brand after the other before it."""
    words = _words(name)
    yield "".join(words)
    while words and words[0] in BRANDS:
        words = words[1:]
        yield "".join(words)


def _words(name: str) -> list[str]:
    return name.lower().replace("-", " ").replace("_", " ").split()


def _split_memory(name: str) -> tuple[str, float | None]:
    """The name and the memory at its end: `RTX 4090 48GB` is (`rtx 4090`, 48)."""
    text = " ".join(_words(name)).removesuffix("b").removesuffix("gi").removesuffix("g").rstrip()
    stem = text.rstrip("0123456789")
    digits = text[len(stem) :]
    if not digits or text == " ".join(_words(name)) or not stem.strip():
        return name, None
    return stem, float(digits)


def _hint(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistyped name pays for it

    ids = _ids_by_compact_name()
    near = dict.fromkeys(ids[key] for key in get_close_matches("".join(_words(name)), ids, n=5, cutoff=0.6))
    return f"near: {', '.join(near)}" if near else "`hubgauge hardware` lists every card"
