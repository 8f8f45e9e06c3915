"""Models that mix recurrence and attention by rules of their own: which layer is which, and what else stands there."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from estimator.attention import Mixer
from estimator.recurrence import Recurrence
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, LayerMixers, LayerNetworks, MixerReader, by_kind, flag, grouped
from ingest.families.decoder import Decoder, headline
from ingest.families.latent import Latent
from ingest.families.linear import LINEAR, mamba2
from ingest.families.networks import Dense, Experts
from ingest.families.softmax import GroupedQuery, read_heads
from ingest.families.windows import layer_types, window_of

if TYPE_CHECKING:
    from estimator.feedforward import FeedForward

KindReader = Callable[[ConfigReader, int], Sequence[str]]
"""The kind of each layer."""


def mixed(
    kinds: KindReader, recurrent: Callable[[ConfigReader], Recurrence], attention: GroupedQuery | Latent
) -> MixerReader:
    """Layers of that recurrence and of that attention, in the order that `kinds` finds."""

    def mixers(config: ConfigReader) -> LayerMixers:
        def build(kind: str) -> Mixer:
            if kind in LINEAR:
                return recurrent(config)
            if isinstance(attention, Latent):
                return attention.mixer(config)
            return attention.mixer(config, attention.heads(config), window_of(config, kind))

        return by_kind(kinds(config, config.layer_count()), build)

    return mixers


def listed(key: str, *, unstated: str) -> KindReader:
    """As `layer_types` says; else the layers whose index the key lists are attention; all `unstated` without it."""

    def kinds(config: ConfigReader, layers: int) -> Sequence[str]:
        if config.text_list("layer_types"):
            return layer_types(config, layers)
        chosen = config.int_list(key)
        if chosen is None:
            return [unstated] * layers
        attending = set(chosen)
        return ["attention" if layer in attending else "linear" for layer in range(layers)]

    return kinds


def flagged(key: str) -> KindReader:
    """As `layer_types` says; else a list of 1 for attention and 0 for recurrence (MiniMax-Text-01)."""

    def kinds(config: ConfigReader, layers: int) -> Sequence[str]:
        if config.text_list("layer_types"):
            return layer_types(config, layers)
        return ["attention" if step else "linear" for step in config.int_of_layer(key, layers=layers)]

    return kinds


def every_nth(period: str, offset: str | None = None) -> KindReader:
    """As `layer_types` says; else each `period`-th layer is attention, from `offset` or the period's end."""

    def kinds(config: ConfigReader, layers: int) -> Sequence[str]:
        if config.text_list("layer_types"):
            return layer_types(config, layers)
        every = config.positive_int(period)
        first = config.count(offset) if offset else every - 1
        return ["attention" if layer % every == first else "linear" for layer in range(layers)]

    return kinds


def kimi_linear_kinds(config: ConfigReader, layers: int) -> Sequence[str]:
    """As `layer_types` says; else `full_attn_layers` of `linear_attn_config`, counted from one."""
    inner = config.optional_section("linear_attn_config")
    if config.text_list("layer_types") or inner is None:
        return layer_types(config, layers)
    chosen = set(inner.int_list("full_attn_layers") or ())
    return ["attention" if layer + 1 in chosen else "linear" for layer in range(layers)]


def recurrent_gemma_kinds(config: ConfigReader, layers: int) -> Sequence[str]:
    """`block_types` over and over; its attention sees `attention_window_size`."""
    pattern = config.text_list("block_types", "_block_types") or ["recurrent", "recurrent", "attention"]
    kinds = [pattern[layer % len(pattern)] for layer in range(layers)]
    return ["linear" if kind == "recurrent" else "local" for kind in kinds]


