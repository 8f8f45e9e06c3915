"""Which layers hold which part, and how large each matrix of a part is: what a partial exclusion weighs.

Only ratios matter here (a share of a part), so matrices are counted without the width that they have in common.
The families read shapes in full; this reads the few keys that a list of module names needs.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from estimator.model_spec import Part

_NESTED: Final = ("text_config", "llm_config", "language_config", "llm_cfg", "decoder_config")
_EXPERT_COUNTS: Final = ("n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts")
_RECURRENT_TYPES: Final = frozenset({"linear_attention", "mamba", "mamba2", "recurrent", "conv", "kda"})
_PATTERN_PARTS: Final[Mapping[str, Part]] = {"M": "recurrent", "*": "attention", "E": "experts", "-": "dense"}
_BLOCK_PARTS: Final[Mapping[str, Part]] = {
    "mamba": "recurrent",
    "attention": "attention",
    "moe": "experts",
    "mlp": "dense",
}


def language_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of the language model, whichever level they stand on; inner ones win."""
    thinker = config.get("thinker_config")
    outer = {**config, **thinker} if isinstance(thinker, dict) else dict(config)
    for key in _NESTED:
        inner = outer.get(key)
        if isinstance(inner, dict):
            return {**outer, **inner}
    return outer


def _int(config: Mapping[str, Any], *keys: str) -> int:
    """The first positive whole number under those keys, else 0: absence is what is asked."""
    values = (config.get(key) for key in keys)
    return next((value for value in values if isinstance(value, int) and value > 0), 0)


class Layout:
    """Layers of every part that lies in layers, and the relative sizes of the matrices in it, from a config.

    Both are worked out when a list of names asks for them: most checkpoints have none.
    """

    def __init__(self, config: Mapping[str, Any], num_layers: int) -> None:
        self._language = language_config(config)
        self._num_layers = num_layers
        self.has_experts = _num_experts(self._language) > 1
        self.experts_beside_mlp = str(self._language.get("model_type", "")).startswith("gemma4")
        self.recurrent_is_self_attn = isinstance(self._language.get("linear_attn_config"), dict)

    @cached_property
    def layers(self) -> Mapping[Part, frozenset[int]]:
        """The layers that hold each part."""
        return _layers(self._language, self._num_layers, has_experts=self.has_experts)

    @cached_property
    def sizes(self) -> Mapping[Part, Mapping[str, float]]:
        """The relative sizes of the matrices of each part."""
        feed_forward = _feed_forward_sizes(self._language)
        return {
            "attention": _attention_sizes(self._language),
            "recurrent": _recurrent_sizes(self._language),
            "dense": feed_forward,
            "shared": feed_forward,
            "experts": feed_forward,
        }

    def fraction(self, part: Part, leaf: str | None) -> float:
        """The share of a part's layer that a matrix is; 1 for the whole, 0 for what weighs nothing."""
        if leaf is None:
            return 1.0
        sizes = self.sizes.get(part, {})
        total = sum(sizes.values())
        return sizes.get(leaf, 0.0) / total if total else 0.0


def _num_experts(language: Mapping[str, Any]) -> int:
    ffn = language.get("ffn_config")
    return _int(language, *_EXPERT_COUNTS) or (_int(ffn, "moe_num_experts") if isinstance(ffn, dict) else 0)


def _layers(language: Mapping[str, Any], count: int, *, has_experts: bool) -> dict[Part, frozenset[int]]:
    everything = frozenset(range(count))
    typed = _typed_layers(language)
    if typed is not None:
        found = {part: frozenset(i for i, kind in enumerate(typed) if kind == part) for part in _PATTERN_PARTS.values()}
        return {**found, "shared": found["experts"], "router": found["experts"]}
    sparse = frozenset(i for i in range(count) if _is_sparse(language, i)) if has_experts else frozenset()
    recurrent = frozenset(i for i in range(count) if _is_recurrent(language, i))
    return {
        "attention": everything - recurrent,
        "recurrent": recurrent,
        "dense": everything - sparse,
        "experts": sparse,
        "shared": sparse,
        "router": sparse,
    }


