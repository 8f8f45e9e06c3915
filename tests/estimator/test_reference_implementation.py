"""The time formulas against the reference implementation of the shared notes, number by number.

Both compute from the same shapes; only the constants and the reference's code come from the corpus, at test time.
"""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from estimator import calibration as cal
from estimator.attention import GroupedQueryAttention, LatentAttention
from estimator.deployment import Deployment
from estimator.dtypes import FORMATS
from estimator.engines import EngineName
from estimator.feedforward import MixtureOfExperts
from estimator.gpus import GPUS
from estimator.latency import latency, prefill_work_s
from estimator.model_spec import ModelSpec
from estimator.parallelism import Layout
from estimator.quantization import requantize
from estimator.step import decode_step
from estimator.throughput import max_throughput
from estimator.workload import workload
from tests.estimator.models import SHAPES

CORPUS = os.environ.get("HUBGAUGE_CORPUS", "")
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS, reason="HUBGAUGE_CORPUS names no corpus with the reference implementation"),
]

COMPACT_CORE = {
    "ew": cal.WEIGHT_READ_EFFICIENCY,
    "ec": cal.DECODE_GEMM_EFFICIENCY,
    "ecm": cal.EXPERT_GEMM_EFFICIENCY,
    "n0": cal.EXPERT_HALF_WIDTH,
    "ekv": cal.CACHE_READ_EFFICIENCY,
    "el": cal.LINK_EFFICIENCY,
    "i4": cal.INT4_EXPERT_READ,
    "mxw": cal.MXFP4_EXPERT_READ,
    "mxwm": cal.MXFP4_EXPERT_READ_SATURATED,
    "at": cal.NVFP4_ATTENTION_SHARE,
    "tL": cal.LAYER_US,
    "tm": cal.EXPERT_LAYER_US,
    "tmla": cal.LATENT_LAYER_US,
    "tlin": cal.RECURRENT_LAYER_US,
    "tdsa": cal.INDEXER_LAYER_US,
    "tar": cal.ALL_REDUCE_US,
    "arn": cal.ALL_REDUCE_GROWTH,
    "tq": cal.SEQUENCE_US,
    "tqm": cal.SEQUENCE_SATURATED,
    "epf": cal.PREFILL_GEMM_EFFICIENCY,
    "epa": cal.PREFILL_ATTENTION_EFFICIENCY,
    "te": cal.TRTLLM_EAGER_LAYER_US,
    "ppx": cal.PIPELINE_BUBBLE,
    "dpxm": cal.DATA_PARALLEL_EXPERTS_SATURATED,
    "tLl": cal.LLAMA_CPP_LAYER_US,
    "hb": cal.LLAMA_CPP_HBM_READ,
    "hop": cal.LLAMA_CPP_HOP_US,
    "apple": cal.APPLE_READ,
    "amd": cal.AMD_INTEL_READ,
    "amdo": cal.AMD_INTEL_FIXED,
}
COMPACT_TTFT = {
    "tLp": cal.PREFILL_LAYER_US,
    "tmp": cal.PREFILL_EXPERT_LAYER_US,
    "gdp": cal.DATA_PARALLEL_TTFT,
    "era": cal.ERA_PER_HALF_YEAR,
    **{f"s_{engine}": cal.OWN_PREFILL for engine in ("trtllm", "vllm", "sglang")},
    **{f"k_{engine}": cal.WAIT_STEPS for engine in ("trtllm", "vllm", "sglang")},
    **{f"f_{engine}": seconds for engine, seconds in cal.REQUEST_S.items()},
    **{f"a_{engine}": share for engine, share in cal.BURST_SHARE.items()},
}
SINGLE_PROMPT = {
    "e_l": cal.LLAMA_CPP_PREFILL,
    "e_q": cal.LLAMA_CPP_PREFILL_4BIT,
    "e_hb": cal.LLAMA_CPP_PREFILL_HBM,
    "e_amp": cal.LLAMA_CPP_PREFILL_AMPERE,
    "e_gf": cal.LLAMA_CPP_PREFILL_GEFORCE,
    "e_ap": cal.LLAMA_CPP_PREFILL_APPLE,
    "a_l": cal.LLAMA_CPP_PREFILL_ATTENTION,
    "tLl": cal.LLAMA_CPP_PREFILL_LAYER_US,
    "m": cal.SINGLE_PROMPT_EXPERTS,
}
LEFT_OUT = {"dq": 0.0, "fp4": 1.0, "dpx": 1.0, "emf": 1e9}
"""Terms of the full form that the compact one fixes where they have no effect."""
ELSEWHERE = {"tLo"}
"""exllamav2, gpt-fast and mlc: engines that the contract does not name."""


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    path = Path(CORPUS) / "research" / "performance_model.py"
    spec = importlib.util.spec_from_file_location("performance_model", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["performance_model"] = module  # its dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def constants(reference: ModuleType) -> dict[str, Any]:
    found: dict[str, Any] = reference.load_constants(
        Path(CORPUS) / "facts" / "performance_constants.json", compact=True
    )
    return found


def test_constants_of_the_decode_step_are_the_compact_form(constants: dict[str, Any]) -> None:
    assert {key: value for key, value in constants["core"].items() if key not in ELSEWHERE} == COMPACT_CORE | LEFT_OUT


def test_constants_of_the_first_token_are_the_compact_form(constants: dict[str, Any]) -> None:
    held_back = {"ksi": 16.0}  # tokens held back by a stream interval: a setting of two recipes, not of an engine
    assert constants["ttft"] == COMPACT_TTFT | held_back


def test_constants_of_a_single_prompt_are_the_notes(constants: dict[str, Any]) -> None:
    # the notes print four digits, the file holds five
    found = {key: constants["prefill"][key] for key in SINGLE_PROMPT}
    assert found == pytest.approx(SINGLE_PROMPT, rel=3e-4)


@pytest.mark.parametrize(
    ("metric", "ours"),
    [("tpot", cal.TPOT_BANDS), ("max", cal.THROUGHPUT_BANDS), ("ttft", cal.TTFT_BANDS), ("b1", cal.LOCAL_TPOT_BANDS)],
)
def test_bands_are_the_notes_to_two_digits(
    constants: dict[str, Any], metric: str, ours: dict[str, tuple[float, float]]
) -> None:
    for name, band in constants["bands"][metric]["classes"].items():
        if name in ours:
            assert ours[name] == pytest.approx(tuple(band), abs=0.0051)
    assert set(ours) - {"*"} <= set(constants["bands"][metric]["classes"])


# -- numbers --------------------------------------------------------------------------------------------------------


class Case(NamedTuple):
    """One deployment under one load."""

    kind: str
    gpu_id: str
    weights: str
    layout: Layout
    engine: EngineName
    batch: int
    prompt: int
    output: int

    @property
    def deployment(self) -> Deployment:
        spec = SHAPES[self.kind]
        return Deployment(spec, GPUS[self.gpu_id], requantize(spec, self.weights), self.layout, self.engine, "bf16")


CASES = [
    Case("dense", "h100-sxm-80gb", "bf16", Layout(1), "vllm", 1, 1024, 256),
    Case("dense", "h100-sxm-80gb", "fp8", Layout(2), "vllm", 16, 1024, 1024),
    Case("dense", "b200-sxm", "nvfp4", Layout(4), "trtllm", 128, 8192, 1024),
    Case("dense", "mi300x", "bf16", Layout(8), "sglang", 64, 2048, 128),
    Case("dense", "h100-sxm-80gb", "bf16", Layout(2, 2), "vllm", 32, 1024, 512),
    Case("experts", "h100-sxm-80gb", "bf16", Layout(4), "vllm", 8, 1024, 1024),
    Case("experts", "h200-sxm-141gb", "fp8", Layout(8, 1, 1, 8), "vllm", 256, 512, 512),
    Case("experts", "h200-sxm-141gb", "fp8", Layout(2, 1, 4, 8), "sglang", 64, 512, 512),
    Case("experts", "h100-sxm-80gb", "int4", Layout(2), "vllm", 4, 512, 512),
    Case("latent", "h100-sxm-80gb", "bf16", Layout(4), "vllm", 32, 4096, 256),
]
EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.gpu_id}-{case.layout}")


