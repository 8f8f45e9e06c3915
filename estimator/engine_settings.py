"""What a launch line sets, with the defaults of engine and version filled in."""

from dataclasses import dataclass
from typing import Final

from estimator.engines import Engine, Version
from estimator.units import GIB

OTHER_ENGINES_MAX_SEQS: Final = 2048
"""TensorRT-LLM's max_batch_size, and the largest batch of the measured offline set-ups."""
LARGE_CARD_GIB: Final = 70
"""From here on vLLM's server takes 1,024 sequences and 8,192 batched tokens, below 256 and 2,048 (memory.md)."""
LLAMA_CPP_UBATCH_TOKENS: Final = 512
"""llama.cpp's default micro-batch, which sizes its compute buffer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """What a launch line sets, with the engine's own defaults filled in; `is_eager` keeps no CUDA graphs."""

    engine: Engine
    version: Version | None
    memory_fraction: float
    max_num_seqs: int
    max_num_batched_tokens: int
    is_eager: bool = False


def engine_settings(
    engine: Engine,
    version: Version | None,
    capacity_bytes: float,
    *,
    memory_fraction: float | None = None,
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
    is_eager: bool = False,
) -> EngineSettings:
    """The settings with gaps filled: V1 on cards of 70 GiB and more 1,024 sequences, else 256."""
    is_large = capacity_bytes >= LARGE_CARD_GIB * GIB
    is_v1 = engine.since >= (0, 11) or version is None
    most = (1024 if is_large and is_v1 else 256) if engine.name == "vllm" else OTHER_ENGINES_MAX_SEQS
    return EngineSettings(
        engine=engine,
        version=version,
        memory_fraction=memory_fraction or engine.memory_fraction,
        max_num_seqs=max_num_seqs or most,
        max_num_batched_tokens=max_num_batched_tokens or usual_batched_tokens(capacity_bytes),
        is_eager=is_eager,
    )


def usual_batched_tokens(capacity_bytes: float) -> int:
    """Tokens of a step that vLLM's server takes by itself on a card of that size."""
    return 8192 if capacity_bytes >= LARGE_CARD_GIB * GIB else 2048
