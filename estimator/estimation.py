"""The front door: one request in, one estimate out, with its parts, its assumptions and its warnings.

Order of an answer: formats and rates, a legal layout, memory on the fullest GPU, latency and throughput under the
load, what binds, where the sweet spot lies, which tier, what it costs.
"""

from dataclasses import dataclass, replace
from typing import Final

from estimator.anchor import HALF_WIDTHS, Measurement
from estimator.band import Interval, architecture_group, throughput_interval, tpot_interval, ttft_interval
from estimator.cost import Cost, cost_of
from estimator.deployment import Deployment
from estimator.engine_settings import EngineSettings
from estimator.engines import Engine
from estimator.errors import IllegalLayout
from estimator.generation import roofline_token_s
from estimator.latency import Latency, latency
from estimator.layout_choice import best_layout, holding, is_hopeless, layouts_of, most_preferred
from estimator.memory import MemoryEstimate
from estimator.model_spec import WeightPlan
from estimator.offsets import Place, correction, stack_rows
from estimator.one_layout import (
    asked_of_one,
    busy_replicas,
    capacity_of,
    deployment_of,
    engine_date,
    memory_of,
    replicas_of,
)
from estimator.parallelism import Layout, cut_blocks
from estimator.rank_cache import LONGEST_CONTEXT_TOKENS
from estimator.setup import Request, Setup, prepare, stack_of
from estimator.step import Bound
from estimator.throughput import SweetSpot, max_throughput, sweet_spot, throughput_under_load
from estimator.tier import Tier, tier
from estimator.workload import Workload

__all__ = ["IF_IT_FITTED", "Estimate", "Request", "estimate", "estimate_if_held", "stack_of"]

IF_IT_FITTED: Final = "times and rates are those it would have if it fitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The answer to one request. Figures of memory are those of the fullest GPU, of throughput the whole machine's."""

    request: Request
    engine: Engine
    engine_version: str
    plan: WeightPlan
    cache_format: str
    layout: Layout
    replicas: int
    settings: EngineSettings
    memory: MemoryEstimate
    max_context_tokens: int
    ttft: Interval
    tpot: Interval
    throughput: Interval
    concurrency: float
    bound: Bound
    latency: Latency
    roofline_tpot_s: float
    sweet_spot: SweetSpot
    tier: Tier
    cost: Cost | None
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether one request at the context fits on every GPU."""
        return self.memory.fits

    @property
    def max_concurrency(self) -> float:
        """Requests at the context that the whole machine holds at once."""
        return self.memory.max_concurrency * self.replicas


def estimate(request: Request) -> Estimate:
    """The estimate of a request: under the layout it names, else under the best legal one.

    Raises `IllegalLayout`, `UnknownRate`, `UnknownFormat`, `ImpossibleValue`.
    """
    setup = prepare(request)
    return _estimate(setup, best_layout(setup, layouts_of(setup)))


def estimate_if_held(request: Request) -> Estimate | None:
    """The estimate where a legal layout holds the asked requests at once; None, by memory alone, where none does."""
    try:
        setup = prepare(request)
        if is_hopeless(setup):
            return None
        held = list(holding(setup, layouts_of(setup)))
    except IllegalLayout:
        return None
    return _estimate(setup, most_preferred(setup, held)) if held else None


def _estimate(setup: Setup, layout: Layout) -> Estimate:
    request, load = setup.request, setup.request.load
    replicas, busy, asked = replicas_of(setup, layout), busy_replicas(setup, layout), asked_of_one(setup, layout)
    memory, d = memory_of(setup, layout), deployment_of(setup, layout)
    capacity = capacity_of(setup, memory, layout)
    times = latency(d, load, asked, capacity, engine_date(request))
    throughput, concurrency = _throughput(d, load, times, capacity)
    speed = _speed(d, request, times, asked, throughput)
    return Estimate(
        request=request,
        engine=setup.engine,
        engine_version=setup.engine_version,
        plan=setup.plan,
        cache_format=setup.cache_format,
        layout=layout,
        replicas=replicas,
        settings=setup.settings,
        memory=memory,
        max_context_tokens=_longest_context(setup, memory, layout, asked),
        ttft=speed.ttft,
        tpot=speed.tpot,
        throughput=speed.throughput.scaled(busy),
        concurrency=concurrency * busy,
        bound=times.step.bound,
        latency=times,
        roofline_tpot_s=roofline_token_s(d, times.batch, load.mean_context_tokens),
        sweet_spot=sweet_spot(d, load.mean_context_tokens),
        tier=tier(request.spec),
        cost=cost_of(
            d,
            load,
            request.gpus,
            prompt_s=times.prompt_s,
            output_tokens_per_s=speed.throughput.value * busy,
            prices=request.prices,
        ),
        assumptions=(*_assumptions(setup, layout, replicas), *speed.said),
        warnings=(*_warnings(setup, memory, layout), *sorted(set(cut_blocks(request.spec, layout)))),
    )


@dataclass(frozen=True, slots=True)
class _Speed:
    ttft: Interval
    tpot: Interval
    throughput: Interval
    said: tuple[str, ...]


def _speed(d: Deployment, request: Request, times: Latency, asked: float, throughput: float) -> _Speed:
    """The formula's figures with their bands, corrected where this very stack was measured."""
    ttft = ttft_interval(times.ttft_s - times.queue_s, d.gpu, d.spec.kind, asked, is_local=d.is_local)
    tpot = tpot_interval(times.tpot_s, d.gpu, d.spec.kind, asked, is_local=d.is_local)
    rate = throughput_interval(throughput, d.gpu, d.spec.kind)
    if not request.uses_offsets and not request.measured:
        return _Speed(_after_queue(ttft, times), tpot, rate, ())
    rows, band, said = stack_rows(stack_of(request)), f"{architecture_group(d.gpu)}|{d.spec.kind}", []

    def corrected(metric: str, name: str, interval: Interval) -> Interval:
        anchor = next((each for each in request.measured if each.metric == metric), None)
        if anchor is not None:
            factor = anchor.seconds / _formula_at(request, d.layout, anchor)
            said.append(f"{name} x {factor:.2f}, anchored on your {anchor.seconds:g} s at {anchor.concurrency:,}")
            return interval.anchored(factor, HALF_WIDTHS[anchor.metric])
        found = correction(metric, rows, Place(asked, request.load, d.layout.gpus), band)
        if found is None or not request.uses_offsets:
            return interval
        until = "" if found.latest == "undated" else f" until {found.latest}"
        said.append(f"{name} x {found.factor:.2f}, from {found.runs} measured runs of this stack{until}")
        return interval.anchored(found.factor, found.half_width)

    ttft, tpot = corrected("ttft", "TTFT", ttft), corrected("tpot", "TPOT", tpot)
    if request.load.concurrency is None and not d.is_local:
        rate = corrected("max_throughput", "throughput", rate)
    else:
        served = replace(times, ttft_s=ttft.value, tpot_s=tpot.value, queue_s=0.0)
        rate = rate.scaled(throughput_under_load(request.load, served) / rate.value)
    return _Speed(_after_queue(ttft, times), tpot, rate, tuple(said))


