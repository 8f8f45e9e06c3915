"""The published methods reproduce their own published figures, by their own formulas, and refuse what cannot be."""

import doctest
from collections.abc import Mapping
from itertools import pairwise
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.errors import ImpossibleValue, UnknownMethod
from estimator.methods import METHODS, compute, essentials, physics, roofline, scaling_calculator

SIMULATOR = {
    "n_active": 8e9,
    "n_total": 12e9,
    "compute": 80e12,
    "bandwidth": 200e9,
    "context_tokens": 8192,
    "kv_bytes": 2,
    "batch": 128,
}
H100_NVL_AS_PRINTED = {"peak_flops": 1671e12, "bandwidth": 3.9e12, "batch": 1}
LLAMA_3_1_8B = {
    "hidden_size": 4096,
    "head_dim": 128,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "vocab_size": 128256,
    "context_tokens": 8192,
}
EIGHT_H100 = {
    "parameters": 671e9,
    "active_parameters": 37e9,
    "bytes_per_parameter": 1,
    "tokens_per_s": 50,
    "gpus": 8,
    "bandwidth": 3.35e12,
}
SMALL_SHAPE = {
    "hidden_size": 4096,
    "intermediate_size": 16384,
    "num_hidden_layers": 32,
    "vocab_size": 32000,
    "batch": 1,
    "context_tokens": 2048,
    "bits": 16,
    "peak_flops": 989e12,
    "bandwidth": 3.35e12,
    "efficiency": 0.25,
    "output_tokens": 100,
}
EXAMPLES: Mapping[str, Mapping[str, float]] = {
    "roofline": SIMULATOR,
    "essentials": {"parameters": 8e9, "bytes_per_parameter": 2, **H100_NVL_AS_PRINTED},
    "physics": EIGHT_H100,
    "scaling-calculator": SMALL_SHAPE,
}
EVERY_METHOD = pytest.mark.parametrize("name", METHODS)


def figure(name: str, values: Mapping[str, float], key: str) -> float:
    """One figure of a method, which must be a number."""
    value = compute(name, values)[key]
    assert isinstance(value, float)
    return value


# roofline: the article's simulator


@pytest.mark.parametrize(
    ("key", "printed", "tolerance"),
    [
        ("t_compute_s", 12.8e-3, 1e-9),
        ("t_memory_s", 60.01e-3, 1e-4),
        ("t_weights_s", 60e-3, 1e-9),
        ("t_kv_s", 0.01049e-3, 1e-3),
        ("kv_share", 0.0002, 0.15),  # printed as 0.02 %
        ("memory_slope_s", 0.00008192e-3, 1e-9),
        ("crossover_batch", 600.49, 1e-5),
        ("compute_to_memory", 0.213, 2e-3),
        ("latency_s", 60.01e-3, 1e-4),
    ],
)
def test_roofline_prints_its_simulators_figures(key: str, printed: float, tolerance: float) -> None:
    assert figure("roofline", SIMULATOR, key) == pytest.approx(printed, rel=tolerance)


def test_the_simulators_step_is_memory_bound() -> None:
    assert compute("roofline", SIMULATOR)["bound"] == "memory"


def test_at_the_crossover_both_times_are_equal() -> None:
    crossover = figure("roofline", SIMULATOR, "crossover_batch")
    at_crossover = compute("roofline", {**SIMULATOR, "batch": crossover})
    assert at_crossover["bound"] == "balanced"
    assert compute("roofline", {**SIMULATOR, "batch": 1.1 * crossover})["bound"] == "compute"


def test_a_sparse_model_needs_a_batch_larger_by_its_sparsity() -> None:
    """DeepSeek-V3: 671e9 held, 37e9 active, at 300 operations per byte: printed as 18 x 300, about 5,400."""
    values = {**SIMULATOR, "n_active": 37e9, "n_total": 671e9, "compute": 300e12, "bandwidth": 1e12}
    short = figure("roofline", {**values, "context_tokens": 1, "kv_bytes": 1}, "crossover_batch")
    assert short == pytest.approx(5400, rel=0.01)


@pytest.mark.parametrize("context_tokens", [10_000_000, 20_000_000])
def test_roofline_has_no_crossover_where_kv_reads_outgrow_compute(context_tokens: float) -> None:
    """N_active / C is 1e-4 s per sequence; from 1e7 tokens of 2 bytes on, so is the reading at 200 GB/s."""
    result = compute("roofline", {**SIMULATOR, "context_tokens": context_tokens})
    assert result["crossover_batch"] is None
    assert "no crossover" in str(result["reason"])


