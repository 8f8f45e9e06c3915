"""Every architecture of llama.cpp that is read, and what no header states of it.

`traits` are facts of the architecture (biases, experts in each layer): the same for all its models. Where the fact is
a key of the header, it is read there. Source of the names: gguf-py, constants.py, MODEL_ARCH_NAMES; of the traits:
convert_hf_to_gguf.py, which says which classes of transformers become which architecture, and those classes.
"""

from collections.abc import Mapping
from typing import Any, Final

from ingest.gguf.shape import Architecture, Config, Keys

NO_BIAS: Final = {"attention_bias": False, "mlp_bias": False}
SLIDING: Final = "attention.sliding_window"
GLM_BLOCKS: Final = 93
"""GLM-4.5, 4.6 and 4.7: 92 layers and one of multi-token prediction; Air has 47 in all."""
EXPERT_KEYS: Final = ("expert_count", "expert_used_count")


# -- experts --------------------------------------------------------------------------------------------------------


def llama(keys: Keys) -> Config:
    """Llama and all of its shape; with experts it is Mixtral, whose experts have the width of the network."""
    return {"model_type": "mixtral"} if keys.get("expert_count") else {"num_experts": None}


def experts_as_network(keys: Keys) -> Config:
    """Experts whose width a config calls `intermediate_size`."""
    return {"intermediate_size": keys.get("expert_feed_forward_length") or keys.known("intermediate_size")}


def granite_moe(keys: Keys) -> Config:
    """GraniteMoE, with a shared network where the header states its width."""
    shared = keys.get("expert_shared_feed_forward_length")
    named = {"model_type": "granitemoeshared", "shared_intermediate_size": shared} if shared else {}
    return {"num_local_experts": keys.integer("expert_count"), **named}


def llama4(keys: Keys) -> Config:
    """Llama-4: dense layers and experts of their own widths. llama.cpp knows the chunk of 8,192 without a key."""
    return {
        "intermediate_size_mlp": keys.integer("feed_forward_length"),
        "intermediate_size": keys.integer("expert_feed_forward_length"),
        "interleave_moe_layer_step": keys.integer("interleave_moe_layer_step"),
    }


def ernie_moe(keys: Keys) -> Config:
    """ERNIE 4.5: experts from a layer on, every so many."""
    return {
        "moe_layer_start_index": keys.get("leading_dense_block_count") or 0,
        "moe_layer_interval": keys.get("interleave_moe_layer_step") or 1,
        "moe_layer_end_index": -1,
        "moe_num_shared_experts": keys.get("expert_shared_count") or 0,
    }


def hunyuan_moe(keys: Keys) -> Config:
    """Hunyuan: experts and one shared network in each layer."""
    return {
        "moe_topk": keys.integer("expert_used_count"),
        "num_shared_expert": 1,
        "intermediate_size": keys.integer("expert_shared_feed_forward_length"),
    }


def glm4_moe(keys: Keys) -> Config:
    """GLM-4.5 and its heirs norm queries and keys, GLM-4.5-Air does not; llama.cpp tells them apart by their blocks."""
    return {"use_qk_norm": keys.integer("block_count") == GLM_BLOCKS}


def dbrx(keys: Keys) -> Config:
    """DBRX describes both halves of a layer in sections."""
    return {
        "attn_config": {"kv_n_heads": keys.known("num_key_value_heads")},
        "ffn_config": {
            "moe_num_experts": keys.integer("expert_count"),
            "moe_top_k": keys.integer("expert_used_count"),
            "ffn_hidden_size": keys.integer("feed_forward_length"),
        },
    }


# -- latent attention -----------------------------------------------------------------------------------------------


def latent(keys: Keys) -> Config:
    """Ranks and widths of latent attention. Files of before April 2025 lack the `_mla` widths and state plain ones."""
    rope = keys.integer("rope.dimension_count")
    key = keys.get("attention.key_length_mla") or keys.integer("attention.key_length")
    value = keys.get("attention.value_length_mla") or keys.integer("attention.value_length")
    if not isinstance(key, int) or key <= rope:
        raise keys.malformed("attention.key_length_mla", key)
    return {
        "q_lora_rank": keys.get("attention.q_lora_rank") or None,
        "kv_lora_rank": keys.integer("attention.kv_lora_rank"),
        "qk_rope_head_dim": rope,
        "qk_nope_head_dim": key - rope,
        "v_head_dim": value,
        "num_key_value_heads": keys.known("num_attention_heads"),
    }


