"""Sizes and times from a shape alone (LLM Scaling Calculator methodology).

*What does a transformer of this shape weigh, and how fast is it on that peak?*

In words: count the operations of attention and feed-forward per token, the parameters of a two-matrix feed-forward
model, each part of memory with its own surcharge, and divide by what the machine reaches of its peak.

    H hidden, F intermediate, L layers, V vocabulary, B batch, S context, b = bits / 8
    attention = B S (H^2 + S H)       feed_forward = 2 B S H F       prefill = L (attention + feed_forward)
    per token = L (B (H^2 + S H) + 2 B H F)
    parameters = 4 H^2 L + 2 H F L + V H + 4 H L + 2 H
    total = (1.05 weights + 1.05 KV + 1.1 activations) x 1.05
    token latency = max(per token / (peak x efficiency), parameters b / (BW x efficiency))

H 4096, F 16384, L 32, V 32000 is 4 x 4096^2 x 32 + 2 x 4096 x 16384 x 32 + ... = 6.57e9 parameters: 12.86 GiB in
16 bit with the surcharge. Several GPUs multiply the throughput by N x 0.7 to 0.9, and leave the latency alone.

Source: the calculator's methodology page.
"""

from collections.abc import Mapping
from typing import Final

from estimator.methods.method import Input, Method, Result, Take
from estimator.units import BITS_PER_BYTE, GIB

WEIGHTS_SURCHARGE: Final = 1.05
CACHE_SURCHARGE: Final = 1.05
ACTIVATIONS_SURCHARGE: Final = 1.1
SYSTEM_SURCHARGE: Final = 1.05
MIDDLE_SCALING: Final = 0.8
"""The middle of the published 0.7 to 0.9, for several GPUs when none is given."""


def efficiency(base: float, memory_bound: float, utilization: float, framework: float) -> float:
    """The share of its peak that a machine reaches, as the product of four.

    Published ranges: base 0.3 to 0.5, memory-bound 0.5 to 0.9, utilization 0.6 to 0.9, framework 0.7 to 0.95;
    or 0.2 to 0.3 in one number.

    >>> round(efficiency(0.4, 0.7, 0.75, 0.95), 4)
    0.1995
    """
    return base * memory_bound * utilization * framework


def _scaling_calculator(values: Mapping[str, float]) -> Result:
    usable_flops = values["peak_flops"] * values["efficiency"]
    prefill_flops, per_token_flops = _flops(values)
    parameters = _parameters(values)
    memory = _memory_gib(values, parameters)
    weights_bytes = parameters * values["bits"] / BITS_PER_BYTE
    token_latency_s = max(per_token_flops / usable_flops, weights_bytes / (values["bandwidth"] * values["efficiency"]))
    return {
        "parameters": parameters,
        "prefill_flops": prefill_flops,
        "per_token_flops": per_token_flops,
        **memory,
        "total_gib": sum(memory.values()) * SYSTEM_SURCHARGE,
        "tokens_per_s": usable_flops / per_token_flops * _speed_up(values),
        "prefill_latency_s": prefill_flops / usable_flops,
        "token_latency_s": token_latency_s,
        "output_latency_s": token_latency_s * values["output_tokens"],
    }


def _flops(values: Mapping[str, float]) -> tuple[float, float]:
    """Operations of the whole prompt and of one further token, over the batch."""
    hidden_size, context_tokens = values["hidden_size"], values["context_tokens"]
    attention = hidden_size * hidden_size + context_tokens * hidden_size
    feed_forward = 2 * hidden_size * values["intermediate_size"]
    per_token_flops = values["num_hidden_layers"] * values["batch"] * (attention + feed_forward)
    return per_token_flops * context_tokens, per_token_flops


def _parameters(values: Mapping[str, float]) -> float:
    hidden_size, layers = values["hidden_size"], values["num_hidden_layers"]
    matrices = 4 * hidden_size * hidden_size * layers + 2 * hidden_size * values["intermediate_size"] * layers
    return matrices + values["vocab_size"] * hidden_size + 4 * hidden_size * layers + 2 * hidden_size


def _memory_gib(values: Mapping[str, float], parameters: float) -> dict[str, float]:
    element_gib = values["bits"] / BITS_PER_BYTE / GIB
    rows = values["batch"] * values["context_tokens"] * values["hidden_size"] * element_gib
    return {
        "weights_gib": parameters * element_gib * WEIGHTS_SURCHARGE,
        "kv_cache_gib": 2 * rows * values["num_hidden_layers"] * CACHE_SURCHARGE,
        "activations_gib": 4 * rows * ACTIVATIONS_SURCHARGE,
    }


def _speed_up(values: Mapping[str, float]) -> float:
    return values["gpus"] * values["scaling"] if values["gpus"] > 1 else 1.0


SCALING_CALCULATOR: Final = Method(
    name="scaling-calculator",
    title="LLM Scaling Calculator",
    source="the calculator's methodology; one formula per key in methods.md of the corpus",
    takes=(
        Take(
            (
                Input("hidden_size", "elements", "width of the residual stream", is_whole=True),
                Input("intermediate_size", "elements", "width of the feed-forward", is_whole=True),
                Input("num_hidden_layers", "layers", "layers", is_whole=True),
                Input("vocab_size", "tokens", "rows of the embedding", is_whole=True),
                Input("batch", "sequences", "sequences in one step"),
                Input("context_tokens", "tokens", "tokens of the prompt and in the cache"),
                Input("bits", "bits", "of a weight, a cached element and an activation alike", at_most=64),
                Input("peak_flops", "FLOP/s", "peak rate of one GPU"),
                Input("bandwidth", "bytes/s", "memory bandwidth of one GPU"),
                Input("efficiency", "fraction", "share of both peaks that is reached", at_most=1),
                Input("output_tokens", "tokens", "tokens to generate"),
                Input("gpus", "GPUs", "how many", default=1, is_optional=True, is_whole=True),
                Input(
                    "scaling", "fraction", "share kept by each of several", MIDDLE_SCALING, is_optional=True, at_most=1
                ),
            ),
            _scaling_calculator,
        ),
    ),
    where_wrong=(
        "a multiply-add counts once in some terms and the projections count once: about half the operations",
        "the cache is sized by hidden_size; grouped-query models store kv_heads x head_dim",
        "the feed-forward has two matrices; gated ones have three",
        "throughput is from compute alone, though decoding is bound by memory",
    ),
)
