"""What configs say about stored weights, in the dialects of their publishers.

Each config is the quantization section of the repository that its test names, cut to the keys that matter.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.dtypes import MXFP4, NVFP4
from estimator.model_spec import Part, PartWeights
from ingest.errors import IngestError, MalformedConfig, UnsupportedArchitecture
from ingest.quantization.dialects import DIALECTS
from ingest.quantization_config import ReadWeights, read_weight_plan

LLAMA: dict[str, Any] = {"model_type": "llama", "num_attention_heads": 32, "num_key_value_heads": 8}
DEEPSEEK: dict[str, Any] = {
    "model_type": "deepseek_v3",
    "hidden_size": 7168,
    "num_attention_heads": 128,
    "kv_lora_rank": 512,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "first_k_dense_replace": 3,
    "moe_layer_freq": 1,
}
OUTSIDE: tuple[Part, ...] = ("embedding", "output_head", "router", "vision", "audio")
FP8_BLOCKS = {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}


def read(
    config: dict[str, Any],
    quant: dict[str, Any] | None = None,
    hf_quant: dict[str, Any] | None = None,
    layers: int = 61,
) -> ReadWeights:
    whole = config if quant is None else {**config, "quantization_config": quant}
    return read_weight_plan(
        {"torch_dtype": "bfloat16", **whole}, hf_quant, repo_id="acme/model", num_hidden_layers=layers
    )


def bits(weights: ReadWeights, part: Part) -> float:
    return 8 * weights.plan.of(part).bytes_per_weight


@pytest.mark.parametrize(
    "config",
    [
        {"torch_dtype": "bfloat16"},
        {"dtype": "bfloat16"},
        {"torch_dtype": None, "text_config": {"dtype": "bfloat16"}},
    ],
)
def test_the_dtype_is_found_under_its_old_and_new_name_and_in_the_text_section(config: dict[str, Any]) -> None:
    weights = read_weight_plan(config, None, repo_id="acme/model", num_hidden_layers=2)
    assert (weights.plan.name, weights.stored_dtype, weights.warnings) == ("bf16", "bf16", ())


def test_an_fp32_checkpoint_is_counted_as_engines_load_it_and_says_so() -> None:
    weights = read({"torch_dtype": "float32"})
    assert (weights.plan.name, weights.stored_dtype) == ("bf16", "fp32")
    assert "fp32" in weights.warnings[0]


def test_a_missing_dtype_is_said() -> None:
    weights = read_weight_plan(LLAMA, None, repo_id="acme/model", num_hidden_layers=2)
    assert "no dtype" in weights.warnings[0]


def test_deepseek_v3_stores_one_fp32_scale_for_a_block_of_its_fp8_layers() -> None:
    weights = read(DEEPSEEK, FP8_BLOCKS)
    assert weights.plan.name == "fp8"
    assert bits(weights, "experts") == 8 + 32 / 128**2
    assert bits(weights, "attention") == bits(weights, "experts")


@pytest.mark.parametrize("part", OUTSIDE)
def test_embeddings_head_router_and_towers_stay_in_16_bit_though_no_list_says_so(part: Part) -> None:
    assert bits(read(DEEPSEEK, FP8_BLOCKS), part) == 16


def test_a_null_block_is_fp8_per_tensor_as_devstral_2_has_it() -> None:
    weights = read(LLAMA, {"quant_method": "fp8", "activation_scheme": "static", "weight_block_size": None})
    assert bits(weights, "dense") == 8


def test_names_of_norms_and_routers_change_nothing() -> None:
    """zai-org/GLM-5.1-FP8 lists 712 of them, those of the multi-token-prediction layer 78 too."""
    names = [
        f"model.layers.{i}.{leaf}"
        for i in range(79)
        for leaf in ("input_layernorm", "mlp.gate", "self_attn.q_a_layernorm")
    ]
    weights = read(
        DEEPSEEK, {**FP8_BLOCKS, "modules_to_not_convert": ["lm_head", "model.embed_tokens", *names]}, layers=78
    )
    assert weights.plan == read(DEEPSEEK, FP8_BLOCKS, layers=78).plan
    assert weights.warnings == ()


def test_deepseek_v4_has_fp4_experts_beside_an_fp8_section() -> None:
    weights = read({**DEEPSEEK, "expert_dtype": "fp4"}, FP8_BLOCKS)
    assert weights.plan.of("experts") == PartWeights(MXFP4)
    assert bits(weights, "attention") == pytest.approx(8, abs=0.01)
    assert weights.plan.name == "mxfp4"


def test_gpt_oss_has_mxfp4_experts_and_16_bit_elsewhere() -> None:
    left_out = ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"]
    config = {"model_type": "gpt_oss", "num_local_experts": 128, "num_attention_heads": 64}
    weights = read(config, {"quant_method": "mxfp4", "modules_to_not_convert": left_out}, layers=36)
    assert (weights.plan.name, bits(weights, "experts"), bits(weights, "attention")) == ("mxfp4", 4.25, 16)


@pytest.mark.parametrize(
    ("quant", "expected_bits"),
    [
        ({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}, 4 + 20 / 128),
        ({"quant_method": "awq", "bits": 4, "group_size": 64, "zero_point": True}, 4 + 20 / 64),
        ({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": False}, 4 + 16 / 128),
        ({"quant_method": "gptq", "bits": 4, "group_size": 32, "sym": True}, 4 + 20 / 32),
        ({"quant_method": "gptq", "bits": 4, "group_size": -1}, 4),
        ({"quant_method": "auto-round", "bits": 4, "group_size": 128, "sym": True, "data_type": "int"}, 4 + 16 / 128),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, 4.5),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_use_double_quant": True}, 8 * 0.517),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, 8),
        ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 4, "group_size": 64}}}, 4.5),
        (
            {
                "quant_method": "torchao",
                "quant_type": {"default": {"_type": "Float8DynamicActivationFloat8WeightConfig"}},
            },
            8,
        ),
        (
            {"quant_method": "torchao", "quant_type": "int4_weight_only", "quant_type_kwargs": {"group_size": 128}},
            4 + 20 / 128,
        ),
        ({"quant_method": "eetq"}, 8),
        ({"quant_method": "fbgemm_fp8", "activation_scale_ub": 1200.0}, 8),
        ({"quant_algo": "FP8"}, 8),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ["lm_head"]}, 4.5),
        ({"quant_method": "modelopt", "quant_algo": "W4A16_AWQ", "group_size": 128, "ignore": []}, 4 + 16 / 128),
    ],
)
def test_scales_and_zero_points_of_a_group_are_counted(quant: dict[str, Any], expected_bits: float) -> None:
    assert bits(read(LLAMA, quant), "dense") == pytest.approx(expected_bits)


def compressed(weights: dict[str, Any], packing: str, **more: Any) -> dict[str, Any]:
    groups = {"group_0": {"targets": ["Linear"], "weights": weights}}
    return {"quant_method": "compressed-tensors", "format": packing, "config_groups": groups, **more}


@pytest.mark.parametrize(
    ("quant", "name", "expected_bits"),
    [
        (compressed({"num_bits": 8, "type": "float", "strategy": "channel"}, "float-quantized"), "fp8", 8),
        (
            compressed({"num_bits": 8, "type": "int", "strategy": "channel", "symmetric": True}, "int-quantized"),
            "int8",
            8,
        ),
        (
            compressed({"num_bits": 4, "type": "int", "group_size": 32, "symmetric": True}, "pack-quantized"),
            "int4",
            4.5,
        ),
        (
            compressed({"num_bits": 4, "type": "int", "group_size": 128, "symmetric": False}, "pack-quantized"),
            "int4",
            4 + 20 / 128,
        ),
        (compressed({"num_bits": 4, "type": "float", "group_size": 16}, "nvfp4-pack-quantized"), "nvfp4", 4.5),
        (compressed({"num_bits": 4, "type": "float", "group_size": 32}, "mxfp4-pack-quantized"), "mxfp4", 4.25),
    ],
)
def test_compressed_tensors_says_its_format_in_a_scheme(quant: dict[str, Any], name: str, expected_bits: float) -> None:
    weights = read(LLAMA, quant)
    assert weights.plan.name == name
    assert bits(weights, "dense") == pytest.approx(expected_bits)


def test_kimi_k2_6_keeps_all_but_its_routed_experts_in_16_bit() -> None:
    """Its section stands in text_config and lists what is left out as regular expressions."""
    left_out = [
        "re:.*self_attn.*",
        "re:.*shared_experts.*",
        "re:.*mlp\\.(gate|up|gate_up|down)_proj.*",
        "re:.*lm_head.*",
        "re:vision_tower.*",
        "re:mm_projector.*",
    ]
    scheme = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32, "symmetric": True}
    config = {"text_config": {**DEEPSEEK, "quantization_config": compressed(scheme, "pack-quantized", ignore=left_out)}}
    weights = read(config)
    parts: tuple[Part, ...] = ("experts", "attention", "shared", "dense", "output_head", "vision")
    assert [bits(weights, part) for part in parts] == [4.5, 16, 16, 16, 16, 16]
    assert weights.warnings == ()
    assert "text_config.quantization_config" in weights.keys_read


def test_a_partial_list_spares_that_share_of_the_attention() -> None:
    """nvidia/DeepSeek-V3.2-NVFP4 converts the output projection alone: 117.4 of 187.1 million without the indexer."""
    leaves = ("kv_a_proj_with_mqa", "kv_b_proj", "q_a_proj", "q_b_proj")
    excluded = [f"model.layers.{layer}.self_attn.{leaf}" for layer in range(61) for leaf in leaves]
    quantization = {"quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8", "group_size": 16, "exclude_modules": excluded}
    weights = read(DEEPSEEK, hf_quant={"quantization": quantization})
    o_proj = 128 * 128 * 7168
    rest = 7168 * 1536 + 1536 * 128 * 192 + 7168 * 576 + 512 * 128 * 256
    share = o_proj / (o_proj + rest)
    assert bits(weights, "attention") == pytest.approx(4.5 * share + 16 * (1 - share))
    assert (weights.plan.name, weights.cache_format) == ("nvfp4", "fp8")


def test_excluded_layers_count_by_the_layers_that_hold_the_part() -> None:
    """meta-llama/Llama-3.1-405B-Instruct-FP8: MLP of layers 0 and 125 of 126."""
    names = [f"model.layers.{layer}.mlp.{leaf}_proj" for layer in (0, 125) for leaf in ("gate", "up", "down")]
    weights = read(LLAMA, {"quant_method": "fbgemm_fp8", "modules_to_not_convert": names}, layers=126)
    assert weights.plan.of("dense").share == pytest.approx(124 / 126)
    assert bits(weights, "attention") == 8


def test_a_digit_and_a_star_mean_every_layer_that_starts_so() -> None:
    """nvidia/GLM-5.1-NVFP4 writes `model.layers.0*` but `model.layers.1.*`, since `1*` would be 1 and 10 to 19."""
    quant = {"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ["model.layers.1*"]}
    assert bits(read(LLAMA, quant, layers=20), "dense") == pytest.approx((4.5 * 9 + 16 * 11) / 20)
    quant["ignore"] = ["model.layers.1.*"]
    assert bits(read(LLAMA, quant, layers=20), "dense") == pytest.approx((4.5 * 19 + 16) / 20)


def test_dense_first_layers_left_out_leave_the_experts_alone() -> None:
    ignore = ["model.layers.0*", "model.layers.1.*", "model.layers.2.*", "model.layers.61*"]
    weights = read(DEEPSEEK, {"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ignore})
    parts: tuple[Part, ...] = ("dense", "experts", "mtp")
    assert [bits(weights, part) for part in parts] == [16, 4.5, 16]


def test_the_layers_of_a_tower_are_not_the_model_s() -> None:
    names = [f"vision_model.model.layers.{layer}.self_attn.q_proj" for layer in range(34)]
    quant = compressed({"num_bits": 8, "type": "float"}, "float-quantized", ignore=names)
    assert bits(read(LLAMA, quant, layers=48), "attention") == 8


def test_mtp_layers_left_out_are_not_the_first_layers() -> None:
    quant = {"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ["mtp.layers.0*", "mtp*"]}
    weights = read(LLAMA, quant, layers=48)
    assert (bits(weights, "dense"), bits(weights, "mtp")) == (4.5, 16)


def test_gemma_4_keeps_the_dense_network_beside_its_experts() -> None:
    config = {"model_type": "gemma4", "text_config": {"model_type": "gemma4_text", "num_experts": 128}}
    ignore = [f"model.language_model.layers.{i}.{leaf}*" for i in range(30) for leaf in ("mlp", "router", "self_attn")]
    weights = read(config, {"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ignore}, layers=30)
    parts: tuple[Part, ...] = ("experts", "shared", "attention")
    assert [bits(weights, part) for part in parts] == [4.5, 16, 16]


def test_nemotron_layers_are_told_apart_by_their_pattern() -> None:
    """Nemotron-3-Nano: `M` recurrent, `E` experts, `*` attention; all share the word `mixer`."""
    config = {"model_type": "nemotron_h", "hybrid_override_pattern": "ME*M", "n_routed_experts": 128}
    excluded = [
        *(f"backbone.layers.2.mixer.{x}_proj" for x in "qkvo"),
        "backbone.layers.3.mixer.in_proj",
        "backbone.layers.3.mixer.out_proj",
    ]
    sizes = {
        "mamba_num_heads": 64,
        "mamba_head_dim": 64,
        "n_groups": 8,
        "ssm_state_size": 128,
        "num_attention_heads": 32,
    }
    quantization = {"quant_algo": "NVFP4", "exclude_modules": excluded}
    weights = read({**config, **sizes}, hf_quant={"quantization": quantization}, layers=4)
    assert bits(weights, "attention") == 16
    assert weights.plan.of("recurrent").share == pytest.approx(0.5)
    assert bits(weights, "experts") == 4.5


def test_mixed_precision_gives_each_module_its_format() -> None:
    """nvidia/Qwen3.6-27B-NVFP4: FP8 attention, NVFP4 network and output head."""
    layers = {
        f"model.language_model.layers.{i}.mlp.{x}_proj": {"quant_algo": "W4A16_NVFP4"}
        for i in range(4)
        for x in ("gate", "up", "down")
    }
    layers |= {
        f"model.language_model.layers.{i}.self_attn.{x}_proj": {"quant_algo": "FP8"} for i in range(4) for x in "qkvo"
    }
    quant = {
        "quant_method": "modelopt",
        "quant_algo": "MIXED_PRECISION",
        "quantized_layers": {**layers, "lm_head": {"quant_algo": "W4A16_NVFP4"}},
        "kv_cache_scheme": {"dynamic": False, "num_bits": 8, "type": "float"},
    }
    weights = read(LLAMA, quant, layers=4)
    parts: tuple[Part, ...] = ("dense", "attention", "output_head", "embedding")
    assert [bits(weights, part) for part in parts] == [4.5, 8, 4.5, 16]
    assert (weights.plan.name, weights.cache_format) == ("nvfp4", "fp8")


def test_an_fp8_base_with_nvfp4_experts_keeps_its_fp8() -> None:
    """nvidia/DeepSeek-V4-Flash-NVFP4: quant_method fp8, and an ignore list of what NVFP4 leaves to it."""
    quant = {
        **FP8_BLOCKS,
        "quant_algo": "MIXED_PRECISION",
        "ignore": ["*.attn.*", "*.ffn.shared_experts.*", "head", "mtp.*"],
        "quantized_layers": {f"layers.{i}.ffn.experts": {"quant_algo": "NVFP4", "group_size": 16} for i in range(43)},
    }
    config = {**DEEPSEEK, "first_k_dense_replace": 0, "expert_dtype": "fp4"}
    weights = read(config, quant, layers=43)
    assert weights.plan.of("experts") == PartWeights(NVFP4)
    assert bits(weights, "shared") == pytest.approx(8, abs=0.01)


def test_quark_states_mxfp4_and_an_fp8_cache() -> None:
    """amd/llama3_1-405b-mlperf-quark."""
    weight = {"dtype": "fp4", "group_size": 32, "scale_format": "e8m0"}
    rule = {"weight": weight, "output_tensors": {"dtype": "fp8_e4m3"}}
    quant = {
        "quant_method": "quark",
        "exclude": ["lm_head"],
        "global_quant_config": {"weight": weight},
        "layer_quant_config": {"*k_proj": rule, "*v_proj": rule},
    }
    weights = read(LLAMA, quant)
    assert (weights.plan.name, bits(weights, "attention"), weights.cache_format) == ("mxfp4", 4.25, "fp8")


def test_a_quant_file_without_a_list_is_a_lower_bound_and_says_so() -> None:
    """nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4."""
    weights = read(LLAMA, hf_quant={"quantization": {"quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8"}})
    assert "lower bound" in weights.warnings[0]


@pytest.mark.parametrize("method", ["aqlm", "spqr", "vptq", "higgs", "bitnet", "fp_quant", "never-heard-of"])
def test_a_method_that_is_not_counted_is_refused_by_name(method: str) -> None:
    with pytest.raises(UnsupportedArchitecture, match=f"acme/model.*quant_method.*{method}"):
        read(LLAMA, {"quant_method": method})


@pytest.mark.parametrize("section", ["fp8", 8, ["fp8"]])
def test_a_section_that_is_no_object_is_malformed(section: object) -> None:
    with pytest.raises(MalformedConfig, match="acme/model: quantization_config"):
        read({**LLAMA, "quantization_config": section})


def test_a_width_that_is_no_number_is_malformed() -> None:
    with pytest.raises(MalformedConfig, match=r"acme/model: .*bits"):
        read(LLAMA, {"quant_method": "gptq", "bits": "four"})


@pytest.mark.parametrize("bits", [0, 1, 9, -4, 10**30])
def test_an_impossible_width_is_malformed(bits: int) -> None:
    with pytest.raises(MalformedConfig, match=r"acme/model: .*bits"):
        read(LLAMA, {"quant_method": "awq", "bits": bits})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = """
    bits group_size zero_point modules_to_not_convert dynamic extra_config data_type load_in_4bit quant_config
    quant_type quant_type_kwargs weights global_quant_config layer_quant_config config_groups format quant_algo
    quantized_layers kv_cache_scheme kv_cache_quant_algo weight_block_size exclude ignore lm_head
""".split()  # noqa: SIM905  # names read better as words


@given(method=st.sampled_from(sorted(DIALECTS)), section=st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=6))
def test_any_section_gives_a_plan_or_an_error_of_ours(method: str, section: dict[str, Any]) -> None:
    try:
        weights = read({**DEEPSEEK, "layer_types": section.get("bits")}, {**section, "quant_method": method}, layers=5)
    except IngestError:
        return
    assert 0 < bits(weights, "experts") <= 16


def test_a_hostile_expression_is_reported_and_never_run() -> None:
    quant = compressed({"num_bits": 8, "type": "float"}, "float-quantized", ignore=["re:(a+)+$", "re:" + "(a|b)" * 60])
    assert "2 module name(s)" in read(LLAMA, quant).warnings[0]
