"""The roofline of one decode step (Relearning LLMs 02: Writing Inference as Equations).

*How long does a step take for B sequences, and from which batch on does arithmetic bind?*

A step computes on what it activates and reads what it holds. In words: compute time is batch times active parameters
over the compute rate; memory time is all weights over the bandwidth, plus each sequence's cache over the bandwidth;
the slower of the two is the step.

    t_compute = B N_active / C          C is FLOPS / 2: one multiply-add per parameter
    t_memory  = N_total / BW + B L b / BW
    B*        = (N_total / BW) / (N_active / C - L b / BW)

The published simulator: N_active 8e9, C 80e12, N_total 12e9, BW 200e9, L 8192, b 2, B 128 gives 12.8 ms of compute
against 60.01 ms of memory, a crossover at 600.49, memory-bound. For short contexts B* is N_total / N_active times
C / BW: DeepSeek-V3 activates 1 in 18 of its parameters, so at 300 operations per byte about 18 x 300 = 5,400.

Where L b / BW reaches N_active / C there is no crossover: each further sequence brings more reading than computing.

Source: the article's equations and simulator.
"""

from collections.abc import Mapping
from math import isclose
from typing import Final

from estimator.methods.method import Input, Method, Result, Take

NO_CROSSOVER: Final = (
    "no crossover: with each sequence KV reads grow faster than compute, so more batch never binds compute"
)


def bound(t_compute_s: float, t_memory_s: float) -> str:
    """Which of the two times is the longer: memory, compute, or balanced where they are equal."""
    if isclose(t_compute_s, t_memory_s, rel_tol=1e-9):
        return "balanced"
    return "compute" if t_compute_s > t_memory_s else "memory"


def crossover_batch(t_weights_s: float, compute_slope_s: float, memory_slope_s: float) -> float | None:
    """The batch at which compute catches up with memory; None where memory grows at least as fast.

    >>> round(crossover_batch(0.06, 1e-4, 8.192e-8), 2)
    600.49
    """
    gain_s = compute_slope_s - memory_slope_s
    return t_weights_s / gain_s if gain_s > 0 else None


def _roofline(values: Mapping[str, float]) -> Result:
    batch, bandwidth = values["batch"], values["bandwidth"]
    compute_slope_s = values["n_active"] / values["compute"]
    memory_slope_s = values["context_tokens"] * values["kv_bytes"] / bandwidth
    t_weights_s = values["n_total"] / bandwidth
    t_compute_s, t_kv_s = batch * compute_slope_s, batch * memory_slope_s
    t_memory_s = t_weights_s + t_kv_s
    crossover = crossover_batch(t_weights_s, compute_slope_s, memory_slope_s)
    return {
        "t_compute_s": t_compute_s,
        "t_memory_s": t_memory_s,
        "t_weights_s": t_weights_s,
        "t_kv_s": t_kv_s,
        "kv_share": t_kv_s / t_memory_s,
        "memory_slope_s": memory_slope_s,
        "crossover_batch": crossover,
        "compute_to_memory": t_compute_s / t_memory_s,
        "latency_s": max(t_compute_s, t_memory_s),
        "bound": bound(t_compute_s, t_memory_s),
        "reason": NO_CROSSOVER if crossover is None else None,
    }


ROOFLINE: Final = Method(
    name="roofline",
    title="Relearning LLMs 02: Writing Inference as Equations",
    source="the article's equations and simulator; one formula per key in methods.md of the corpus",
    takes=(
        Take(
            (
                Input("n_active", "parameters", "parameters that one token uses"),
                Input("n_total", "parameters", "parameters held, read at every step (one byte each)"),
                Input("compute", "multiply-adds/s", "FLOPS / 2"),
                Input("bandwidth", "bytes/s", "memory bandwidth"),
                Input("context_tokens", "tokens", "tokens in reach of each sequence"),
                Input("kv_bytes", "bytes/token", "cache read for one token of context"),
                Input("batch", "sequences", "sequences in one step"),
            ),
            _roofline,
        ),
    ),
    where_wrong=(
        "a parameter stands for one byte and one operation alike: scale n_total by its bytes for 16-bit weights",
        "kv_bytes is that of a whole token: with 2 (one element) the cache is thousands of times too small",
        "all experts are read at any batch; few sequences touch few experts",
    ),
)