def half_wide(config: ConfigReader) -> LayerNetworks:
    """RecurrentGemma: `intermediate_size` counts gate and up together."""
    network = Dense(bias=True).of_width(config, config.positive_int("intermediate_size") // 2 or 1)
    return lambda _layer: network


def falcon_h1(config: ConfigReader) -> Anatomy:
    """Falcon-H1: in every layer Mamba-2 and attention side by side, then a network."""
    head = headline(config)
    mamba, attention = falcon_h1_mamba(config), H1_ATTENTION.mixer(config, read_heads(config), None)
    network = H1_NETWORK.network(config)
    embedding = head.vocab_size * head.hidden_size
    both: list[tuple[Mixer | None, FeedForward | None, int]] = [
        (mamba, None, 0),
        (attention, network, 2 * head.hidden_size),
    ]
    layers = both * head.num_hidden_layers
    return Anatomy(
        headline=head,
        layers=grouped(layers),
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=head.hidden_size,
    )


def falcon_h1_mamba(config: ConfigReader) -> Recurrence:
    """Mamba-2 of width `mamba_d_ssm`, its norm only where `mamba_rms_norm` says so."""
    hidden_size, heads = config.positive_int("hidden_size"), config.positive_int("mamba_n_heads", at_most=65536)
    state, kernel = config.positive_int("mamba_d_state"), config.positive_int("mamba_d_conv")
    inner = config.positive_int("mamba_d_ssm", default=config.positive_int("mamba_expand", default=2) * hidden_size)
    channels = inner + 2 * config.positive_int("mamba_n_groups") * state
    projection = inner + channels + heads
    vectors = 3 * heads + (channels if flag(config, "mamba_conv_bias") else 0)
    vectors += inner if flag(config, "mamba_rms_norm") else 0
    vectors += projection if flag(config, "mamba_proj_bias") else 0
    vectors += hidden_size if flag(config, "projectors_bias") else 0
    return Recurrence(
        kind="mamba2",
        matrix_parameters=hidden_size * projection + channels * kernel + inner * hidden_size,
        vector_parameters=vectors,
        recurrent_state_elements=inner * state,
        conv_state_elements=channels * kernel,
        num_heads=heads,
    )


H1_ATTENTION: Final = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias")
H1_NETWORK: Final = Dense(bias="mlp_bias")


def longcat(config: ConfigReader) -> Anatomy:
    """LongCat-Flash: in every layer two latent attentions with a dense network each, and experts beside.

    The router also has zero experts, which cost nothing and are no parameters but its own rows.
    """
    layers = config.layer_count("num_layers", "num_hidden_layers")
    head = headline(config, layers=layers)
    attention, dense = Latent().mixer(config), Dense(size=("ffn_hidden_size", "intermediate_size")).network(config)
    experts = Experts(size=("expert_ffn_hidden_size", "moe_intermediate_size"), router_bias="router_bias").network(
        config
    )
    zero = config.count("zero_expert_num", default=0)
    if zero and config.text("zero_expert_type", default="") != "identity":
        raise config.unsupported("zero_expert_type", None, "only identity experts are known to hold no parameters")
    embedding = head.vocab_size * head.hidden_size
    half = (attention, dense, 2 * head.hidden_size)
    return Anatomy(
        headline=head,
        layers=grouped([half, half, (None, experts, zero * head.hidden_size)] * layers),
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=head.hidden_size,
        buffer_parameters=layers * (experts.num_experts + zero),
    )


def rwkv(config: ConfigReader) -> Anatomy:
    """RWKV-4: time mixing and channel mixing, a receptance gate in both; a state of five vectors a layer."""
    head = headline(config, tied_default=False)
    width = head.hidden_size
    inner, mixed_width = (
        config.positive_int("intermediate_size", default=4 * width),
        config.positive_int("attention_hidden_size", default=width),
    )
    mixer = Recurrence(
        kind="rwkv",
        matrix_parameters=4 * width * mixed_width + width * width,
        vector_parameters=2 * mixed_width + 5 * width,
        recurrent_state_elements=3 * mixed_width,
        conv_state_elements=2 * width,
    )
    network = Dense(is_gated=False).of_width(config, inner)
    embedding = head.vocab_size * width
    return Anatomy(
        headline=head,
        layers=grouped([(mixer, network, 4 * width)] * head.num_hidden_layers),
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=4 * width,
    )


PURE_MAMBA2: Final[MixerReader] = lambda config: _always(mamba2(config))  # noqa: E731  # a reader of one line


def _always(mixer: Mixer) -> LayerMixers:
    return lambda _layer: mixer


def without_network(recurrent: Callable[[ConfigReader], Recurrence]) -> Decoder:
    """A stack of that recurrence alone: one norm a layer, no network (Mamba)."""
    return Decoder(
        attention=lambda config: _always(recurrent(config)), network=lambda _config: lambda _layer: None, norms=1
    )
