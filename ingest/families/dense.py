"""Dense language models: a row of traits each."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, FamilyReader, flag
from ingest.families.decoder import Decoder
from ingest.families.networks import Dense
from ingest.families.softmax import GroupedQuery
from ingest.families.special import learned_positions
from ingest.families.windows import one_window, patterned, window_when_used

PLAIN: Final = GroupedQuery()
BIASED: Final = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias")
ALL_BIASES: Final = GroupedQuery(qkv_bias=True, output_bias=True)
LLAMA: Final = Decoder(attention=BIASED, network=Dense(bias="mlp_bias"))
GPT_NETWORK: Final = Dense(
    is_gated=False, bias=True, size=("n_inner", "intermediate_size", "ffn_dim"), default_factor=4
)
USE_BIAS: Final = GroupedQuery(qkv_bias="use_bias", output_bias="use_bias", windows=one_window)
WIDE_NORMS: Final = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="width")
COHERE2: Final = Decoder(
    attention=GroupedQuery(
        qkv_bias="attention_bias",
        output_bias="attention_bias",
        windows=patterned(4, "sliding_window_pattern"),
    ),
    norms=1,
    tied_default=True,
)


def bitnet(config: ConfigReader) -> Anatomy:
    """BitNet: two more norms a layer, inside attention and network."""
    read = BITNET(config)
    inner = read.headline.num_hidden_layers * config.positive_int("intermediate_size")
    return replace(read, other_parameters=read.other_parameters + inner)


def bloom_norm(config: ConfigReader) -> int:
    """A LayerNorm over the embedding."""
    return 2 * config.positive_int("hidden_size")


def opt(config: ConfigReader) -> Anatomy:
    """OPT: positions from two on; a narrower embedding with projections in its 350M form, and no final norm there."""
    biased = flag(config, "enable_bias")
    decoder = replace(OPT, attention=replace(OPT_ATTENTION, qkv_bias=biased, output_bias=biased))
    width = config.positive_int("hidden_size")
    before = config.boolean("do_layer_norm_before", default=True)
    has_final_norm = before and not config.boolean("_remove_final_layer_norm", default=False)
    read = decoder(config)
    narrow = config.positive_int("word_embed_proj_dim", default=width)
    embedding = read.headline.vocab_size * narrow
    return replace(
        read,
        embedding_parameters=embedding,
        output_head_parameters=0 if read.headline.tie_word_embeddings else embedding,
        other_parameters=read.other_parameters
        - (0 if has_final_norm else 2 * width)
        + (2 * width * narrow if narrow != width else 0),
    )


def hyperclovax(config: ConfigReader) -> Anatomy:
    """HyperCLOVA X: two more norms a layer with `use_post_norm`."""
    return replace(LLAMA, norms=4 if flag(config, "use_post_norm") else 2)(config)


BITNET: Final = Decoder(attention=BIASED, norms=3)
OPT_ATTENTION: Final = GroupedQuery(qkv_bias=True, output_bias=True)
OPT: Final = Decoder(
    attention=OPT_ATTENTION,
    network=Dense(is_gated=False, bias="enable_bias", size=("ffn_dim",)),
    norm_bias=True,
    tied_default=True,
    additional=learned_positions("max_position_embeddings", extra=2),
)

DENSE: Final[Mapping[str, FamilyReader]] = {
    "apertus": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head"),
        network=Dense(is_gated=False),
        additional=lambda config: 2 * config.layer_count(),
        buffers=lambda config: 2 * config.layer_count(),
    ),
    "arcee": Decoder(attention=BIASED, network=Dense(is_gated=False, bias="mlp_bias")),
    "biogpt": Decoder(
        attention=ALL_BIASES,
        network=Dense(is_gated=False, bias=True),
        norm_bias=True,
        tied_default=True,
        additional=learned_positions("max_position_embeddings", extra=2),
    ),
    "bitnet": bitnet,
    "bloom": Decoder(
        attention=ALL_BIASES, network=GPT_NETWORK, norm_bias=True, tied_default=True, additional=bloom_norm
    ),
    "codegen": Decoder(attention=PLAIN, network=GPT_NETWORK, norms=1, norm_bias=True, head_bias=True),
    "cohere2": COHERE2,
    "cwm": Decoder(attention=GroupedQuery(windows=patterned(4)), network=Dense(bias="mlp_bias")),
    "ernie4_5": Decoder(
        attention=GroupedQuery(qkv_bias="use_bias", output_bias="use_bias"), network=Dense(bias="use_bias")
    ),
    "gpt-sw3": Decoder(
        attention=ALL_BIASES,
        network=GPT_NETWORK,
        norm_bias=True,
        tied_default=True,
        additional=learned_positions("max_position_embeddings"),
    ),
    "ctrl": Decoder(
        attention=ALL_BIASES,
        network=Dense(is_gated=False, bias=True, size=("dff",)),
        norm_bias=True,
        head_bias=True,
        tied_default=True,
    ),
    "gpt_neo": Decoder(
        attention=GroupedQuery(output_bias=True, layers_key="num_layers"),
        network=GPT_NETWORK,
        norm_bias=True,
        tied_default=True,
        layers_key="num_layers",
        additional=learned_positions("max_position_embeddings"),
    ),
    "gpt_neox": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias"),
        network=GPT_NETWORK,
        norm_bias=True,
    ),
    "gptj": Decoder(attention=PLAIN, network=GPT_NETWORK, norms=1, norm_bias=True, head_bias=True),
    "granite_swa": Decoder(
        attention=GroupedQuery(
            qkv_bias="attention_bias", output_bias="attention_bias", has_sinks=True, windows=patterned(4)
        ),
        network=Dense(bias="mlp_bias"),
    ),
    "helium": Decoder(attention=GroupedQuery(qkv_bias="attention_bias"), network=Dense(bias="mlp_bias")),
    "hunyuan_v1_dense": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head")
    ),
    "hyperclovax": hyperclovax,
    "internlm3": Decoder(attention=GroupedQuery(qkv_bias="qkv_bias", output_bias="bias"), network=Dense(bias="bias")),
    "iquestcoder": LLAMA,
    "jais2": Decoder(attention=BIASED, network=Dense(is_gated=False, bias="mlp_bias"), norm_bias=True),
    "nanochat": Decoder(attention=BIASED, network=Dense(is_gated=False), norm_weights=False),
    "nemotron": Decoder(attention=BIASED, network=Dense(is_gated=False, bias="mlp_bias"), norm_bias=True),
    "olmo": Decoder(attention=BIASED, norm_weights=False),
    "olmo2": Decoder(attention=WIDE_NORMS),
    "openai-gpt": Decoder(
        attention=ALL_BIASES,
        network=GPT_NETWORK,
        norm_bias=True,
        tied_default=True,
        final_norms=0,
        additional=learned_positions("max_position_embeddings"),
    ),
    "opt": opt,
    "persimmon": Decoder(
        attention=GroupedQuery(
            qkv_bias=True, output_bias=True, qk_norm="head", has_qk_norm="qk_layernorm", qk_norm_bias=True
        ),
        network=GPT_NETWORK,
        norm_bias=True,
    ),
    "smollm3": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", windows=window_when_used),
        network=Dense(bias="mlp_bias"),
    ),
    "starcoder2": Decoder(
        attention=USE_BIAS,
        network=Dense(is_gated=False, bias="use_bias"),
        norm_bias=True,
        tied_default=True,
    ),
    "vaultgemma": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", windows=patterned(2))
    ),
    "xglm": Decoder(attention=ALL_BIASES, network=GPT_NETWORK, norm_bias=True, tied_default=True),
}
