"""Recurrent kinds with one family each: xLSTM's matrix memory, ZAYA's convolutions inside attention."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import MixtureOfExperts
from estimator.recurrence import Recurrence
from ingest.config_reader import MAX_INT, ConfigReader
from ingest.families.anatomy import Anatomy, FamilyReader, flag, grouped
from ingest.families.decoder import headline
from ingest.families.networks import Dense
from ingest.families.remote import refuse_if
from ingest.families.towers import linear

GATED: Final = Dense()


def xlstm(config: ConfigReader) -> Anatomy:
    """xLSTM: a matrix memory for each head, gates, a gated network rounded up to a multiple."""
    refuse_if(config, "use_bias")
    head = headline(config)
    width, layers, heads = head.hidden_size, head.num_hidden_layers, config.positive_int("num_heads", at_most=65536)
    keys, values = _multiple(config, "qk_dim_factor"), _multiple(config, "v_dim_factor")
    mixer = Recurrence(
        kind="mlstm",
        matrix_parameters=2 * width * (keys + values) + 2 * width * heads + values * width,
        vector_parameters=2 * heads + values,
        recurrent_state_elements=keys * values // heads + keys + heads,
        num_heads=heads,
    )
    multiple = config.positive_int("ffn_round_up_to_multiple_of", at_most=65536)
    network = GATED.of_width(config, _multiple(config, "ffn_proj_factor", multiple))
    embedding = head.vocab_size * width
    return Anatomy(
        headline=replace(head, num_attention_heads=None, num_key_value_heads=None, head_dim=None),
        layers=grouped([(mixer, network, 2 * width)] * layers),
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=width,  # whatever `add_out_norm` says
    )


def _multiple(config: ConfigReader, key: str, unit: int = 1) -> int:
    """So many times the model's width; rounded down, or up to a multiple of the unit."""
    wide = config.positive_int("hidden_size") * config.number(key)
    if not 1 <= wide <= MAX_INT:
        raise config.malformed(key, config.number(key), "a factor of a sane width")
    return int((wide + unit - 1) // unit) * unit


# -- ZAYA -----------------------------------------------------------------------------------------------------------


def zaya(config: ConfigReader) -> Anatomy:
    """ZAYA: queries and keys through two convolutions, half of the values a token late, a deep router that may skip."""
    head = headline(config, tied_default=True)
    width, layers = head.hidden_size, head.num_hidden_layers
    kinds = config.text_list("layer_types") or ["hybrid"] * layers
    if len(kinds) < layers or set(kinds) - {"hybrid", "hybrid_sliding"}:
        raise config.unsupported("layer_types", kinds[:3], "known are hybrid and hybrid_sliding, one for each layer")
    windows = {"hybrid": None, "hybrid_sliding": config.optional_int("sliding_window") or None}
    convolutions, network = _zaya_convolutions(config), _zaya_experts(config)
    parts: list[tuple[Recurrence | GroupedQueryAttention, MixtureOfExperts | None, int]] = []
    for kind in kinds[:layers]:
        parts += [(convolutions, None, 0), (_zaya_attention(config, windows[kind]), network, 10 * width)]
    embedding = head.vocab_size * width
    router = config.positive_int("router_hidden_size")
    return Anatomy(
        headline=head,
        layers=grouped(parts),
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        output_head_vector_parameters=head.vocab_size if flag(config, "lm_head_bias") else 0,
        other_parameters=3 * width - router,  # the first router has no earlier one to scale
        buffer_parameters=layers * (network.num_experts + 1),
    )


def _zaya_widths(config: ConfigReader) -> tuple[int, int, int]:
    head_dim = config.positive_int("head_dim")
    return (
        config.positive_int("num_attention_heads") * head_dim,
        config.positive_int("num_key_value_heads") * head_dim,
        head_dim,
    )


def _zaya_attention(config: ConfigReader, window: int | None) -> GroupedQueryAttention:
    queries, keys, head_dim = _zaya_widths(config)
    biases = queries + 2 * keys + config.positive_int("hidden_size") if flag(config, "attention_bias") else 0
    return GroupedQueryAttention(
        hidden_size=config.positive_int("hidden_size"),
        num_attention_heads=queries // head_dim,
        num_key_value_heads=keys // head_dim,
        head_dim=head_dim,
        window_tokens=window,
        vector_parameters=biases + keys // head_dim,
    )


def _zaya_convolutions(config: ConfigReader) -> Recurrence:
    """A convolution for each channel and one over each head's channels; the state is their tails and a late value."""
    queries, keys, head_dim = _zaya_widths(config)
    first, second = config.positive_int("cca_time0", at_most=1024), config.positive_int("cca_time1", at_most=1024)
    channels = queries + keys
    return Recurrence(
        kind="short_conv",
        matrix_parameters=channels * (first + head_dim * second),
        vector_parameters=2 * channels,
        conv_state_elements=channels * (first + second - 2) + keys // 2,
    )


def _zaya_experts(config: ConfigReader) -> MixtureOfExperts:
    width, experts = config.positive_int("hidden_size"), config.positive_int("num_experts", at_most=65536)
    router = config.positive_int("router_hidden_size")
    return MixtureOfExperts(
        num_experts=experts,
        num_experts_per_tok=config.positive_int("num_experts_per_tok", at_most=experts),
        expert_hidden_size=width,
        expert_intermediate_size=config.positive_int("moe_intermediate_size"),
        router_parameters=linear(width, router)
        + 2 * linear(router, router)
        + linear(router, experts + 1, bias=False)
        + 2 * router,
    )


STATEFUL: Final[Mapping[str, FamilyReader]] = {"xlstm": xlstm, "zaya": zaya}
