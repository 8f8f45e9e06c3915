"""Cards: facts held against their sources, ratios that the arithmetic of a chip imposes, and names that find rows."""

import pytest

from estimator.errors import ImpossibleValue, UnknownFormat, UnknownGpu, UnknownRate
from estimator.gpus import GPUS, find_gpu, gpus_by_alias, with_memory
from estimator.hardware import Gpu
from estimator.rates import compute_path
from estimator.units import GB, GIB, TERA

EVERY_CARD = pytest.mark.parametrize("gpu", GPUS.values(), ids=GPUS.keys())

FP8_IS_NOT_TWICE_BF16 = {
    "vr200-nvl72": "35 PF of fp4 and 17.5 of fp8 as announced, 4 of bf16",
    "gaudi3": "the matrix engine runs fp8 and bf16 at one rate (Gaudi 3 white paper)",
    "tpu-v5p": "no fp8 unit: fp8 runs at the bf16 rate",
    "tpu-v6e": "no fp8 unit: fp8 runs at the bf16 rate",
    "tpu-8i": "an inference part: 8 x in JAX's tpu_info.py",
    "tpu-8t": "6 x in JAX's tpu_info.py",
    "inferentia2": "cFP8 is a storage format: one rate",
    "trainium1": "cFP8 is a storage format: one rate",
    "trainium2": "1299 of 667 in AWS's own table: 1.95",
    "trainium3": "MXFP8 at 2517 of 671 in AWS's own table: 3.75",
    "ascend-950dt": "919 of 486 as announced: 1.89",
    "l40s": "NVIDIA rounds 362 and 733: 2.02",
}

FP4_OVER_FP8 = {
    "b300-sxm": "Blackwell Ultra: fp4 grew, fp8 did not",
    "gb300-nvl72": "as b300-sxm",
    "rtx-5060-ti-16gb": "GeForce halves fp8 with FP32 accumulation, not fp4",
    "rtx-5070": "as rtx-5060-ti-16gb",
    "rtx-5070-ti": "as rtx-5060-ti-16gb",
    "rtx-5080": "as rtx-5060-ti-16gb",
    "rtx-5090": "as rtx-5060-ti-16gb",
    "trainium3": "MXFP4 and MXFP8 run at one rate",
    "ascend-950dt": "1783 of 919 as announced",
}


# What the sheets say


@pytest.mark.parametrize(
    ("gpu_id", "rate", "dense_tflops"),
    [
        ("h100-sxm-80gb", "bf16", 989.4),  # NVIDIA prints 1,979 "with sparsity"
        ("h100-sxm-80gb", "fp8", 1978.9),  # and 3,958
        ("h100-nvl-94gb", "fp8", 1671),  # a card; the sheet's 3,341 is sparse
        ("a100-sxm-80gb", "bf16", 312),  # 624 with sparsity
        ("l4", "fp8", 242),  # 485 with sparsity
        ("l40s", "fp8", 733),  # 1,466 with sparsity
        ("rtx-4090", "fp8", 330.3),  # 660 with FP16 accumulation, 1,321 with sparsity
        ("rtx-5090", "fp4", 1676),  # 3,352 AI TOPS with sparsity
        ("b200-sxm", "fp4", 9000),  # 18 PF with sparsity
        ("mi300x", "fp8", 2614.9),  # 5,229 with sparsity
        ("mi355x", "fp8", 5033.2),  # 10.1 PF with sparsity
    ],
)
def test_rates_are_dense_not_the_sparse_double_of_the_sheets(gpu_id: str, rate: str, dense_tflops: float) -> None:
    assert find_gpu(gpu_id).flops_per_s(rate) == pytest.approx(dense_tflops * TERA, rel=0.01)


@pytest.mark.parametrize(
    ("gpu_id", "gb_per_s"),
    [
        ("h100-sxm-80gb", 3350),
        ("h200-sxm-141gb", 4800),
        ("a100-sxm-80gb", 2039),
        ("a100-sxm-40gb", 1555),
        ("rtx-4090", 1008),
        ("mi300x", 5300),
        ("m3-ultra", 819.2),
    ],
)
def test_bandwidth_is_that_of_the_data_sheet(gpu_id: str, gb_per_s: float) -> None:
    assert find_gpu(gpu_id).memory_bytes_per_s == pytest.approx(gb_per_s * GB, rel=1e-3)


@pytest.mark.parametrize(
    ("gpu_id", "gib"),
    [
        ("h100-sxm-80gb", 79.19),  # vLLM on a card whose driver says 81,559 MiB
        ("a100-sxm-80gb", 79.14),
        ("l40s", 44.41),
        ("b200-sxm", 183_359 / 1024 - 0.45),  # nvidia-smi on AWS p6-b200, less what engines miss
        ("m1", 10.67),  # Metal's working set on a 16 GB machine
        ("m4-max-40core", 96.0),  # 75 % of 128
    ],
)
def test_memory_is_what_an_engine_sees(gpu_id: str, gib: float) -> None:
    assert find_gpu(gpu_id).engine_memory_bytes == pytest.approx(gib * GIB, rel=2e-3)


