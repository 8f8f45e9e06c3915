"""The four published methods beside the full estimate: the same model, machine and load put into each.

What each method cannot be told is left to its own rules; that is what the comparison shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.answer import Result
from estimator.estimation import Estimate
from estimator.methods import METHODS, compute
from estimator.rates import compute_path

SCALING_EFFICIENCY: Final = 0.25
"""The middle of the 0.2 to 0.3 that the method gives as its efficiency in one number."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One method's inputs and figures, and where it is wrong."""

    name: str
    inputs: Mapping[str, float]
    figures: Mapping[str, Any]
    where_wrong: tuple[str, ...]


def compare(result: Result) -> tuple[Compared, ...]:
    """Every published method on the machine of this result."""
    found = result.estimate
    rows = []
    for name, inputs in _inputs(found).items():
        rows.append(Compared(name, inputs, compute(name, inputs), METHODS[name].where_wrong))
    return tuple(rows)


def _inputs(found: Estimate) -> dict[str, dict[str, float]]:
    request = found.request
    spec, head, gpu, gpus = request.spec, request.spec.headline, request.gpu, request.gpus
    bytes_per_parameter = spec.weight_bytes(found.plan) / spec.total_parameters
    flops = compute_path(gpu, found.plan.name).flops_per_s * gpus
    bandwidth = gpu.memory_bytes_per_s * gpus
    batch = float(request.load.concurrency or 1)
    heads = head.num_attention_heads or 1
    width = head.intermediate_size or 4 * head.hidden_size
    shape = {
        "hidden_size": float(head.hidden_size),
        "num_hidden_layers": float(head.num_hidden_layers),
        "context_tokens": float(request.load.context_tokens),
        "batch": batch,
    }
    return {
        "physics": {
            "parameters": float(spec.total_parameters),
            "active_parameters": float(spec.active_parameters),
            "bytes_per_parameter": bytes_per_parameter,
            "tokens_per_s": 1 / found.tpot.value,
            "gpus": float(gpus),
            "bandwidth": gpu.memory_bytes_per_s,
            "prompt_tokens": float(request.load.prompt_tokens),
            "peak_flops": flops / gpus,
            **shape,
        },
        "roofline": {
            "n_active": float(spec.active_parameters),
            "n_total": spec.weight_bytes(found.plan),
            "compute": flops / 2,
            "bandwidth": bandwidth,
            "kv_bytes": 2.0 * max(1, spec.cache_elements_per_token),
            "context_tokens": shape["context_tokens"],
            "batch": batch,
        },
        "essentials": {
            "head_dim": float(head.head_dim or head.hidden_size // heads),
            "num_attention_heads": float(heads),
            "num_key_value_heads": float(head.num_key_value_heads or heads),
            "intermediate_size": float(width),
            "vocab_size": float(head.vocab_size),
            "peak_flops": flops,
            "bandwidth": bandwidth,
            "parameters": float(spec.total_parameters),
            **shape,
        },
        "scaling-calculator": {
            "intermediate_size": float(width),
            "vocab_size": float(head.vocab_size),
            "bits": 8 * bytes_per_parameter,
            "peak_flops": flops / gpus,
            "bandwidth": bandwidth,
            "efficiency": SCALING_EFFICIENCY,
            "output_tokens": float(request.load.output_tokens),
            "gpus": float(gpus),
            **shape,
        },
    }
