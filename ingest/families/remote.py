"""Families whose code lives in their repositories alone: their published shape is read, their code never run.

Each reader names a published total that it reproduces. A key that would change the shape in a way not known here
refuses the config.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import DenseFeedForward
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, FamilyReader, LayerNetworks, grouped
from ingest.families.decoder import Decoder, headline
from ingest.families.mtp import extra_layers
from ingest.families.networks import Dense
from ingest.families.softmax import GroupedQuery, Heads, read_heads
from ingest.families.windows import window_when_used

LLAMA_LIKE: Final = Decoder()
GATED: Final = Dense()


def refuse_if(config: ConfigReader, *keys: str) -> None:
    """An error where one of the keys is set: it would change the shape in a way that is not known."""
    for key in keys:
        value = config.raw(key)[1]
        if isinstance(value, bool | int | float) and value:
            raise config.unsupported(key, value, "not known in this family")


# -- Qwen (first generation) ----------------------------------------------------------------------------------------


def qwen_networks(config: ConfigReader) -> LayerNetworks:
    """Two matrices of half the stated width and one back: `intermediate_size` counts gate and up together."""
    network = GATED.of_width(config, config.positive_int("intermediate_size") // 2 or 1)
    return lambda _layer: network


def read_qwen_heads(config: ConfigReader) -> Heads:
    """One KV head a head, `kv_channels` wide."""
    plain = read_heads(config)
    width = config.positive_int("kv_channels", default=plain.head_dim)
    return replace(plain, num_key_value_heads=plain.num_attention_heads, head_dim=width)


QWEN: Final = Decoder(attention=GroupedQuery(heads=read_qwen_heads, qkv_bias=True), network=qwen_networks)


# -- ChatGLM and GLM-4-9B -------------------------------------------------------------------------------------------


def read_chatglm_heads(config: ConfigReader) -> Heads:
    """`multi_query_group_num` KV heads with `multi_query_attention`, else one a head."""
    heads, hidden_size = config.positive_int("num_attention_heads"), config.positive_int("hidden_size")
    shares = config.boolean("multi_query_attention", default=False)
    return Heads(
        hidden_size=hidden_size,
        num_attention_heads=heads,
        num_key_value_heads=config.positive_int("multi_query_group_num") if shares else heads,
        head_dim=config.positive_int("kv_channels", default=hidden_size // heads or None),
    )


def chatglm(config: ConfigReader) -> Anatomy:
    """ChatGLM2, ChatGLM3, GLM-4-9B: `ffn_hidden_size`, `padded_vocab_size`, `num_layers`, `seq_length`."""
    refuse_if(config, "pre_seq_len", "vision_config")
    layers = config.layer_count("num_layers", "num_hidden_layers")
    vocab = config.positive_int("padded_vocab_size", "vocab_size")
    heads, hidden_size = read_chatglm_heads(config), config.positive_int("hidden_size")
    attention = GroupedQuery(qkv_bias="add_qkv_bias", output_bias="add_bias_linear").mixer(config, heads, None)
    network = Dense(bias="add_bias_linear").of_width(config, config.positive_int("ffn_hidden_size"))
    tied = config.boolean("tie_word_embeddings", default=False)
    head = replace(
        headline(config, layers=layers, vocab_size=vocab, tied_default=tied),
        num_key_value_heads=heads.num_key_value_heads,
        head_dim=heads.head_dim,
        intermediate_size=network.intermediate_size,
        max_position_embeddings=config.optional_int("seq_length"),
    )
    return Anatomy(
        headline=head,
        layers=grouped([(attention, network, 2 * hidden_size)] * layers),
        embedding_parameters=vocab * hidden_size,
        output_head_parameters=0 if tied else vocab * hidden_size,
        other_parameters=hidden_size if config.boolean("post_layer_norm", default=True) else 0,
    )


# -- others of Llama's shape ----------------------------------------------------------------------------------------


def minicpm(config: ConfigReader) -> Anatomy:
    """MiniCPM: Llama's shape, tied unless stated; its mixture of experts is another shape."""
    refuse_if(config, "num_experts")
    return replace(LLAMA_LIKE, tied_default=True)(config)