def deepseek(keys: Keys) -> Config:
    """DeepSeek-V2 with softmax routing, V3 and Kimi-K2 with sigmoid routing and a correction for each expert."""
    is_third = keys.get("expert_gating_func") == 2
    return {"model_type": "deepseek_v3" if is_third else "deepseek_v2", **latent(keys)}


def indexed(keys: Keys) -> Config:
    """Latent attention with the indexer of DeepSeek sparse attention (GLM-5)."""
    return {
        **latent(keys),
        "index_n_heads": keys.integer("attention.indexer.head_count"),
        "index_head_dim": keys.integer("attention.indexer.key_length"),
        "index_topk": keys.integer("attention.indexer.top_k"),
    }


# -- recurrence -----------------------------------------------------------------------------------------------------


def _by_heads(keys: Keys, recurrent: str) -> Config:
    """Layers without KV heads are recurrent: so llama.cpp tells them apart."""
    kv_heads = keys.per_layer("attention.head_count_kv", keys.known("num_hidden_layers"))
    return {
        "layer_types": ["full_attention" if heads else recurrent for heads in kv_heads],
        "num_key_value_heads": max(kv_heads) or keys.config.get("num_attention_heads"),
    }


def _mamba2(keys: Keys) -> Config:
    """Mamba-2 in the words that its hybrids share; llama.cpp keeps the heads under `time_step_rank`."""
    heads = keys.integer("ssm.time_step_rank")
    return {
        "mamba_n_heads": heads,
        "mamba_d_head": keys.integer("ssm.inner_size") // heads,
        "mamba_d_state": keys.integer("ssm.state_size"),
        "mamba_d_conv": keys.integer("ssm.conv_kernel"),
        "mamba_n_groups": keys.integer("ssm.group_count"),
    }


def mamba(keys: Keys) -> Config:
    """Mamba as published: a stack of it alone."""
    inner, width = keys.integer("ssm.inner_size"), keys.integer("embedding_length")
    if inner % width:
        raise keys.malformed("ssm.inner_size", inner)
    return {
        "expand": inner // width,
        "state_size": keys.integer("ssm.state_size"),
        "conv_kernel": keys.integer("ssm.conv_kernel"),
        "time_step_rank": keys.integer("ssm.time_step_rank"),
    }


def mamba2(keys: Keys) -> Config:
    """Mamba-2 alone."""
    words = _mamba2(keys)
    return {
        "num_heads": words["mamba_n_heads"],
        "mamba_head_dim": words["mamba_d_head"],
        "state_size": words["mamba_d_state"],
        "conv_kernel": words["mamba_d_conv"],
        "n_groups": words["mamba_n_groups"],
    }


def granite_hybrid(keys: Keys) -> Config:
    """Granite 4: Mamba-2 and attention, a shared network, experts beside it or none."""
    experts = keys.get("expert_count") or 0
    shared = keys.get("expert_shared_feed_forward_length") or keys.known("intermediate_size")
    return {
        **_by_heads(keys, "mamba"),
        **_mamba2(keys),
        "num_local_experts": experts,
        "shared_intermediate_size": shared,
    }


def falcon_h1(keys: Keys) -> Config:
    """Falcon-H1: both kinds side by side in each layer."""
    return {**_mamba2(keys), "mamba_d_ssm": keys.integer("ssm.inner_size")}


def nemotron_h(keys: Keys) -> Config:
    """Nemotron-H: each layer is attention, a network or Mamba-2, by which of its widths are not 0."""
    layers = keys.known("num_hidden_layers")
    kv_heads = keys.per_layer("attention.head_count_kv", layers)
    widths = keys.per_layer("feed_forward_length", layers)
    network = "moe" if keys.get("expert_count") else "mlp"
    both = zip(kv_heads, widths, strict=True)
    kinds = ["attention" if heads else network if width else "mamba" for heads, width in both]
    found = {
        **_mamba2(keys),
        "mamba_num_heads": keys.integer("ssm.time_step_rank"),
        "layers_block_type": kinds,
        "num_key_value_heads": max(kv_heads) or keys.known("num_attention_heads"),
        "intermediate_size": max(widths) or None,
    }
    if network == "moe":
        found["n_routed_experts"] = keys.integer("expert_count")
        found["moe_shared_expert_intermediate_size"] = keys.get("expert_shared_feed_forward_length") or 0
        found["n_shared_experts"] = 1
        found["moe_latent_size"] = keys.get("moe_latent_size")
    return found


