"""Models whose decoder attends to what a tower saw: BLIP, Kosmos-2.5, Pix2Struct, UDOP, Florence-2, T5Gemma 2, Evolla.

decoder layer = self-attention (its cache grows) + cross-attention (its cache is as long as the input) + network
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import DenseFeedForward
from estimator.model_spec import Headline, LayerGroup
from ingest.config_reader import ConfigReader
from ingest.families import more_towers, towers
from ingest.families.anatomy import Anatomy, FamilyReader
from ingest.families.decoder import Decoder
from ingest.families.language import GEMMA3
from ingest.families.networks import Dense
from ingest.families.seq2seq import BART, cross_cache
from ingest.families.softmax import GroupedQuery
from ingest.families.towers import linear, norm


def crossing(
    width: int, heads: int, *, source: int | None = None, head_dim: int | None = None, bias: bool = True
) -> GroupedQueryAttention:
    """Attention of a decoder of that width to states `source` wide; its cache does not grow."""
    head_dim = head_dim or width // heads or 1
    inner, source = heads * head_dim, source or width
    return GroupedQueryAttention(
        hidden_size=width,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=head_dim,
        has_cache=False,
        has_key_projection=False,
        has_value_projection=False,
        extra_matrix_parameters=2 * source * inner,
        vector_parameters=3 * inner + width if bias else 0,
    )


def attention(width: int, heads: int, *, head_dim: int | None = None, bias: bool = True) -> GroupedQueryAttention:
    """Self-attention with as many KV heads as heads; its cache grows."""
    head_dim = head_dim or width // heads or 1
    return GroupedQueryAttention(
        hidden_size=width,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=head_dim,
        vector_parameters=3 * heads * head_dim + width if bias else 0,
    )


def network(width: int, inner: int, *, gated: bool = False, bias: bool = True, extra: int = 0) -> DenseFeedForward:
    """A network with `extra` vector parameters (a norm inside)."""
    biases = inner * (2 if gated else 1) + width if bias else 0
    return DenseFeedForward(
        hidden_size=width, intermediate_size=inner, is_gated=gated, vector_parameters=biases + extra
    )


def two_attentions(
    layers: int, own: GroupedQueryAttention, cross: GroupedQueryAttention, feed: DenseFeedForward, one_norm: int
) -> tuple[LayerGroup, ...]:
    """Layers of self-attention, cross-attention and a network, a norm for each."""
    return (
        LayerGroup(count=layers, mixer=own, feed_forward=None, other_parameters=one_norm),
        LayerGroup(count=layers, mixer=cross, feed_forward=feed, other_parameters=2 * one_norm),
    )


# -- BERT as a decoder (BLIP; vision-encoder-decoder) ---------------------------------------------------------------


def bert_decoder(config: ConfigReader, source: int) -> Anatomy:
    """BERT with cross-attention to states `source` wide and a head for words, whose matrix is the embedding's."""
    width, heads, inner = (
        config.positive_int("hidden_size"),
        config.positive_int("num_attention_heads"),
        config.positive_int("intermediate_size"),
    )
    layers, vocab = config.layer_count(), config.positive_int("vocab_size")
    positions = config.positive_int("max_position_embeddings")
    head = Headline(
        hidden_size=width,
        num_hidden_layers=layers,
        vocab_size=vocab,
        intermediate_size=inner,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=width // heads or 1,
        max_position_embeddings=positions,
        tie_word_embeddings=True,
    )
    rows = positions + config.count("type_vocab_size", default=0)
    cross = crossing(width, heads, source=source)
    return Anatomy(
        headline=head,
        layers=two_attentions(layers, attention(width, heads), cross, network(width, inner), norm(width)),
        embedding_parameters=vocab * width,
        output_head_vector_parameters=vocab,
        other_parameters=rows * width + norm(width) + linear(width, width) + norm(width),
        warnings=(cross_cache(layers, 2 * width),),
    )


def blip(config: ConfigReader) -> Anatomy:
    """BLIP for captions: its tower and BERT as a decoder."""
    vision, text = config.section("vision_config"), config.section("text_config")
    if not text.boolean("is_decoder", default=True):
        raise text.unsupported("is_decoder", "false", "known is BLIP with a decoder")
    read = bert_decoder(text, vision.positive_int("hidden_size"))
    return replace(read, vision_parameters=more_towers.eva(vision))