def test_a_link_is_counted_one_way() -> None:
    assert find_gpu("h100").link_bytes_per_s == 450 * GB  # NVLink 4: 900 both ways
    assert find_gpu("h100").internode_bytes_per_s == 50 * GB  # one 400 Gbit/s adapter each


def test_a_card_without_a_known_link_has_none() -> None:
    assert find_gpu("m1").link_bytes_per_s is None


# What must hold of every row


def test_there_are_at_least_seventy_cards() -> None:
    assert len(GPUS) >= 70


@EVERY_CARD
def test_a_row_says_where_it_is_from(gpu: Gpu) -> None:
    assert gpu.source
    assert gpu.confidence in {"high", "med", "low"}
    assert gpu.memory_source


@EVERY_CARD
def test_a_row_has_memory_bandwidth_and_a_class(gpu: Gpu) -> None:
    assert gpu.memory_bytes_per_s > 10 * GB
    assert gpu.engine_memory_bytes > GIB
    assert gpu.architecture_class


@EVERY_CARD
def test_engines_see_at_most_what_was_sold(gpu: Gpu) -> None:
    rounded_down = {"tpu-v5p"}  # sold as 95 GB, JAX counts 103e9 bytes: 95.9 GiB
    assert gpu.id in rounded_down or gpu.engine_memory_bytes <= gpu.sold_memory_gb * GIB
    assert gpu.engine_memory_bytes <= gpu.driver_memory_bytes


@pytest.mark.parametrize("gpu", [g for g in GPUS.values() if "fp8" in g.tflops], ids=lambda g: g.id)
def test_fp8_is_twice_bf16_but_for_listed_cards(gpu: Gpu) -> None:
    ratio = gpu.tflops["fp8"] / gpu.tflops["bf16"]
    assert (gpu.id in FP8_IS_NOT_TWICE_BF16) is not (ratio == pytest.approx(2, rel=0.01))


@pytest.mark.parametrize("gpu", [g for g in GPUS.values() if {"fp4", "fp8"} <= g.tflops.keys()], ids=lambda g: g.id)
def test_fp4_is_twice_fp8_but_for_listed_cards(gpu: Gpu) -> None:
    ratio = gpu.tflops["fp4"] / gpu.tflops["fp8"]
    assert (gpu.id in FP4_OVER_FP8) is not (ratio == pytest.approx(2, rel=0.01))


@pytest.mark.parametrize("gpu", [g for g in GPUS.values() if g.is_geforce], ids=lambda g: g.id)
def test_geforce_halves_fp16_with_fp32_accumulation(gpu: Gpu) -> None:
    assert gpu.fp16_accumulate_tflops == pytest.approx(2 * gpu.tflops["fp16"], rel=0.01)


@EVERY_CARD
def test_consumer_cards_are_exactly_the_numbered_rtx(gpu: Gpu) -> None:
    series = gpu.id.removeprefix("rtx-").partition("-")[0]
    numbered = gpu.id.startswith("rtx-") and series.isdigit() and not gpu.id.endswith("-ada")
    assert gpu.is_geforce == numbered


def test_int8_is_cut_on_blackwell_ultra() -> None:
    for gpu_id in ("b300-sxm", "gb300-nvl72"):
        tflops = GPUS[gpu_id].tflops
        assert tflops["int8"] < 0.1 * tflops["bf16"]  # aiconfigurator, verda.com; 4500 and 5000 elsewhere are wrong


# Names


def test_no_name_means_two_cards() -> None:
    owners: dict[str, str] = {}
    for gpu in GPUS.values():
        for name in (gpu.id, *gpu.aliases):
            key = name.lower().replace("-", "").replace(" ", "")
            assert owners.setdefault(key, gpu.id) == gpu.id, f"{name} is {owners[key]} and {gpu.id}"


def test_names_for_the_grammar_are_lower_case_with_single_spaces() -> None:
    for name, gpu_id in gpus_by_alias().items():
        assert name == " ".join(name.lower().replace("-", " ").split())
        assert find_gpu(name).id == gpu_id


@pytest.mark.parametrize(
    ("name", "gpu_id"),
    [
        ("h100", "h100-sxm-80gb"),
        ("H200", "h200-sxm-141gb"),
        ("A100", "a100-sxm-80gb"),
        ("a100 40GB", "a100-sxm-40gb"),
        ("h100_pcie", "h100-pcie-80gb"),
        ("RTX 4090", "rtx-4090"),
        ("rtx4090", "rtx-4090"),
        ("4090", "rtx-4090"),
        ("NVIDIA H100 80GB HBM3", "h100-sxm-80gb"),  # as nvidia-smi prints it
        ("NVIDIA A100-SXM4-80GB", "a100-sxm-80gb"),
        ("NVIDIA GeForce RTX 5090", "rtx-5090"),
        ("AMD Instinct MI300X", "mi300x"),
        ("L4 24GB", "l4"),
        ("M4 Max", "m4-max-40core"),
    ],
)
def test_the_ways_people_write_a_card_find_it(name: str, gpu_id: str) -> None:
    assert find_gpu(name).id == gpu_id