def test_a_longer_context_moves_the_crossover_right() -> None:
    contexts = (1e3, 1e5, 5e6, 9.9e6)
    crossovers = [figure("roofline", {**SIMULATOR, "context_tokens": c}, "crossover_batch") for c in contexts]
    assert all(shorter < longer for shorter, longer in pairwise(crossovers))


# essentials


def test_essentials_prints_430_for_the_card_as_printed() -> None:
    optimal = figure("essentials", EXAMPLES["essentials"], "optimal_batch")
    assert optimal == pytest.approx(428.46, rel=1e-5)
    assert round(optimal, -1) == 430


def test_take_1_adds_computation_and_movement() -> None:
    """8e9 parameters: 16e9 FLOP at 1671e12 is 9.575 us, 16e9 bytes at 3.9e12 is 4.1026 ms; 1 / 4.1121 ms = 243.18."""
    result = compute("essentials", EXAMPLES["essentials"])
    assert result["t_compute_s"] == pytest.approx(9.5751e-6, rel=1e-4)
    assert result["t_memory_s"] == pytest.approx(4.10256e-3, rel=1e-4)
    assert result["throughput_tokens_per_s"] == pytest.approx(243.18, rel=1e-4)
    assert result["bound"] == "memory"


@pytest.mark.parametrize(
    ("memory", "bytes_per_sequence", "batch"),
    [
        (94e9, 1e9, 78),  # 94 less 16 GB of weights, a GB each
        (94e9, 0.1e9, 428.46),  # 780 would fit: the optimum stands
        (10e9, 1e9, 0),  # the weights alone do not fit
    ],
)
def test_what_fits_caps_the_optimal_batch(memory: float, bytes_per_sequence: float, batch: float) -> None:
    values = {**EXAMPLES["essentials"], "memory": memory, "bytes_per_sequence": bytes_per_sequence}
    assert figure("essentials", values, "true_optimal_batch") == pytest.approx(batch, rel=1e-4)


def test_without_a_memory_what_fits_is_not_known() -> None:
    assert compute("essentials", EXAMPLES["essentials"])["true_optimal_batch"] is None
    with pytest.raises(UnknownMethod, match="bytes_per_sequence"):
        compute("essentials", {**EXAMPLES["essentials"], "memory": 94e9})


@pytest.mark.parametrize(
    ("key", "printed", "tolerance"),
    [
        ("attention_projection_flops", 83_886_080, 0),
        ("attention_score_flops", 134_217_728, 0),
        ("feed_forward_flops", 352_321_536, 0),
        ("unembedding_flops", 1_050_673_152, 0),
        ("total_flops", 19.3e9, 3e-3),
        ("bytes_moved", 17e9, 0.01),  # printed as 16e9 + 1e9 per sequence
        ("parameters", 8.03e9, 1e-3),  # the model card
        ("raw_crossover_batch", -15.6, 3e-3),
        ("raw_crossover_batch_in_whole_gb", -16.75, 1e-3),
    ],
)
def test_take_2_prints_the_articles_figures(key: str, printed: float, tolerance: float) -> None:
    assert figure("essentials", LLAMA_3_1_8B | H100_NVL_AS_PRINTED, key) == pytest.approx(printed, rel=tolerance)


def test_take_2_says_that_there_is_no_batch_and_why() -> None:
    result = compute("essentials", LLAMA_3_1_8B | H100_NVL_AS_PRINTED)
    assert result["optimal_batch"] is None
    assert "KV reads grow faster" in str(result["reason"])


def test_take_2_finds_a_batch_for_a_short_context() -> None:
    """At 128 tokens a sequence computes 15.1e9 FLOP (9.04 us) and reads 16.8e6 bytes (4.30 us)."""
    result = compute("essentials", LLAMA_3_1_8B | H100_NVL_AS_PRINTED | {"context_tokens": 128})
    optimal = result["optimal_batch"]
    assert isinstance(optimal, float)
    assert result["reason"] is None
    assert optimal == pytest.approx(16.06e9 / 3.9e12 / (9.04e-6 - 4.30e-6), rel=0.02)


