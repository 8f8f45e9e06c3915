"""The tier of hardware that a model belongs to, as LLM Inference Physics (2025-12) draws it.

footprint = one byte a parameter, 12 % workspace, and a 16-bit cache of one request of 8,192 tokens
consumer below 24 GB, workstation up to 80 GB, infrastructure beyond
"""

from typing import Final, Literal

from estimator.model_spec import ModelSpec
from estimator.units import GB

Tier = Literal["consumer", "workstation", "infrastructure"]

CONSUMER_BELOW_BYTES: Final = 24 * GB
WORKSTATION_UP_TO_BYTES: Final = 80 * GB
"""Tiers by the INT8 footprint at batch 1 and 8,192 tokens (LLM Inference Physics, 2025-12)."""
TIER_CONTEXT_TOKENS: Final = 8192
TIER_WORKSPACE_FRACTION: Final = 0.12


def tier(spec: ModelSpec) -> Tier:
    """Where the model belongs by its INT8 footprint: one byte a parameter, a 16-bit cache at 8K, 12 % workspace."""
    cache = 2 * spec.stored_cache_elements(TIER_CONTEXT_TOKENS) + spec.state_bytes_engine
    footprint = spec.total_parameters * (1 + TIER_WORKSPACE_FRACTION) + cache
    if footprint < CONSUMER_BELOW_BYTES:
        return "consumer"
    return "workstation" if footprint <= WORKSTATION_UP_TO_BYTES else "infrastructure"
