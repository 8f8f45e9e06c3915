"""The front door: one request in, one estimate out, with its parts, its assumptions and its warnings.

Order of an answer: formats and rates, a legal layout, memory on the fullest GPU, latency and throughput under the
load, what binds, where the sweet spot lies, which tier, what it costs.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from estimator.anchor import HALF_WIDTHS, Measurement
from estimator.band import Interval, architecture_group, throughput_interval, tpot_interval, ttft_interval
from estimator.calibration import ERA_FROM, ERA_UNTIL
from estimator.cost import Cost, cost_of
from estimator.deployment import FABRIC_GPUS, Deployment, node_gpus
from estimator.engine_settings import EngineSettings, usual_batched_tokens
from estimator.engines import Engine, parse_version
from estimator.errors import IllegalLayout
from estimator.generation import roofline_token_s
from estimator.latency import Latency, latency
from estimator.memory import MemoryEstimate, memory_estimate
from estimator.model_spec import WeightPlan
from estimator.offsets import Place, correction, stack_rows
from estimator.parallelism import Layout, candidate_layouts, check_layout, cut_blocks
from estimator.rank_cache import LONGEST_CONTEXT_TOKENS
from estimator.setup import Request, Setup, prepare, stack_of
from estimator.step import Bound
from estimator.throughput import SweetSpot, max_throughput, sweet_spot, throughput_under_load
from estimator.tier import Tier, tier
from estimator.workload import MOST_GPUS, Workload

__all__ = ["IF_IT_FITTED", "Estimate", "Request", "estimate", "estimate_if_held", "stack_of"]

ALMOST_ALL_WEIGHTS: Final = 0.999
"""A rank's share is rounded in the last digits: only a clear excess rules a machine out."""
IF_IT_FITTED: Final = "times and rates are those it would have if it fitted"
NEARLY: Final = 0.95
"""Among layouts within so much of the best throughput, one that holds all requests at once is preferred."""


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
    return _best(setup, _layouts(setup))


def estimate_if_held(request: Request) -> Estimate | None:
    """The estimate where a legal layout holds the asked requests at once; None, by memory alone, where none does."""
    try:
        setup = prepare(request)
        if _is_hopeless(setup):
            return None
        holding = list(_holding(setup, _layouts(setup)))
    except IllegalLayout:
        return None
    return _first(setup, holding) if holding else None


@dataclass(frozen=True, slots=True)
class Cut:
    """One layout of a request, with what memory and times are read from."""

    setup: Setup
    layout: Layout
    replicas: int
    memory: MemoryEstimate
    deployment: Deployment

    @property
    def date(self) -> float:
        """When the engine was built, as a decimal year."""
        return _date(self.setup.request)

    def capacity(self, load: Workload) -> float:
        """Requests of that load that run at once in a replica."""
        return _capacity(replace(self.setup, request=replace(self.setup.request, load=load)), self.memory, self.layout)


def cuts_of(request: Request) -> list[Cut]:
    """Every layout that an answer could take: the one that is named, else all legal ones. Raises as `estimate` does."""
    setup = prepare(request)
    return [
        Cut(setup, layout, _replicas(setup, layout), _memory(setup, layout), _deployment(setup, layout))
        for layout in _layouts(setup)
    ]


def _holding(setup: Setup, layouts: list[Layout]) -> Iterator[Layout]:
    """Layouts that hold the asked requests; for one alone without those that the answer would never take.

    More stages only slow it down: they are there to fit, so the fewest that fit are enough. Experts spread whole over
    the same ranks read as many bytes as experts cut into slices, and whole ones multiply better.
    """
    if setup.request.load.concurrency is not None:
        yield from (layout for layout in layouts if _holds(setup, layout))
        return
    legal = set(layouts)
    reached: set[tuple[int, int, int]] = set()
    for layout in layouts:  # sorted: fewer stages first
        tensor, cut = layout.tensor, (layout.tensor, layout.data, layout.expert)
        is_sliced = layout.expert == 1 < tensor and Layout(tensor, layout.pipeline, 1, tensor) in legal
        if cut not in reached and not is_sliced and _holds(setup, layout):
            reached.add(cut)
            yield layout


