"""Mixture-of-experts language models: a row of traits each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import MixtureOfExperts
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import FamilyReader, LayerMixers, LayerNetworks, by_kind
from ingest.families.decoder import Decoder
from ingest.families.latent import Latent
from ingest.families.networks import (
    Dense,
    Experts,
    after_dense_layers,
    after_first_dense,
    between,
    counted_shared,
    sparse_step,
    stated_shared,
)
from ingest.families.softmax import GroupedQuery, read_heads
from ingest.families.special import granite_networks
from ingest.families.windows import (
    FULL,
    by_layer_types,
    full_context,
    layer_types,
    patterned,
    window_of,
    window_when_used,
)

BIASED: Final = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias")
HEAD_NORMED: Final = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head")
GLM_EXPERTS: Final = Experts(shared=counted_shared("n_shared_experts"), sparse_layers=after_first_dense)


def mimo_v2(config: ConfigReader) -> LayerMixers:
    """MiMo-V2: full layers and sliding layers with heads of their own, values narrower than keys, sinks in some."""
    layers = config.layer_count()
    kinds = mimo_kinds(config, layers)
    built = {kind: _mimo_attention(config, kind) for kind in dict.fromkeys(kinds)}
    return lambda layer: built[kinds[layer]]


def mimo_kinds(config: ConfigReader, layers: int) -> Sequence[str]:
    """As `layer_types` says; else `hybrid_layer_pattern`, where 1 slides."""
    if config.text_list("layer_types"):
        return layer_types(config, layers)
    if config.is_list("hybrid_layer_pattern"):
        steps = config.int_of_layer("hybrid_layer_pattern", layers=layers)
        return ["sliding_attention" if step else "full_attention" for step in steps]
    raise config.missing("layer_types", "hybrid_layer_pattern")


def _mimo_attention(config: ConfigReader, kind: str) -> GroupedQueryAttention:
    slides = window_of(config, kind) is not None
    window = (config.optional_int("sliding_window_size", "sliding_window") or None) if slides else None
    heads = config.positive_int("num_attention_heads")
    kv_heads = config.positive_int("num_key_value_heads")
    head_dim, value_dim = config.positive_int("head_dim"), config.positive_int("v_head_dim")
    if slides:
        heads = config.positive_int("swa_num_attention_heads", default=heads)
        kv_heads = config.positive_int("swa_num_key_value_heads", default=2 * kv_heads)
        head_dim = config.positive_int("swa_head_dim", default=head_dim)
        value_dim = config.positive_int("swa_v_head_dim", default=value_dim)
    key = "add_swa_attention_sink_bias" if slides else "add_full_attention_sink_bias"
    has_sinks = config.boolean(key, default=slides)
    biases = heads * head_dim + kv_heads * (head_dim + value_dim)
    return GroupedQueryAttention(
        hidden_size=config.positive_int("hidden_size"),
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=head_dim,
        value_head_dim=value_dim,
        window_tokens=window,
        vector_parameters=heads * has_sinks + (biases if config.boolean("attention_bias", default=False) else 0),
    )


def minimax_m3(config: ConfigReader) -> LayerMixers:
    """MiniMax-M3: sparse layers have an indexer whose keys are cached; blocks of tokens are picked, not tokens."""
    layers = config.layer_count()
    inner = config.optional_section("sparse_attention_config")
    if config.text_list("layer_types"):
        kinds = layer_types(config, layers)
    elif inner is not None and inner.states("sparse_attention_freq"):
        steps = inner.int_of_layer("sparse_attention_freq", layers=layers)
        kinds = ["minimax_m3_sparse" if step else "full_attention" for step in steps]
    else:
        kinds = ["full_attention"] * layers
    plain = GroupedQuery(qk_norm="head").mixer(config, read_heads(config), None)
    return by_kind(kinds, lambda kind: _minimax_m3_attention(config, plain, kind))


def _minimax_m3_attention(config: ConfigReader, plain: GroupedQueryAttention, kind: str) -> GroupedQueryAttention:
    if kind in FULL:
        return plain
    if kind != "minimax_m3_sparse":
        raise config.unsupported("layer_types", kind, "no such kind of layer is known")
    inner = config.optional_section("sparse_attention_config") or config
    width = inner.positive_int("index_head_dim", "sparse_index_dim")
    heads = inner.positive_int("index_n_heads", "sparse_num_index_heads")
    blocks = inner.positive_int("index_topk_blocks", "sparse_topk_blocks")
    blocks += inner.count("index_local_blocks", "sparse_local_block", default=0)
    return replace(
        plain,
        extra_matrix_parameters=plain.hidden_size * width * (heads + 1),
        vector_parameters=plain.vector_parameters + 2 * width,
        sparse_top_k=blocks * inner.positive_int("index_block_size", "sparse_block_size"),
        index_elements_per_token=width,
    )


def minimax_m3_networks(config: ConfigReader) -> LayerNetworks:
    """Experts of `intermediate_size` with a shared one, after dense layers of `dense_intermediate_size`."""
    sparse = after_first_dense(config, config.layer_count())
    experts = Experts(size=("intermediate_size",), shared=stated_shared("shared_intermediate_size")).network(config)
    dense = Dense(size=("dense_intermediate_size",)).network(config)
    return lambda layer: experts if sparse[layer] else dense


def hunyuan_networks(config: ConfigReader) -> LayerNetworks:
    """Experts with a shared network in each layer; counts and widths may be lists, one entry a layer."""
    layers, hidden_size = config.layer_count(), config.positive_int("hidden_size")
    width = config.positive_int("intermediate_size")
    sizes = config.int_of_layer("moe_intermediate_size", layers=layers, default=width)
    per_token = config.int_of_layer("moe_topk", layers=layers)
    shared = config.int_of_layer("num_shared_expert", layers=layers, default=1)
    experts = config.int_of_layer("num_experts", layers=layers)
    mixed = config.boolean("use_mixed_mlp_moe", default=True)

    def network(layer: int) -> MixtureOfExperts:
        if not 0 < per_token[layer] <= experts[layer]:
            raise config.malformed("moe_topk", per_token[layer], f"between 1 and the {experts[layer]} experts")
        return MixtureOfExperts(
            num_experts=experts[layer],
            num_experts_per_tok=per_token[layer],
            expert_hidden_size=hidden_size,
            expert_intermediate_size=sizes[layer],
            shared_parameters=3 * hidden_size * width * shared[layer] if mixed else 0,
            router_parameters=experts[layer] * hidden_size,
        )

    return network


MINIMAX_M3: Final = Decoder(attention=minimax_m3, network=minimax_m3_networks, correction_buffers=True)
HUNYUAN_MOE: Final = Decoder(attention=HEAD_NORMED, network=hunyuan_networks)

MOE: Final[Mapping[str, FamilyReader]] = {
    "afmoe": Decoder(
        attention=GroupedQuery(
            qkv_bias="attention_bias",
            output_bias="attention_bias",
            qk_norm="head",
            is_gated=True,
            windows=patterned(4, "global_attn_every_n_layers"),
        ),
        network=Experts(
            shared=counted_shared("num_shared_experts"),
            sparse_layers=after_dense_layers("num_dense_layers"),
            correction=True,
        ),
        norms=4,
    ),
    "aria_text": Decoder(
        attention=BIASED,
        network=Experts(size=("intermediate_size",), shared=counted_shared("moe_num_shared_experts")),
    ),
    "axk1": Decoder(
        attention=Latent(),
        network=Experts(shared=counted_shared("n_shared_experts"), sparse_layers=after_first_dense, has_norm=True),
        correction_buffers=True,
    ),
    "glm4v_moe_text": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", qk_norm="head", has_qk_norm="use_qk_norm"),
        network=GLM_EXPERTS,
        correction_buffers=True,
    ),
    "cohere2_moe": Decoder(
        attention=GroupedQuery(
            qkv_bias="attention_bias", output_bias="attention_bias", windows=patterned(4, "sliding_window_pattern")
        ),
        network=Experts(
            size=("intermediate_size",),
            shared=counted_shared("num_shared_experts"),
            sparse_layers=after_first_dense,
        ),
        norms=1,
        tied_default=True,
    ),
    "dots1": Decoder(
        attention=GroupedQuery(
            qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head", windows=full_context
        ),
        network=GLM_EXPERTS,
        correction_buffers=True,
    ),
    "ernie4_5_moe": Decoder(
        attention=GroupedQuery(qkv_bias="use_bias", output_bias="use_bias"),
        network=Experts(
            shared=counted_shared("moe_num_shared_experts"),
            sparse_layers=between,
            correction=True,
            dense=Dense(bias="use_bias"),
        ),
        head_bias="use_bias",
    ),
    "exaone_moe": Decoder(
        attention=GroupedQuery(qk_norm="head", windows=patterned(4, "sliding_window_pattern")),
        network=Experts(shared=counted_shared("num_shared_experts"), sparse_layers=after_first_dense),
        correction_buffers=True,
    ),
    "flex_olmo": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="width"),
        network=Experts(size=("intermediate_size",)),
    ),
    "flint": Decoder(
        attention=GroupedQuery(
            qkv_bias="attention_bias",
            output_bias="attention_bias",
            qk_norm="head",
            has_sinks=True,
            windows=by_layer_types,
        ),
        network=Experts(shared=stated_shared("shared_expert_intermediate_size"), sparse_layers=sparse_step),
    ),
    "glm4_moe_lite": Decoder(
        attention=Latent(),
        network=Experts(
            shared=counted_shared("n_shared_experts"),
            sparse_layers=after_dense_layers("first_k_dense_replace", unstated=1),
        ),
        correction_buffers=True,
    ),
    "granitemoe": Decoder(attention=BIASED, network=Experts(size=("intermediate_size",))),
    "granitemoe_swa": Decoder(
        attention=GroupedQuery(
            qkv_bias="attention_bias", output_bias="attention_bias", has_sinks=True, windows=by_layer_types
        ),
        network=granite_networks,
    ),
    "granitemoeshared": Decoder(attention=BIASED, network=granite_networks),
    "hunyuan": HUNYUAN_MOE,
    "hunyuan_v1_moe": HUNYUAN_MOE,
    "hy_v3": Decoder(
        attention=HEAD_NORMED,
        network=Experts(
            shared=counted_shared("num_shared_experts"),
            sparse_layers=after_dense_layers("first_k_dense_replace", unstated=1),
            dense=Dense(bias="mlp_bias"),
        ),
        correction_buffers=True,
    ),
    "kolibri1": Decoder(
        attention=GroupedQuery(qk_norm="head", windows=by_layer_types),
        network=Experts(shared=stated_shared("shared_expert_intermediate_size")),
        norms=4,
        correction_buffers=True,
    ),
    "laguna": Decoder(
        attention=GroupedQuery(
            qkv_bias="attention_bias",
            output_bias="attention_bias",
            qk_norm="head",
            head_gate=True,
            windows=by_layer_types,
        ),
        network=Experts(
            shared=stated_shared("shared_expert_intermediate_size"), sparse_layers=after_first_dense, correction=True
        ),
    ),
    "mellum": Decoder(
        attention=GroupedQuery(
            qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head", windows=window_when_used
        ),
        network=Experts(sparse_layers=sparse_step),
    ),
    "mimo_v2_flash": Decoder(attention=mimo_v2, network=GLM_EXPERTS, correction_buffers=True),
    "minimax_m3": MINIMAX_M3,
    "minimax_m3_vl_text": MINIMAX_M3,
    "mistral4": Decoder(attention=Latent(), network=GLM_EXPERTS),
    "olmoe": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="width"),
        network=Experts(size=("intermediate_size",)),
    ),
    "qwen2_moe": Decoder(
        attention=GroupedQuery(qkv_bias="qkv_bias", windows=window_when_used),
        network=Experts(
            shared=stated_shared("shared_expert_intermediate_size"), shared_gate=True, sparse_layers=sparse_step
        ),
    ),
    "qwen3_omni_moe_text": Decoder(attention=HEAD_NORMED, network=Experts(sparse_layers=sparse_step)),
    "solar_open": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias"),
        network=Experts(shared=counted_shared("n_shared_experts"), sparse_layers=after_first_dense),
        correction_buffers=True,
    ),
    "youtu": Decoder(attention=Latent()),
}