def test_given_parameters_outrank_those_of_the_shape() -> None:
    values = LLAMA_3_1_8B | H100_NVL_AS_PRINTED | {"parameters": 8e9}
    assert figure("essentials", values, "parameters") == 8e9


# physics


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("weights_bytes", 671e9),
        ("workspace_bytes", 80.52e9),  # 12 %
        ("required_bandwidth", 1.85e12),  # 37e9 active, one byte, 50 times a second
        ("aggregate_bandwidth", 26.8e12),  # 8 x 3.35
    ],
)
def test_physics_prints_its_figures(key: str, expected: float) -> None:
    assert figure("physics", EIGHT_H100, key) == pytest.approx(expected, rel=1e-9)


def test_physics_counts_the_cache_by_hidden_size() -> None:
    """8,192 tokens x 32 layers x 4,096 wide, keys and values, two bytes each: 4 GiB."""
    shape = {"hidden_size": 4096, "num_hidden_layers": 32}
    values = {**EIGHT_H100, "bytes_per_parameter": 2, **shape}
    assert figure("physics", values, "kv_cache_bytes") == 4 * 2**30
    assert figure("physics", {**values, "batch": 3}, "kv_cache_bytes") == 12 * 2**30


def test_physics_counts_three_matrices_for_each_expert() -> None:
    """61 layers x 3 x 7,168 x 2,048 x 256 experts, DeepSeek-V3's widths: 687.7e9."""
    moe = {"hidden_size": 7168, "num_hidden_layers": 61, "expert_intermediate_size": 2048, "num_experts": 256}
    assert figure("physics", {**EIGHT_H100, **moe}, "expert_parameters") == pytest.approx(687.7e9, rel=1e-4)


def test_physics_bounds_prefill_by_compute() -> None:
    """2 x 8e9 x 1,000 + 4 x 32 x 4,096 x 1e6 = 16.524e12 FLOP, over 1e15 at a half."""
    values = {**EIGHT_H100, "active_parameters": 8e9, "hidden_size": 4096, "num_hidden_layers": 32, "gpus": 1}
    prefill = {"prompt_tokens": 1000, "peak_flops": 1e15, "utilization": 0.5}
    assert figure("physics", values | prefill, "ttft_s") == pytest.approx(0.033049, rel=1e-4)
    assert figure("physics", values | prefill | {"gpus": 8}, "ttft_s") == pytest.approx(0.033049 / 8, rel=1e-4)


def test_physics_leaves_out_what_it_is_not_told() -> None:
    result = compute("physics", EIGHT_H100)
    assert (result["kv_cache_bytes"], result["expert_parameters"], result["ttft_s"]) == (None, None, None)


def test_scenarios_are_int8_fp8_and_bf16() -> None:
    scenarios = compute("physics", EIGHT_H100)["scenarios"]
    assert isinstance(scenarios, dict)
    assert {name: row["total_bytes"] for name, row in scenarios.items()} == pytest.approx(
        {"int8": 751.52e9, "fp8": 751.52e9, "bf16": 1503.04e9}
    )


@pytest.mark.parametrize(
    ("parameters", "tier"),
    [
        (8e9, "consumer"),  # 8.96 GB with the workspace
        (21.4e9, "consumer"),  # 23.97
        (21.5e9, "workstation"),  # 24.08
        (71.4e9, "workstation"),  # 79.97
        (71.5e9, "infrastructure"),  # 80.08
        (671e9, "infrastructure"),
    ],
)
def test_the_tier_is_by_the_int8_footprint(parameters: float, tier: str) -> None:
    values = {**EIGHT_H100, "parameters": parameters, "active_parameters": parameters}
    assert compute("physics", values)["tier"] == tier
    assert compute("physics", {**values, "bytes_per_parameter": 2})["tier"] == tier


def test_the_tier_ignores_the_batch_and_context_asked_about() -> None:
    shape = {**EIGHT_H100, "parameters": 8e9, "active_parameters": 8e9, "hidden_size": 4096, "num_hidden_layers": 32}
    assert compute("physics", shape)["tier"] == "consumer"
    assert compute("physics", {**shape, "batch": 512, "context_tokens": 131072})["tier"] == "consumer"


# scaling-calculator: worked by hand from its formulas