def as_reference(reference: ModuleType, d: Deployment) -> tuple[Any, Any, Any]:
    """The same model, card and plan in the reference's words."""
    return _model(reference, d.spec), _gpu(reference, d), _plan(reference, d)


def _model(reference: ModuleType, spec: ModelSpec) -> Any:
    (group,) = spec.layers
    mixer, network = group.mixer, group.feed_forward
    assert isinstance(mixer, GroupedQueryAttention | LatentAttention)
    experts = network if isinstance(network, MixtureOfExperts) else None
    return reference.Model(
        layers=group.count,
        hidden=spec.headline.hidden_size,
        heads=mixer.num_attention_heads,
        kv_heads=spec.headline.num_key_value_heads,
        att=spec.matrix_parameters["attention"],
        dense=spec.matrix_parameters["dense"],
        emb=spec.output_head_parameters,
        kv_per_token=mixer.cache_elements_per_token,
        attn_flops_decode=mixer.decode_flops(1),
        attn_flops_prefill=mixer.prefill_flops(1) * 2,
        exp=experts.expert_matrix_parameters if experts else 0.0,
        experts=experts.num_experts if experts else 0,
        top_k=experts.num_experts_per_tok if experts else 0,
        moe_layers=group.count if experts else 0,
        expert_width=experts.expert_intermediate_size if experts else 0,
        mla=isinstance(mixer, LatentAttention),
        kind=spec.kind,
    )


