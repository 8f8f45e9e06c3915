"""The forty traps of real configs, each at a file that has it: what the file means, not what its keys seem to say.

Numbers are those of the shared notes (config_traps.md); the values are theirs, or stand in the file itself.
"""

from typing import Any, Final

import pytest

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import MixtureOfExperts
from estimator.model_spec import ModelSpec
from ingest.catalogue import bundled_catalogue
from ingest.loader import Loader

MODELS: Final = Loader()


def spec(name: str) -> ModelSpec:
    return MODELS.load(name).spec


def config(name: str) -> dict[str, Any]:
    entry = bundled_catalogue().entry(name)
    assert entry is not None
    return entry.config


def caching_layers(read: ModelSpec) -> int:
    mixers = [(group.count, group.mixer) for group in read.layers if group.mixer is not None]
    return sum(count for count, mixer in mixers if mixer.cache_elements_per_token)


def expert_layers(read: ModelSpec) -> int:
    return sum(group.count for group in read.layers if isinstance(group.feed_forward, MixtureOfExperts))


HEADLINES: Final = [
    (
        1,
        "google/gemma-3-4b-it",
        {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 262208},
    ),
    (1, "google/gemma-3-4b-it", {"tie_word_embeddings": True, "max_position_embeddings": 131072}),
    (2, "llava-hf/llava-1.5-7b-hf", {"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32}),
    (2, "liuhaotian/llava-v1.5-7b", {"hidden_size": 4096, "num_hidden_layers": 32}),
    (3, "Qwen/Qwen2-Audio-7B-Instruct", {"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32}),
    (5, "CohereForAI/c4ai-command-r-v01", {"tie_word_embeddings": True}),
    (5, "openai-community/gpt2", {"tie_word_embeddings": True}),
    (5, "mosaicml/mpt-7b", {"tie_word_embeddings": True}),
    (6, "google/gemma-4-E2B-it", {"tie_word_embeddings": True}),
    (8, "WizardLMTeam/WizardCoder-15B-V1.0", {"num_key_value_heads": 1}),
    (9, "tiiuae/falcon-40b", {"num_key_value_heads": 8}),
    (11, "THUDM/glm-4-9b-chat", {"num_key_value_heads": 2, "head_dim": 128}),
    (13, "Qwen/Qwen3-32B", {"head_dim": 128}),
    (13, "mistralai/Mistral-Nemo-Instruct-2407", {"head_dim": 128}),
    (13, "openai/gpt-oss-120b", {"head_dim": 64}),
    (13, "google/gemma-2-9b", {"head_dim": 256}),
    (20, "openai/gpt-oss-120b", {"num_experts": 128, "num_experts_per_tok": 4}),
    (20, "databricks/dbrx-instruct", {"num_experts": 16, "num_experts_per_tok": 4}),
    (20, "Tencent-Hunyuan/Hunyuan-A13B", {"num_experts": 64, "num_experts_per_tok": 8}),
    (26, "nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-NVFP4", {"num_hidden_layers": 108}),
    (28, "ibm-granite/granite-4-8b-dense-hybrid", {"num_experts": None}),
    (40, "meta-llama/Llama-3.1-8B-Instruct", {"max_position_embeddings": 131072}),
    (40, "mistralai/Mistral-7B-Instruct-v0.2", {"vocab_size": 32000}),
    (40, "Qwen/Qwen2.5-7B-Instruct", {"vocab_size": 152064}),
]


@pytest.mark.parametrize(("trap", "name", "fields"), HEADLINES, ids=lambda value: str(value)[:40])
def test_fields_mean_what_the_class_makes_of_them(trap: int, name: str, fields: dict[str, Any]) -> None:
    head = spec(name).headline
    assert {key: getattr(head, key) for key in fields} == fields, f"trap {trap}"


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("OpenGVLab/InternVL2-2B", "llm_config"),
        ("Qwen/Qwen3-VL-8B-Instruct", "text_config"),
    ],
)
def test_4_the_language_model_lies_in_a_section_of_any_name(name: str, section: str) -> None:
    head = spec(name).headline
    stated = config(name)[section]
    assert (head.hidden_size, head.num_hidden_layers) == (stated["hidden_size"], stated["num_hidden_layers"])


@pytest.mark.parametrize(
    ("name", "hidden", "layers"),
    [
        ("openai-community/gpt2", "n_embd", "n_layer"),
        ("mosaicml/mpt-7b", "d_model", "n_layers"),
        ("LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct", "hidden_size", "num_layers"),
        ("databricks/dbrx-instruct", "d_model", "n_layers"),
    ],
)
def test_7_widths_and_depths_have_other_names(name: str, hidden: str, layers: str) -> None:
    head, stated = spec(name).headline, config(name)
    assert (head.hidden_size, head.num_hidden_layers) == (stated[hidden], stated[layers])


def test_10_dbrx_nests_its_heads_and_experts() -> None:
    stated, head = config("databricks/dbrx-instruct"), spec("databricks/dbrx-instruct").headline
    assert head.num_key_value_heads == stated["attn_config"]["kv_n_heads"]
    assert head.num_experts_per_tok == stated["ffn_config"]["moe_top_k"]


def test_12_qwen_v1_states_twice_its_width() -> None:
    read = spec("Qwen/Qwen-7B")
    assert read.feed_forward_parameters == 32 * 3 * 4096 * 11008


@pytest.mark.parametrize(
    ("name", "cache_bytes"),
    [
        ("deepseek-ai/DeepSeek-V3", 70_272),  # 14, 15: head_dim 64 and 128 KV heads mean nothing
        ("openbmb/MiniCPM3-4B", 62 * (256 + 32) * 2),  # 15
        ("deepseek-ai/DeepSeek-V2-Lite", 27 * (512 + 64) * 2),  # 16: q_lora_rank null
        ("deepseek-ai/DeepSeek-V3.2", 85_888),  # 17: index keys in every layer
        ("zai-org/GLM-5", 109_824),
        ("zai-org/GLM-5.2", 95_232),  # 17: shared layers have none
        ("deepseek-ai/DeepSeek-V4-Flash", 6_880),  # 18
        ("nvidia/DeepSeek-V4-Pro-NVFP4", 9_848),
        ("google/gemma-3-27b-it", 81_920),  # 31: every sixth layer
        ("Qwen/Qwen3-Next-80B-A3B-Instruct", 24_576),  # 31: every fourth, no layer_types
        ("openai/gpt-oss-120b", 36_864),
        ("Qwen/Qwen2.5-7B-Instruct", 28 * 2 * 4 * 128 * 2),  # 30: a window that is not used
    ],
)
def test_14_to_18_30_31_the_cache_grows_by_what_is_really_kept(name: str, cache_bytes: int) -> None:
    assert 2 * spec(name).cache_elements_per_token == cache_bytes


def test_16_null_latent_keys_mean_plain_attention() -> None:
    read = spec("Tencent-Hunyuan/Hunyuan-A13B")
    assert read.latent_layers == 0


def test_19_experts_may_have_a_type_outside_the_quantization_section() -> None:
    plan = spec("deepseek-ai/DeepSeek-V4-Flash").weights
    assert plan.of("experts").bytes_per_weight < 0.6
    assert plan.of("attention").bytes_per_weight >= 1


def test_22_experts_take_intermediate_size_where_they_have_no_width_of_their_own() -> None:
    for name, width in (("mistralai/Mixtral-8x7B-v0.1", 14336), ("openai/gpt-oss-120b", 2880)):
        experts = [group.feed_forward for group in spec(name).layers]
        assert {part.expert_intermediate_size for part in experts if isinstance(part, MixtureOfExperts)} == {width}


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("meta-llama/Llama-4-Maverick-17B-128E-Instruct", 24),  # 23: every second
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", 48),
        ("deepseek-ai/DeepSeek-V3", 58),  # 25: the first three are dense
        ("Qwen/Qwen3-30B-A3B", 48),
        ("ibm-granite/granite-4-8b-dense-hybrid", 0),  # 28
    ],
)
def test_23_25_28_some_layers_have_experts(name: str, layers: int) -> None:
    assert expert_layers(spec(name)) == layers


