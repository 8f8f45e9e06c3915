"""Serving engines as they spend memory, by version. One row per set of rules; measured in memory.md, section 3.

    activation = sampler_factor x max_num_seqs x vocab x 4 B + 2 x batched_tokens x hidden x 2 B (+ experts)
    non-torch  = NCCL buffers and contexts, by tensor-parallel degree
    graphs     = 0.54 GiB + 0.013 GiB a layer; part of the budget from vLLM 0.21 on, beside it before

Only vLLM's figures rest on many logs (n = 104 for the budget identity, median error 0.003 GiB). The other engines'
rows say in `source` how little they rest on, and the answer repeats it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from estimator.errors import EstimatorError

EngineName = Literal["vllm", "sglang", "trtllm", "llama.cpp"]
ENGINE_NAMES: Final[tuple[EngineName, ...]] = ("vllm", "sglang", "trtllm", "llama.cpp")

Version = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine from one version on."""

    name: EngineName
    since: Version
    memory_fraction: float
    sampler_factor: float
    non_torch_gib: Mapping[int, float]
    non_torch_pipeline_gib: float
    graphs_in_budget: bool
    bills_windows_in_full: bool
    pads_layer_groups: bool
    source: str

    def non_torch_bytes_gib(self, tensor: int, pipeline: int) -> float:
        """GiB outside PyTorch's allocator; the largest measured degree serves for those beyond it."""
        if tensor == 1 and pipeline > 1:
            return self.non_torch_pipeline_gib
        return self.non_torch_gib[max([degree for degree in self.non_torch_gib if degree <= tensor])]


NEWEST: Final[Mapping[EngineName, str]] = {"vllm": "0.25", "sglang": "0.5.10", "trtllm": "1.3", "llama.cpp": "2026"}
"""The newest version seen in the logs and runs that the rules rest on; taken when none is named."""

_VLLM: Final = "vLLM start-up logs"

_VLLM_V0: Final = Engine(
    name="vllm",
    since=(0, 0),
    memory_fraction=0.9,
    sampler_factor=9.5,
    non_torch_gib={1: 0.065, 2: 0.28, 4: 0.20, 8: 2.1},
    non_torch_pipeline_gib=0.065,
    graphs_in_budget=False,
    bills_windows_in_full=True,
    pads_layer_groups=False,
    source=f"{_VLLM} (V0, n=17; TP8 2 logs)",
)
_VLLM_0_11: Final = replace(
    _VLLM_V0,
    since=(0, 11),
    non_torch_gib={1: 0.13, 2: 0.55},
    non_torch_pipeline_gib=0.07,
    pads_layer_groups=True,
    source=f"{_VLLM} (v0.11-0.16, n=10)",
)
_VLLM_0_17: Final = replace(_VLLM_0_11, since=(0, 17), sampler_factor=3.6, source=f"{_VLLM} (v0.17)")
_VLLM_0_18: Final = replace(
    _VLLM_0_17,
    since=(0, 18),
    non_torch_gib={1: 0.25, 2: 2.07, 4: 2.17},
    source=f"{_VLLM} (v0.18-0.19, n=46)",
)
_VLLM_0_21: Final = replace(
    _VLLM_0_18,
    since=(0, 21),
    graphs_in_budget=True,
    bills_windows_in_full=False,
    source=f"{_VLLM} (v0.18-0.19, n=46; from v0.21 on its own text counts CUDA graphs in the budget)",
)
_SGLANG: Final = Engine(
    name="sglang",
    since=(0, 0),
    memory_fraction=0.88,
    sampler_factor=0.0,
    non_torch_gib={1: 0.0},
    non_torch_pipeline_gib=0.0,
    graphs_in_budget=False,
    bills_windows_in_full=True,
    pads_layer_groups=False,
    source="25 SGLang logs: mem_fraction_static covers weights and pool; the rest serves activations and graphs",
)

ENGINES: Final[tuple[Engine, ...]] = (
    _VLLM_V0,
    _VLLM_0_11,
    _VLLM_0_17,
    _VLLM_0_18,
    _VLLM_0_21,
    _SGLANG,
    replace(
        _SGLANG,
        name="trtllm",
        memory_fraction=0.9,
        non_torch_gib={1: 0.5, 2: 2.1},
        non_torch_pipeline_gib=0.5,
        source="6 TensorRT-LLM logs only: non-torch and activation taken as vLLM's; windows reserved in full",
    ),
    replace(
        _SGLANG,
        name="llama.cpp",
        memory_fraction=1.0,
        non_torch_gib={1: 0.25},
        non_torch_pipeline_gib=0.25,
        bills_windows_in_full=False,
        source="22 llama.cpp logs: no share is reserved; windows save truly (gpt-oss-120b: 9,216 + 90 MiB)",
    ),
)


class UnknownEngine(EstimatorError):
    """No engine of that name."""


@lru_cache(maxsize=256)  # asked for at every estimate, always in the same few words
def parse_version(text: str | None) -> Version | None:
    """Major and minor of a version as logs print it ("0.10.x (V0)" -> (0, 10)); None where it has none."""
    match = re.search(r"(?<![\d.])v?(\d{1,4})\.(\d{1,4})", text or "")
    return (int(match[1]), int(match[2])) if match else None


@lru_cache(maxsize=256)  # asked for at every estimate, always in the same few words
def engine_rules(name: str, version: str | None = None) -> Engine:
    """The rules of that engine at that version, the newest known when no version is given or readable."""
    rows = [row for row in ENGINES if row.name == name]
    if not rows:
        raise UnknownEngine(f"unknown engine {name!r}", f"known: {', '.join(ENGINE_NAMES)}")
    at = parse_version(version)
    reached = [row for row in rows if at is None or row.since <= at]
    return max(reached or rows[:1], key=lambda row: row.since)