def _gpu(reference: ModuleType, d: Deployment) -> Any:
    gpu = d.gpu
    return reference.Gpu(
        bw=gpu.memory_bytes_per_s,
        bf16=gpu.flops_per_s("bf16"),
        fp32=gpu.flops_per_s("fp32"),
        mem=gpu.driver_memory_bytes,
        link=gpu.link_bytes_per_s,
        arch=gpu.architecture_class,
        hbm=gpu.has_hbm,
    )


def _plan(reference: ModuleType, d: Deployment) -> Any:
    return reference.Plan(
        gpus=d.layout.stage_gpus,
        dp=d.layout.data,
        ep=d.layout.expert,
        pp=d.layout.pipeline,
        weights=d.plan.name,
        weight_bytes=FORMATS[d.plan.name].bytes_per_weight,
        attn_weight_bytes=d.bytes_per_weight("attention"),
        peak=d.main_rate,
        attn_peak=d.attention_rate,
        engine=d.engine,
    )


@EVERY_CASE
def test_a_decode_step_takes_as_long_as_in_the_reference(
    reference: ModuleType, constants: dict[str, Any], case: Case
) -> None:
    d, context = case.deployment, case.prompt + case.output / 2
    for is_saturated in (False, True):
        expected = reference.step_time(constants, *as_reference(reference, d), case.batch, context, is_saturated)
        found = decode_step(d, case.batch, context, is_saturated=is_saturated).total_s
        assert found == pytest.approx(expected, rel=1e-6)


@EVERY_CASE
def test_latency_is_the_references(reference: ModuleType, constants: dict[str, Any], case: Case) -> None:
    theirs = as_reference(reference, case.deployment)
    load = workload(prompt_tokens=case.prompt, output_tokens=case.output, concurrency=case.batch)
    capacity = reference.kv_capacity(*theirs, load.mean_context_tokens)
    found = latency(case.deployment, load, case.batch, capacity, 2026.0)
    asked = (case.batch, case.prompt, case.output)
    assert found.tpot_s == pytest.approx(reference.tpot(constants, *theirs, *asked), rel=1e-6)
    assert found.ttft_s == pytest.approx(reference.ttft(constants, *theirs, *asked), rel=1e-6)


@EVERY_CASE
def test_prefill_and_throughput_are_the_references(
    reference: ModuleType, constants: dict[str, Any], case: Case
) -> None:
    d, theirs = case.deployment, as_reference(reference, case.deployment)
    load = workload(prompt_tokens=case.prompt, output_tokens=case.output, concurrency=case.batch)
    assert prefill_work_s(d, case.prompt) == pytest.approx(
        reference.prefill_work(constants, *theirs, case.prompt), rel=1e-6
    )
    expected = reference.max_throughput(constants, *theirs, case.prompt, case.output, case.batch)
    assert max_throughput(d, load, case.batch) / case.layout.gpus == pytest.approx(expected, rel=1e-6)