def vision_encoder_decoder(config: ConfigReader) -> Anatomy:
    """ViT before BERT as a decoder, with a layer between where their widths differ; no other pair is known."""
    encoder, decoder = config.section("encoder"), config.section("decoder")
    for section, known in ((encoder, "vit"), (decoder, "bert")):
        if section.model_type != known:
            raise section.unsupported("model_type", section.model_type, f"known is {known} here")
    if not decoder.boolean("add_cross_attention", default=True) or not decoder.boolean("is_decoder", default=True):
        raise decoder.unsupported("add_cross_attention", "false", "known is a decoder that reads the encoder")
    if not decoder.boolean("tie_word_embeddings", default=True):
        raise decoder.unsupported("tie_word_embeddings", "false", "known with one table for words and head")
    if decoder.optional_int("cross_attention_hidden_size"):
        raise decoder.unsupported("cross_attention_hidden_size", "", "known is a layer between the two")
    wide, width = encoder.positive_int("hidden_size"), decoder.positive_int("hidden_size")
    between = linear(wide, width) if wide != width else 0
    return replace(bert_decoder(decoder, width), vision_parameters=more_towers.vit(encoder) + between)


# -- Kosmos-2.5 -----------------------------------------------------------------------------------------------------


def kosmos_2_5(config: ConfigReader) -> Anatomy:
    """Kosmos-2.5: Pix2Struct's encoder, latents that attend to it, a decoder with norms inside its networks."""
    text, vision = config.section("text_config"), config.section("vision_config")
    width, heads, inner = (
        text.positive_int("embed_dim", "hidden_size"),
        text.positive_int("attention_heads", "num_attention_heads"),
        text.positive_int("ffn_dim"),
    )
    layers, vocab = text.layer_count("layers", "num_hidden_layers"), text.positive_int("vocab_size")
    tower = more_towers.flattened(
        vision,
        vision.positive_int("intermediate_size"),
        vision.positive_int("head_dim"),
        vision.positive_int("max_num_patches"),
    )
    latents = config.positive_int("latent_query_num") * width
    bridge = latents + linear(vision.positive_int("hidden_size"), width) + 4 * linear(width, width)
    tied = text.boolean("tie_word_embeddings", default=True)  # the section's word: the head lies inside it
    feed = network(width, inner, extra=norm(inner))
    group = LayerGroup(count=layers, mixer=attention(width, heads), feed_forward=feed, other_parameters=2 * norm(width))
    return Anatomy(
        headline=Headline(
            hidden_size=width,
            num_hidden_layers=layers,
            vocab_size=vocab,
            intermediate_size=inner,
            num_attention_heads=heads,
            num_key_value_heads=heads,
            head_dim=width // heads or 1,
            max_position_embeddings=text.optional_int("max_position_embeddings"),
            tie_word_embeddings=tied,
        ),
        layers=(group,),
        embedding_parameters=vocab * width,
        output_head_parameters=0 if tied else vocab * width,
        other_parameters=2 * width + norm(width),
        vision_parameters=tower + bridge,
    )


# -- Pix2Struct -----------------------------------------------------------------------------------------------------


def pix2struct(config: ConfigReader) -> Anatomy:
    """Pix2Struct: an encoder of flattened patches, and T5's decoder of gated networks."""
    text, vision = config.section("text_config"), config.section("vision_config")
    width, heads, head_dim = (
        text.positive_int("hidden_size"),
        text.positive_int("num_heads", "num_attention_heads", at_most=65536),
        text.positive_int("d_kv"),
    )
    layers, vocab, inner = text.layer_count("num_layers"), text.positive_int("vocab_size"), text.positive_int("d_ff")
    if heads * head_dim != width:
        raise text.unsupported("d_kv", head_dim, f"known are heads that make up the width of {width}")
    tied = config.boolean("tie_word_embeddings", default=False)
    own = attention(width, heads, head_dim=head_dim, bias=False)
    cross = crossing(width, heads, head_dim=head_dim, bias=False)
    return Anatomy(
        headline=Headline(
            hidden_size=width,
            num_hidden_layers=layers,
            vocab_size=vocab,
            intermediate_size=inner,
            num_attention_heads=heads,
            num_key_value_heads=heads,
            head_dim=head_dim,
            tie_word_embeddings=tied,
        ),
        layers=two_attentions(layers, own, cross, network(width, inner, gated=True, bias=False), width),
        embedding_parameters=vocab * width,
        output_head_parameters=0 if tied else vocab * width,
        other_parameters=width + text.positive_int("relative_attention_num_buckets") * heads,
        vision_parameters=more_towers.flattened(
            vision, vision.positive_int("d_ff"), vision.positive_int("d_kv"), vision.positive_int("seq_len")
        ),
        warnings=(cross_cache(layers, 2 * heads * head_dim),),
    )


