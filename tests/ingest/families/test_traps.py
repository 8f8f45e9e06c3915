"""Traps seen in real configs, each in the smallest config that has it; the witness is named beside it."""

from typing import Any

import pytest

from estimator.model_spec import ModelSpec
from ingest.errors import IngestError, UnsupportedArchitecture
from ingest.normalize import normalize

SMALL = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 50,
    "max_position_embeddings": 4096,
}


def spec(model_type: str, **keys: Any) -> ModelSpec:
    return normalize({**SMALL, "model_type": model_type, **keys}, repo_id="acme/trap").spec


def windows(read: ModelSpec) -> dict[int | None, int]:
    counts: dict[int | None, int] = {}
    for group in read.layers:
        if group.mixer is not None:
            counts[group.mixer.window_tokens] = counts.get(group.mixer.window_tokens, 0) + group.count
    return counts


def test_a_window_that_is_not_used_does_nothing() -> None:  # Qwen2.5: sliding_window 131072, use_sliding_window false
    assert windows(spec("qwen2", sliding_window=128, use_sliding_window=False)) == {None: 4}


def test_a_window_covers_every_layer_where_the_class_has_no_switch() -> None:  # Mistral-7B-v0.1
    assert windows(spec("mistral", sliding_window=128)) == {128: 4}
    assert windows(spec("mistral", sliding_window=None)) == {None: 4}


def test_a_silent_config_gets_the_pattern_of_its_class() -> None:
    assert windows(spec("gemma2", sliding_window=128, head_dim=16)) == {128: 2, None: 2}  # alternates, not a word of it
    assert windows(spec("gpt_oss", sliding_window=128, num_local_experts=2, num_experts_per_tok=1)) == {128: 2, None: 2}
    llama4 = {
        "attention_chunk_size": 128,
        "intermediate_size_mlp": 96,
        "num_local_experts": 2,
        "num_experts_per_tok": 1,
    }
    assert windows(spec("llama4_text", **llama4, no_rope_layers=[])) == {128: 3, None: 1}  # three of four are chunked


def test_a_pattern_may_be_a_number_or_a_word() -> None:
    gemma3 = {"sliding_window": 128, "head_dim": 16}
    assert windows(spec("gemma3_text", **gemma3, sliding_window_pattern=2)) == {128: 2, None: 2}
    assert windows(spec("exaone4", sliding_window=128, sliding_window_pattern="LLLG")) == {128: 3, None: 1}


def test_head_width_need_not_be_hidden_size_over_heads() -> None:  # Qwen3, Gemma, gpt-oss, Mistral-Nemo
    assert spec("qwen3", head_dim=32).cache_elements_per_token == 4 * 2 * 2 * 32
    assert spec("llama").cache_elements_per_token == 4 * 2 * 2 * 16


def test_multi_query_is_one_kv_head_though_no_number_says_so() -> None:  # WizardCoder-15B: 48 times too large otherwise
    read = spec("gpt_bigcode", multi_query=True, num_key_value_heads=None, n_positions=128)
    assert read.cache_elements_per_token == 4 * 2 * 16


def test_falcon_forgets_multi_query_with_its_new_architecture() -> None:  # falcon-40b and falcon-7b
    new = spec("falcon", num_key_value_heads=None, new_decoder_architecture=True, num_kv_heads=2, multi_query=True)
    old = spec("falcon", num_key_value_heads=None, new_decoder_architecture=False, multi_query=True)
    assert (new.cache_elements_per_token, old.cache_elements_per_token) == (4 * 2 * 2 * 16, 4 * 2 * 16)


LATENT = {
    "kv_lora_rank": 32,
    "q_lora_rank": None,
    "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8,
    "v_head_dim": 16,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 24,
    "n_shared_experts": 1,
    "first_k_dense_replace": 1,
}


def test_a_latent_cache_is_one_vector_whatever_the_kv_heads_say() -> None:  # DeepSeek-V3: 128 KV heads, head_dim 64
    assert spec("deepseek_v3", **LATENT, num_key_value_heads=4).cache_elements_per_token == 4 * (32 + 8)


