"""A sweep says of each load what the estimate says of it, and its front is a front."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimator.estimation import Request, estimate
from estimator.fleet import smallest_fleet
from estimator.gpus import GPUS
from estimator.hardware import Gpu
from estimator.layout_choice import cuts_of
from estimator.model_spec import ModelSpec
from estimator.recommend import Target
from estimator.speculation import Speculation
from estimator.sweep import front, longest_held, most_at_once, most_held, sweep
from estimator.workload import workload
from tests.estimator.models import bundled, llama
from tests.properties.strategies import cards, models

concurrencies = st.lists(st.integers(1, 2048), min_size=1, max_size=4, unique=True)
contexts = st.lists(st.integers(64, 65536), min_size=1, max_size=3, unique=True)
drafts = st.sampled_from([None, Speculation(2, 0.7)])


@st.composite
def asked_requests(draw: st.DrawFn) -> Request:
    return Request(
        spec=draw(models),
        gpu=draw(cards),
        gpus=draw(st.sampled_from([1, 4, 8])),
        load=workload(context_tokens=8192, output_tokens=256),
        speculation=draw(drafts),
    )


@settings(max_examples=25)
@given(asked_requests(), concurrencies, contexts)
def test_every_point_is_the_estimate_of_its_load(asked: Request, batches: list[int], lengths: list[int]) -> None:
    for point in sweep(asked, batches, lengths)[:40]:
        output = min(256, max(1, point.context_tokens - 1))
        load = workload(
            context_tokens=point.context_tokens,
            prompt_tokens=max(1, point.context_tokens - output),
            output_tokens=output,
            concurrency=point.concurrency,
        )
        alone = estimate(replace(asked, load=load, layout=point.layout))
        if point.runs_at_once:
            assert point.tpot_s == pytest.approx(alone.tpot.value, rel=1e-9)
            assert point.ttft_s == pytest.approx(alone.ttft.value, rel=1e-9)
            assert point.output_tokens_per_s == pytest.approx(alone.throughput.value, rel=1e-9)


def test_corrections_of_a_measured_stack_are_in_every_point() -> None:
    asked = Request(
        spec=bundled("openai/gpt-oss-120b"),
        gpu=GPUS["h100-sxm-80gb"],
        gpus=4,
        engine="vllm",
        load=workload(prompt_tokens=1024, output_tokens=1024),
    )
    plain, points = replace(asked, uses_offsets=False), sweep(asked, (1, 8, 64), (1152, 9000))
    assert points != sweep(plain, (1, 8, 64), (1152, 9000))
    able = [point for point in points if point.runs_at_once]
    assert len(able) > len(points) / 2
    for point in able:
        load = workload(
            context_tokens=point.context_tokens,
            prompt_tokens=point.context_tokens - 1024,
            output_tokens=1024,
            concurrency=point.concurrency,
        )
        alone = estimate(replace(asked, load=load, layout=point.layout))
        assert (point.tpot_s, point.ttft_s) == pytest.approx((alone.tpot.value, alone.ttft.value), rel=1e-9)


@settings(max_examples=15)
@given(models, cards, concurrencies)
def test_nothing_beats_a_point_of_the_front(spec: ModelSpec, gpu: Gpu, batches: list[int]) -> None:
    points = sweep(Request(spec=spec, gpu=gpu, gpus=8, load=workload(context_tokens=4096)), batches)
    best = front(points)
    able = [point for point in points if point.runs_at_once]
    assert bool(best) == bool(able)
    for point in able:
        assert any(
            other.tpot_s <= point.tpot_s and other.output_tokens_per_s >= point.output_tokens_per_s for other in best
        )
    for one, other in pairwise(best):
        assert one.tpot_s < other.tpot_s
        assert one.output_tokens_per_s < other.output_tokens_per_s


def test_the_most_at_once_run_and_one_more_waits() -> None:
    asked = Request(spec=llama(), gpu=GPUS["l4"], load=workload(context_tokens=4096))
    most = most_at_once(cuts_of(asked), asked.load)
    points = sweep(asked, (most, most + 1))
    assert [point.runs_at_once for point in points] == [True, False]


@settings(max_examples=25)
@given(models, cards, st.integers(1, 512))
def test_the_longest_context_of_so_many_holds_so_many(spec: ModelSpec, gpu: Gpu, concurrency: int) -> None:
    cuts = cuts_of(Request(spec=spec, gpu=gpu, gpus=8, load=workload(context_tokens=4096, concurrency=1)))
    longest = longest_held(cuts, concurrency)
    assert not longest or most_held(cuts, longest) >= concurrency
    assert longest_held(cuts, concurrency + 1) <= longest
    assert most_held(cuts, 8192) <= most_held(cuts, 4096)


@settings(max_examples=10)
@given(models, st.sampled_from(["h100-sxm-80gb", "l40s", "mi300x"]), st.integers(1, 3000), st.sampled_from([5.0, 20.0]))
def test_a_fleet_serves_all_users_at_the_wished_rate(spec: ModelSpec, gpu: str, users: int, rate: float) -> None:
    asked = Request(spec=spec, gpu=GPUS[gpu], load=workload(context_tokens=4096))
    found = smallest_fleet(asked, users, Target(min_tokens_per_s=rate))
    if found is None:
        return
    assert found.replicas * found.users_per_replica >= users
    assert found.point.runs_at_once
    load = replace(asked.load, concurrency=found.users_per_replica)
    alone = estimate(replace(asked, gpus=found.point.layout.gpus, layout=found.point.layout, load=load))
    assert 1 / alone.tpot.value >= rate * (1 - 1e-9)
    more = smallest_fleet(asked, users + 1, Target(min_tokens_per_s=rate))
    assert more is not None
    assert more.gpus >= found.gpus