@pytest.mark.parametrize("name", ["", "h1000", "rtx 9090", "gpu", "80gb", "²", "a" * 5000])
def test_an_unknown_card_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnknownGpu) as refusal:
        find_gpu(name)
    assert repr(name) in refusal.value.message
    assert refusal.value.hint


def test_a_mistyped_card_gets_near_ids() -> None:
    with pytest.raises(UnknownGpu, match="h1o0") as refusal:
        find_gpu("h1o0")
    assert "h100-sxm-80gb" in refusal.value.hint


# Another memory than the row's


def test_another_label_of_the_same_part_changes_nothing() -> None:
    b200 = find_gpu("b200")
    assert with_memory(b200, 192) is b200  # 180 and 192 are one part


def test_another_size_of_the_same_card_brings_its_bandwidth() -> None:
    small = with_memory(find_gpu("a100"), 40)
    assert small.id == "a100-sxm-40gb"
    assert small.memory_bytes_per_s == 1555 * GB


def test_a_bin_is_chosen_by_the_memory_that_only_it_is_sold_with() -> None:
    assert with_memory(find_gpu("m3 max"), 96).id == "m3-max-30core"
    assert with_memory(find_gpu("m3 max"), 64).id == "m3-max-40core"


def test_a_modified_card_keeps_its_chip_and_gets_the_memory() -> None:
    card = find_gpu("4090 48GB")
    assert card.id == "rtx-4090"
    assert card.memory_bytes_per_s == find_gpu("4090").memory_bytes_per_s
    assert card.engine_memory_bytes == pytest.approx(2 * 23.99 * GIB - 0.45 * GIB)


def test_a_smaller_mac_has_a_smaller_share() -> None:
    assert with_memory(find_gpu("m2 ultra"), 64).engine_memory_bytes == 48 * GIB


@pytest.mark.parametrize("memory_gb", [0, -24, float("nan"), float("inf"), 1e9])
def test_an_impossible_memory_is_refused(memory_gb: float) -> None:
    with pytest.raises(ImpossibleValue, match="rtx-4090"):
        with_memory(find_gpu("4090"), memory_gb)


# Rates


@pytest.mark.parametrize(
    ("card", "weights", "kernel", "rate_name"),
    [
        ("h100", "bf16", "native", "bf16"),
        ("h100", "fp8", "native", "fp8"),
        ("h100", "int8", "native", "int8"),
        ("h100", "int4", "weight-only", "bf16"),
        ("h100", "q4_k_m", "weight-only", "bf16"),
        ("h100", "mxfp4", "weight-only", "bf16"),  # no fp4 unit before Blackwell
        ("h100", "nvfp4", "weight-only", "bf16"),
        ("b200", "nvfp4", "native", "fp4"),
        ("b200", "mxfp4", "native", "fp8"),  # 4-bit weights against 8-bit activations
        ("mi355x", "mxfp4", "native", "fp8"),
        ("mi355x", "nvfp4", "weight-only", "bf16"),  # NVFP4's scales are NVIDIA's
        ("a100", "fp8", "weight-only", "bf16"),  # Marlin
        ("v100", "bf16", "native", "fp16"),
        ("t4", "bf16", "native", "fp16"),
        ("t4", "int4", "weight-only", "fp16"),
        ("p40", "fp16", "native", "fp32"),  # its fp16 runs at 1/64
        ("tpu-v5e", "fp16", "native", "bf16"),
        ("m4 max", "int8", "weight-only", "bf16"),
        ("h100", "fp32", "native", "fp32"),
    ],
)
def test_a_format_runs_as_engines_run_it(card: str, weights: str, kernel: str, rate_name: str) -> None:
    gpu = find_gpu(card)
    path = compute_path(gpu, weights)
    assert (path.kernel, path.rate_name) == (kernel, rate_name)
    assert path.flops_per_s == gpu.flops_per_s(rate_name)
    assert (path.assumption is None) == (weights == rate_name or (weights, rate_name) == ("nvfp4", "fp4"))


def test_a_cut_int8_rate_is_said() -> None:
    assert "153.5" in str(compute_path(find_gpu("b300"), "int8").assumption)


@pytest.mark.parametrize(("card", "weights"), [("mi308x", "bf16"), ("mi308x", "int4"), ("tpu-v5e", "fp32")])
def test_a_card_without_a_path_is_refused_with_both_names(card: str, weights: str) -> None:
    with pytest.raises(UnknownRate, match=f"{card}.*{weights}") as refusal:
        compute_path(find_gpu(card), weights)
    assert refusal.value.hint


def test_a_word_that_is_no_format_is_refused() -> None:
    with pytest.raises(UnknownFormat, match="int99"):
        compute_path(find_gpu("h100"), "int99")
