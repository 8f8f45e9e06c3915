"""The two times of a step over its batch: raw numbers and models."""

import pytest

from estimator.curve import model_curve, raw_curve, raw_lines, spaced, with_rates
from estimator.estimation import Request, estimate
from estimator.gpus import GPUS
from estimator.rates import compute_path
from estimator.sweep import doublings, most_at_once
from estimator.workload import workload
from tests.estimator.models import SHAPES, bundled

SIMULATOR = {
    "n_active": 8e9,
    "compute": 80e12,
    "n_total": 12e9,
    "bandwidth": 200e9,
    "context_tokens": 8192.0,
    "kv_bytes": 2.0,
    "batch": 128.0,
}
EVERY_SHAPE = pytest.mark.parametrize("name", SHAPES)


def request(name: str, **how: object) -> Request:
    load = workload(context_tokens=256, concurrency=8)
    return Request(spec=SHAPES[name], gpu=GPUS["h100-sxm-80gb"], load=load, **how)  # type: ignore[arg-type]  # by name


def test_the_published_lines_are_straight_and_meet_at_the_published_batch() -> None:
    """Source: DESIGN, section 3."""
    found = raw_curve(SIMULATOR, (100, 200, 300))
    first, second, third = found.points
    assert second.t_memory_s - first.t_memory_s == pytest.approx(third.t_memory_s - second.t_memory_s)
    assert third.t_compute_s == pytest.approx(3 * first.t_compute_s)
    assert found.crossing is not None
    assert round(found.crossing.batch, 2) == 600.49
    assert found.crossing.t_compute_s == pytest.approx(found.crossing.t_memory_s)


def test_every_line_of_the_derivation_says_its_figure() -> None:
    lines = {line.symbol: line for line in raw_lines(SIMULATOR)}
    assert lines["T_compute"].result == "12.800 ms"
    assert lines["T_memory"].result == "60.010 ms"
    assert lines["slope"].result == "0.00008192 ms"
    assert lines["B*"].result == "600.49"
    assert lines["T_weights"].numbers == "1.2e10 / 2e11"
    without = raw_lines({**SIMULATOR, "context_tokens": 2e7})
    assert next(line for line in without if line.symbol == "B*").result.startswith("none")


@EVERY_SHAPE
def test_the_uncalibrated_times_are_below_the_calibrated_step(name: str) -> None:
    for point in model_curve(estimate(request(name)), spaced(512)).points:
        assert point.step_s is not None
        assert max(point.t_memory_s, point.t_compute_s) <= point.step_s


@EVERY_SHAPE
def test_a_models_lines_change_sides_where_they_cross(name: str) -> None:
    found = model_curve(estimate(request(name)))
    for point in found.points:
        is_beyond = found.crossover_batch is not None and point.batch >= found.crossover_batch
        assert (point.t_compute_s >= point.t_memory_s) == is_beyond


@EVERY_SHAPE
def test_twice_the_compute_halves_one_time_and_leaves_the_other(name: str) -> None:
    plain = request(name)
    own = compute_path(plain.gpu, plain.spec.weights.name).flops_per_s
    gpu = with_rates(plain.gpu, plain.spec.weights.name, bandwidth_bytes_per_s=None, compute_flops_per_s=2 * own)
    before = model_curve(estimate(plain)).at
    after = model_curve(estimate(Request(spec=plain.spec, gpu=gpu, load=plain.load))).at
    assert after.t_compute_s == pytest.approx(before.t_compute_s / 2)
    assert after.t_memory_s == pytest.approx(before.t_memory_s)


@pytest.mark.parametrize("most", [2, 3, 64, 1000])
def test_batches_are_whole_and_reach_from_one_to_the_end(most: int) -> None:
    found = spaced(most)
    assert (found[0], found[-1]) == (1, most)
    assert list(found) == sorted(set(found))


def test_an_encoder_that_keeps_no_cache_has_a_finite_most() -> None:
    from estimator.layout_choice import cuts_of

    load = workload(context_tokens=512, concurrency=1)
    cuts = cuts_of(Request(spec=bundled("BAAI/bge-large-en-v1.5"), gpu=GPUS["m4-max-40core"], load=load))
    assert doublings(most_at_once(cuts, load))[-1] == 10**7
