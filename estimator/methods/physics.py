"""Footprint, bandwidth and tiers (LLM Inference Physics, 2025-12-19 and 2025-12-21).

*What must be held, how fast must it be read, and what class of machine is that?*

In words: memory is weights, a workspace of 12 % of them, and the KV cache; decoding at a target rate reads every
active parameter once for each token; prefill computes two operations per active parameter and token, and attention
between all pairs of tokens.

    weights = N b      workspace = 0.12 weights      KV = B S L H x 2 b
    bandwidth required = N_active b x tokens/s       aggregated = GPUs x BW
    TTFT = (2 N_active P + 4 L H P^2) / (peak x utilization x GPUs)

Eight cards of 3.35 TB/s aggregate 26.8 TB/s. The method says O(seq^2) for attention and gives no constant: 4 L H P^2
is Q K^T and A V at 2 P^2 H each per layer.

The tier is by the INT8 footprint at batch 1 and 8,192 tokens, in GB of 10^9: below 24 consumer, to 80 workstation,
above infrastructure. INT8 is the scenario that the method recommends.

Source: the two articles.
"""

from collections.abc import Mapping
from typing import Final

from estimator.methods.method import Input, Method, Result, Take
from estimator.units import GB

WORKSPACE_FRACTION: Final = 0.12
SCENARIO_BYTES: Final[Mapping[str, float]] = {"int8": 1.0, "fp8": 1.0, "bf16": 2.0}
TIER_SCENARIO: Final = "int8"
TIER_BATCH: Final = 1.0
TIER_CONTEXT_TOKENS: Final = 8192.0
CONSUMER_BELOW_GB: Final = 24
WORKSTATION_UP_TO_GB: Final = 80


def tier(footprint_bytes: float) -> str:
    """The class of machine that holds this INT8 footprint.

    >>> [tier(gigabytes * 1e9) for gigabytes in (23.9, 24, 80, 80.1)]
    ['consumer', 'workstation', 'workstation', 'infrastructure']
    """
    if footprint_bytes < CONSUMER_BELOW_GB * GB:
        return "consumer"
    return "workstation" if footprint_bytes <= WORKSTATION_UP_TO_GB * GB else "infrastructure"


def _physics(given: Mapping[str, float]) -> Result:
    element_bytes = given["bytes_per_parameter"]
    weights_bytes = given["parameters"] * element_bytes
    batch, context_tokens = given["batch"], given["context_tokens"]
    smallest = _scenario(given, SCENARIO_BYTES[TIER_SCENARIO], TIER_BATCH, TIER_CONTEXT_TOKENS)
    return {
        "weights_bytes": weights_bytes,
        "workspace_bytes": WORKSPACE_FRACTION * weights_bytes,
        "kv_cache_bytes": _kv_cache_bytes(given, element_bytes, batch, context_tokens),
        "expert_parameters": _expert_parameters(given),
        "required_bandwidth": given["active_parameters"] * element_bytes * given["tokens_per_s"],
        "aggregate_bandwidth": given["gpus"] * given["bandwidth"],
        "ttft_s": _ttft_s(given),
        "tier": tier(smallest["total_bytes"] or 0.0),
        "scenarios": {name: _scenario(given, b, batch, context_tokens) for name, b in SCENARIO_BYTES.items()},
    }


def _scenario(
    given: Mapping[str, float], element_bytes: float, batch: float, context_tokens: float
) -> dict[str, float | None]:
    """Memory with weights and cache at that width; without a shape the total leaves the cache out."""
    weights_bytes = given["parameters"] * element_bytes
    workspace_bytes = WORKSPACE_FRACTION * weights_bytes
    kv_cache_bytes = _kv_cache_bytes(given, element_bytes, batch, context_tokens)
    return {
        "weights_bytes": weights_bytes,
        "workspace_bytes": workspace_bytes,
        "kv_cache_bytes": kv_cache_bytes,
        "total_bytes": weights_bytes + workspace_bytes + (kv_cache_bytes or 0.0),
    }


def _kv_cache_bytes(
    given: Mapping[str, float], element_bytes: float, batch: float, context_tokens: float
) -> float | None:
    if not {"hidden_size", "num_hidden_layers"} <= given.keys():
        return None
    return batch * context_tokens * given["num_hidden_layers"] * given["hidden_size"] * 2 * element_bytes


def _expert_parameters(given: Mapping[str, float]) -> float | None:
    """Parameters of all experts: three matrices each, in every layer."""
    if not {"hidden_size", "num_hidden_layers", "expert_intermediate_size", "num_experts"} <= given.keys():
        return None
    one_expert = 3 * given["hidden_size"] * given["expert_intermediate_size"]
    return given["num_hidden_layers"] * one_expert * given["num_experts"]


def _ttft_s(given: Mapping[str, float]) -> float | None:
    if not {"hidden_size", "num_hidden_layers", "prompt_tokens", "peak_flops"} <= given.keys():
        return None
    prompt_tokens = given["prompt_tokens"]
    attention = 4 * given["num_hidden_layers"] * given["hidden_size"] * prompt_tokens * prompt_tokens
    prefill_flops = 2 * given["active_parameters"] * prompt_tokens + attention
    return prefill_flops / (given["peak_flops"] * given["utilization"] * given["gpus"])


PHYSICS: Final = Method(
    name="physics",
    title="LLM Inference Physics",
    source="the articles of 2025-12-19 and 2025-12-21; one formula per key in methods.md of the corpus",
    takes=(
        Take(
            (
                Input("parameters", "parameters", "all of the model"),
                Input("active_parameters", "parameters", "those that one token uses"),
                Input("bytes_per_parameter", "bytes", "of a weight and a cached element"),
                Input("tokens_per_s", "tokens/s", "target rate of one sequence"),
                Input("gpus", "GPUs", "how many", is_whole=True),
                Input("bandwidth", "bytes/s", "memory bandwidth of one GPU"),
                Input("hidden_size", "elements", "for the cache, experts and TTFT", is_optional=True, is_whole=True),
                Input("num_hidden_layers", "layers", "as hidden_size", is_optional=True, is_whole=True),
                Input("expert_intermediate_size", "elements", "width of one expert", is_optional=True, is_whole=True),
                Input("num_experts", "experts", "per layer", is_optional=True, is_whole=True),
                Input("batch", "sequences", "sequences held", TIER_BATCH, is_optional=True),
                Input("context_tokens", "tokens", "held for each sequence", TIER_CONTEXT_TOKENS, is_optional=True),
                Input("prompt_tokens", "tokens", "for TTFT", is_optional=True),
                Input("peak_flops", "FLOP/s", "of one GPU, for TTFT", is_optional=True),
                Input(
                    "utilization",
                    "fraction",
                    "of the peak in prefill; 1 is the bound",
                    1.0,
                    is_optional=True,
                    at_most=1,
                ),
            ),
            _physics,
        ),
    ),
    where_wrong=(
        "the cache is sized by hidden_size; grouped, latent and windowed attention store far less",
        "workspace as a share of the weights; engines' overheads follow the batch and the engine",
        "each token reads every active parameter, though a batch shares one reading",
    ),
)