def lfm2(keys: Keys) -> Config:
    """LFM2: short convolutions, attention where a layer has KV heads; the network's width is stated as it is."""
    return {
        **_by_heads(keys, "conv"),
        "conv_L_cache": keys.integer("shortconv.l_cache"),
        "block_auto_adjust_ff_dim": False,
        "num_dense_layers": keys.get("leading_dense_block_count") or 0,
    }


def gated_delta(keys: Keys) -> Config:
    """Qwen3-Next and Qwen3.5: gated delta nets, and softmax attention every few layers."""
    value_heads, state = keys.integer("ssm.time_step_rank"), keys.integer("ssm.state_size")
    return {
        "linear_num_key_heads": keys.integer("ssm.group_count"),
        "linear_num_value_heads": value_heads,
        "linear_key_head_dim": state,
        "linear_value_head_dim": keys.integer("ssm.inner_size") // value_heads or None,
        "linear_conv_kernel_dim": keys.integer("ssm.conv_kernel"),
        "full_attention_interval": keys.get("full_attention_interval") or 4,
        "mtp_num_hidden_layers": keys.known("num_nextn_predict_layers"),
        "mlp_only_layers": [],
    }


# -- others ---------------------------------------------------------------------------------------------------------


def falcon(keys: Keys) -> Config:
    """Falcon: one KV head in the 7B; more mean the newer layers of the 40B and 180B."""
    kv_heads = keys.known("num_key_value_heads")
    return {
        "new_decoder_architecture": kv_heads != 1,
        "multi_query": kv_heads == 1,
        "num_kv_heads": kv_heads,
        "ffn_hidden_size": keys.known("intermediate_size"),
    }


def gpt(keys: Keys) -> Config:
    """GPT-2 and its kin, whose config calls the network's width `n_inner`."""
    return {"n_inner": keys.known("intermediate_size")}


def olmo2(keys: Keys) -> Config:
    """OLMo 3 is OLMo 2 with windows in three of four layers."""
    return {"model_type": "olmo3"} if keys.config.get("sliding_window") else {}


def exaone(keys: Keys) -> Config:
    """EXAONE 3 counts `num_layers`."""
    return {"num_layers": keys.known("num_hidden_layers")}


def exaone4(keys: Keys) -> Config:
    """EXAONE 4: three local layers, then a global one, in models with a window."""
    return {"sliding_window_pattern": "LLLG"} if keys.config.get("sliding_window") else {}


KV_HEADS: Final = frozenset({"num_key_value_heads"})
KV_HEADS_AND_WIDTH: Final = frozenset({"num_key_value_heads", "intermediate_size"})
QWEN_WINDOWS: Final[Mapping[str, Any]] = {"use_sliding_window": False}
QWEN3: Final[Mapping[str, Any]] = {"attention_bias": False, "use_sliding_window": False}
SPARSE: Final[Mapping[str, Any]] = {"decoder_sparse_step": 1, "mlp_only_layers": [], "attention_bias": False}