def _typed_layers(language: Mapping[str, Any]) -> list[Part | None] | None:
    """Layers that are one part each, in order (Nemotron-H); None for models whose layers are a pair."""
    pattern, blocks = language.get("hybrid_override_pattern"), language.get("layers_block_type")
    if isinstance(pattern, str):
        return [_PATTERN_PARTS.get(letter) for letter in pattern]
    if isinstance(blocks, list) and ("moe" in blocks or "mlp" in blocks):
        return [_BLOCK_PARTS.get(str(block)) for block in blocks]
    return None


def _at(values: object, layer: int) -> object:
    """The entry of a per-layer list, None where there is none."""
    if isinstance(values, Sequence) and not isinstance(values, str) and layer < len(values):
        return values[layer]
    return None


def _is_sparse(language: Mapping[str, Any], layer: int) -> bool:
    kind, listed = _at(language.get("mlp_layer_types"), layer), _at(language.get("moe_layer_freq"), layer)
    if kind is not None:
        return kind == "sparse"
    if listed is not None:
        return bool(listed)
    if layer < _int(language, "first_k_dense_replace"):
        return False
    dense_only = language.get("mlp_only_layers")
    if isinstance(dense_only, list) and layer in dense_only:
        return False
    step = _int(language, "decoder_sparse_step", "interleave_moe_layer_step") or 1
    return (layer + 1) % step == 0


def _is_recurrent(language: Mapping[str, Any], layer: int) -> bool:
    kind = _at(language.get("layer_types"), layer)
    if kind is not None:
        return str(kind) in _RECURRENT_TYPES
    linear = language.get("linear_attn_config")
    if isinstance(linear, dict) and isinstance(linear.get("kda_layers"), list):
        return layer + 1 in linear["kda_layers"]  # Kimi counts layers from 1
    interval = _int(language, "full_attention_interval")
    if not interval and _int(language, "linear_num_value_heads"):
        interval = 4  # class default of Qwen3-Next and Qwen3.5
    return bool(interval) and (layer + 1) % interval != 0


def _attention_sizes(language: Mapping[str, Any]) -> dict[str, float]:
    if _int(language, "kv_lora_rank"):
        return _latent_sizes(language)
    heads = _int(language, "num_attention_heads", "n_head", "n_heads") or 1
    kv_heads = _int(language, "num_key_value_heads", "multi_query_group_num") or heads
    return {"q_proj": heads, "k_proj": kv_heads, "v_proj": kv_heads, "o_proj": heads}


def _latent_sizes(language: Mapping[str, Any]) -> dict[str, float]:
    """Matrices of latent attention, in parameters: they have no width in common."""
    hidden, heads = _int(language, "hidden_size"), _int(language, "num_attention_heads")
    rank, q_rank = _int(language, "kv_lora_rank"), _int(language, "q_lora_rank")
    rope, nope = _int(language, "qk_rope_head_dim"), _int(language, "qk_nope_head_dim")
    value = _int(language, "v_head_dim")
    queries = heads * (nope + rope)
    index = _int(language, "index_n_heads") * _int(language, "index_head_dim") * (q_rank or hidden)
    return {
        **({"q_a_proj": hidden * q_rank, "q_b_proj": q_rank * queries} if q_rank else {"q_proj": hidden * queries}),
        "kv_a_proj": hidden * (rank + rope),
        "kv_b_proj": rank * heads * (nope + value),
        "o_proj": heads * value * hidden,
        "indexer": index + _int(language, "index_head_dim") * hidden,
    }


def _recurrent_sizes(language: Mapping[str, Any]) -> dict[str, float]:
    if _int(language, "linear_num_value_heads"):
        keys = _int(language, "linear_num_key_heads") * _int(language, "linear_key_head_dim")
        value_heads = _int(language, "linear_num_value_heads")
        values = value_heads * _int(language, "linear_value_head_dim")
        return {
            "in_proj_qkv": 2 * keys + values,
            "in_proj_z": values,
            "in_proj_b": value_heads,
            "in_proj_a": value_heads,
            "out_proj": values,
        }
    inner = _int(language, "mamba_num_heads") * _int(language, "mamba_head_dim")
    state = _int(language, "n_groups") * _int(language, "ssm_state_size")
    return {"in_proj": 2 * (inner + state) + _int(language, "mamba_num_heads"), "out_proj": inner} if inner else {}


def _feed_forward_sizes(language: Mapping[str, Any]) -> dict[str, float]:
    gated = language.get("mlp_hidden_act") != "relu2"
    return {**({"gate": 1.0} if gated else {}), "up": 1.0, "down": 1.0}
