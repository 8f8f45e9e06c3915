"""Language models that stand inside image-text models only, and differ from the families known by name.

Traps, with their witnesses: Mistral Large 4 leaves rotary positions out of each fourth layer, whose latent is then
narrower in the cache; ERNIE-4.5-VL has a second set of experts for image tokens; Molmo 2's embedding has more rows
than its head; Unlimited-OCR keeps the whole prompt beside a window of what it wrote.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from estimator.attention import LatentAttention, Mixer
from estimator.feedforward import FeedForward, MixtureOfExperts
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, LayerMixers, LayerNetworks
from ingest.families.decoder import Decoder
from ingest.families.latent import Latent
from ingest.families.networks import (
    Dense,
    Experts,
    after_dense_layers,
    after_first_dense,
    counted_shared,
)
from ingest.families.remote import refuse_if
from ingest.families.softmax import GroupedQuery, Heads, read_heads
from ingest.families.windows import by_layer_types, layer_types

BIASED: Final = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias")
LATENT: Final = Latent()

COSMOS_EDGE: Final = Decoder(attention=BIASED, network=Dense(is_gated=False, bias="mlp_bias"))
GRANITE_DOCLING: Final = Decoder(attention=BIASED, network=Dense(bias="mlp_bias"), tied_default=True)


# -- Molmo 2 --------------------------------------------------------------------------------------------------------


def molmo2_text(config: ConfigReader) -> Anatomy:
    """Qwen3's or Llama's shape with q/k norms; `additional_vocab_size` more rows in the embedding than in the head."""
    wide = config.text("qk_norm_type", default="qwen3") != "qwen3"
    attention = GroupedQuery(qkv_bias="attention_bias", qk_norm="width" if wide else "head")
    read = Decoder(attention=attention)(config)
    added = config.count("additional_vocab_size", default=0) * read.headline.hidden_size
    return replace(read, embedding_parameters=read.embedding_parameters + added)


# -- Muse -----------------------------------------------------------------------------------------------------------


def muse_windows(config: ConfigReader, layers: int) -> Sequence[int | None]:
    """As `layer_types` says; else each fourth layer sees all, counted back from the last."""
    if config.text_list("layer_types"):
        return by_layer_types(config, layers)
    window = config.positive_int("sliding_window")
    return tuple(None if (layers - 1 - layer) % 4 == 0 else window for layer in range(layers))


MUSE_ATTENTION: Final = GroupedQuery(
    qkv_bias="attention_bias", output_bias="attention_bias", is_gated=True, windows=muse_windows
)
MUSE_GLIMMER: Final = Decoder(attention=MUSE_ATTENTION, norms=4)


def muse_experts(config: ConfigReader) -> LayerNetworks:
    """Experts in a latent width, between two projections and with two norms; dense networks where a layer says so."""
    layers, hidden_size = config.layer_count(), config.positive_int("hidden_size")
    latent, experts = config.positive_int("moe_hidden_size"), config.positive_int("num_local_experts", at_most=65536)
    network: FeedForward = MixtureOfExperts(
        num_experts=experts,
        num_experts_per_tok=config.positive_int("num_experts_per_tok", at_most=experts),
        expert_hidden_size=latent,
        expert_intermediate_size=config.positive_int("moe_intermediate_size"),
        shared_parameters=2 * hidden_size * latent,
        shared_vector_parameters=2 * latent,
        router_parameters=experts * hidden_size,
    )
    sparse = after_first_dense(config, layers)
    dense: FeedForward | None = None if all(sparse) else Dense().network(config)
    return lambda layer: network if sparse[layer] else dense


MUSE_SPARK: Final = Decoder(attention=MUSE_ATTENTION, network=muse_experts, norms=5, correction_buffers=True)
"""Three norms and two residual gates a layer, each as wide as the model."""


# -- Mistral Large 4 ------------------------------------------------------------------------------------------------


def rotary_layers(config: ConfigReader, layers: int) -> Sequence[bool]:
    """Whether each layer has rotary positions: as `no_rope_layers` says (1 has them), else all but each fourth."""
    stated = config.int_list("no_rope_layers")
    if stated is None:
        every = config.positive_int("no_rope_layer_interval", default=4)
        return tuple((layer + 1) % every != 0 for layer in range(layers))
    if len(stated) < layers:
        raise config.malformed("no_rope_layers", f"{len(stated)} entries", f"one for each of {layers} layers")
    return tuple(bool(has) for has in stated[:layers])


def mistral_large4_attention(config: ConfigReader) -> LayerMixers:
    """Latent attention with an indexer whose queries come from the layer's input; layers that share are refused."""
    layers = config.layer_count()
    sources = config.int_list("kv_source_layers")
    if sources is not None and sources[:layers] != list(range(layers)):
        raise config.unsupported("kv_source_layers", sources[:4], "layers that read another's cache are not known here")
    for key in ("index_topk_pattern", "index_topk_freq"):
        if config.states(key) and not config.states("indexer_types"):
            raise config.unsupported(key, config.raw(key)[1], "state indexer_types instead")
    kinds = (config.text_list("indexer_types") or ["full"] * layers)[:layers]
    rotary = rotary_layers(config, layers)
    if len(kinds) < layers:
        raise config.malformed("indexer_types", f"{len(kinds)} entries", f"one for each of {layers} layers")
    pairs = list(zip(kinds, rotary, strict=True))
    built: dict[tuple[str, bool], Mixer] = {
        (kind, has): _mistral_large4_layer(config, kind, has) for kind, has in set(pairs)
    }
    return lambda layer: built[pairs[layer]]


