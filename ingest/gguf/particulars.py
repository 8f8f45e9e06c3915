"""What the header of one architecture says beyond the common keys, in the words of its config.

Each function takes a header's keys and returns what to add. Source: llama.cpp, load_hparams of each architecture, and
the converter that writes the keys, convert_hf_to_gguf.py.
"""

from typing import Final

from ingest.gguf.shape import Config, Keys

GLM_BLOCKS: Final = 93
"""GLM-4.5, 4.6 and 4.7: 92 layers and one of multi-token prediction; Air has 47 in all."""


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


# -- layers of their own shape --------------------------------------------------------------------------------------


def deci(keys: Keys) -> Config:
    """Llama-Nemotron: each layer has its own KV heads and width; a width of 0 leaves the part out."""
    layers, hidden_size = keys.known("num_hidden_layers"), keys.integer("embedding_length")
    queries = keys.per_layer("attention.head_count", layers)
    kv_heads = keys.per_layer("attention.head_count_kv", layers)
    widths = keys.per_layer("feed_forward_length", layers)
    if any(query and not kv for query, kv in zip(queries, kv_heads, strict=True)):
        raise keys.malformed("attention.head_count_kv", "0 in a layer with heads (a linear layer)")
    heads = max(queries) or 1
    blocks = [
        {
            "attention": {"no_op": not kv, "n_heads_in_group": heads // kv if kv else None},
            "ffn": {"no_op": not width, "ffn_mult": 1.5 * width / hidden_size},
        }
        for kv, width in zip(kv_heads, widths, strict=True)
    ]
    plain = {"num_attention_heads": heads, "num_key_value_heads": None, "intermediate_size": None}
    return {**plain, "block_configs": blocks}


def gemma4(keys: Keys) -> Config:
    """Gemma 4: heads of their own in full layers, a wider network in the layers that share a cache (E2B).

    Where full layers have other KV heads, their keys are their values, too (26B-A4B and 31B; not E2B and E4B).
    """
    layers = keys.known("num_hidden_layers")
    slides = keys.per_layer("attention.sliding_window_pattern", layers)
    kv_heads = keys.per_layer("attention.head_count_kv", layers)
    widths = keys.per_layer("feed_forward_length", layers)
    full = {kv for kv, step in zip(kv_heads, slides, strict=True) if not step} or {kv_heads[0]}
    near = {kv for kv, step in zip(kv_heads, slides, strict=True) if step} or full
    if len(full) > 1 or len(near) > 1 or max(widths) not in {min(widths), 2 * min(widths)}:
        raise keys.malformed("attention.head_count_kv", "of more than two kinds")
    return {
        "head_dim": keys.integer("attention.key_length_swa"),
        "global_head_dim": keys.integer("attention.key_length"),
        "num_key_value_heads": max(near),
        "num_global_key_value_heads": max(full),
        "attention_k_eq_v": full != near,
        "num_kv_shared_layers": keys.get("attention.shared_kv_layers") or 0,
        "hidden_size_per_layer_input": keys.get("embedding_length_per_layer_input") or 0,
        "vocab_size_per_layer_input": keys.known("vocab_size"),
        "intermediate_size": min(widths),
        "use_double_wide_mlp": max(widths) != min(widths),
        "enable_moe_block": bool(keys.get("expert_count")),
        "top_k_experts": keys.get("expert_used_count"),
    }