def _formula_at(request: Request, layout: Layout, anchor: Measurement) -> float:
    """What the formula alone says of the same layout at the load of a measurement."""
    load = replace(request.load, concurrency=anchor.concurrency)
    alone = estimate(replace(request, load=load, layout=layout, measured=(), uses_offsets=False))
    return alone.tpot.value if anchor.metric == "tpot" else alone.ttft.value


def _after_queue(ttft: Interval, times: Latency) -> Interval:
    """The time to the first token with the wait for a place before it: sure in the value, possible in the high."""
    return Interval(ttft.value + times.queue_s, ttft.low + times.queue_s, ttft.high + times.longest_queue_s)


def _throughput(d: Deployment, load: Workload, times: Latency, capacity: float) -> tuple[float, float]:
    """Tokens per second of one replica and the requests in flight: at the asked load, else at capacity."""
    if load.concurrency is not None or d.is_local:
        return throughput_under_load(load, times), times.batch
    return max_throughput(d, load, capacity), capacity


def _longest_context(setup: Setup, memory: MemoryEstimate, layout: Layout, sequences: float) -> int:
    budget = memory.kv_pool_bytes / max(1.0, sequences / layout.data)
    most = setup.request.spec.headline.max_position_embeddings or LONGEST_CONTEXT_TOKENS
    return memory.sequence_cache.longest_tokens(budget, most)


def _assumptions(setup: Setup, layout: Layout, replicas: int) -> tuple[str, ...]:
    said = list(setup.assumptions)
    if setup.request.layout is None and setup.request.gpus > 1:
        copies = f", {replicas} replicas" if replicas > 1 else ""
        said.append(f"split as {layout}{copies} (the best legal layout)")
    said.append(f"what the engine keeps: from {setup.engine.source}")
    if setup.request.load.concurrency is None:
        said.append("latency of one request alone, throughput at capacity (no concurrency was given)")
    return tuple(said)


def _warnings(setup: Setup, memory: MemoryEstimate, layout: Layout) -> tuple[str, ...]:
    request, load, found = setup.request, setup.request.load, []
    replicas, longest = replicas_of(setup, layout), request.spec.headline.max_position_embeddings
    if not request.spec.generates:
        found.append("an encoder: it has no decode, so times per token and output rates mean nothing for it")
    if longest is not None and load.context_tokens > longest:
        found.append(f"{load.context_tokens:,} tokens are beyond the model's maximum of {longest:,}")
    if not memory.fits:
        found.append(IF_IT_FITTED)
    elif load.concurrency is not None:
        found += _queue_warnings(setup, memory, layout, load.concurrency)
    if request.gpus > replicas * layout.gpus:
        idle = request.gpus - replicas * layout.gpus
        found.append(f"{idle} of {request.gpus} GPUs have no work in this split, and are paid for")
    if request.gpu.confidence == "low":
        found.append(f"the facts of {request.gpu.id} are of low confidence: {request.gpu.note or request.gpu.source}")
    if memory.graphs_outside_bytes > memory.capacity_bytes - memory.usable_bytes:
        found.append("CUDA graphs may not fit beside the engine's share: lower it or use --enforce-eager")
    return tuple(found)


def _queue_warnings(setup: Setup, memory: MemoryEstimate, layout: Layout, asked: int) -> list[str]:
    replicas = replicas_of(setup, layout)
    admitted = setup.settings.max_num_seqs * layout.data * replicas
    if setup.engine.name != "llama.cpp" and admitted < asked:
        return [f"the engine admits {admitted:,} of {asked:,} requests at once (max_num_seqs); the others wait"]
    held = int(memory.max_concurrency * replicas)
    return [f"the cache holds {held:,} of {asked:,} requests at once; the others wait"] if held < asked else []