# -- UDOP -----------------------------------------------------------------------------------------------------------

UDOP_BIASES: Final = ["1d", "horizontal", "vertical"]
UDOP_BUCKETS: Final = 32
"""Buckets of the biases over a page, which no key states."""


def udop(config: ConfigReader) -> Anatomy:
    """UDOP: T5 with patches of the page in both halves, biases over rows and columns, a table of places."""
    kinds = [bias.text("type", default="") for bias in config.objects("relative_bias_args") or ()]
    if kinds and kinds != UDOP_BIASES:
        raise config.unsupported("relative_bias_args", kinds, "known are 1d, horizontal and vertical")
    if not config.boolean("tie_word_embeddings", default=True):
        raise config.unsupported("tie_word_embeddings", "false", "known with one table for both halves and the head")
    heads, width = config.positive_int("num_heads", at_most=65536), config.positive_int("d_model")
    head_dim, vocab = config.positive_int("d_kv"), config.positive_int("vocab_size")
    reads = config.layer_count("num_layers")
    writes, inner = config.layer_count("num_decoder_layers", default=reads), config.positive_int("d_ff")
    own, cross = (kind(width, heads, head_dim=head_dim, bias=False) for kind in (attention, crossing))
    named = config.text("feed_forward_proj", default="relu").startswith("gated-")
    gated = config.boolean("is_gated_act", default=named)
    feed = network(width, inner, gated=gated, bias=False)
    encoder = LayerGroup(
        count=reads, mixer=replace(own, has_cache=False), feed_forward=feed, other_parameters=2 * width
    )
    biases = 2 * (config.positive_int("relative_attention_num_buckets") + 2 * UDOP_BUCKETS) * heads
    places = 2 * config.positive_int("max_2d_position_embeddings") * width
    return Anatomy(
        headline=Headline(
            hidden_size=width,
            num_hidden_layers=writes,
            vocab_size=vocab,
            intermediate_size=inner,
            num_attention_heads=heads,
            num_key_value_heads=heads,
            head_dim=head_dim,
            tie_word_embeddings=True,
        ),
        layers=two_attentions(writes, own, cross, feed, width),
        encoder_layers=(encoder,),
        embedding_parameters=vocab * width,
        other_parameters=2 * width + biases,
        vision_parameters=2 * towers.patches(config, width) + places,
        warnings=(cross_cache(writes, 2 * heads * head_dim),),
    )


# -- Florence-2 -----------------------------------------------------------------------------------------------------


def florence2(config: ConfigReader) -> Anatomy:
    """Florence-2: DaViT, places of rows and columns, and BART, both halves."""
    vision, text = config.section("vision_config"), config.section("text_config", model_type="bart")
    if text.model_type not in {"bart", "florence2_language"}:
        raise text.unsupported("model_type", text.model_type, "known is BART here")
    read = BART.with_encoder(text, BART.decoder(text))
    width = (vision.int_list("embed_dim") or [0])[-1]
    out = vision.positive_int("projection_dim")
    projector = width * out + norm(out) + vision.positive_int("max_position_embeddings") * width
    tied = config.boolean("tie_word_embeddings", default=True)
    return replace(
        read,
        headline=replace(read.headline, tie_word_embeddings=tied),
        output_head_parameters=0 if tied else read.embedding_parameters,
        vision_parameters=more_towers.davit(vision) + projector,
        buffer_parameters=vision.positive_int("max_temporal_embeddings") * width,
    )


# -- T5Gemma 2 ------------------------------------------------------------------------------------------------------


