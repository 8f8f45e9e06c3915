"""Latent attention with gates: A.X K2, dots3-note, Hunyuan V4.

Traps, with their witnesses: A.X K2 has no q_b, its queries and gates come from a latent twice as wide as stated;
dots3-note's sliding layers have a latent of another width, under `swa_` keys in released files and in
`per_layer_config` in saved ones; Hunyuan V4 picks tokens in every fourth layer and keeps four residual streams.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from estimator.attention import LatentAttention
from estimator.windowed_latent import WindowedLatentAttention
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, FamilyReader, LayerMixers, by_kind, correction_buffers, grouped
from ingest.families.decoder import Decoder, headline
from ingest.families.latent import Latent
from ingest.families.networks import Dense, Experts, after_dense_layers, counted_shared
from ingest.families.variants import refuse_class

SPARSE: Final = after_dense_layers("first_k_dense_replace", unstated=1)
EXPERTS: Final = Experts(shared=counted_shared("n_shared_experts"), sparse_layers=SPARSE)
LATENT: Final = Latent(has_indexer=True)


def only_indexed(config: ConfigReader) -> None:
    """An error where a layer is of another kind."""
    odd = next((kind for kind in config.text_list("layer_types") or () if kind != "indexed_attention"), None)
    if odd is not None:
        raise config.unsupported("layer_types", odd, "this family is known with indexed attention alone")


# -- A.X K2 ---------------------------------------------------------------------------------------------------------


def axk2_attention(config: ConfigReader) -> LayerMixers:
    """Queries and gates together from a latent of twice `q_lora_rank`."""
    only_indexed(config)
    plain = LATENT.mixer(config, "full")
    rank = config.positive_int("q_lora_rank")
    heads = plain.num_attention_heads
    fused = 2 * rank * heads * (plain.query_width + plain.v_head_dim)
    mixer = replace(plain, extra_matrix_parameters=fused - rank * heads * plain.query_width)
    return lambda _layer: mixer


AXK2: Final = Decoder(attention=axk2_attention, network=EXPERTS, correction_buffers=True)


def axk2(config: ConfigReader) -> Anatomy:
    """A.X K2: each norm before attention or experts has a low-rank gate."""
    read = AXK2(config)
    sparse = sum(SPARSE(config, read.headline.num_hidden_layers))
    gates = 2 * read.headline.hidden_size * config.positive_int("gated_norm_rank")
    return replace(read, other_parameters=read.other_parameters + (read.headline.num_hidden_layers + sparse) * gates)


# -- Hunyuan V4 -----------------------------------------------------------------------------------------------------


def hy_v4(config: ConfigReader) -> Anatomy:
    """Hunyuan V4: gates and sinks in attention, hyper-connections around each part and before the head."""
    only_indexed(config)
    head = headline(config)
    width, layers = head.hidden_size, head.num_hidden_layers
    kinds = _indexers(config, layers)
    mixers = by_kind(kinds, lambda kind: _hy_attention(config, kind))
    networks = EXPERTS(config)
    streams = config.positive_int("hc_mult", at_most=64)
    hyper = 2 * (2 * streams * streams * width + 2 * streams + 2)
    groups = grouped((mixers(layer), networks(layer), 2 * width + hyper) for layer in range(layers))
    embedding = head.vocab_size * width
    return Anatomy(
        headline=head,
        layers=groups,
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=width + streams * streams * width + streams + 1,
        buffer_parameters=correction_buffers(groups),
    )


def _indexers(config: ConfigReader, layers: int) -> Sequence[str]:
    kinds = config.text_list("indexer_types")
    if kinds is None:
        return ["full" if layer == 0 or (layer - 1) % 4 == 0 else "shared" for layer in range(layers)]
    if len(kinds) < layers:
        raise config.malformed("indexer_types", f"{len(kinds)} entries", f"one for each of {layers} layers")
    return kinds[:layers]


def _hy_attention(config: ConfigReader, kind: str) -> LatentAttention:
    plain = LATENT.mixer(config, kind)
    heads = plain.num_attention_heads
    return replace(
        plain,
        extra_matrix_parameters=plain.hidden_size * heads * plain.v_head_dim,
        vector_parameters=plain.vector_parameters + heads,
    )


# -- dots3-note -----------------------------------------------------------------------------------------------------

SLIDING: Final = "sliding_attention"
SLIDING_WIDTHS: Final[Mapping[str, int]] = {
    "num_attention_heads": 64,
    "q_lora_rank": 1024,
    "kv_lora_rank": 1024,
    "qk_nope_head_dim": 192,
    "v_head_dim": 128,
}
"""What Dots3NoteTextConfig takes for sliding layers where no `swa_` key says otherwise."""


def dots3_note_text(config: ConfigReader) -> Anatomy:
    """The language model of dots3-note; its towers hold experts of their own and are not described."""
    refuse_class(config, "ForConditionalGeneration", "its vision and audio towers are not described")
    head = headline(config)
    width, layers = head.hidden_size, head.num_hidden_layers
    kinds = dots3_kinds(config, layers)
    networks = replace(
        EXPERTS,
        shared=lambda section, _width: (
            section.positive_int("n_shared_experts", at_most=64)
            * section.positive_int("moe_shared_expert_intermediate_size", "shared_experts_intermediate_size")
        ),
        dense=Dense(bias="mlp_bias"),
    )(config)
    groups = grouped(
        (_dots3_layer(config, kind, layer), networks(layer), 2 * width) for layer, kind in enumerate(kinds)
    )
    embedding = head.vocab_size * width
    return Anatomy(
        headline=head,
        layers=groups,
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=width,
        buffer_parameters=correction_buffers(groups),
    )


def dots3_kinds(config: ConfigReader, layers: int) -> Sequence[str]:
    """As `layer_types` says, where released files call indexed layers full; else the first two and each fourth."""
    sliding = config.boolean("use_sliding_window", default=True)
    kinds = config.text_list("layer_types") or [
        SLIDING if sliding and layer >= 2 and layer % 4 != 1 else "full_attention" for layer in range(layers)
    ]
    if len(kinds) < layers:
        raise config.malformed("layer_types", f"{len(kinds)} entries", f"one for each of {layers} layers")
    odd = next((kind for kind in kinds if kind not in {SLIDING, "full_attention", "indexed_attention"}), None)
    if odd is not None:
        raise config.unsupported("layer_types", odd, "no such kind of layer is known")
    if not config.states("use_dsa") and config.states("per_layer_config"):
        return kinds[:layers]
    full = "indexed_attention" if config.boolean("use_dsa", default=True) else "full_attention"
    return [kind if kind == SLIDING else full for kind in kinds[:layers]]


def _dots3_layer(config: ConfigReader, kind: str, layer: int) -> LatentAttention:
    widths = _dots3_widths(config, kind, layer)
    plain = LATENT.mixer(config, "full" if kind == "indexed_attention" else "none")
    heads, rank, latent = widths["num_attention_heads"], widths["q_lora_rank"], widths["kv_lora_rank"]
    rope = widths["qk_rope_head_dim"]
    changed = replace(
        plain,
        num_attention_heads=heads,
        q_lora_rank=rank,
        kv_lora_rank=latent,
        qk_nope_head_dim=widths["qk_nope_head_dim"],
        qk_rope_head_dim=rope,
        v_head_dim=widths["v_head_dim"],
        extra_matrix_parameters=plain.hidden_size * heads,
        vector_parameters=latent + rank + rope + (plain.indexer.vector_parameters if plain.indexer else 0),
    )
    if config.boolean("attention_bias", default=False):
        raise config.unsupported("attention_bias", "true", "known without biases")
    if kind != SLIDING:
        return changed
    fields = {name: getattr(changed, name) for name in (*widths, "hidden_size")}
    return WindowedLatentAttention(
        **fields,
        extra_matrix_parameters=changed.extra_matrix_parameters,
        vector_parameters=changed.vector_parameters,
        latent_window_tokens=config.positive_int("sliding_window", "sliding_window_size", default=512),
    )


def _dots3_widths(config: ConfigReader, kind: str, layer: int) -> dict[str, int]:
    """Heads and widths of one layer: its own where it has any, else those of all."""
    names = (*SLIDING_WIDTHS, "qk_rope_head_dim")
    all_layers = config.optional_section("per_layer_config")
    if all_layers is not None:
        own = all_layers.optional_section(f"{layer:02d}", str(layer))
        common = {name: config.positive_int(name) for name in names}
        return {name: own.positive_int(name, default=common[name]) for name in names} if own else common
    if kind != SLIDING:
        return {name: config.positive_int(name) for name in names}
    widths = {name: config.positive_int(f"swa_{name}", default=width) for name, width in SLIDING_WIDTHS.items()}
    rest = config.positive_int("swa_head_dim", default=256) - widths["qk_nope_head_dim"]
    return {**widths, "qk_rope_head_dim": config.positive_int("swa_qk_rope_head_dim", default=rest)}


def dots3_note(config: ConfigReader) -> Anatomy:
    """dots3-note as a language model alone: its text stands in a section, or at the top in released files."""
    refuse_class(config, "ForConditionalGeneration", "its vision and audio towers are not described")
    section = config.optional_section("text_config", model_type="dots3_note_text")
    return dots3_note_text(section or config.as_type("dots3_note_text"))


GATED_LATENT: Final[Mapping[str, FamilyReader]] = {
    "axk2": axk2,
    "dots3_note": dots3_note,
    "dots3_note_text": dots3_note_text,
    "hy_v4": hy_v4,
}
