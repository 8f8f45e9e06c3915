"""Which splits engines run, and why they refuse the others."""

import pytest

from estimator.errors import IllegalLayout
from estimator.model_spec import ModelSpec
from estimator.parallelism import Layout, candidate_layouts, check_layout
from tests.estimator.models import SHAPES, bundled, llama, mixtral

EVERY_SHAPE = pytest.mark.parametrize("spec", SHAPES.values(), ids=SHAPES.keys())


@pytest.mark.parametrize(
    ("spec", "layout", "gpus", "reason"),
    [
        (llama(), Layout(0), 8, "at least 1"),
        (llama(), Layout(-8), 8, "at least 1"),
        (llama(), Layout(8, 2), 8, "spans 16 GPUs, and there are 8"),
        (llama(), Layout(3), 8, "32 attention heads do not divide by 3"),
        (llama(), Layout(1, 33), 64, "33 stages for 32 layers"),
        (llama(heads=24, hidden_size=3072, kv_heads=8), Layout(12), 16, "8 KV heads and 12 ranks do not divide"),
        (llama(intermediate_size=11000), Layout(16), 16, "a width of 11000 does not divide by 16"),
        (mixtral(), Layout(4, 1, 1, 8), 8, "expert degree 8 is above tensor x data = 4"),
        (mixtral(experts=6), Layout(8, 1, 1, 3), 8, "8 GPUs of a stage do not divide by the expert degree 3"),
        (mixtral(experts=6), Layout(4, 1, 1, 4), 8, "6 experts do not divide by 4"),
    ],
    ids=lambda value: str(value) if isinstance(value, Layout) else "",
)
def test_a_split_that_no_engine_runs_is_refused_with_its_reason(
    spec: ModelSpec, layout: Layout, gpus: int, reason: str
) -> None:
    with pytest.raises(IllegalLayout, match=reason) as caught:
        check_layout(spec, layout, gpus)
    assert caught.value.hint


def test_expert_parallelism_takes_no_further_gpus() -> None:
    assert Layout(2, 3, 4, 8).gpus == 24


@EVERY_SHAPE
@pytest.mark.parametrize("gpus", [1, 2, 3, 6, 8, 16, 24])
def test_every_candidate_is_legal(spec: ModelSpec, gpus: int) -> None:
    candidates = candidate_layouts(spec, gpus, 8, has_fabric=True)
    assert candidates
    for layout in candidates:
        check_layout(spec, layout, gpus)
        assert layout.tensor <= 8


def test_tensor_parallelism_stays_within_a_node() -> None:
    candidates = candidate_layouts(bundled("deepseek-ai/DeepSeek-V3"), 16, 8, has_fabric=True)
    assert max(layout.tensor for layout in candidates) == 8
    assert Layout(8, 2) in candidates


def test_candidates_of_deepseek_v3_cut_no_scale_block() -> None:
    # config.json: weight_block_size [128, 128], moe_intermediate_size 2048; vLLM refuses TP 32 (a slice of 64)
    candidates = candidate_layouts(bundled("deepseek-ai/DeepSeek-V3"), 32, 32, has_fabric=True)
    assert Layout(32) not in candidates
    assert Layout(16) in candidates
