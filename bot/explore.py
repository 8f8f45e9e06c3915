"""What the page shows of one set-up, in one object: the estimate, its roofline over the batch, the front, derivations.

`POST /v1/explore` is `POST /v1/estimate` with two knobs more, the card's bandwidth and compute, and with everything
that a chart needs. The page draws it and computes nothing. What would work instead is left to `/v1/estimate`: that
search takes longer than a move of a slider may.
"""

from dataclasses import asdict, replace
from typing import Annotated, Any, Final

from pydantic import Field

from bot import humanize as say
from bot.answer import ModelSource
from bot.contract import Estimated, Shape, Split
from bot.curve import CurvePoint, DerivedLine, RooflineFigures, figures_json, point_json
from bot.numbers import A_NUMBER
from bot.render.as_json import estimate_json
from bot.structured import EstimateRequest, load_request
from estimator.cost import usd_per_mtok_output
from estimator.curve import model_curve, spaced, with_rates
from estimator.estimation import Estimate, Request, estimate
from estimator.explain import explain
from estimator.layout_choice import cuts_of
from estimator.rates import compute_path
from estimator.sweep import Point, doublings, front, most_at_once, sweep

MOST_SWEPT: Final = 2**13
MANY_GPUS: Final = 16
"""Beyond that splits are many: every second load, so that a move of a slider stays within 50 ms."""
MOST_SHOWN: Final = 400
"""Points beside the front; beyond that a chart is a cloud."""


class ExploreRequest(EstimateRequest):
    """An estimate's request with the card's bandwidth and compute (of these weights' format) to move."""

    bandwidth_bytes_per_s: Annotated[float, Field(gt=1e6, le=1e18), A_NUMBER] | None = None
    compute_flops_per_s: Annotated[float, Field(gt=1e6, le=1e21), A_NUMBER] | None = None
    max_batch: Annotated[int, Field(ge=2, le=10**6), A_NUMBER] | None = None


class Machine(Shape):
    """The card's rates: those used, and those it has."""

    bandwidth_bytes_per_s: float
    compute_flops_per_s: float
    card_bandwidth_bytes_per_s: float
    card_compute_flops_per_s: float
    rate_name: str


class Offered(Shape):
    """One load on one split."""

    parallel: Split
    split: str
    replicas: int
    concurrency: int
    ttft_s: float
    tpot_s: float
    output_tokens_per_s: float
    usd_per_mtok_output: float | None


class Derived(Shape):
    """The lines behind one part of the answer."""

    title: str
    lines: list[DerivedLine]


class MemoryPart(Shape):
    """A part of the bar; `name` is short, `label` is for people."""

    name: str
    label: str
    bytes: int


class MemoryBar(Shape):
    """The fullest GPU from the left; the bar ends at `shown_bytes`, beyond the capacity where it does not fit."""

    parts: list[MemoryPart]
    usable_bytes: int
    capacity_bytes: int
    shown_bytes: int


class Explored(Shape):
    """One set-up whole. `others` are `[TPOT, tokens per second]` of loads that some point of the front beats."""

    model: str
    read_as: str
    hardware: str
    gpus: int
    concurrency: int
    machine: Machine
    estimate: Estimated
    memory_bar: MemoryBar
    roofline: RooflineFigures
    curve: list[CurvePoint]
    front: list[Offered]
    others: list[tuple[float, float]]
    derivations: list[Derived]


def explore_json(asked: ExploreRequest, models: ModelSource) -> dict[str, Any]:
    """The set-up of a validated request; raises one of the user errors."""
    model, plain = load_request(asked, models)
    request = _with_rates(plain, asked)
    found = estimate(request)
    found = replace(found, assumptions=(*found.assumptions, *_said(asked)))
    curve = model_curve(found, spaced(asked.max_batch) if asked.max_batch else None)
    points = _swept(request)
    best = front(points)
    return {
        "model": model.name,
        "read_as": model.read_as,
        "hardware": request.gpu.id,
        "gpus": request.gpus,
        "concurrency": request.load.concurrency or 1,
        "machine": _machine_json(found, plain),
        "estimate": estimate_json(found, model, ()),
        "memory_bar": _memory_bar_json(found),
        "roofline": figures_json(curve),
        "curve": [point_json(point) for point in curve.points],
        "front": [_point_json(point, request) for point in best],
        "others": _others(points),
        "derivations": [asdict(part) for part in explain(found)],
    }