def t5gemma2(config: ConfigReader) -> Anatomy:
    """T5Gemma 2: Gemma 3 twice, its decoder reading itself and the encoder through the same matrices; SigLIP."""
    encoder, decoder = config.section("encoder"), config.section("decoder")
    reads, writes = GEMMA3(encoder.section("text_config")), GEMMA3(decoder)
    if reads.headline.hidden_size != writes.headline.hidden_size:
        raise decoder.unsupported("hidden_size", writes.headline.hidden_size, "known are halves of one width")
    if not config.boolean("tie_word_embeddings", default=True):
        raise config.unsupported("tie_word_embeddings", "false", "known with one table for both halves and the head")
    vision, width = encoder.section("vision_config"), writes.headline.hidden_size
    groups = tuple(
        replace(group, mixer=replace(group.mixer, has_cache=False, window_tokens=None))
        for group in reads.layers
        if isinstance(group.mixer, GroupedQueryAttention)
    )
    seen = towers.siglip(vision) + vision.positive_int("hidden_size") * (width + 1)
    kv_width = sum(g.count * g.mixer.cache_elements_per_token for g in writes.layers if g.mixer)
    return replace(
        writes,
        headline=replace(writes.headline, tie_word_embeddings=True),
        encoder_layers=groups,
        embedding_parameters=reads.embedding_parameters + width,
        output_head_parameters=0,
        other_parameters=writes.other_parameters + reads.other_parameters,
        vision_parameters=seen,
        warnings=(*writes.warnings, cross_cache(1, kv_width)),
    )


# -- Evolla ---------------------------------------------------------------------------------------------------------

LLAMA: Final = Decoder(
    attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias"), network=Dense(bias="mlp_bias")
)


def evolla(config: ConfigReader) -> Anatomy:
    """Evolla: Llama with gated attention to a protein in each n-th layer; the protein's encoder counts as other."""
    read, protein = LLAMA(config), config.section("protein_encoder_config")
    layers, width = read.headline.num_hidden_layers, read.headline.hidden_size
    every = max(layers // config.positive_int("aligner_num_add_layers"), 1)
    heads = config.positive_int("num_attention_heads")
    cross = crossing(width, heads)
    if not config.boolean("aligner_enable_bias", default=True):
        cross = replace(cross, vector_parameters=cross.vector_parameters - width)
    adapter = LayerGroup(
        count=layers // every,
        mixer=cross,
        feed_forward=network(width, width * config.positive_int("aligner_ffn_mult"), bias=False),
        other_parameters=width + norm(width) + 2,
    )
    return replace(
        read,
        headline=replace(read.headline, tie_word_embeddings=False),  # the class ties nothing, whatever is stated
        output_head_parameters=read.embedding_parameters,
        layers=(*read.layers, adapter) if adapter.count else read.layers,
        other_parameters=read.other_parameters + _protein(config, protein, width),
    )


def _protein(config: ConfigReader, protein: ConfigReader, out: int) -> int:
    """ESM with rotary positions and a norm after, and latents that attend to what it gives."""
    width, inner = protein.positive_int("hidden_size"), protein.positive_int("intermediate_size")
    if protein.text("position_embedding_type", default="rotary") != "rotary":
        raise protein.unsupported("position_embedding_type", "", "known with rotary positions")
    if protein.boolean("emb_layer_norm_before", default=False):
        raise protein.unsupported("emb_layer_norm_before", "true", "not known in this family")
    esm = protein.positive_int("vocab_size") * width + towers.blocks(protein.layer_count(), width, inner) + norm(width)
    heads = config.positive_int("resampler_heads") * config.positive_int("resampler_dim_head")
    wide = width * config.positive_int("resampler_ff_mult")
    layer = 2 * norm(width) + 4 * width * heads + norm(width) + 2 * width * wide
    latents = config.positive_int("resampler_num_latents") * width
    return esm + latents + config.layer_count("resampler_depth") * layer + norm(out) + linear(width, out)


CROSSING: Final[Mapping[str, FamilyReader]] = {
    "blip": blip,
    "evolla": evolla,
    "florence2": florence2,
    "kosmos-2.5": kosmos_2_5,
    "pix2struct": pix2struct,
    "t5gemma2": t5gemma2,
    "udop": udop,
    "vision-encoder-decoder": vision_encoder_decoder,
}
