"""Decoders that differ from a known shape in a part or two: a bias, a gate, experts in attention, one more table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isqrt
from typing import Final

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import FeedForward, MixtureOfExperts
from estimator.model_spec import LayerGroup
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, FamilyReader, LayerMixers, LayerNetworks, MixerReader, by_kind, flag
from ingest.families.decoder import Decoder, headline
from ingest.families.networks import Dense, Experts, after_dense_layers
from ingest.families.softmax import GroupedQuery, Heads, read_heads
from ingest.families.towers import linear
from ingest.families.windows import by_layer_types, one_window

BIASED: Final = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias")
Change = Callable[[ConfigReader, GroupedQueryAttention], GroupedQueryAttention]
"""What a family adds to an attention layer."""


def changed(attention: GroupedQuery, change: Change) -> MixerReader:
    """Layers of that attention with the family's additions."""

    def mixers(config: ConfigReader) -> LayerMixers:
        windows, heads = attention.windows(config, config.layer_count()), attention.heads(config)
        return by_kind(windows, lambda window: change(config, attention.mixer(config, heads, window)))

    return mixers


# -- BEAM -----------------------------------------------------------------------------------------------------------


def beam_windows(config: ConfigReader, layers: int) -> Sequence[int | None]:
    """As `layer_types` says; else each sixth layer and the last see all."""
    if config.text_list("layer_types"):
        return by_layer_types(config, layers)
    window = config.positive_int("sliding_window")
    return tuple(None if (layer + 1) % 6 == 0 or layer + 1 == layers else window for layer in range(layers))


def with_gate_bias(config: ConfigReader, mixer: GroupedQueryAttention) -> GroupedQueryAttention:  # noqa: ARG001  # a Change
    """One learned offset of the gate for each head."""
    return replace(mixer, vector_parameters=mixer.vector_parameters + mixer.num_attention_heads)


BEAM: Final = Decoder(
    attention=changed(
        GroupedQuery(
            qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head", is_gated=True, windows=beam_windows
        ),
        with_gate_bias,
    ),
    network=Experts(sparse_layers=after_dense_layers("num_dense_layers", unstated=3)),
    norms=4,
    correction_buffers=True,
)


# -- CPM-Ant --------------------------------------------------------------------------------------------------------


def read_cpm_heads(config: ConfigReader) -> Heads:
    """Heads of `dim_head`."""
    return replace(read_heads(config), head_dim=config.positive_int("dim_head"))


CPM_ANT: Final = Decoder(attention=GroupedQuery(heads=read_cpm_heads), network=Dense(size=("dim_ff",)))


def cpm_ant(config: ConfigReader) -> Anatomy:
    """CPM-Ant: prompts in the embedding beside the words, a bias on distances, a head of its own."""
    read = CPM_ANT(config)
    width, heads = read.headline.hidden_size, config.positive_int("num_attention_heads")
    segments = config.positive_int("segment_types")
    prompts = config.positive_int("prompt_types") * config.positive_int("prompt_length")
    distances = (segments * segments + config.positive_int("position_bias_num_buckets")) * heads
    words = read.headline.vocab_size * width
    return replace(
        read,
        headline=replace(read.headline, head_dim=config.positive_int("dim_head"), tie_word_embeddings=False),
        embedding_parameters=words + prompts * width,
        output_head_parameters=words,
        other_parameters=read.other_parameters + segments * width + distances,
    )


# -- DiffLlama and Doge ---------------------------------------------------------------------------------------------


def with_lambdas(config: ConfigReader, mixer: GroupedQueryAttention) -> GroupedQueryAttention:  # noqa: ARG001  # a Change
    """Four vectors of one head's width, from which the weight of the second map comes."""
    return replace(mixer, vector_parameters=mixer.vector_parameters + 4 * mixer.head_dim)


def with_dynamic_mask(config: ConfigReader, mixer: GroupedQueryAttention) -> GroupedQueryAttention:
    """Doge: one decay a KV head, and a layer from all values to it."""
    heads = mixer.num_key_value_heads
    bias = heads if flag(config, "attention_bias") else 0
    return replace(
        mixer,
        extra_matrix_parameters=mixer.extra_matrix_parameters + heads * mixer.head_dim * heads,
        vector_parameters=mixer.vector_parameters + heads + bias,
    )


def doge_networks(config: ConfigReader) -> LayerNetworks:
    """A dense network; with `is_moe`, experts of one neuron beside it, found by a product of two sets of keys."""
    dense = Dense(bias="mlp_bias").network(config)
    network: FeedForward = dense
    if flag(config, "is_moe"):
        width, experts = config.positive_int("hidden_size"), config.positive_int("num_experts")
        network = MixtureOfExperts(
            num_experts=experts,
            num_experts_per_tok=config.positive_int("num_experts_per_tok", at_most=experts),
            expert_hidden_size=width,
            expert_intermediate_size=1,
            is_gated=False,
            shared_parameters=dense.matrix_parameters,
            shared_vector_parameters=dense.vector_parameters,
            router_parameters=2 * isqrt(experts) * width,
        )
    return lambda _layer: network


DOGE: Final = Decoder(
    attention=changed(replace(BIASED, qk_norm="head", windows=one_window), with_dynamic_mask),
    network=doge_networks,
    norms=4,
)
"""Two norms and two residual weights a layer, each as wide as the model."""