def test_24_a_shared_expert_may_have_no_key_at_all() -> None:
    read = spec("meta-llama/Llama-4-Scout-17B-16E-Instruct")
    experts = next(group.feed_forward for group in read.layers if isinstance(group.feed_forward, MixtureOfExperts))
    assert experts.shared_parameters == 3 * 5120 * 8192


def test_24_no_shared_expert_is_none() -> None:
    experts = [group.feed_forward for group in spec("MiniMaxAI/MiniMax-M2.5").layers]
    assert {part.shared_parameters for part in experts if isinstance(part, MixtureOfExperts)} == {0}


def test_26_six_of_52_layers_of_nemotron_nano_cache() -> None:
    assert caching_layers(spec("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16")) == 6


def test_27_latent_experts_are_as_wide_as_their_latent() -> None:
    # the names count 120B with 12B active, 550B with 55B active; in the model's own width it would be far more
    for name, total, active in (("Super-120B-A12B", 120e9, 12e9), ("Ultra-550B-A55B", 550e9, 55e9)):
        read = spec(f"nvidia/NVIDIA-Nemotron-3-{name}-NVFP4")
        assert read.total_parameters == pytest.approx(total, rel=0.05)
        assert read.active_parameters == pytest.approx(active, rel=0.15)


def test_28_attention_alone_where_layer_types_say_so() -> None:
    assert spec("ibm-granite/granite-4-8b-dense-hybrid").recurrent_layers == 0


