"""Gemma 4: two geometries of heads, layers that share a cache, experts beside a dense network, per-layer inputs.

Traps, with their witnesses: full layers have `global_head_dim` and `num_global_key_value_heads` of their own
(26B-A4B: 512 x 2 beside 256 x 8); with `attention_k_eq_v` they have no value projection, though the cache holds
both; the last `num_kv_shared_layers` cache nothing and hold no k and v (E2B: 20 of 35), and `use_double_wide_mlp`
doubles their networks; E2B's per-layer embeddings are 2.35e9 parameters on their own.
"""

from dataclasses import replace

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import DenseFeedForward, MixtureOfExperts
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, grouped
from ingest.families.decoder import headline
from ingest.families.networks import Dense
from ingest.families.windows import layer_types, window_of

GATED = Dense()


def gemma4_text(config: ConfigReader) -> Anatomy:
    """The language model of Gemma 4."""
    head = headline(config)
    hidden_size, layers = head.hidden_size, head.num_hidden_layers
    kinds = layer_types(config, layers)
    first_shared = layers - config.count("num_kv_shared_layers", default=0)
    per_layer_input = config.count("hidden_size_per_layer_input", default=0)
    experts = _experts(config) if config.boolean("enable_moe_block", default=False) else None
    norms = (4 + 3 * (experts is not None)) * hidden_size + _per_layer_parts(hidden_size, per_layer_input)
    stack = grouped(
        (
            _attention(config, kind, layer, shares=layer >= first_shared),
            experts or _dense(config, shares=layer >= first_shared),
            norms,
        )
        for layer, kind in enumerate(kinds)
    )
    embedding = head.vocab_size * hidden_size
    return Anatomy(
        headline=replace(head, num_experts_per_tok=experts.num_experts_per_tok if experts else None),
        layers=stack,
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        per_layer_embedding_parameters=_per_layer_embedding(config, layers, per_layer_input),
        other_parameters=hidden_size + _per_layer_projection(layers, hidden_size, per_layer_input),
        buffer_parameters=layers,
    )


def _per_layer_parts(hidden_size: int, width: int) -> int:
    """A gate into the per-layer width, a projection back and a norm, in each layer."""
    return 2 * hidden_size * width + hidden_size if width else 0


def _per_layer_embedding(config: ConfigReader, layers: int, width: int) -> int:
    return config.positive_int("vocab_size_per_layer_input") * layers * width if width else 0


def _per_layer_projection(layers: int, hidden_size: int, width: int) -> int:
    """From the embedding to every layer's input, and its norm."""
    return layers * width * hidden_size + width if width else 0


def _layer_config(config: ConfigReader, layer: int) -> ConfigReader | None:
    """What `per_layer_config` of newer files says of that layer alone."""
    layers = config.optional_section("per_layer_config")
    return layers.optional_section(f"{layer:02d}", str(layer)) if layers else None


def _attention(config: ConfigReader, kind: str, layer: int, *, shares: bool) -> GroupedQueryAttention:
    window = window_of(config, kind)
    head_dim = config.positive_int("head_dim")
    heads, kv_heads = config.positive_int("num_attention_heads"), config.positive_int("num_key_value_heads")
    keys_are_values = False
    if window is None:
        head_dim = _global_head_dim(config, head_dim)
        keys_are_values = config.boolean("attention_k_eq_v", default=False)
        if keys_are_values:
            kv_heads = config.optional_int("num_global_key_value_heads") or kv_heads
    own = _layer_config(config, layer)
    if own is not None:
        head_dim = own.positive_int("head_dim", default=head_dim)
        kv_heads = own.positive_int("num_key_value_heads", default=kv_heads)
    return GroupedQueryAttention(
        hidden_size=config.positive_int("hidden_size"),
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=head_dim,
        window_tokens=window,
        has_cache=not shares,
        has_key_projection=not shares,
        has_value_projection=not shares and not keys_are_values,
        vector_parameters=head_dim if shares else 2 * head_dim,
    )


def _global_head_dim(config: ConfigReader, head_dim: int) -> int:
    """Width of a full layer's heads: stated, or 512 as the class has it; per-layer settings and a null change nothing.

    Gemma4TextConfig takes 512 in its `__post_init__`, where no field shows it.
    """
    if config.states("per_layer_config") or config.raw("global_head_dim")[1] is None:
        return config.optional_int("global_head_dim") or head_dim
    return config.positive_int("global_head_dim", default=512)


def _dense(config: ConfigReader, *, shares: bool) -> DenseFeedForward:
    wide = shares and config.boolean("use_double_wide_mlp", default=False)
    return GATED.of_width(config, config.positive_int("intermediate_size") * (2 if wide else 1))


def _experts(config: ConfigReader) -> MixtureOfExperts:
    """Experts and a dense network side by side; the router has a scale a channel and one an expert."""
    hidden_size = config.positive_int("hidden_size")
    experts = config.positive_int("num_experts", at_most=65536)
    return MixtureOfExperts(
        num_experts=experts,
        num_experts_per_tok=config.positive_int("top_k_experts", at_most=experts),
        expert_hidden_size=hidden_size,
        expert_intermediate_size=config.positive_int("moe_intermediate_size", "expert_intermediate_size"),
        shared_parameters=3 * hidden_size * config.positive_int("intermediate_size"),
        router_parameters=experts * hidden_size + hidden_size + experts,
    )
