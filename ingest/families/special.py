"""Language models whose layers differ in ways of their own: Llama-4, Llama-3.2 Vision, LFM2, DBRX, GPT-2, Falcon."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from estimator.feedforward import FeedForward, MixtureOfExperts
from estimator.model_spec import LayerGroup
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, LayerNetworks
from ingest.families.decoder import Decoder
from ingest.families.networks import Dense, Experts, stated_shared
from ingest.families.softmax import GroupedQuery, read_dbrx_heads, read_falcon_heads, read_heads
from ingest.families.windows import by_layer_types

GATED: Final = Dense()
BIASED: Final = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias")
FALCON: Final = Decoder(
    attention=GroupedQuery(heads=read_falcon_heads, qkv_bias="bias", output_bias="bias"),
    network=Dense(is_gated=False, bias="bias", size=("ffn_hidden_size",), default_factor=4),
    norm_bias=True,
    tied_default=True,
)
STABLELM: Final = Decoder(
    attention=GroupedQuery(qkv_bias="use_qkv_bias", qk_norm="width", has_qk_norm="qk_layernorm"), norm_bias=True
)
MLLAMA: Final = Decoder()
MLLAMA_CROSS: Final = GroupedQuery(qk_norm="head")


def learned_positions(*keys: str, extra: int = 0) -> Callable[[ConfigReader], int]:
    """A table of positions, `extra` rows longer than the key says."""
    return lambda config: (config.positive_int(*keys) + extra) * config.positive_int("hidden_size")


def llama4_windows(config: ConfigReader, layers: int) -> Sequence[int | None]:
    """As `layer_types` says; else chunks in all layers but each fourth, the one without rotary positions."""
    if config.text_list("layer_types"):
        return by_layer_types(config, layers)
    chunk = config.optional_int("attention_chunk_size") or None
    rotary = config.int_list("no_rope_layers") or []
    if not rotary:
        every = config.positive_int("no_rope_layer_interval", default=4)
        rotary = [int((layer + 1) % every != 0) for layer in range(layers)]
    if len(rotary) < layers:
        raise config.malformed("no_rope_layers", f"{len(rotary)} entries", f"one for each of {layers} layers")
    return tuple(chunk if is_rotary else None for is_rotary in rotary[:layers])


def llama4_networks(config: ConfigReader) -> LayerNetworks:
    """Experts in each `interleave_moe_layer_step`-th layer, of `intermediate_size`, with a shared one beside.

    Dense layers have `intermediate_size_mlp`; no key tells of the shared expert.
    """
    layers = config.layer_count()
    step = config.positive_int("interleave_moe_layer_step", default=1)
    listed = config.int_list("moe_layers")
    sparse = set(listed if listed is not None else range(step - 1, layers, step))
    experts = Experts(size=("intermediate_size",), shared=lambda _config, width: width).network(config)
    dense: FeedForward = Dense(size=("intermediate_size_mlp",)).network(config)
    return lambda layer: experts if layer in sparse else dense


def lfm2_networks(config: ConfigReader) -> LayerNetworks:
    """A gated network of two thirds of the stated width, rounded up to a multiple, where the config adjusts it."""
    width = config.positive_int("block_ff_dim", "intermediate_size")
    if config.boolean("block_auto_adjust_ff_dim", default=True):
        multiple = config.positive_int("block_multiple_of", default=256)
        width = int(2 * width / 3 * config.number("block_ffn_dim_multiplier", default=1.0))
        width = multiple * -(-width // multiple)
    if width < 1:
        raise config.malformed("block_ff_dim", width, "a positive width")
    network = GATED.of_width(config, width)
    return lambda _layer: network


def granite_networks(config: ConfigReader) -> LayerNetworks:
    """A shared network in each layer, with experts beside it where the config has any (4.0 "dense hybrid" has none)."""
    if not config.optional_int("num_local_experts"):
        network: FeedForward = GATED.of_width(config, config.positive_int("shared_intermediate_size"))
    else:
        network = Experts(size=("intermediate_size",), shared=stated_shared("shared_intermediate_size")).network(config)
    return lambda _layer: network


def dbrx_networks(config: ConfigReader) -> LayerNetworks:
    """Experts described in `ffn_config`."""
    inner = config.section("ffn_config")
    hidden_size = config.positive_int("hidden_size")
    experts = inner.positive_int("moe_num_experts", at_most=65536)
    network = MixtureOfExperts(
        num_experts=experts,
        num_experts_per_tok=inner.positive_int("moe_top_k", at_most=experts),
        expert_hidden_size=hidden_size,
        expert_intermediate_size=inner.positive_int("ffn_hidden_size"),
        router_parameters=experts * hidden_size,
    )
    return lambda _layer: network


DBRX: Final = Decoder(attention=GroupedQuery(heads=read_dbrx_heads), network=dbrx_networks)


def dbrx(config: ConfigReader) -> Anatomy:
    """DBRX; its headline's experts stand in `ffn_config`."""
    read = DBRX(config)
    network = next((group.feed_forward for group in read.layers), None)
    if not isinstance(network, MixtureOfExperts):
        return read
    head = replace(read.headline, num_experts=network.num_experts, num_experts_per_tok=network.num_experts_per_tok)
    return replace(read, headline=head)


def falcon(config: ConfigReader) -> Anatomy:
    """Falcon: norms before attention and network in parallel, two of them with the new architecture."""
    new, parallel = (
        config.boolean("new_decoder_architecture", default=False),
        config.boolean("parallel_attn", default=True),
    )
    norms = 1 if parallel and not new else 2
    if new and config.states("num_ln_in_parallel_attn"):
        norms = config.positive_int("num_ln_in_parallel_attn", at_most=2)
    return replace_norms(FALCON, norms)(config)


def stablelm(config: ConfigReader) -> Anatomy:
    """StableLM: one norm a layer where attention and network run in parallel."""
    return replace_norms(STABLELM, 1 if config.boolean("use_parallel_residual", default=False) else 2)(config)


def replace_norms(decoder: Decoder, norms: int) -> Decoder:
    """The same decoder with another number of norms a layer."""
    return replace(decoder, norms=norms)


def mllama_text(config: ConfigReader) -> Anatomy:
    """Llama-3.2 Vision: cross-attention layers between the others, and eight more rows in the embedding."""
    read = MLLAMA(config)
    layers, crossing = read.headline.num_hidden_layers, set(config.int_list("cross_attention_layers") or ())
    count = sum(layer < layers for layer in crossing)
    group = read.layers[0]
    if not count < layers:
        raise config.malformed("cross_attention_layers", f"{count} layers", f"fewer than {layers}")
    mixer = replace(MLLAMA_CROSS.mixer(config, read_heads(config), None), has_cache=False)
    cross = LayerGroup(
        count=count,
        mixer=mixer,
        feed_forward=group.feed_forward,
        other_parameters=group.other_parameters + 2,
    )
    return replace(
        read,
        layers=(replace(group, count=layers - count), cross) if count else read.layers,
        embedding_parameters=read.embedding_parameters + 8 * read.headline.hidden_size,
    )