def test_29_blocks_of_nemotron_super_have_their_own_shapes() -> None:
    read = spec("nvidia/Llama-3_3-Nemotron-Super-49B-v1")
    assert read.total_parameters == 49_867_145_216  # published_totals.tsv
    assert caching_layers(read) < read.headline.num_hidden_layers


def test_30_a_window_over_all_layers_leaves_nothing_that_grows() -> None:
    read = spec("mistralai/Mistral-7B-v0.1")
    assert read.cache_elements_per_token == 0
    assert read.window_elements_per_sequence == 32 * 4096 * 2 * 8 * 128


def test_32_layers_of_gemma_4_differ_in_width() -> None:
    mixers = [group.mixer for group in spec("nvidia/Gemma-4-26B-A4B-NVFP4").layers]
    shapes = {(m.num_key_value_heads, m.head_dim) for m in mixers if isinstance(m, GroupedQueryAttention)}
    assert shapes == {(8, 256), (2, 512)}


def test_33_fifteen_of_35_layers_of_gemma_4_e2b_cache() -> None:
    read = spec("google/gemma-4-E2B-it")
    assert caching_layers(read) == 15
    assert read.per_layer_embedding_parameters == pytest.approx(2.35e9, rel=0.01)


def test_34_lfm2_is_narrower_than_stated() -> None:
    stated = config("LiquidAI/LFM2.5-VL-1.6B")["text_config"]
    widths = {group.feed_forward.intermediate_size for group in spec("LiquidAI/LFM2.5-VL-1.6B").layers}  # type: ignore[union-attr]  # all are dense
    assert stated["block_auto_adjust_ff_dim"] is True
    assert widths == {8192}


def test_35_predicted_tokens_stand_apart_where_the_checkpoint_has_them() -> None:
    assert spec("zai-org/GLM-4.5").mtp_parameters > 5e9
    assert spec("deepseek-ai/DeepSeek-V3").mtp_parameters > 11e9
    assert spec("moonshotai/Kimi-K2-Instruct").mtp_parameters == 0


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("mistralai/Devstral-2-123B-Instruct-2512", "fp8"),  # 37: static, weight_block_size null
        ("meta-llama/Llama-3.1-405B-Instruct-FP8", "fp8"),  # fbgemm_fp8
        ("openai/gpt-oss-120b", "mxfp4"),
        ("moonshotai/Kimi-K2.6", "int4"),  # pack-quantized inside text_config
        ("nvidia/GLM-5-NVFP4", "nvfp4"),  # 38: perhaps in hf_quant_config.json alone
        ("Qwen/Qwen2-VL-2B-Instruct-AWQ", "int4"),
    ],
)
def test_36_to_38_the_stored_format_is_found_wherever_it_is_said(name: str, stored: str) -> None:
    assert spec(name).weights.name == stored


def test_39_what_no_list_names_may_stay_in_16_bit() -> None:
    plan = spec("deepseek-ai/DeepSeek-V3").weights
    assert {plan.of(part).format.name for part in ("embedding", "output_head", "router")} == {"bf16"}


def test_40_embedding_and_head_may_differ_in_rows_and_the_head_may_have_a_bias() -> None:
    mllama = spec("meta-llama/Llama-3.2-11B-Vision-Instruct")
    width = mllama.headline.hidden_size
    assert (mllama.embedding_parameters // width, mllama.output_head_parameters // width) == (128264, 128256)
    assert spec("microsoft/Phi-3.5-MoE-instruct").output_head_vector_parameters == 32064