@pytest.mark.parametrize(
    ("key", "worked"),
    [
        ("parameters", 6_574_055_424),
        ("per_token_flops", 5_100_273_664),  # 32 x (4096^2 + 2048 x 4096 + 2 x 4096 x 16384)
        ("prefill_flops", 10_445_360_463_872),  # 2,048 of them
        ("weights_gib", 12.8574),
        ("kv_cache_gib", 1.05),  # 2 x 2048 x 4096 x 32 x 2 bytes is 1 GiB
        ("activations_gib", 0.06875),  # 4 x 2048 x 4096 x 2 bytes is 1/16 GiB
        ("total_gib", 14.6750),
        ("tokens_per_s", 48_477.79),
        ("prefill_latency_s", 0.0422462),
        ("token_latency_s", 0.0156993),  # memory: 13.148e9 bytes at a quarter of 3.35e12
        ("output_latency_s", 1.56993),
    ],
)
def test_scaling_calculator_follows_its_formulas(key: str, worked: float) -> None:
    assert figure("scaling-calculator", SMALL_SHAPE, key) == pytest.approx(worked, rel=1e-4)


def test_several_gpus_multiply_throughput_by_the_published_factor() -> None:
    one = figure("scaling-calculator", SMALL_SHAPE, "tokens_per_s")
    four = figure("scaling-calculator", {**SMALL_SHAPE, "gpus": 4, "scaling": 0.7}, "tokens_per_s")
    assert four == pytest.approx(2.8 * one)
    unstated = figure("scaling-calculator", {**SMALL_SHAPE, "gpus": 4}, "tokens_per_s")
    assert 0.7 * 4 * one <= unstated <= 0.9 * 4 * one


def test_one_gpu_scales_by_nothing() -> None:
    lone = {**SMALL_SHAPE, "gpus": 1, "scaling": 0.7}
    assert compute("scaling-calculator", lone) == compute("scaling-calculator", SMALL_SHAPE)


def test_efficiency_is_the_product_of_four() -> None:
    """The corners of the published ranges."""
    assert scaling_calculator.efficiency(0.3, 0.5, 0.6, 0.7) == pytest.approx(0.063)
    assert scaling_calculator.efficiency(0.5, 0.9, 0.9, 0.95) == pytest.approx(0.38475)


# What every method refuses


def test_an_unknown_method_is_refused_with_the_names() -> None:
    with pytest.raises(UnknownMethod, match="vibes") as refusal:
        compute("vibes", {})
    assert all(name in refusal.value.hint for name in METHODS)


@EVERY_METHOD
def test_an_unknown_key_is_refused_with_those_it_takes(name: str) -> None:
    with pytest.raises(UnknownMethod, match="flux") as refusal:
        compute(name, {**EXAMPLES[name], "flux": 1})
    assert "bandwidth" in refusal.value.hint


@EVERY_METHOD
def test_each_missing_key_is_named(name: str) -> None:
    for key in EXAMPLES[name]:
        rest = {k: v for k, v in EXAMPLES[name].items() if k != key}
        with pytest.raises(UnknownMethod, match=key):
            compute(name, rest)


@EVERY_METHOD
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), 1e300, 10**400, 1e-300])
def test_each_impossible_value_is_named(name: str, value: float) -> None:
    for key in EXAMPLES[name]:
        with pytest.raises(ImpossibleValue, match=key):
            compute(name, {**EXAMPLES[name], key: value})


def test_half_a_gpu_and_more_than_the_whole_peak_are_refused() -> None:
    with pytest.raises(ImpossibleValue, match="gpus"):
        compute("physics", {**EIGHT_H100, "gpus": 1.5})
    with pytest.raises(ImpossibleValue, match="efficiency"):
        compute("scaling-calculator", {**SMALL_SHAPE, "efficiency": 1.2})


@EVERY_METHOD
def test_a_method_says_where_it_is_wrong_and_what_its_keys_mean(name: str) -> None:
    method = METHODS[name]
    assert method.where_wrong
    assert method.source
    assert all(i.unit and i.description for take in method.takes for i in take.inputs)


@given(factor=st.floats(1.01, 1000), key=st.sampled_from(["bandwidth", "compute"]))
def test_a_faster_machine_is_never_slower(factor: float, key: str) -> None:
    faster = figure("roofline", {**SIMULATOR, key: SIMULATOR[key] * factor}, "latency_s")
    assert faster <= figure("roofline", SIMULATOR, "latency_s")


@pytest.mark.parametrize("module", [essentials, physics, roofline, scaling_calculator])
def test_worked_numbers_in_the_derivations_hold(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted
    assert not outcome.failed