def baichuan(config: ConfigReader) -> Anatomy:
    """Baichuan 1 and 2: one fused projection, one KV head a head."""
    return LLAMA_LIKE(config)


def exaone(config: ConfigReader) -> Anatomy:
    """EXAONE 3 and 3.5: Llama's shape under `num_layers`."""
    return replace(LLAMA_LIKE, layers_key="num_layers", attention=GroupedQuery(layers_key="num_layers"))(config)


MIMO: Final = Decoder(
    attention=GroupedQuery(qkv_bias="attention_bias", windows=window_when_used),
    mtp=extra_layers("num_nextn_predict_layers"),
)
INTERNLM2: Final = Decoder(attention=GroupedQuery(qkv_bias="bias", output_bias="bias"))
PHI3_SMALL: Final = Decoder(
    attention=GroupedQuery(qkv_bias=True, output_bias=True),
    network=Dense(bias=True, size=("ff_intermediate_size",)),
    norm_bias=True,
    tied_default=True,
)


# -- Nemotron with layers of their own (NAS) ------------------------------------------------------------------------


def nemotron_nas(config: ConfigReader) -> Anatomy:
    """Llama-Nemotron: `block_configs` gives each layer's KV heads, network width, or leaves either part out."""
    blocks = config.objects("block_configs")
    if not blocks:
        raise config.missing("block_configs")
    hidden_size, heads = config.positive_int("hidden_size"), config.positive_int("num_attention_heads")
    head = headline(config, layers=config.layer_count())
    if len(blocks) != head.num_hidden_layers:
        raise config.malformed("block_configs", f"{len(blocks)} entries", f"{head.num_hidden_layers}, one a layer")
    layers = []
    for block in blocks:
        mixer, network = _nas_attention(block, hidden_size, heads), _nas_network(block, hidden_size)
        layers.append((mixer, network, hidden_size * ((mixer is not None) + (network is not None))))
    embedding = head.vocab_size * hidden_size
    return Anatomy(
        headline=head,
        layers=grouped(layers),
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=hidden_size,
    )


def _nas_attention(block: ConfigReader, hidden_size: int, heads: int) -> GroupedQueryAttention | None:
    attention = block.section("attention")
    if attention.boolean("no_op", default=False):
        return None
    refuse_if(attention, "replace_with_linear", "num_sink_tokens", "unshifted_sink")
    group = attention.positive_int("n_heads_in_group", at_most=heads)
    return GroupedQueryAttention(
        hidden_size=hidden_size,
        num_attention_heads=heads,
        num_key_value_heads=heads // group,
        head_dim=hidden_size // heads or 1,
        window_tokens=attention.optional_int("window_length") or None,
    )


def _nas_network(block: ConfigReader, hidden_size: int) -> DenseFeedForward | None:
    ffn = block.section("ffn")
    if ffn.boolean("no_op", default=False):
        return None
    refuse_if(ffn, "replace_with_linear")
    width = int(2 * ffn.number("ffn_mult") * hidden_size / 3)
    width = 256 * -(-width // 256)
    if width < 1:
        raise ffn.malformed("ffn_mult", width, "a positive width")
    return DenseFeedForward(hidden_size=hidden_size, intermediate_size=width)


REMOTE: Final[Mapping[str, FamilyReader]] = {
    "baichuan": baichuan,  # Baichuan2-7B: 7,505,973,248
    "chatglm": chatglm,  # chatglm3-6b: 6,243,584,000; glm-4-9b-chat: 9,399,951,360
    "exaone": exaone,  # EXAONE-3.5-7.8B: 7,818,448,896
    "internlm2": INTERNLM2,  # internlm2-7b: 7,737,708,544
    "mimo": MIMO,  # MiMo-7B: 7,833,409,536 with its multi-token-prediction layer
    "minicpm": minicpm,
    "nemotron-nas": nemotron_nas,  # Llama-3_3-Nemotron-Super-49B: 49,867,145,216
    "phi3small": PHI3_SMALL,  # Phi-3-small-8k: 7,392,272,384
    "qwen": QWEN,  # Qwen-7B: 7,721,324,544
    "xverse": LLAMA_LIKE,
}
