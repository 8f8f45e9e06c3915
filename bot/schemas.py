"""JSON Schemas of what the commands print and take: the contract, for scripts that want to check it.

A shape is written as a small Python value: a dict is an object with those keys, a list of one is an array, a string
names a type (`?` at its end: or null).
"""

from collections.abc import Mapping
from typing import Any, Final

Shape = Any

_BAND: Final = {"value": "number", "low": "number", "high": "number"}
_SPREAD: Final = {"?": {"low": "number", "median": "number", "high": "number"}}
_PARALLEL: Final = {"tensor": "integer?", "pipeline": "integer?", "data": "integer?", "expert": "integer?"}

_QUERY: Final = {
    "intent": "string",
    "models": ["string"],
    "hardware": [{"id": "string", "count": "integer?", "memory_gb": "number?"}],
    "weights": "string?",
    "kv_cache": "string?",
    "context_tokens": "integer?",
    "prompt_tokens": "integer?",
    "output_tokens": "integer?",
    "concurrency": "integer?",
    "parallel": {"?": _PARALLEL},
    "engine": "string?",
    "min_tokens_per_s": "number?",
    "max_ttft_s": "number?",
    "suggestions": ["string"],
}

_ALTERNATIVE: Final = {
    "change": "string",
    "hardware": "string",
    "gpus": "integer",
    "weights": "string",
    "kv_cache": "string",
    "context_tokens": "integer",
    "parallel": _PARALLEL,
    "weights_bytes": "integer",
    "usable_bytes": "integer",
    "free_bytes": "integer",
    "max_concurrency": "number?",
    "tpot_s": _BAND,
    "usd_per_hour": _SPREAD,
}

_ESTIMATE: Final = {
    "fits": "boolean",
    "memory": {
        "capacity_bytes": "integer",
        "usable_bytes": "integer",
        "weights_bytes": "integer",
        "kv_pool_bytes": "integer",
        "activation_bytes": "integer",
        "overhead_bytes": "integer",
        "free_bytes": "integer",
    },
    "kv_cache": {
        "bytes_per_token_per_gpu": "number",
        "layout_bytes_per_token_per_gpu": "number",
        "pool_tokens": "integer",
        "max_concurrency": "number?",
        "max_context_tokens": "integer",
    },
    "latency": {"ttft_s": _BAND, "tpot_s": _BAND, "bound": "string"},
    "throughput": {"output_tokens_per_s": _BAND, "per_gpu": "number", "concurrency": "number"},
    "sweet_spot_batch": "integer?",
    "tier": "string",
    "cost": {
        "usd_per_hour": _SPREAD,
        "usd_per_mtok_output": _SPREAD,
        "usd_per_mtok_input": _SPREAD,
        "prices_as_of": "string?",
    },
    "energy": {"?": {"kilowatts": "number", "kwh_per_mtok_output": "number", "kwh_per_mtok_input": "number"}},
    "legality": {
        "reasons": [{"about": "string", "verdict": "string", "text": "string"}],
        "ruled_out": [{"tensor": "integer", "reasons": ["string"]}],
    },
    "alternatives": [_ALTERNATIVE],
    "launch": {},
    "parallel": _PARALLEL,
    "assumptions": ["string"],
    "warnings": ["string"],
}

_SPEC: Final = {
    "repo_id": "string",
    "revision": "string?",
    "model_type": "string",
    "architecture": "string?",
    "hidden_size": "integer",
    "intermediate_size": "integer?",
    "num_hidden_layers": "integer",
    "num_attention_heads": "integer?",
    "num_key_value_heads": "integer?",
    "head_dim": "integer?",
    "vocab_size": "integer",
    "num_experts": "integer?",
    "num_experts_per_tok": "integer?",
    "max_position_embeddings": "integer?",
    "tie_word_embeddings": "boolean",
    "parameters": dict.fromkeys(
        (
            "total",
            "active",
            "active_without_embedding",
            "embedding",
            "per_layer_embedding",
            "output_head",
            "attention",
            "recurrent",
            "feed_forward",
            "vision",
            "audio",
            "other",
            "mtp",
            "checkpoint_total",
        ),
        "integer",
    ),
    "kv_cache": dict.fromkeys(
        (
            "bytes_per_token_bf16",
            "window_bytes_per_sequence_bf16",
            "state_bytes_per_sequence_bf16",
            "state_bytes_per_sequence_engine",
        ),
        "integer",
    ),
    "weights": {"format": "string", "bytes": "integer", "bytes_source": "string"},
    "layers": [{}],
    "provenance": {},
    "warnings": ["string"],
}

_RESULT: Final = {"model": "string", "hardware": "string", "gpus": "integer", "estimate": _ESTIMATE}

SHAPES: Final[Mapping[str, Shape]] = {
    "ask": {"query": _QUERY, "results": [_RESULT], "recommendations": [_RESULT]},
    "parse": _QUERY,
    "spec": _SPEC,
    "estimate": _ESTIMATE,
    "error": {"error": {"type": "string", "message": "string", "hint": "string"}},
}

REQUEST_NAME: Final = "estimate-request"
NAMES: Final = (*SHAPES, REQUEST_NAME)


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of that output or request; `KeyError` for a name not in `NAMES`."""
    if name == REQUEST_NAME:
        from bot.structured import EstimateRequest  # noqa: PLC0415  # pydantic is wanted for this one only

        return EstimateRequest.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, **_schema(SHAPES[name])}


def _schema(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, str):
        kind = shape.rstrip("?")
        return {"type": [kind, "null"] if shape.endswith("?") else kind}
    if isinstance(shape, list):
        return {"type": "array", "items": _schema(shape[0])}
    if "?" in shape:
        return {"anyOf": [_schema(shape["?"]), {"type": "null"}]}
    properties = {key: _schema(value) for key, value in shape.items()}
    return {"type": "object", "properties": properties, "required": list(shape)}