# -- GPT-NeoX-Japanese ----------------------------------------------------------------------------------------------


def japanese_networks(config: ConfigReader) -> LayerNetworks:
    """Two matrices, `intermediate_multiple_size` times as wide as the model."""
    width = config.positive_int("hidden_size") * config.positive_int("intermediate_multiple_size", at_most=1024)
    network = Dense(is_gated=False).of_width(config, width)
    return lambda _layer: network


NEOX_JAPANESE: Final = Decoder(
    attention=GroupedQuery(),
    network=japanese_networks,
    norm_bias=True,
    tied_default=True,
    additional=lambda config: config.positive_int("hidden_size"),  # the last layer's attention alone has a bias
)


# -- JetMoE ---------------------------------------------------------------------------------------------------------


def jetmoe(config: ConfigReader) -> Anatomy:
    """JetMoE: q and o are experts too, of which each token uses as many as of the network's; k and v are shared."""
    head = headline(config, tied_default=True)
    width, kv_heads, head_dim = (
        head.hidden_size,
        config.positive_int("num_key_value_heads"),
        config.positive_int("kv_channels"),
    )
    network = Experts(size=("intermediate_size",)).network(config)
    used = network.num_experts_per_tok
    plain = GroupedQueryAttention(
        hidden_size=width, num_attention_heads=kv_heads * used, num_key_value_heads=kv_heads, head_dim=head_dim
    )
    mixer = replace(plain, extra_matrix_parameters=-plain.query_and_output_parameters)  # counted as experts
    projections = replace(
        network, expert_intermediate_size=kv_heads * head_dim, is_gated=False, shared_vector_parameters=width
    )
    embedding = head.vocab_size * width
    count = head.num_hidden_layers
    return Anatomy(
        headline=replace(head, num_attention_heads=kv_heads * used, head_dim=head_dim),
        layers=(
            LayerGroup(count=count, mixer=mixer, feed_forward=projections, other_parameters=width),
            LayerGroup(
                count=count,
                mixer=None,
                feed_forward=replace(network, shared_vector_parameters=width),
                other_parameters=width,
            ),
        ),
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=width,
    )


# -- ModernBERT's decoder -------------------------------------------------------------------------------------------


def modernbert_windows(config: ConfigReader, layers: int) -> Sequence[int | None]:
    """As `layer_types` says, else the first of each three sees all; the others half of `local_attention`."""
    window = config.positive_int("local_attention") // 2 or None
    kinds = config.text_list("layer_types")
    if kinds is None:
        every = config.positive_int("global_attn_every_n_layers", default=3)
        return tuple(window if layer % every else None for layer in range(layers))
    if len(kinds) < layers:
        raise config.malformed("layer_types", f"{len(kinds)} entries", f"one for each of {layers} layers")
    return tuple(window if kind == "sliding_attention" else None for kind in kinds[:layers])


MODERNBERT: Final = Decoder(
    attention=replace(BIASED, windows=modernbert_windows),
    network=Dense(bias="mlp_bias"),
    norm_bias="norm_bias",
    head_bias="decoder_bias",
    tied_default=True,
    final_norms=2,
)


def modernbert_decoder(config: ConfigReader) -> Anatomy:
    """ModernBERT as a decoder: a norm after the embedding in place of the first layer's, a layer before the head."""
    read = MODERNBERT(config)
    width = read.headline.hidden_size
    dense = linear(width, width, bias=flag(config, "classifier_bias"))
    return replace(read, other_parameters=read.other_parameters + dense)


# -- Moshi's language model -----------------------------------------------------------------------------------------


def moshi_networks(config: ConfigReader) -> LayerNetworks:
    """A gated network of which `ffn_dim` counts gate and up together."""
    network = Dense().of_width(config, config.positive_int("ffn_dim") // 2 or 1)
    return lambda _layer: network


MOSHI: Final = Decoder(attention=GroupedQuery(windows=one_window), network=moshi_networks)


def moshi(config: ConfigReader) -> Anatomy:
    """Moshi's text decoder alone; the whole speaks with a second decoder and a codec, which are not described."""
    refuse_class(config, "ForConditionalGeneration", "the speaking model of three parts is not described")
    read = MOSHI(config)
    return replace(read, embedding_parameters=read.embedding_parameters + read.headline.hidden_size)


def blt(config: ConfigReader) -> Anatomy:
    """A refusal: BLT's cache holds patches, and how many bytes make one depends on the text."""
    raise config.unsupported("model_type", "blt", "its cache grows by patches whose length depends on the text")


def refuse_class(config: ConfigReader, suffix: str, why: str) -> None:
    """An error where the file is of a class that is not described."""
    architecture = (config.text_list("architectures") or [""])[0]
    if architecture.endswith(suffix):
        raise config.unsupported("architectures", architecture, why)


VARIANTS: Final[Mapping[str, FamilyReader]] = {
    "beam": BEAM,
    "blt": blt,
    "cpmant": cpm_ant,
    "diffllama": Decoder(attention=changed(BIASED, with_lambdas)),
    "doge": DOGE,
    "emu3_text_model": Decoder(attention=BIASED, network=Dense(bias="mlp_bias")),
    "gpt_neox_japanese": NEOX_JAPANESE,
    "jetmoe": jetmoe,
    "modernbert-decoder": modernbert_decoder,
    "moshi": moshi,
}