def _is_hopeless(setup: Setup) -> bool:
    """Whether the weights alone exceed the whole machine, so that no layout need be tried."""
    request = setup.request
    return request.layout is None and ALMOST_ALL_WEIGHTS * setup.weight_bytes > request.gpus * setup.usable_bytes


# -- layouts --------------------------------------------------------------------------------------------------------


def _as_engine_cuts(setup: Setup, layout: Layout) -> Layout:
    """The layout as asked; llama.cpp cuts by layers, so its tensor degree becomes stages."""
    request = setup.request
    if setup.engine.name == "llama.cpp":
        layout = Layout(1, min(layout.gpus, request.spec.headline.num_hidden_layers))
    check_layout(request.spec, layout, request.gpus)
    return layout


def _layouts(setup: Setup) -> list[Layout]:
    request = setup.request
    if request.layout is not None:
        return [_as_engine_cuts(setup, request.layout)]
    if setup.engine.name == "llama.cpp":
        return [Layout(1, min(request.gpus, request.spec.headline.num_hidden_layers))]
    has_fabric = request.gpu.link_domain_gpus >= FABRIC_GPUS
    found = candidate_layouts(
        request.spec,
        request.gpus,
        node_gpus(request.gpu),
        has_fabric=has_fabric,
        is_loaded=request.load.concurrency is not None,
    )
    if not found:
        raise IllegalLayout(
            f"{request.spec.repo_id} cannot be split over {request.gpus} GPUs in any way that engines run",
            "try a power of two",
        )
    return found


def _best(setup: Setup, layouts: list[Layout]) -> Estimate:
    """The estimate of the best layout: for one alone among those that hold it, if any does."""
    if len(layouts) > 1 and setup.request.load.concurrency is None:
        layouts = list(_holding(setup, layouts)) or layouts
    return _first(setup, layouts)


def _first(setup: Setup, layouts: list[Layout]) -> Estimate:
    if len(layouts) == 1:
        return _estimate(setup, layouts[0])
    ranked = sorted(((_preference(setup, layout), layout) for layout in layouts), reverse=True)
    (fits, best_rate), best = ranked[0]
    if fits and setup.request.load.concurrency is not None:
        near = (layout for (_, rate), layout in ranked if rate >= NEARLY * best_rate)
        best = next((layout for layout in near if _holds(setup, layout)), best)
    return _estimate(setup, best)


def _holds(setup: Setup, layout: Layout) -> bool:
    if ALMOST_ALL_WEIGHTS * setup.weight_bytes > layout.gpus * setup.usable_bytes:
        return False  # the sum says so already
    memory, asked = _memory(setup, layout), setup.request.load.concurrency or 1
    return memory.fits and memory.max_concurrency * _replicas(setup, layout) >= asked


def _preference(setup: Setup, layout: Layout) -> tuple[bool, float]:
    """Fits first, then the soonest answer (alone) or the highest throughput (under load).

    Where nothing fits, the widest plain tensor split that the machine allows is what people would try.
    """
    load, memory = setup.request.load, _memory(setup, layout)
    if not memory.fits:
        is_plain = layout.data == 1 and layout.expert == 1
        return False, MOST_GPUS * is_plain + layout.tensor - memory.shortfall_bytes / memory.capacity_bytes
    capacity = _capacity(setup, memory, layout)
    times = latency(_deployment(setup, layout), load, _asked(setup, layout), capacity, _date(setup.request))
    if load.concurrency is None:
        return True, -(times.ttft_s + (load.output_tokens - 1) * times.tpot_s)
    return True, _busy_replicas(setup, layout) * throughput_under_load(load, times)


# -- one layout -----------------------------------------------------------------------------------------------------


