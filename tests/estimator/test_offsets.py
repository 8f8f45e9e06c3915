"""Corrections of measured stacks: where they apply, where not, and that they stay what they say."""

import math
from dataclasses import replace

import pytest

from estimator.estimation import Request, estimate
from estimator.gpus import GPUS
from estimator.offsets import FEATURE_RANGES, Place, features
from estimator.stack_offsets import BAND_HALF_WIDTHS, ROWS
from estimator.workload import workload
from tests.estimator.models import bundled

LARGEST_FACTOR = 3.0
"""Whole stacks off by more than 1.57 in time per token are listed as suspicious in the shared notes (section 6)."""
STALLED = {("ttft", "62x3072x2287", "nightly")}
"""MiniMax-M2.5 on a nightly build: 25 runs with a first token four times later than on any release."""


def request(gpu: str = "h200-sxm-141gb", engine: str = "vllm", concurrency: int | None = 32) -> Request:
    return Request(
        spec=bundled("openai/gpt-oss-120b"),
        gpu=GPUS[gpu],
        gpus=8,
        engine=engine,  # type: ignore[arg-type]  # names of the contract
        load=workload(prompt_tokens=1024, output_tokens=1024, concurrency=concurrency),
    )


def test_a_measured_stack_is_corrected_and_says_on_how_many_runs() -> None:
    found = estimate(request())
    alone = estimate(replace(request(), uses_offsets=False))
    assert found.tpot.value != alone.tpot.value
    assert any("measured runs of this stack" in said for said in found.assumptions)
    assert not any("measured runs of this stack" in said for said in alone.assumptions)


def test_a_stack_that_nobody_measured_is_left_to_the_formula() -> None:
    unmeasured = request(gpu="a100-sxm-80gb", engine="sglang")
    assert estimate(unmeasured).tpot == estimate(replace(unmeasured, uses_offsets=False)).tpot


def test_a_measured_stack_has_the_narrower_band() -> None:
    found, alone = estimate(request()).tpot, estimate(replace(request(), uses_offsets=False)).tpot
    assert found.high / found.low < alone.high / alone.low


@pytest.mark.parametrize("metric", FEATURE_RANGES)
def test_slopes_stop_at_the_edge_of_what_was_measured(metric: str) -> None:
    far = Place(1e6, workload(prompt_tokens=2**26, output_tokens=2**26), 2**12)
    assert features(metric, far) == tuple(high for _, high in FEATURE_RANGES[metric])


def test_no_correction_in_the_measured_range_is_larger_than_what_was_seen() -> None:
    for row in ROWS:
        ranges = FEATURE_RANGES[row.metric]
        middle = sum(w * (low + high) / 2 for w, (low, high) in zip(row.coefficients[1:], ranges, strict=True))
        if (row.metric, row.key.model, row.key.version) not in STALLED:
            assert abs(row.coefficients[0] + middle) < math.log(LARGEST_FACTOR), row.key


def test_every_row_rests_on_runs_of_a_known_card_and_names_one() -> None:
    for row in ROWS:
        assert row.runs >= row.setups >= 1
        assert row.key.gpu in GPUS
        assert row.example


def test_every_metric_of_the_table_has_a_band_for_all_classes() -> None:
    assert {row.metric for row in ROWS} == {name.split("|")[0] for name in BAND_HALF_WIDTHS if name.endswith("|*")}
