"""Output tokens per second of a replica: at a stated load, and at most.

    at a load  : B x output / (TTFT + (output - 1) x TPOT)
    at most    : stages x output x B / (output x step + B / data x prefill(prompt)), B = what the cache holds
                 (at most 2,048 sequences a rank)

The sweet spot is the batch where reading and computing take equally long, by the uncalibrated roofline. Where the
cache of one more sequence takes longer to read than its products take to compute, there is none, at any batch.
"""

from dataclasses import dataclass
from typing import Final

from estimator.deployment import Deployment
from estimator.generation import generation_step
from estimator.latency import Latency, prefill_work_s
from estimator.step import roofline_parts_s
from estimator.workload import Workload

MOST_SEQUENCES: Final = 2048
"""Sequences of one rank at maximum throughput in the measured set-ups (performance_model.md: a guess for TRT-LLM)."""
LARGEST_BATCH: Final = 2**24


def throughput_under_load(load: Workload, measured: Latency) -> float:
    """Tokens per second of `measured.batch` requests that follow each other without a pause; waiting is not working."""
    whole_s = measured.ttft_s - measured.queue_s + (load.output_tokens - 1) * measured.tpot_s
    return measured.batch * load.output_tokens / whole_s


def max_throughput(d: Deployment, load: Workload, capacity: float) -> float:
    """Output tokens per second of one replica with an endless queue; each pipeline stage works on its own batch."""
    stages = d.layout.pipeline
    batch = max(1.0, min(capacity, MOST_SEQUENCES * d.layout.data * stages) / stages)
    step = generation_step(d, batch, load.mean_context_tokens, is_saturated=True).total_s / d.tokens_per_step
    prefill = prefill_work_s(d, load.prompt_tokens, load.cached_tokens)
    return stages * load.output_tokens * batch / (load.output_tokens * step + batch / d.layout.data * prefill)


@dataclass(frozen=True, slots=True)
class SweetSpot:
    """The batch where reading and computing meet, or the reason why there is none."""

    batch: int | None
    reason: str


def sweet_spot(d: Deployment, context_tokens: float) -> SweetSpot:
    """The smallest batch at which a decode step computes as long as it reads, at the data sheet's rates."""

    def is_compute_bound(batch: float) -> bool:
        memory, compute = roofline_parts_s(d, batch, context_tokens)
        return compute >= memory

    if not is_compute_bound(LARGEST_BATCH):
        return SweetSpot(None, f"at {context_tokens:,.0f} tokens the cache takes longer to read than to compute with")
    low, high = 1, LARGEST_BATCH
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_compute_bound(middle) else (middle + 1, high)
    return SweetSpot(low, "reading weights and cache takes as long as computing")