def _replicas(setup: Setup, layout: Layout) -> int:
    return max(1, setup.request.gpus // layout.gpus)


def _busy_replicas(setup: Setup, layout: Layout) -> int:
    """Replicas that have work: fewer requests than replicas leave the others idle."""
    return min(_replicas(setup, layout), setup.request.load.concurrency or MOST_GPUS)


def _asked(setup: Setup, layout: Layout) -> float:
    """Requests in flight in one replica; one where none were given."""
    concurrency = setup.request.load.concurrency
    return 1.0 if concurrency is None else max(1.0, concurrency / _replicas(setup, layout))


def _memory(setup: Setup, layout: Layout) -> MemoryEstimate:
    split = (layout.tensor, layout.pipeline, layout.data)  # spread or sliced, a GPU holds as much of the experts
    if split not in setup.memory_by_split:
        setup.memory_by_split[split] = memory_estimate(
            setup.memory,
            layout,
            capacity_bytes=setup.request.gpu.engine_memory_bytes,
            context_tokens=setup.request.load.context_tokens,
            sequences=_asked(setup, layout),
        )
    return setup.memory_by_split[split]


def _deployment(setup: Setup, layout: Layout) -> Deployment:
    if not setup.deployments:
        setup.deployments.append(
            Deployment(
                spec=setup.request.spec,
                gpu=setup.request.gpu,
                plan=setup.plan,
                layout=layout,
                engine=setup.engine.name,
                cache_format=setup.cache_format,
                has_eager_offline_steps=_has_eager_offline_steps(setup),
                speculation=setup.request.speculation,
                chunk_tokens=setup.request.max_num_batched_tokens,
                usual_chunk_tokens=usual_batched_tokens(setup.request.gpu.engine_memory_bytes),
            )
        )
    setup.deployments[0] = setup.deployments[0].cut_as(layout)  # with the sums that the last one made
    return setup.deployments[0]


def _estimate(setup: Setup, layout: Layout) -> Estimate:
    request, load = setup.request, setup.request.load
    replicas, busy, asked = _replicas(setup, layout), _busy_replicas(setup, layout), _asked(setup, layout)
    memory, d = _memory(setup, layout), _deployment(setup, layout)
    capacity = _capacity(setup, memory, layout)
    times = latency(d, load, asked, capacity, _date(request))
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


def _date(request: Request) -> float:
    """When the engine was built: as said, today's where no version is named, the middle of the data where one is."""
    return request.date or (ERA_FROM if request.engine_version else ERA_UNTIL)


def _capacity(setup: Setup, memory: MemoryEstimate, layout: Layout) -> float:
    """Requests that run at once in a replica: what the cache holds at their mean length, and what the engine admits.

    Paged caches grow with the answer, so requests under way hold their prompt and half of their output in the mean.
    """
    if setup.engine.name == "llama.cpp":
        return max(1.0, memory.max_concurrency)  # its slots are cut for the whole context
    held = memory.sequence_cache.bytes_at(math.ceil(setup.request.load.mean_context_tokens))
    in_cache = layout.data * memory.kv_pool_bytes / held if held else math.inf
    most = min(in_cache, float(setup.settings.max_num_seqs * layout.data))
    return max(1.0, math.floor(most))


def _throughput(d: Deployment, load: Workload, times: Latency, capacity: float) -> tuple[float, float]:
    """Tokens per second of one replica and the requests in flight: at the asked load, else at capacity."""
    if load.concurrency is not None or d.is_local:
        return throughput_under_load(load, times), times.batch
    return max_throughput(d, load, capacity), capacity


def _has_eager_offline_steps(setup: Setup) -> bool:
    """TensorRT-LLM's PyTorch backend, the default from 1.0 on."""
    version = parse_version(setup.request.engine_version)
    return setup.engine.name == "trtllm" and (version is None or (1, 0) <= version < (10, 0))


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
    replicas, longest = _replicas(setup, layout), request.spec.headline.max_position_embeddings
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
    replicas = _replicas(setup, layout)
    admitted = setup.settings.max_num_seqs * layout.data * replicas
    if setup.engine.name != "llama.cpp" and admitted < asked:
        return [f"the engine admits {admitted:,} of {asked:,} requests at once (max_num_seqs); the others wait"]
    held = int(memory.max_concurrency * replicas)
    return [f"the cache holds {held:,} of {asked:,} requests at once; the others wait"] if held < asked else []
