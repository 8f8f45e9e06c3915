"""Answers, estimates and specs as the contract's JSON objects. Key names are fixed; more may be added."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bot.answer import Answer, Recommendation, Result
from bot.diagnose import Diagnosis
from bot.launch import launch_commands
from estimator.attention import GroupedQueryAttention, LatentAttention
from estimator.band import Interval
from estimator.cost import Cost, Spread
from estimator.energy import Energy, energy_of
from estimator.estimation import Estimate
from estimator.feedforward import DenseFeedForward, MixtureOfExperts
from estimator.legality import reasons, ruled_out
from estimator.model_spec import LayerGroup, ModelSpec
from estimator.parallelism import Layout
from estimator.recommend import Alternative
from estimator.recurrence import Recurrence
from ingest.loader import LoadedModel

Json = dict[str, Any]


def answer_json(answer: Answer) -> Json:
    """The whole answer: what was understood, one result for each pair, machines recommended."""
    return {
        "query": answer.query.to_json(),
        "results": [_result_json(result) for result in answer.results],
        "recommendations": [row for found in answer.recommendations for row in _recommendation_json(found)],
        "notes": list(answer.notes),
    }


def _result_json(result: Result) -> Json:
    request = result.estimate.request
    return {
        "model": result.model.name,
        "read_as": result.model.read_as,
        "hardware": request.gpu.id,
        "gpus": request.gpus,
        "estimate": estimate_json(result.estimate, result.model, result.alternatives),
        "notes": list(result.notes),
        "diagnosis": _diagnosis_json(result.diagnosis),
        "expectation": asdict(result.expectation) if result.expectation else None,
    }


def _diagnosis_json(found: Diagnosis | None) -> Json | None:
    """Whether it starts, why not, and the smallest change that works."""
    if found is None:
        return None
    fix = found.fix
    return {
        "starts": found.starts,
        "obstacle": found.obstacle,
        "causes": list(found.causes),
        "fix": {"change": fix.words, "command": fix.command} if fix else None,
    }


def _recommendation_json(found: Recommendation) -> list[Json]:
    return [
        {
            "model": found.model.name,
            "hardware": machine.request.gpu.id,
            "gpus": machine.request.gpus,
            "estimate": estimate_json(machine, found.model, ()),
        }
        for machine in found.machines
    ]


# -- estimates ------------------------------------------------------------------------------------------------------


def estimate_json(found: Estimate, model: LoadedModel, changes: tuple[Alternative, ...]) -> Json:
    """One estimate as the contract spells it."""
    memory = found.memory
    return {
        "fits": found.fits,
        "memory": {
            "capacity_bytes": round(memory.capacity_bytes),
            "usable_bytes": round(memory.usable_bytes),
            "weights_bytes": round(memory.weights_bytes),
            "kv_pool_bytes": round(memory.kv_pool_bytes),
            "activation_bytes": round(memory.activation_bytes),
            "overhead_bytes": round(memory.overhead_bytes),
            "free_bytes": round(memory.free_bytes),
            "required_bytes": round(memory.required_bytes),
            "shortfall_bytes": round(memory.shortfall_bytes),
            "graphs_outside_bytes": round(memory.graphs_outside_bytes),
        },
        "kv_cache": {
            "bytes_per_token_per_gpu": _whole(memory.cache_bytes_per_token),
            "layout_bytes_per_token_per_gpu": _whole(memory.layout_bytes_per_token),
            "sequence_bytes_per_gpu": round(memory.sequence_bytes),
            "format": found.cache_format,
            "pool_tokens": int(memory.pool_tokens * found.replicas),
            "max_concurrency": _finite(found.max_concurrency),
            "max_context_tokens": found.max_context_tokens,
        },
        "latency": {
            "ttft_s": interval_json(found.ttft),
            "tpot_s": interval_json(found.tpot),
            "queue_s": found.latency.queue_s,
            "bound": found.bound,
            "roofline_tpot_s": found.roofline_tpot_s,
        },
        "throughput": {
            "output_tokens_per_s": interval_json(found.throughput),
            "per_gpu": found.throughput.value / found.request.gpus,
            "concurrency": found.concurrency,
        },
        "sweet_spot_batch": found.sweet_spot.batch,
        "sweet_spot_reason": found.sweet_spot.reason,
        "tier": found.tier,
        "cost": cost_json(found.cost),
        "legality": {
            "reasons": [asdict(reason) for reason in reasons(found)],
            "ruled_out": [asdict(degree) for degree in ruled_out(found)],
        },
        "energy": energy_json(energy_of(found)),
        "weights": found.plan.name,
        "engine": found.engine.name,
        "engine_version": found.engine_version,
        "context_tokens": found.request.load.context_tokens,
        "alternatives": [_alternative_json(change) for change in changes],
        "launch": launch_commands(found),
        "parallel": _layout_json(found.layout),
        "replicas": found.replicas,
        "assumptions": list(found.assumptions),
        "warnings": [*model.warnings, *found.warnings],
    }


def interval_json(interval: Interval) -> Json:
    """A value with its 80 % band."""
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def cost_json(cost: Cost | None) -> Json:
    """Prices as low, median and high; nulls where no price of the card is known."""
    if cost is None:
        return {"usd_per_hour": None, "usd_per_mtok_output": None, "usd_per_mtok_input": None, "prices_as_of": None}
    return {
        "usd_per_hour": _spread_json(cost.usd_per_hour),
        "usd_per_mtok_output": _spread_json(cost.usd_per_mtok_output),
        "usd_per_mtok_input": _spread_json(cost.usd_per_mtok_input),
        "prices_as_of": cost.prices_as_of,
        "source": cost.source,
    }


def energy_json(energy: Energy | None) -> Json | None:
    """The bound by rated power; None where it is not known."""
    return None if energy is None else {**asdict(energy), "is_bound": True}


def _spread_json(spread: Spread) -> Json:
    return {"low": spread.low, "median": spread.median, "high": spread.high}


def _layout_json(layout: Layout) -> Json:
    return {
        "tensor": layout.tensor,
        "pipeline": layout.pipeline,
        "data": layout.data,
        "expert": layout.expert,
    }


def _alternative_json(change: Alternative) -> Json:
    found, request = change.estimate, change.request
    return {
        "change": change.change,
        "hardware": request.gpu.id,
        "gpus": request.gpus,
        "weights": found.plan.name,
        "kv_cache": found.cache_format,
        "context_tokens": request.load.context_tokens,
        "parallel": _layout_json(found.layout),
        "weights_bytes": round(found.memory.weights_bytes),
        "usable_bytes": round(found.memory.usable_bytes),
        "free_bytes": round(found.memory.free_bytes),
        "max_concurrency": _finite(found.max_concurrency),
        "tpot_s": interval_json(found.tpot),
        "usd_per_hour": cost_json(found.cost)["usd_per_hour"],
    }


def _whole(value: float) -> float | int:
    """A count that is whole as an integer: 70272, not 70272.0."""
    return int(value) if value == int(value) else value


def _finite(value: float) -> float | None:
    return None if math.isinf(value) else value


# -- specs ----------------------------------------------------------------------------------------------------------


def spec_json(model: LoadedModel) -> Json:
    """The normalized spec as the contract spells it."""
    spec = model.spec
    head = spec.headline
    return {
        "repo_id": spec.repo_id,
        "revision": spec.revision,
        "model_type": spec.model_type,
        "architecture": spec.architecture,
        "hidden_size": head.hidden_size,
        "intermediate_size": head.intermediate_size,
        "num_hidden_layers": head.num_hidden_layers,
        "num_attention_heads": head.num_attention_heads,
        "num_key_value_heads": head.num_key_value_heads,
        "head_dim": head.head_dim,
        "vocab_size": head.vocab_size,
        "num_experts": head.num_experts,
        "num_experts_per_tok": head.num_experts_per_tok,
        "max_position_embeddings": head.max_position_embeddings,
        "tie_word_embeddings": head.tie_word_embeddings,
        "generates": spec.generates,
        "parameters": _parameters_json(spec),
        "kv_cache": {
            "bytes_per_token_bf16": 2 * spec.cache_elements_per_token,
            "window_bytes_per_sequence_bf16": 2 * spec.window_elements_per_sequence,
            "state_bytes_per_sequence_bf16": 2 * (spec.recurrent_state_elements + spec.conv_state_elements),
            "state_bytes_per_sequence_engine": spec.state_bytes_engine,
        },
        "weights": {
            "format": spec.weights.name,
            "bytes": spec.checkpoint_bytes or round(spec.weight_bytes(with_mtp=True)),
            "bytes_source": model.bytes_source,
            "stored_dtype": model.stored_dtype,
        },
        "layers": [_group_json(group) for group in spec.all_groups],
        "provenance": _provenance_json(model),
        "warnings": list(model.warnings),
    }


def _parameters_json(spec: ModelSpec) -> Mapping[str, int]:
    return {
        "total": spec.total_parameters,
        "active": spec.active_parameters,
        "active_without_embedding": spec.active_parameters_without_embedding,
        "embedding": spec.embedding_parameters,
        "per_layer_embedding": spec.per_layer_embedding_parameters,
        "output_head": spec.output_head_parameters + spec.output_head_vector_parameters,
        "attention": spec.attention_parameters,
        "recurrent": spec.recurrent_parameters,
        "feed_forward": spec.feed_forward_parameters,
        "vision": spec.vision_parameters,
        "audio": spec.audio_parameters,
        "other": spec.norm_and_other_parameters,
        "mtp": spec.mtp_parameters,
        "checkpoint_total": spec.checkpoint_parameters,
    }


def _provenance_json(model: LoadedModel) -> Json:
    return {
        "asked": model.asked,
        "read_as": model.read_as,
        "source": model.source,
        "as_of": model.as_of,
        "is_stale": model.is_stale,
        "keys": dict(model.provenance or {}),
    }


def _group_json(group: LayerGroup) -> Json:
    return {
        "count": group.count,
        "mixer": _mixer_json(group),
        "feed_forward": _feed_forward_json(group),
    }


def _mixer_json(group: LayerGroup) -> Json | None:
    mixer = group.mixer
    if mixer is None:
        return None
    common: Json = {
        "parameters": mixer.matrix_parameters + mixer.vector_parameters,
        "cache_elements_per_token": mixer.cache_elements_per_token,
        "window_tokens": mixer.window_tokens,
    }
    if isinstance(mixer, LatentAttention):
        return {
            "kind": "latent",
            "kv_lora_rank": mixer.kv_lora_rank,
            "qk_rope_head_dim": mixer.qk_rope_head_dim,
            **common,
        }
    if isinstance(mixer, GroupedQueryAttention):
        kind = "full" if mixer.window_tokens is None else "sliding"
        heads = {"num_attention_heads": mixer.num_attention_heads, "num_key_value_heads": mixer.num_key_value_heads}
        return {"kind": kind, **heads, "head_dim": mixer.head_dim, **common}
    kind = mixer.kind if isinstance(mixer, Recurrence) else type(mixer).__name__
    return {"kind": kind, "state_elements": mixer.recurrent_state_elements + mixer.conv_state_elements, **common}


def _feed_forward_json(group: LayerGroup) -> Json | None:
    part = group.feed_forward
    if part is None:
        return None
    parameters = part.matrix_parameters + part.vector_parameters + part.router_parameters
    if isinstance(part, MixtureOfExperts):
        return {
            "kind": "experts",
            "num_experts": part.num_experts,
            "num_experts_per_tok": part.num_experts_per_tok,
            "expert_intermediate_size": part.expert_intermediate_size,
            "shared_parameters": part.shared_parameters,
            "parameters": parameters,
        }
    width = part.intermediate_size if isinstance(part, DenseFeedForward) else None
    return {"kind": "dense", "intermediate_size": width, "parameters": parameters}
