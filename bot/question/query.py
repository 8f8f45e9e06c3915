"""What was understood of a question: plain values, nothing resolved yet."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

Intent = Literal["estimate", "recommend", "diagnose", "pick", "explain", "methods", "card", "help"]

INTENTS: Final[tuple[Intent, ...]] = (
    "estimate",
    "recommend",
    "diagnose",
    "pick",
    "explain",
    "methods",
    "card",
    "help",
)


Order = Literal["cost", "gpus", "speed"]
"""What machines are ranked by."""

Capacity = Literal["users", "context"]
"""Which most is asked: "how many users?", "max context"."""


@dataclass(frozen=True, slots=True)
class HardwareRef:
    """One kind of card that the question names.

    `count` is None when the count is what is asked. `memory_gb` is set when the text gives a memory that the
    card is not sold with: it wins over the row's.
    """

    id: str
    count: int | None = 1
    memory_gb: float | None = None


@dataclass(frozen=True, slots=True)
class ParallelRef:
    """The split that the question names; None where it names none."""

    tensor: int | None = None
    pipeline: int | None = None
    data: int | None = None
    expert: int | None = None

    @property
    def gpus(self) -> int:
        """GPUs that one replica of this split spans."""
        return (self.tensor or 1) * (self.pipeline or 1) * (self.data or 1)


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures that the asker brings as a result, not as a wish."""

    tokens_per_s: float | None = None
    ttft_s: float | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One question as understood, before any name is resolved.

    `models` are as typed, lower case with dashes; `models_as_typed` keeps the case for paths and the Hub.
    `fits_in_gb` is a memory named without a card, of all cards together ("will it fit in 2x24 GB").
    `order` is what machines are to be ranked by ("fastest", "fewest GPUs"); None leaves it to the front.
    `max_usd_per_hour` is a budget for the whole machine, `requests_per_s` a rate at which requests arrive,
    `launch` is the launch line that was pasted, on one line, without the sentence around it.
    `system_memory_gb` is main memory beside the cards ("a 4090 with 512 GB of RAM"), `processor` the CPU named beside.
    `suggestions` quote back what was not understood, each with the nearest reading.
    """

    intent: Intent = "estimate"
    models: tuple[str, ...] = ()
    hardware: tuple[HardwareRef, ...] = ()
    weights: str | None = None
    kv_cache: str | None = None
    context_tokens: int | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    concurrency: int | None = None
    parallel: ParallelRef | None = None
    engine: str | None = None
    min_tokens_per_s: float | None = None
    max_ttft_s: float | None = None
    suggestions: tuple[str, ...] = ()
    models_as_typed: tuple[str, ...] = ()
    gpu_memory_utilization: float | None = None
    max_num_batched_tokens: int | None = None
    measured: Measured = field(default_factory=Measured)
    fits_in_gb: float | None = None
    order: Order | None = None
    capacity: Capacity | None = None
    max_usd_per_hour: float | None = None
    requests_per_s: float | None = None
    system_memory_gb: float | None = None
    processor: str | None = None
    launch: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The contract's object for `hubgauge parse`, with a few keys more."""
        return {
            "intent": self.intent,
            "models": list(self.models),
            "hardware": [{"id": ref.id, "count": ref.count, "memory_gb": ref.memory_gb} for ref in self.hardware],
            "weights": self.weights,
            "kv_cache": self.kv_cache,
            "context_tokens": self.context_tokens,
            "prompt_tokens": self.prompt_tokens,
            "output_tokens": self.output_tokens,
            "concurrency": self.concurrency,
            "parallel": _parallel_json(self.parallel),
            "engine": self.engine,
            "min_tokens_per_s": self.min_tokens_per_s,
            "max_ttft_s": self.max_ttft_s,
            "suggestions": list(self.suggestions),
            "models_as_typed": list(self.models_as_typed),
            "gpu_memory_utilization": self.gpu_memory_utilization,
            "max_num_batched_tokens": self.max_num_batched_tokens,
            "fits_in_gb": self.fits_in_gb,
            "order": self.order,
            "capacity": self.capacity,
            "max_usd_per_hour": self.max_usd_per_hour,
            "requests_per_s": self.requests_per_s,
            "system_memory_gb": self.system_memory_gb,
            "processor": self.processor,
            "launch": self.launch,
            "measured": {"tokens_per_s": self.measured.tokens_per_s, "ttft_s": self.measured.ttft_s},
        }


def _parallel_json(parallel: ParallelRef | None) -> dict[str, int | None] | None:
    if parallel is None:
        return None
    return {
        "tensor": parallel.tensor,
        "pipeline": parallel.pipeline,
        "data": parallel.data,
        "expert": parallel.expert,
    }