def _with_rates(request: Request, asked: ExploreRequest) -> Request:
    weights = request.weights or request.spec.weights.name
    gpu = with_rates(
        request.gpu,
        weights,
        bandwidth_bytes_per_s=asked.bandwidth_bytes_per_s,
        compute_flops_per_s=asked.compute_flops_per_s,
    )
    return replace(request, gpu=gpu)


def _said(asked: ExploreRequest) -> list[str]:
    said = []
    if asked.bandwidth_bytes_per_s is not None:
        said.append(f"bandwidth set to {asked.bandwidth_bytes_per_s / 1e12:,.3g} TB/s a card, not the card's own")
    if asked.compute_flops_per_s is not None:
        said.append(f"compute set to {say.tflops(asked.compute_flops_per_s)} a card, not the card's own")
    if said:
        said.append("prices and measured corrections are still those of the real card")
    return said


def _machine_json(found: Estimate, plain: Request) -> dict[str, Any]:
    path, own = compute_path(found.request.gpu, found.plan.name), compute_path(plain.gpu, found.plan.name)
    return {
        "bandwidth_bytes_per_s": found.request.gpu.memory_bytes_per_s,
        "compute_flops_per_s": path.flops_per_s,
        "card_bandwidth_bytes_per_s": plain.gpu.memory_bytes_per_s,
        "card_compute_flops_per_s": own.flops_per_s,
        "rate_name": path.rate_name,
    }


def _memory_bar_json(found: Estimate) -> dict[str, Any]:
    """Weights, activations, overhead, the cache of what is asked as far as it is held, and what is free beside it."""
    memory, layout = found.memory, found.layout
    on_a_rank = max(1.0, (found.request.load.concurrency or 1) / found.replicas / layout.data)
    cache = min(on_a_rank * memory.sequence_bytes, max(memory.sequence_bytes, memory.kv_pool_bytes))
    parts = [
        ("weights", "Weights", memory.weights_bytes),
        ("activation", "Activations", memory.activation_bytes),
        ("overhead", "Engine and communication", memory.overhead_bytes),
        ("kv", "KV cache of what is asked", cache),
    ]
    used = sum(size for _, _, size in parts)
    if used < memory.usable_bytes:
        parts.append(("free", "Free for more", memory.usable_bytes - used))
    return {
        "parts": [{"name": name, "label": label, "bytes": round(size)} for name, label, size in parts],
        "usable_bytes": round(memory.usable_bytes),
        "capacity_bytes": round(memory.capacity_bytes),
        "shown_bytes": round(max(memory.capacity_bytes, used)),
    }


def _swept(request: Request) -> tuple[Point, ...]:
    load = replace(request.load, concurrency=1)
    most = min(MOST_SWEPT, most_at_once(cuts_of(replace(request, load=load)), load))
    loads = doublings(most)
    return sweep(request, loads if request.gpus <= MANY_GPUS else (*loads[:-1:2], loads[-1])) if most else ()


def _others(points: tuple[Point, ...]) -> list[tuple[float, float]]:
    able = [(point.tpot_s, point.output_tokens_per_s) for point in points if point.runs_at_once]
    return able[:: 1 + len(able) // MOST_SHOWN]


def _point_json(point: Point, request: Request) -> dict[str, Any]:
    return {
        "parallel": {
            "tensor": point.layout.tensor,
            "pipeline": point.layout.pipeline,
            "data": point.layout.data,
            "expert": point.layout.expert,
        },
        "split": str(point.layout),
        "replicas": point.replicas,
        "concurrency": point.concurrency,
        "ttft_s": point.ttft_s,
        "tpot_s": point.tpot_s,
        "output_tokens_per_s": point.output_tokens_per_s,
        "usd_per_mtok_output": usd_per_mtok_output(
            request.gpu.id, request.gpus, point.output_tokens_per_s, request.prices
        ),
    }
