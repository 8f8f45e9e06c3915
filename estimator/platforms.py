"""Which engine runs on which card, with which weight and cache formats: reasons, not silence.

One row an engine. A format that an engine does not have but commonly serves as a near one is read as that one and said
(llama.cpp has no AWQ: int4 is read as q4_k_m). Where there is no path it is an error.
Sources: vLLM, SGLang and TensorRT-LLM support matrices and llama.cpp's back-ends as of 2026-08.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from estimator.dtypes import FORMATS, WeightFormat
from estimator.engines import EngineName
from estimator.errors import IllegalCombination
from estimator.hardware import Gpu

_NVIDIA_SINCE_AMPERE: Final = frozenset({"ampere", "ga10x", "ada", "hopper", "blackwell", "gb20x", "rubin"})
_NVIDIA_SINCE_VOLTA: Final = _NVIDIA_SINCE_AMPERE | {"volta", "turing"}
_EVERY_NVIDIA: Final = _NVIDIA_SINCE_VOLTA | {"pascal"}
_AMD: Final = frozenset({"cdna", "rdna"})
_GGUF: Final = frozenset(name for name, row in FORMATS.items() if row.kind == "gguf")
_PLAIN: Final = frozenset({"bf16", "fp16", "fp32"})
_SERVED: Final = _PLAIN | {"fp8", "int8", "int4", "nf4", "mxfp4", "nvfp4"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What one engine runs on, and in which formats."""

    cards: frozenset[str]
    weights: frozenset[str]
    caches: frozenset[str]
    read_as: Mapping[str, str]


PLATFORMS: Final[Mapping[EngineName, Platform]] = {
    "vllm": Platform(
        cards=_NVIDIA_SINCE_VOLTA | _AMD | {"xe", "gaudi", "tpu", "neuron", "ascend", "ai100", "cpu"},
        weights=_SERVED | _GGUF,
        caches=frozenset({"bf16", "fp16", "fp32", "fp8"}),
        read_as={},
    ),
    "sglang": Platform(
        cards=_NVIDIA_SINCE_VOLTA - {"volta"} | {"cdna", "xe", "ascend", "tpu", "cpu"},
        weights=_SERVED | _GGUF,
        caches=frozenset({"bf16", "fp16", "fp32", "fp8"}),
        read_as={},
    ),
    "trtllm": Platform(
        cards=_NVIDIA_SINCE_AMPERE,
        weights=_SERVED - {"nf4"},
        caches=frozenset({"bf16", "fp16", "fp32", "fp8", "int8"}),
        read_as={},
    ),
    "llama.cpp": Platform(
        cards=_EVERY_NVIDIA | _AMD | {"xe", "apple", "cpu"},
        weights=_PLAIN | _GGUF | {"mxfp4"},
        caches=frozenset({"bf16", "fp16", "fp32", "q8_0", "q4_0"}),
        read_as={"fp8": "q8_0", "int8": "q8_0", "int4": "q4_k_m", "nf4": "q4_k_m", "nvfp4": "q4_k_m"},
    ),
}

CACHES_READ_AS: Final[Mapping[str, str]] = {"fp8": "q8_0", "int8": "q8_0"}
"""llama.cpp's cache formats for those that the others have."""


def default_engine(gpu: Gpu, weights: WeightFormat) -> EngineName:
    """The newest known vLLM on its platforms; llama.cpp on Apple, on CPUs, before Volta and for GGUF files."""
    is_local = gpu.architecture_class in {"apple", "cpu", "pascal"}
    return "llama.cpp" if is_local or weights.kind == "gguf" else "vllm"


def check_platform(engine: EngineName, gpu: Gpu) -> None:
    """`IllegalCombination` where the engine does not run on the card."""
    if gpu.architecture_class not in PLATFORMS[engine].cards:
        others = [name for name, row in PLATFORMS.items() if gpu.architecture_class in row.cards]
        raise IllegalCombination(
            f"{engine} does not run on {gpu.id}", f"engines that do: {', '.join(others) or 'none known'}"
        )


def engine_weights(engine: EngineName, weights: str) -> tuple[str, str | None]:
    """The format in which the engine serves those weights, and what to say where it is another; or an error."""
    row = PLATFORMS[engine]
    if weights in row.weights:
        return weights, None
    if weights in row.read_as:
        near = row.read_as[weights]
        return near, f"{engine} has no {weights}: read as {near}, its nearest in size"
    raise IllegalCombination(f"{engine} does not serve {weights} weights", "name another format, or another engine")


def engine_cache(engine: EngineName, cache: str) -> tuple[str, str | None]:
    """The same for the format of the KV cache."""
    row = PLATFORMS[engine]
    if cache in row.caches:
        return cache, None
    if engine == "llama.cpp" and cache in CACHES_READ_AS:
        near = CACHES_READ_AS[cache]
        return near, f"{engine} has no {cache} cache: read as {near}"
    raise IllegalCombination(f"{engine} has no {cache} KV cache", f"it has: {', '.join(sorted(row.caches))}")