def _mistral_large4_layer(config: ConfigReader, kind: str, has_rotary: bool) -> LatentAttention:
    read = LATENT.mixer(config, "none" if kind == "shared" else "full")
    index = read.indexer
    scales = 2 * read.num_attention_heads
    scales += 2 * read.hidden_size + 2 * index.num_heads if index else 0
    if index:  # in the weights of LATENT, the queries come from the query latent, which this family lacks
        index = Latent(has_indexer=True).mixer(config, "full").indexer
    read = replace(read, indexer=index, vector_parameters=read.vector_parameters + scales)
    if has_rotary:
        return read
    bias = read.qk_rope_head_dim if config.boolean("attention_bias", default=False) else 0
    return replace(
        read,
        qk_nope_head_dim=read.qk_nope_head_dim + read.qk_rope_head_dim,
        qk_rope_head_dim=0,
        vector_parameters=read.vector_parameters - bias,
    )


MISTRAL_LARGE4: Final = Decoder(
    attention=mistral_large4_attention,
    network=Experts(shared=counted_shared("n_shared_experts"), sparse_layers=after_first_dense),
)


# -- ERNIE-4.5-VL ---------------------------------------------------------------------------------------------------

ERNIE_ATTENTION: Final = GroupedQuery(qkv_bias="use_bias", output_bias="use_bias")


def ernie_vl_networks(config: ConfigReader) -> LayerNetworks:
    """Experts for text, with a correction that is a parameter, and a shared part as wide as several of them."""
    widths, hidden_size = expert_widths(config), config.positive_int("hidden_size")
    experts = config.positive_int("moe_num_experts", at_most=65536)
    sparse = sparse_layers(config)
    dense = Dense(bias="use_bias").network(config)
    shared = config.count("moe_num_shared_experts", default=0) * widths[0]
    vectors = 2 * shared + hidden_size if shared and config.boolean("use_bias", default=False) else 0
    network = MixtureOfExperts(
        num_experts=experts,
        num_experts_per_tok=config.positive_int("moe_k", at_most=experts),
        expert_hidden_size=hidden_size,
        expert_intermediate_size=widths[0],
        shared_parameters=3 * hidden_size * shared,
        shared_vector_parameters=vectors + experts,
        router_parameters=experts * hidden_size,
    )
    return lambda layer: network if sparse[layer] else dense


def sparse_layers(config: ConfigReader) -> Sequence[bool]:
    """Whether each layer holds experts: as stated, else all but the first."""
    layers = config.layer_count()
    if config.text_list("mlp_layer_types") is not None:
        return after_first_dense(config, layers)
    if config.states("moe_layer_start_index"):
        raise config.unsupported("moe_layer_start_index", "", "state mlp_layer_types instead")
    return tuple(layer > 0 for layer in range(layers))


def expert_widths(config: ConfigReader) -> tuple[int, int]:
    """The widths of text experts and of vision experts."""
    widths = config.int_list("moe_intermediate_size") or [1536, 512]
    if len(widths) != 2 or min(widths) < 1:
        raise config.malformed("moe_intermediate_size", widths, "a width for text experts and one for vision experts")
    return widths[0], widths[1]


def image_experts(config: ConfigReader) -> int:
    """The experts of image tokens, their router and its correction, over all layers: no text token uses them."""
    experts, hidden_size = config.positive_int("moe_num_experts", at_most=65536), config.positive_int("hidden_size")
    one_layer = experts * (3 * hidden_size * expert_widths(config)[1] + hidden_size + 1)
    return sum(sparse_layers(config)) * one_layer


ERNIE_VL: Final = Decoder(attention=ERNIE_ATTENTION, network=ernie_vl_networks, tied_default=True)


# -- Unlimited-OCR --------------------------------------------------------------------------------------------------


def reference_windows(config: ConfigReader, layers: int) -> Sequence[int | None]:
    """A window over what was written; the prompt stays in the cache beside it, which is warned of."""
    kinds = layer_types(config, layers) if config.text_list("layer_types") else ["reference_sliding_attention"] * layers
    odd = next((kind for kind in kinds if kind not in {"reference_sliding_attention", "full_attention"}), None)
    if odd is not None:
        raise config.unsupported("layer_types", odd, "no such kind of layer is known")
    window = config.positive_int("sliding_window")
    if "reference_sliding_attention" in kinds:
        config.trace.warn(
            f"the cache holds the whole prompt beside a window of {window} generated tokens; only the window is counted"
        )
    return tuple(window if kind == "reference_sliding_attention" else None for kind in kinds)


def read_derived_heads(config: ConfigReader) -> Heads:
    """Heads of hidden_size / heads each: a stated head_dim is overruled."""
    plain = read_heads(config)
    return replace(plain, head_dim=plain.hidden_size // plain.num_attention_heads or 1)


UNLIMITED_OCR: Final = Decoder(
    attention=replace(BIASED, windows=reference_windows, heads=read_derived_heads),
    network=Experts(
        shared=counted_shared("n_shared_experts"),
        sparse_layers=after_dense_layers("first_k_dense_replace", unstated=1),
    ),
)


def unlimited_ocr_text(config: ConfigReader) -> Anatomy:
    """Baidu's OCR model: DeepSeek's experts, every layer with a window beside the prompt."""
    refuse_if(config, "mlp_bias")
    read = UNLIMITED_OCR(config)
    head_dim = read.headline.hidden_size // (read.headline.num_attention_heads or 1)
    return replace(read, headline=replace(read.headline, head_dim=head_dim))
