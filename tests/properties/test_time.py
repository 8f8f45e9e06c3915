"""What must hold of every step, whatever the model and the machine."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.band import throughput_interval, tpot_interval, ttft_interval
from estimator.deployment import Deployment
from estimator.hardware import Gpu
from estimator.latency import latency
from estimator.model_spec import ModelSpec
from estimator.parallelism import Layout
from estimator.step import decode_step, roofline_parts_s, roofline_step_s
from estimator.throughput import max_throughput, sweet_spot
from estimator.workload import workload
from tests.properties.strategies import batches, cards, contexts, deployments, every_card, models


@given(deployments(), batches, contexts, contexts)
def test_more_context_never_takes_less_time(d: Deployment, batch: int, one: int, other: int) -> None:
    short, long = sorted((one, other))
    assert decode_step(d, batch, short).total_s <= decode_step(d, batch, long).total_s
    assert roofline_step_s(d, batch, short) <= roofline_step_s(d, batch, long)


@given(deployments(), batches, batches, contexts)
def test_more_concurrency_never_lowers_time_per_token(d: Deployment, one: int, other: int, prompt: int) -> None:
    few, many = sorted((one, other))
    load = workload(prompt_tokens=prompt, output_tokens=128)
    alone, crowded = (latency(d, load, n, capacity=1e9, date=2026.0) for n in (few, many))
    assert alone.tpot_s <= crowded.tpot_s
    assert alone.ttft_s <= crowded.ttft_s


@given(deployments(), batches, contexts)
def test_the_roofline_is_a_lower_bound_of_the_calibrated_step(d: Deployment, batch: int, context: int) -> None:
    assert roofline_step_s(d, batch, context) <= decode_step(d, batch, context).total_s


@given(deployments(), contexts)
def test_twice_the_bandwidth_halves_what_reading_takes(d: Deployment, context: int) -> None:
    twice = replace(d, gpu=replace(d.gpu, memory_gb_per_s=2 * d.gpu.memory_gb_per_s))
    memory, compute = roofline_parts_s(d, 1, context)
    faster, same = roofline_parts_s(twice, 1, context)
    assert faster == pytest.approx(memory / 2)
    assert same == compute


@given(models, cards, batches, contexts)
def test_a_split_over_one_gpu_changes_nothing(spec: ModelSpec, gpu: Gpu, batch: int, context: int) -> None:
    plain = Deployment(spec, gpu, spec.weights, Layout(), "vllm", "bf16")
    spelled = replace(plain, layout=Layout(tensor=1, pipeline=1, data=1, expert=1))
    assert decode_step(plain, batch, context) == decode_step(spelled, batch, context)
    assert decode_step(plain, batch, context).link_s == 0


@given(deployments(), batches, contexts)
def test_every_part_of_a_step_is_positive_or_absent(d: Deployment, batch: int, context: int) -> None:
    step = decode_step(d, batch, context)
    parts = (step.weight_read_s, step.expert_read_s, step.cache_read_s, step.compute_s, step.link_s, step.fixed_s)
    assert min(parts) >= 0
    assert max(step.weight_read_s, step.compute_s / 2, step.cache_read_s) <= step.total_s
    assert sum(parts) * (1 + 0.1 * d.layout.pipeline) >= step.total_s


@given(deployments(), st.integers(1, 2**13), contexts)
def test_more_room_never_lowers_the_highest_throughput(d: Deployment, capacity: int, context: int) -> None:
    load = workload(prompt_tokens=context, output_tokens=256)
    stages = d.layout.pipeline * d.layout.data
    assert max_throughput(d, load, capacity * stages) <= max_throughput(d, load, 2 * capacity * stages) * (1 + 1e-9)


@given(deployments(), contexts)
def test_the_sweet_spot_is_where_computing_overtakes_reading(d: Deployment, context: int) -> None:
    spot = sweet_spot(d, context)
    assert spot.reason
    if spot.batch is None:
        memory, compute = roofline_parts_s(d, 2**24, context)
        assert compute < memory
        return
    memory, compute = roofline_parts_s(d, spot.batch, context)
    assert compute >= memory
    if spot.batch > 1:
        memory, compute = roofline_parts_s(d, spot.batch - 1, context)
        assert compute < memory


@given(models, every_card, st.floats(1e-6, 1e6), st.floats(1, 1e6), st.booleans())
def test_low_value_and_high_stand_in_that_order(
    spec: ModelSpec, gpu: Gpu, value: float, concurrency: float, is_local: bool
) -> None:
    kind = spec.kind
    for found in (
        tpot_interval(value, gpu, kind, concurrency, is_local=is_local),
        ttft_interval(value, gpu, kind, concurrency, is_local=is_local),
        throughput_interval(value, gpu, kind),
    ):
        assert 0 < found.low <= found.value <= found.high
        assert found.inverse.low <= found.inverse.value <= found.inverse.high