def test_first_layers_may_be_dense() -> None:
    assert [group.count for group in spec("deepseek_v3", **LATENT).layers] == [1, 3]


def test_layers_that_share_another_layers_picks_have_no_index() -> None:  # GLM-5.2
    index = {"index_head_dim": 8, "index_n_heads": 2, "index_topk": 16}
    kinds = ["full", "shared", "full", "shared"]
    assert spec("glm_moe_dsa", **LATENT, **index).cache_elements_per_token == 4 * (32 + 8 + 8)
    assert spec("glm_moe_dsa", **LATENT, **index, indexer_types=kinds).cache_elements_per_token == 4 * 40 + 2 * 8


def test_layers_that_share_a_cache_store_nothing() -> None:  # gemma-4-E2B: 20 of 35
    gemma4 = {"head_dim": 16, "layer_types": ["sliding_attention", "full_attention"] * 2, "sliding_window": 128}
    shared = spec("gemma4_text", **gemma4, num_kv_shared_layers=2, hidden_size_per_layer_input=0, global_head_dim=32)
    assert shared.cache_elements_per_token == 1 * 2 * 2 * 32
    assert shared.window_elements_per_sequence == 128 * 2 * 2 * 16


def test_a_pattern_string_gives_every_layer_one_part() -> None:  # Nemotron-3 Nano: M mamba, E experts, * attention
    mamba = {"mamba_num_heads": 2, "mamba_head_dim": 8, "ssm_state_size": 4, "n_groups": 1, "conv_kernel": 4}
    experts = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24, "head_dim": 16}
    read = spec("nemotron_h", **mamba, **experts, hybrid_override_pattern="ME*-", num_hidden_layers=None)
    assert read.headline.num_hidden_layers == 4
    assert read.cache_elements_per_token == 2 * 2 * 16
    assert read.recurrent_state_elements == 2 * 8 * 4


def test_networks_may_be_narrower_than_stated() -> None:
    lfm2 = spec(
        "lfm2", layer_types=["conv"] * 4, block_ff_dim=384, block_auto_adjust_ff_dim=True
    )  # LFM2: 12288 -> 8192
    assert lfm2.feed_forward_parameters == 4 * 3 * 64 * 256
    qwen = spec("qwen", kv_channels=16, num_key_value_heads=None)  # Qwen-7B: gate and up are counted together
    assert qwen.feed_forward_parameters == 4 * 3 * 64 * 48


def test_groups_of_heads_and_padded_vocabularies_have_names_of_their_own() -> None:  # chatglm3-6b
    keys = {"multi_query_attention": True, "multi_query_group_num": 2, "kv_channels": 16, "ffn_hidden_size": 96}
    read = spec("chatglm", **keys, padded_vocab_size=64, num_layers=4, vocab_size=None)
    assert read.headline.vocab_size == 64
    assert read.cache_elements_per_token == 4 * 2 * 2 * 16


def test_the_sampling_default_is_not_the_number_of_experts() -> None:  # Kimi-K3's text_config says top_k: 50
    with pytest.raises(UnsupportedArchitecture, match="none of num_experts_per_tok"):
        spec("mixtral", num_local_experts=64, top_k=50, num_experts_per_tok=None)


def test_experts_in_a_latent_width_are_not_read_as_plain_ones() -> None:  # Kimi-K3 calls its text kimi_linear
    with pytest.raises(UnsupportedArchitecture, match="routed_expert_hidden_size"):
        spec("kimi_linear", routed_expert_hidden_size=3584)


def test_layers_of_their_own_shape_are_not_read_as_alike() -> None:
    with pytest.raises(UnsupportedArchitecture, match="per_layer_config"):
        spec("llama", per_layer_config={"01": {"head_dim": 32}})


@pytest.mark.parametrize("model_type", ["llama", "qwen3_moe", "deepseek_v3", "gemma3_text", "nemotron_h", "chatglm"])
@pytest.mark.parametrize("key", ["hidden_size", "num_attention_heads", "vocab_size"])
def test_an_impossible_width_is_refused_by_name(model_type: str, key: str) -> None:
    with pytest.raises(IngestError, match="acme/trap"):
        spec(model_type, **LATENT, **{key: -1, "padded_vocab_size": -1})
