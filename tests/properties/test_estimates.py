"""What must hold of every answer."""

import math
from dataclasses import fields, replace

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from estimator.errors import EstimatorError, ImpossibleValue, UnknownRate
from estimator.estimation import Estimate, Request, estimate, estimate_if_held
from estimator.gpus import GPUS
from estimator.hardware import Gpu
from estimator.model_spec import ModelSpec
from estimator.parallelism import Layout, candidate_layouts
from estimator.recommend import Target, alternatives, recommend
from estimator.workload import workload
from tests.estimator.models import bundled, llama
from tests.properties.strategies import cards, every_card, models

counts = st.sampled_from([1, 2, 3, 4, 8, 16])
lengths = st.integers(1, 131072)
concurrencies = st.one_of(st.none(), st.integers(1, 4096))


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A question as people ask it: any model, a known card, a few of them."""
    context, concurrency = draw(lengths), draw(concurrencies)
    return Request(
        spec=draw(models),
        gpu=draw(cards),
        gpus=draw(counts),
        load=workload(context_tokens=context, concurrency=concurrency),
        weights=draw(st.sampled_from([None, "fp8", "int4", "bf16", "q4_k_m"])),
    )


def try_estimate(request: Request) -> Estimate:
    """The estimate, or an example that hypothesis drops: some cards have no path for a format."""
    try:
        return estimate(request)
    except UnknownRate:
        reject()


@given(requests())
def test_every_figure_of_an_answer_is_finite_and_in_order(request: Request) -> None:
    found = try_estimate(request)
    for interval in (found.ttft, found.tpot, found.throughput):
        assert 0 < interval.low <= interval.value <= interval.high < math.inf
    memory = found.memory
    assert min(memory.weights_bytes, memory.kv_pool_bytes, memory.activation_bytes, memory.overhead_bytes) >= 0
    assert found.fits == (memory.shortfall_bytes == 0)
    assert found.roofline_tpot_s <= found.tpot.value
    assert found.replicas * found.layout.gpus <= request.gpus


@given(requests())
def test_the_chosen_layout_can_be_asked_for_by_name(request: Request) -> None:
    found = try_estimate(request)
    named = estimate(replace(request, layout=found.layout))
    assert (named.layout, named.tpot, named.memory) == (found.layout, found.tpot, found.memory)


@given(requests(), st.sampled_from(["h100-sxm-80gb", "h200-sxm-141gb"]))
def test_a_legal_layout_never_raises(request: Request, gpu_id: str) -> None:
    request = replace(request, gpu=GPUS[gpu_id])
    for layout in candidate_layouts(request.spec, request.gpus, 8, has_fabric=True):
        assert estimate(replace(request, layout=layout)).layout.gpus <= request.gpus


@settings(max_examples=25)
@given(requests())
def test_alternatives_fit_and_change_what_they_say_alone(request: Request) -> None:
    found = try_estimate(request)
    for other in alternatives(found):
        assert other.estimate.fits
        assert other.estimate.max_concurrency >= (request.load.concurrency or 1)
        changed = {f.name for f in fields(Request) if getattr(other.request, f.name) != getattr(request, f.name)}
        says = {
            "context": {"load"},
            "kv_cache": {"cache_format"},
            "weights": {"weights"},
            "engine": {"weights", "engine"},
            "hardware": {"gpu"},
            "gpus": {"gpus"},
            "machine": {"gpu", "gpus"},
        }[other.change]
        assert changed - {"layout", "engine_version"} <= says | (
            {"cache_format"} if other.change == "engine" else set()
        )
        assert changed & says
        assert other.request.load.concurrency == request.load.concurrency


@given(requests())
def test_nothing_is_offered_instead_of_what_works(request: Request) -> None:
    found = try_estimate(request)
    if found.fits and found.max_concurrency >= (request.load.concurrency or 1):
        assert alternatives(found) == ()
        assert estimate_if_held(request) == found


def test_a_shorter_context_keeps_the_lengths_that_fit_in_it() -> None:
    asked = estimate(
        Request(
            spec=llama(),
            gpu=GPUS["l4"],
            load=workload(context_tokens=131072, prompt_tokens=1000, output_tokens=100),
        )
    )
    shorter = next(other for other in alternatives(asked) if other.change == "context")
    load = shorter.request.load
    assert (load.prompt_tokens, load.output_tokens) == (1000, 100)
    assert 1100 <= load.context_tokens < 131072


@given(every_card, st.sampled_from(["bf16", "fp8", "int4", "nvfp4", "mxfp4"]))
def test_every_card_with_a_16_bit_rate_answers_every_format(gpu: Gpu, weights: str) -> None:
    found = estimate(Request(spec=llama(), gpu=gpu, weights=weights, load=workload(context_tokens=4096)))
    assert found.tpot.value > 0


@settings(max_examples=15)
@given(models, st.integers(1024, 65536), st.sampled_from([None, 10.0, 50.0]))
def test_every_recommended_machine_fits_and_reaches_the_goal(
    spec: ModelSpec, context: int, tokens_per_s: float | None
) -> None:
    asked = Request(spec=spec, gpu=GPUS["h100-sxm-80gb"], load=workload(context_tokens=context))
    target = Target(min_tokens_per_s=tokens_per_s)
    found = recommend(asked, [GPUS[name] for name in ("h100-sxm-80gb", "h200-sxm-141gb", "l40s", "mi300x")], target)
    for machine in found:
        assert machine.fits
        assert tokens_per_s is None or 1 / machine.tpot.value >= tokens_per_s
    prices = [machine.cost.usd_per_hour.median for machine in found if machine.cost is not None]
    assert prices == sorted(prices)


@settings(max_examples=25)
@given(requests(), st.integers(1, 64))
def test_one_request_is_never_served_by_many_replicas(request: Request, concurrency: int) -> None:
    load = replace(request.load, concurrency=concurrency)
    found = try_estimate(replace(request, load=load))
    assert found.concurrency <= max(concurrency, 1) * (1 + 1e-9)
    request_s = found.ttft.value + (load.output_tokens - 1) * found.tpot.value
    assert found.throughput.value <= concurrency * load.output_tokens / request_s * (1 + 1e-9)


@pytest.mark.parametrize(
    "change",
    [
        {"gpus": 0},
        {"gpus": -8},
        {"gpus": 10**9},
        {"memory_fraction": 0.0},
        {"memory_fraction": -0.9},
        {"memory_fraction": 1.5},
        {"memory_fraction": math.nan},
        {"max_num_seqs": 0},
        {"max_num_seqs": -1},
        {"max_num_seqs": 10**12},
        {"max_num_batched_tokens": 0},
        {"max_num_batched_tokens": -8192},
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(change: dict[str, float]) -> None:
    request = replace(Request(spec=llama(), gpu=GPUS["h100-sxm-80gb"], load=workload()), **change)  # type: ignore[arg-type]  # one field by name
    with pytest.raises(ImpossibleValue, match="cannot be") as caught:
        estimate(request)
    assert caught.value.hint


@pytest.mark.parametrize("engine", ["vllm", "llama.cpp"])
@pytest.mark.parametrize("layout", [Layout(0), Layout(-1), Layout(16), Layout(1, 1, 0)], ids=repr)
def test_a_split_that_cannot_be_is_refused(engine: str, layout: Layout) -> None:
    request = Request(spec=llama(), gpu=GPUS["h100-sxm-80gb"], gpus=8, load=workload(), layout=layout)
    with pytest.raises(EstimatorError):
        estimate(replace(request, engine=engine))  # type: ignore[arg-type]  # one of the four names


def test_every_bundled_model_that_can_be_read_is_answered() -> None:
    # DeepSeek-V4's compressed attention once had no answer to a question that only memory asked
    found = estimate(
        Request(spec=bundled("deepseek-ai/DeepSeek-V4-Flash"), gpu=GPUS["h200-sxm-141gb"], gpus=8, load=workload())
    )
    assert found.fits
