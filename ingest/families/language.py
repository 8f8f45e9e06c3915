"""Every language model that is understood, by model_type. A row composes the blocks beside it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ingest.families.anatomy import FamilyReader
from ingest.families.compressed import deepseek_v4
from ingest.families.decoder import Decoder
from ingest.families.dense import DENSE
from ingest.families.gemma3n import gemma3n_text
from ingest.families.gemma4 import gemma4_text
from ingest.families.hybrids import listed, mixed
from ingest.families.latent import Latent
from ingest.families.linear import delta_hybrid, hybrid, mamba2, short_conv
from ingest.families.moe import MOE
from ingest.families.mtp import extra_layers
from ingest.families.nemotron import nemotron_h
from ingest.families.networks import Dense, Experts, after_first_dense, counted_shared, sparse_step, stated_shared
from ingest.families.recurrent import RECURRENT
from ingest.families.remote import REMOTE
from ingest.families.softmax import GroupedQuery, read_dbrx_heads, read_multi_query_heads
from ingest.families.special import (
    dbrx,
    falcon,
    granite_networks,
    learned_positions,
    lfm2_networks,
    llama4_networks,
    llama4_windows,
    mllama_text,
    stablelm,
)
from ingest.families.texts import TEXTS
from ingest.families.windows import by_layer_types, one_binding_window, one_window, patterned, window_when_used

PLAIN: Final = GroupedQuery()
BIASED: Final = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias")
ALL_BIASES: Final = GroupedQuery(qkv_bias=True, output_bias=True)
BIG_BIASED: Final = Dense(is_gated=False, bias=True)
QWEN2: Final = Decoder(attention=GroupedQuery(qkv_bias=True, windows=window_when_used))
QWEN3_ATTENTION: Final = GroupedQuery(
    qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head", windows=window_when_used
)
QWEN3: Final = Decoder(attention=QWEN3_ATTENTION)
QWEN3_MOE: Final = Decoder(attention=QWEN3_ATTENTION, network=Experts(sparse_layers=sparse_step))
QWEN_GATED: Final = GroupedQuery(
    qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head", is_gated=True, gate_bias=True
)
QWEN_EXPERTS: Final = Experts(
    shared=stated_shared("shared_expert_intermediate_size"), shared_gate=True, sparse_layers=sparse_step
)
DEEPSEEK_EXPERTS: Final = Experts(shared=counted_shared("n_shared_experts"), sparse_layers=after_first_dense)
DEEPSEEK_V3: Final = Decoder(
    attention=Latent(),
    network=DEEPSEEK_EXPERTS,
    correction_buffers=True,
    mtp=extra_layers("num_nextn_predict_layers", copies_embedding=True, has_correction=True),
)
SPARSE_DEEPSEEK: Final = replace(DEEPSEEK_V3, attention=Latent(has_indexer=True))
GLM_DSA: Final = replace(SPARSE_DEEPSEEK, mtp=extra_layers("num_nextn_predict_layers", has_correction=True))
QWEN_MTP: Final = extra_layers("mtp_num_hidden_layers")
QWEN3_5: Final = Decoder(attention=delta_hybrid(QWEN_GATED), mtp=QWEN_MTP)
QWEN3_5_MOE: Final = Decoder(attention=delta_hybrid(QWEN_GATED), network=QWEN_EXPERTS, mtp=QWEN_MTP)
GLM4: Final = Decoder(attention=GroupedQuery(qkv_bias="attention_bias"), norms=4)
GLM4V: Final = Decoder(attention=GroupedQuery(qkv_bias=True), norms=4)
GEMMA2: Final = Decoder(
    attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", windows=patterned(2)), norms=4
)
GEMMA3: Final = Decoder(
    attention=GroupedQuery(
        qkv_bias="attention_bias",
        output_bias="attention_bias",
        qk_norm="head",
        windows=patterned(6, "sliding_window_pattern"),
    ),
    norms=4,
)
EXAONE4: Final = Decoder(attention=GroupedQuery(qk_norm="head", windows=patterned(4, "sliding_window_pattern")))
LLAMA4: Final = Decoder(
    attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", windows=llama4_windows),
    network=llama4_networks,
)
LFM2: Final = Decoder(
    attention=mixed(listed("full_attn_idxs", unstated="attention"), short_conv, GroupedQuery(qk_norm="head")),
    network=lfm2_networks,
    tied_default=True,
)
STEP3: Final = Decoder(
    attention=GroupedQuery(qk_norm="head", head_gate=True, windows=by_layer_types),
    network=Experts(
        shared=stated_shared("share_expert_dim"),
        sparse_layers=after_first_dense,
        count=("num_experts", "n_routed_experts"),
    ),
    correction_buffers=True,
)

LANGUAGE: Final[Mapping[str, FamilyReader]] = {
    **DENSE,
    **MOE,
    **RECURRENT,
    **REMOTE,
    **TEXTS,
    "cohere": Decoder(
        attention=GroupedQuery(
            qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="width", has_qk_norm="use_qk_norm"
        ),
        norms=1,
        tied_default=True,
    ),
    "dbrx": dbrx,
    "deepseek_ref": deepseek_v4,
    "deepseek_v2": Decoder(attention=Latent(), network=DEEPSEEK_EXPERTS),
    "deepseek_v3": DEEPSEEK_V3,
    "deepseek_v32": SPARSE_DEEPSEEK,
    "deepseek_v4": deepseek_v4,
    "exaone4": EXAONE4,
    "exaone4_5_text": EXAONE4,
    "falcon": falcon,
    "gemma": Decoder(attention=BIASED),
    "gemma2": GEMMA2,
    "gemma3_text": GEMMA3,
    "gemma3n_text": gemma3n_text,
    "gemma4_text": gemma4_text,
    "gemma4_unified_text": gemma4_text,
    "paddleocr_vl_text": DENSE["ernie4_5"],
    "glm": Decoder(attention=GroupedQuery(qkv_bias="attention_bias")),
    "glm4": GLM4,
    "glm4v_text": GLM4V,
    "glm_ocr_text": Decoder(norms=4),
    "glm4_moe": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", qk_norm="head", has_qk_norm="use_qk_norm"),
        network=DEEPSEEK_EXPERTS,
        correction_buffers=True,
        mtp=extra_layers("num_nextn_predict_layers", copies_embedding=True, has_correction=True),
    ),
    "glm_moe_dsa": GLM_DSA,
    "gpt2": Decoder(
        attention=ALL_BIASES,
        network=Dense(is_gated=False, bias=True, size=("n_inner",), default_factor=4),
        norm_bias=True,
        tied_default=True,
        additional=learned_positions("max_position_embeddings"),
    ),
    "gpt_bigcode": Decoder(
        attention=GroupedQuery(heads=read_multi_query_heads, qkv_bias=True, output_bias=True),
        network=Dense(is_gated=False, bias=True, size=("n_inner",), default_factor=4),
        norm_bias=True,
        tied_default=True,
        additional=learned_positions("max_position_embeddings"),
    ),
    "gpt_oss": Decoder(
        attention=GroupedQuery(
            qkv_bias="attention_bias", output_bias="attention_bias", has_sinks=True, windows=patterned(2)
        ),
        network=Experts(size=("intermediate_size",), expert_bias=True, router_bias=True),
    ),
    "granitemoehybrid": Decoder(attention=hybrid(mamba2, BIASED), network=granite_networks),
    "granite": Decoder(attention=BIASED, network=Dense(bias="mlp_bias")),
    "kimi_k2": DEEPSEEK_V3,
    "lfm2": LFM2,
    "llama": Decoder(attention=BIASED, network=Dense(bias="mlp_bias")),
    "llama4_text": LLAMA4,
    "minicpm3": Decoder(attention=Latent(derives_v_head_dim=True), network=Dense(bias="mlp_bias")),
    "minimax_m2": Decoder(
        attention=GroupedQuery(qk_norm="width"),
        network=Experts(size=("intermediate_size",)),
        correction_buffers=True,
    ),
    "ministral3": Decoder(attention=GroupedQuery(windows=one_window)),
    "mistral": Decoder(attention=GroupedQuery(windows=one_window)),
    "mixtral": Decoder(attention=GroupedQuery(windows=one_window), network=Experts(size=("intermediate_size",))),
    "mllama_text_model": mllama_text,
    "mpt": Decoder(
        attention=GroupedQuery(heads=read_dbrx_heads),
        network=Dense(is_gated=False, size=("mpt_inner",), default_factor=4),
        tied_default=True,
    ),
    "nemotron_h": nemotron_h,
    "olmo3": Decoder(
        attention=GroupedQuery(
            qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="width", windows=patterned(4)
        )
    ),
    "phi": Decoder(
        attention=GroupedQuery(
            qkv_bias=True, output_bias=True, qk_norm="head", has_qk_norm="qk_layernorm", qk_norm_bias=True
        ),
        network=BIG_BIASED,
        norms=1,
        norm_bias=True,
        head_bias=True,
    ),
    "phi3_v": Decoder(attention=GroupedQuery(windows=one_binding_window)),
    "phi3": Decoder(attention=GroupedQuery(windows=one_window)),
    "phimoe": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", windows=one_binding_window),
        network=Experts(size=("intermediate_size",)),
        norm_bias=True,
        head_bias="lm_head_bias",
    ),
    "qwen2": QWEN2,
    "qwen2_5_omni_text": QWEN2,
    "qwen2_5_vl_text": QWEN2,
    "qwen2_vl_text": QWEN2,
    "qwen3": QWEN3,
    "qwen3_5_moe_text": QWEN3_5_MOE,
    "qwen3_5_text": QWEN3_5,
    "qwen3_moe": QWEN3_MOE,
    "qwen3_next": Decoder(
        attention=delta_hybrid(QWEN_GATED), network=QWEN_EXPERTS, mtp=extra_layers("mtp_num_hidden_layers", unstated=1)
    ),
    "qwen3_vl_moe_text": QWEN3_MOE,
    "qwen3_vl_text": QWEN3,
    "seed_oss": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_out_bias"),
        network=Dense(bias="mlp_bias"),
    ),
    "stablelm": stablelm,
    "step3p5": STEP3,
}