ARCHITECTURES: Final[Mapping[str, Architecture]] = {
    "apertus": Architecture(model_type="apertus", traits=NO_BIAS),
    "arcee": Architecture(model_type="arcee", traits=NO_BIAS),
    "baichuan": Architecture(model_type="baichuan", is_tied=False),
    "bloom": Architecture(model_type="bloom", is_tied=True, more=gpt),
    "chatglm": Architecture(model_type="glm", is_tied=False, traits={"attention_bias": True}),
    "cohere2": Architecture(model_type="cohere2", is_tied=True, traits=NO_BIAS, needs=(SLIDING,)),
    "command-r": Architecture(model_type="cohere", is_tied=True, traits={**NO_BIAS, "use_qk_norm": False}),
    "dbrx": Architecture(model_type="dbrx", is_tied=False, more=dbrx, needs=EXPERT_KEYS),
    "deepseek2": Architecture(
        model_type="deepseek_v2", is_tied=False, traits=NO_BIAS, more=deepseek, needs=EXPERT_KEYS, values_as_keys=False
    ),
    "dots1": Architecture(model_type="dots1", traits=NO_BIAS, needs=EXPERT_KEYS),
    "ernie4_5": Architecture(model_type="ernie4_5", traits={"use_bias": False}),
    "ernie4_5-moe": Architecture(
        model_type="ernie4_5_moe", traits={"use_bias": False}, more=ernie_moe, needs=EXPERT_KEYS
    ),
    "exaone": Architecture(model_type="exaone", more=exaone),
    "exaone4": Architecture(model_type="exaone4", more=exaone4),
    "falcon": Architecture(model_type="falcon", traits={"bias": False, "parallel_attn": True}, more=falcon),
    "falcon-h1": Architecture(
        model_type="falcon_h1", traits={**NO_BIAS, "mamba_conv_bias": True, "mamba_proj_bias": False}, more=falcon_h1
    ),
    "gemma": Architecture(model_type="gemma", is_tied=True, traits=NO_BIAS),
    "gemma2": Architecture(model_type="gemma2", is_tied=True, traits=NO_BIAS, needs=(SLIDING,)),
    "gemma3": Architecture(model_type="gemma3_text", is_tied=True, traits=NO_BIAS, needs=(SLIDING,)),
    "glm-dsa": Architecture(
        model_type="glm_moe_dsa",
        is_tied=False,
        traits=NO_BIAS,
        more=indexed,
        needs=EXPERT_KEYS,
        values_as_keys=False,
    ),
    "glm4": Architecture(model_type="glm4", is_tied=False),
    "glm4moe": Architecture(
        model_type="glm4_moe", is_tied=False, traits={"attention_bias": True}, more=glm4_moe, needs=EXPERT_KEYS
    ),
    "gpt-oss": Architecture(
        model_type="gpt_oss", is_tied=False, more=experts_as_network, needs=(SLIDING, *EXPERT_KEYS)
    ),
    "gpt2": Architecture(model_type="gpt2", more=gpt),
    "gptneox": Architecture(model_type="gpt_neox", is_tied=False, traits={"attention_bias": True}),
    "granite": Architecture(model_type="granite", traits=NO_BIAS),
    "granitehybrid": Architecture(
        model_type="granitemoehybrid",
        traits={**NO_BIAS, "mamba_conv_bias": True, "mamba_proj_bias": False},
        more=granite_hybrid,
        may_vary=KV_HEADS,
    ),
    "granitemoe": Architecture(model_type="granitemoe", traits=NO_BIAS, more=granite_moe, needs=EXPERT_KEYS),
    "hunyuan-dense": Architecture(model_type="hunyuan_v1_dense", traits=NO_BIAS),
    "hunyuan-moe": Architecture(model_type="hunyuan_v1_moe", traits=NO_BIAS, more=hunyuan_moe, needs=EXPERT_KEYS),
    "internlm2": Architecture(model_type="internlm2", traits={"bias": False}),
    "lfm2": Architecture(model_type="lfm2", is_tied=True, traits={"conv_bias": False}, more=lfm2, may_vary=KV_HEADS),
    "lfm2moe": Architecture(
        model_type="lfm2_moe",
        is_tied=True,
        traits={"conv_bias": False},
        more=lfm2,
        needs=EXPERT_KEYS,
        may_vary=KV_HEADS,
    ),
    "llama": Architecture(model_type="llama", traits=NO_BIAS, more=llama),
    "llama4": Architecture(
        model_type="llama4_text",
        traits={"attention_bias": False, "attention_chunk_size": 8192},
        more=llama4,
        needs=EXPERT_KEYS,
    ),
    "mamba": Architecture(model_type="mamba", more=mamba),
    "mamba2": Architecture(model_type="mamba2", more=mamba2),
    "minicpm": Architecture(model_type="minicpm"),
    "minicpm3": Architecture(model_type="minicpm3", traits=NO_BIAS, more=latent, values_as_keys=False),
    "minimax-m2": Architecture(model_type="minimax_m2", is_tied=False, more=experts_as_network, needs=EXPERT_KEYS),
    "mistral3": Architecture(model_type="ministral3", traits=NO_BIAS),
    "nemotron": Architecture(model_type="nemotron", traits=NO_BIAS),
    "nemotron_h": Architecture(
        model_type="nemotron_h",
        traits={**NO_BIAS, "use_conv_bias": True, "mamba_proj_bias": False},
        more=nemotron_h,
        may_vary=KV_HEADS_AND_WIDTH,
    ),
    "nemotron_h_moe": Architecture(
        model_type="nemotron_h",
        traits={**NO_BIAS, "use_conv_bias": True, "mamba_proj_bias": False},
        more=nemotron_h,
        needs=EXPERT_KEYS,
        may_vary=KV_HEADS_AND_WIDTH,
    ),
    "olmo": Architecture(model_type="olmo", traits=NO_BIAS),
    "olmo2": Architecture(model_type="olmo2", traits=NO_BIAS, more=olmo2),
    "olmoe": Architecture(model_type="olmoe", traits=NO_BIAS, needs=EXPERT_KEYS),
    "phi2": Architecture(model_type="phi", is_tied=False, traits={"qk_layernorm": False}),
    "phi3": Architecture(model_type="phi3"),
    "phimoe": Architecture(
        model_type="phimoe", traits={"attention_bias": True, "lm_head_bias": True}, needs=EXPERT_KEYS
    ),
    "qwen2": Architecture(model_type="qwen2", traits=QWEN_WINDOWS),
    "qwen2moe": Architecture(
        model_type="qwen2_moe", traits={**SPARSE, "qkv_bias": True, **QWEN_WINDOWS}, needs=EXPERT_KEYS
    ),
    "qwen2vl": Architecture(model_type="qwen2_vl_text", traits=QWEN_WINDOWS),
    "qwen3": Architecture(model_type="qwen3", traits=QWEN3),
    "qwen35": Architecture(model_type="qwen3_5_text", traits={"attention_bias": False}, more=gated_delta),
    "qwen35moe": Architecture(model_type="qwen3_5_moe_text", traits=SPARSE, more=gated_delta, needs=EXPERT_KEYS),
    "qwen3moe": Architecture(model_type="qwen3_moe", traits={**SPARSE, **QWEN_WINDOWS}, needs=EXPERT_KEYS),
    "qwen3next": Architecture(model_type="qwen3_next", traits=SPARSE, more=gated_delta, needs=EXPERT_KEYS),
    "qwen3vl": Architecture(model_type="qwen3_vl_text", traits=QWEN3),
    "qwen3vlmoe": Architecture(model_type="qwen3_vl_moe_text", traits={**SPARSE, **QWEN_WINDOWS}, needs=EXPERT_KEYS),
    "seed_oss": Architecture(
        model_type="seed_oss",
        is_tied=False,
        traits={"attention_bias": True, "attention_out_bias": False, "mlp_bias": False},
    ),
    "smollm3": Architecture(model_type="smollm3", traits={**NO_BIAS, **QWEN_WINDOWS}),
    "starcoder2": Architecture(model_type="starcoder2", traits={"use_bias": True}),
    "xverse": Architecture(model_type="xverse"),
}

NOT_GENERATIVE: Final[Mapping[str, str]] = {
    "bert": "a text encoder",
    "clip": "the vision or audio projector of a model, in a file apart",
    "eurobert": "a text encoder",
    "gemma-embedding": "an embedding model",
    "jina-bert-v2": "a text encoder",
    "jina-bert-v3": "a text encoder",
    "llama-embed": "an embedding model",
    "modern-bert": "a text encoder",
    "neo-bert": "a text encoder",
    "nomic-bert": "a text encoder",
    "nomic-bert-moe": "a text encoder",
    "t5encoder": "a text encoder",
    "wavtokenizer-dec": "a speech decoder",
    "flux": "a diffusion model",
    "hidream": "a diffusion model",
    "lumina2": "a diffusion model",
    "qwen_image": "a diffusion model",
    "sd1": "a diffusion model",
    "sd3": "a diffusion model",
    "sdxl": "a diffusion model",
    "wan": "a diffusion model",
}
"""Architectures of files that generate no text, and what they are."""
