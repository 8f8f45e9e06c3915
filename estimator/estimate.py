"""The front door: one request in, one estimate out, with its parts, its assumptions and its warnings.

Order of an answer: formats and rates, a legal layout, memory on the fullest GPU, latency and throughput under the
load, what binds, where the sweet spot lies, which tier, what it costs.
"""

import math
from dataclasses import dataclass, field, replace

from estimator.band import Interval, architecture_group, throughput_interval, tpot_interval, ttft_interval
from estimator.calibration import ERA_FROM, ERA_UNTIL
from estimator.cost import Cost, cost_of
from estimator.deployment import FABRIC_GPUS, Deployment, node_gpus
from estimator.dtypes import FORMATS, cache_bytes_per_element
from estimator.engines import NEWEST, Engine, EngineName, engine_rules, parse_version
from estimator.errors import IllegalLayout, ImpossibleValue
from estimator.hardware import Gpu
from estimator.latency import Latency, latency
from estimator.memory import LONGEST_CONTEXT_TOKENS, EngineSettings, MemoryEstimate, engine_settings, memory_estimate
from estimator.model_spec import ModelSpec, WeightPlan
from estimator.offsets import Place, correction
from estimator.parallelism import Layout, candidate_layouts, check_layout, cut_blocks
from estimator.quantization import requantize
from estimator.rates import compute_path
from estimator.stacks import StackKey, stack_key
from estimator.step import Bound, roofline_step_s
from estimator.throughput import SweetSpot, max_throughput, sweet_spot, throughput_under_load
from estimator.tier import Tier, tier
from estimator.workload import MOST_GPUS, MOST_TOKENS, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked, resolved: a spec, a card, a load; None leaves the choice to the estimator.

    `uses_offsets` False leaves the corrections of measured stacks out: the transferable formula alone.
    `gpus` are those of the whole machine, replicas included. `date` is a decimal year for the engine's age.
    """

    spec: ModelSpec
    gpu: Gpu
    load: Workload
    gpus: int = 1
    layout: Layout | None = None
    weights: str | None = None
    cache_format: str | None = None
    engine: EngineName | None = None
    engine_version: str | None = None
    date: float | None = None
    memory_fraction: float | None = None
    max_num_batched_tokens: int | None = None
    max_num_seqs: int | None = None
    uses_offsets: bool = True


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
    setup = _setup(request)
    return _best(setup, _layouts(setup))


def estimate_if_held(request: Request) -> Estimate | None:
    """The estimate where a legal layout holds the asked requests at once; None, by memory alone, where none does."""
    try:
        setup = _setup(request)
        holding = [layout for layout in _layouts(setup) if _holds(setup, layout)]
    except IllegalLayout:
        return None
    return _best(setup, holding) if holding else None


def fits_somehow(request: Request) -> bool:
    """Whether any legal layout holds one request at the context and the asked number of them; memory only, fast."""
    try:
        setup = _setup(request)
        return any(_holds(setup, layout) for layout in _layouts(setup))
    except IllegalLayout:
        return False


# -- what is fixed before a layout is chosen ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setup:
    request: Request
    engine: Engine
    engine_version: str
    plan: WeightPlan
    cache_format: str
    settings: EngineSettings
    assumptions: tuple[str, ...]
    memory_by_split: dict[tuple[int, int, int], MemoryEstimate] = field(default_factory=dict)


def _setup(request: Request) -> _Setup:
    if not 0 < request.gpus <= MOST_GPUS:
        raise ImpossibleValue(f"{request.gpus:,} GPUs cannot be", f"give a number from 1 to {MOST_GPUS:,}")
    fraction = request.memory_fraction
    if fraction is not None and not 0 < fraction <= 1:
        raise ImpossibleValue(f"a memory fraction of {fraction:g} cannot be", "give a share above 0 and up to 1")
    for key, value in (("sequences", request.max_num_seqs), ("batched tokens", request.max_num_batched_tokens)):
        if value is not None and not 0 < value <= MOST_TOKENS:
            raise ImpossibleValue(f"at most {value:,} {key} cannot be", f"give a number from 1 to {MOST_TOKENS:,}")
    said = list(request.load.assumptions)
    name = request.engine or default_engine(request.gpu, request.weights)
    version = request.engine_version or NEWEST[name]
    engine = engine_rules(name, version)
    if request.engine is None:
        said.append(f"{name} {version} (no engine was named)")
    plan = request.spec.weights if request.weights is None else requantize(request.spec, request.weights)
    if request.weights is None:
        said.append(f"weights as the checkpoint stores them: {plan.name}")
    path = compute_path(request.gpu, plan.name)
    if path.assumption:
        said.append(path.assumption)
    cache, why = _cache_format(request, name, plan)
    cache_bytes_per_element(cache)
    if why:
        said.append(f"KV cache in {cache} ({why})")
    settings = engine_settings(
        engine,
        parse_version(request.engine_version),
        request.gpu.engine_memory_bytes,
        memory_fraction=fraction,
        max_num_seqs=request.max_num_seqs,
        max_num_batched_tokens=request.max_num_batched_tokens,
    )
    said.append(
        f"{settings.memory_fraction:.0%} of {request.gpu.id}'s memory for the engine ({request.gpu.memory_source})"
    )
    return _Setup(
        request=request,
        engine=engine,
        engine_version=version,
        plan=plan,
        cache_format=cache,
        settings=settings,
        assumptions=tuple(said),
    )


def _cache_format(request: Request, engine: EngineName, plan: WeightPlan) -> tuple[str, str]:
    """The cache's format, and why where nobody asked for it."""
    if request.cache_format is not None:
        return request.cache_format, ""
    if request.spec.cache_format is not None:
        return request.spec.cache_format, "the checkpoint carries scales for it"
    if engine == "trtllm" and plan.name in {"fp8", "nvfp4"}:
        # NVIDIA's own checkpoints in these formats carry kv_cache_quant_algo FP8 (hf_quant_config.json of the corpus)
        return "fp8", "TensorRT-LLM's checkpoints in this format carry it"
    return "bf16", "the engine's default"


def default_engine(gpu: Gpu, weights: str | None) -> EngineName:
    """The newest known vLLM on its platforms; llama.cpp on Apple, on CPUs and for GGUF types."""
    is_gguf = weights is not None and weights.lower() in FORMATS and FORMATS[weights.lower()].kind == "gguf"
    return "llama.cpp" if is_gguf or gpu.architecture_class in {"apple", "cpu"} else "vllm"


# -- layouts --------------------------------------------------------------------------------------------------------


def _as_engine_cuts(setup: _Setup, layout: Layout) -> Layout:
    """The layout as asked; llama.cpp cuts by layers, so its tensor degree becomes stages."""
    request = setup.request
    if setup.engine.name == "llama.cpp":
        layout = Layout(1, min(layout.gpus, request.spec.headline.num_hidden_layers))
    check_layout(request.spec, layout, request.gpus)
    return layout


def _layouts(setup: _Setup) -> list[Layout]:
    request = setup.request
    if request.layout is not None:
        return [_as_engine_cuts(setup, request.layout)]
    if setup.engine.name == "llama.cpp":
        return [Layout(1, min(request.gpus, request.spec.headline.num_hidden_layers))]
    has_fabric = request.gpu.link_domain_gpus >= FABRIC_GPUS
    found = candidate_layouts(request.spec, request.gpus, node_gpus(request.gpu), has_fabric=has_fabric)
    if not found:
        raise IllegalLayout(
            f"{request.spec.repo_id} cannot be split over {request.gpus} GPUs in any way that engines run",
            "try a power of two",
        )
    return found


def _best(setup: _Setup, layouts: list[Layout]) -> Estimate:
    best = layouts[0] if len(layouts) == 1 else max(layouts, key=lambda layout: _preference(setup, layout))
    return _estimate(setup, best)


def _holds(setup: _Setup, layout: Layout) -> bool:
    memory, asked = _memory(setup, layout), setup.request.load.concurrency or 1
    return memory.fits and memory.max_concurrency * _replicas(setup, layout) >= asked


def _preference(setup: _Setup, layout: Layout) -> tuple[bool, bool, float]:
    """Fits first, then holds the asked load, then the soonest answer (alone) or the highest throughput.

    Where nothing fits, the widest tensor split that the machine allows is what people would try.
    """
    load = setup.request.load
    memory = _memory(setup, layout)
    if not memory.fits:
        return (
            False,
            layout.data == 1 and layout.expert == 1,
            layout.tensor - memory.shortfall_bytes / memory.capacity_bytes,
        )
    replicas = _replicas(setup, layout)
    capacity = _capacity(setup, memory, layout)
    times = latency(_deployment(setup, layout), load, _asked(setup, layout), capacity, _date(setup.request))
    if load.concurrency is None:
        return True, True, -(times.ttft_s + (load.output_tokens - 1) * times.tpot_s)
    holds = memory.max_concurrency * replicas >= load.concurrency
    return True, holds, _busy_replicas(setup, layout) * throughput_under_load(load, times)


# -- one layout -----------------------------------------------------------------------------------------------------


def _replicas(setup: _Setup, layout: Layout) -> int:
    return max(1, setup.request.gpus // layout.gpus)


def _busy_replicas(setup: _Setup, layout: Layout) -> int:
    """Replicas that have work: fewer requests than replicas leave the others idle."""
    return min(_replicas(setup, layout), setup.request.load.concurrency or MOST_GPUS)


def _asked(setup: _Setup, layout: Layout) -> float:
    """Requests in flight in one replica; one where none were given."""
    concurrency = setup.request.load.concurrency
    return 1.0 if concurrency is None else max(1.0, concurrency / _replicas(setup, layout))


def _memory(setup: _Setup, layout: Layout) -> MemoryEstimate:
    split = (layout.tensor, layout.pipeline, layout.data)  # spread or sliced, a GPU holds as much of the experts
    if split not in setup.memory_by_split:
        setup.memory_by_split[split] = memory_estimate(
            setup.request.spec,
            setup.plan,
            layout,
            setup.settings,
            capacity_bytes=setup.request.gpu.engine_memory_bytes,
            cache_format=setup.cache_format,
            context_tokens=setup.request.load.context_tokens,
            sequences=_asked(setup, layout),
        )
    return setup.memory_by_split[split]


def _deployment(setup: _Setup, layout: Layout) -> Deployment:
    return Deployment(
        spec=setup.request.spec,
        gpu=setup.request.gpu,
        plan=setup.plan,
        layout=layout,
        engine=setup.engine.name,
        cache_format=setup.cache_format,
        has_eager_offline_steps=_has_eager_offline_steps(setup),
    )


def _estimate(setup: _Setup, layout: Layout) -> Estimate:
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
        roofline_tpot_s=roofline_step_s(d, times.batch, load.mean_context_tokens),
        sweet_spot=sweet_spot(d, load.mean_context_tokens),
        tier=tier(request.spec),
        cost=cost_of(d, load, request.gpus, speed.throughput.value * busy),
        assumptions=(*_assumptions(setup, layout, replicas), *speed.said),
        warnings=(*_warnings(setup, memory, replicas), *sorted(set(cut_blocks(request.spec, layout)))),
    )


@dataclass(frozen=True, slots=True)
class _Speed:
    ttft: Interval
    tpot: Interval
    throughput: Interval
    said: tuple[str, ...]


def stack_of(request: Request) -> StackKey:
    """The stack that the request names, as the table of measured stacks knows it."""
    engine = request.engine or default_engine(request.gpu, request.weights)
    weights = request.weights or request.spec.weights.name
    return stack_key(request.spec, request.gpu.id, engine, weights, request.engine_version)


def _speed(d: Deployment, request: Request, times: Latency, asked: float, throughput: float) -> _Speed:
    """The formula's figures with their bands, corrected where this very stack was measured."""
    ttft = ttft_interval(times.ttft_s, d.gpu, d.kind, asked, is_local=d.is_local)
    tpot = tpot_interval(times.tpot_s, d.gpu, d.kind, asked, is_local=d.is_local)
    rate = throughput_interval(throughput, d.gpu, d.kind)
    if not request.uses_offsets:
        return _Speed(ttft, tpot, rate, ())
    key, band, said = stack_of(request), f"{architecture_group(d.gpu)}|{d.kind}", []

    def corrected(metric: str, name: str, interval: Interval) -> Interval:
        found = correction(metric, key, Place(asked, request.load, d.layout.gpus), band)
        if found is None:
            return interval
        said.append(f"{name} x {found.factor:.2f}, from {found.runs} runs of this stack until {found.latest}")
        return interval.anchored(found.factor, found.half_width)

    ttft, tpot = corrected("ttft", "TTFT", ttft), corrected("tpot", "TPOT", tpot)
    if request.load.concurrency is None and not d.is_local:
        return _Speed(ttft, tpot, corrected("max_throughput", "throughput", rate), tuple(said))
    under_load = throughput_under_load(request.load, replace(times, ttft_s=ttft.value, tpot_s=tpot.value))
    return _Speed(
        ttft,
        tpot,
        Interval(under_load, under_load * rate.low / rate.value, under_load * rate.high / rate.value),
        tuple(said),
    )


def _date(request: Request) -> float:
    """When the engine was built: as said, today's where no version is named, the middle of the data where one is."""
    return request.date or (ERA_FROM if request.engine_version else ERA_UNTIL)


def _capacity(setup: _Setup, memory: MemoryEstimate, layout: Layout) -> float:
    """Requests that run at once in a replica: what the cache holds at their mean length, and what the engine admits.

    Paged caches grow with the answer, so requests under way hold their prompt and half of their output in the mean.
    """
    if setup.engine.name == "llama.cpp":
        return max(1.0, memory.max_concurrency)  # its slots are cut for the whole context
    held = memory.sequence_cache.bytes_at(math.ceil(setup.request.load.mean_context_tokens))
    in_cache = layout.data * memory.kv_pool_bytes / held if held else math.inf
    return max(1.0, min(in_cache, float(setup.settings.max_num_seqs * layout.data)))


def _throughput(d: Deployment, load: Workload, times: Latency, capacity: float) -> tuple[float, float]:
    """Tokens per second of one replica and the requests in flight: at the asked load, else at capacity."""
    if load.concurrency is not None or d.is_local:
        return throughput_under_load(load, times), times.batch
    return max_throughput(d, load, capacity), capacity


def _has_eager_offline_steps(setup: _Setup) -> bool:
    """TensorRT-LLM's PyTorch backend, the default from 1.0 on."""
    version = parse_version(setup.request.engine_version)
    return setup.engine.name == "trtllm" and (version is None or (1, 0) <= version < (10, 0))


def _longest_context(setup: _Setup, memory: MemoryEstimate, layout: Layout, sequences: float) -> int:
    budget = memory.kv_pool_bytes / max(1.0, sequences / layout.data)
    most = setup.request.spec.headline.max_position_embeddings or LONGEST_CONTEXT_TOKENS
    return memory.sequence_cache.longest_tokens(budget, most)


def _assumptions(setup: _Setup, layout: Layout, replicas: int) -> tuple[str, ...]:
    said = list(setup.assumptions)
    if setup.request.layout is None and setup.request.gpus > 1:
        copies = f", {replicas} replicas" if replicas > 1 else ""
        said.append(f"split as {layout}{copies} (the best legal layout)")
    said.append(f"what the engine keeps: from {setup.engine.source}")
    if setup.request.load.concurrency is None:
        said.append("latency of one request alone, throughput at capacity (no concurrency was given)")
    return tuple(said)


def _warnings(setup: _Setup, memory: MemoryEstimate, replicas: int) -> tuple[str, ...]:
    request, load, found = setup.request, setup.request.load, []
    longest = request.spec.headline.max_position_embeddings
    if longest is not None and load.context_tokens > longest:
        found.append(f"{load.context_tokens:,} tokens are beyond the model's maximum of {longest:,}")
    if load.concurrency is not None and memory.fits and memory.max_concurrency * replicas < load.concurrency:
        held = int(memory.max_concurrency * replicas)
        found.append(f"the cache holds {held:,} of {load.concurrency:,} requests at once; the others wait")
    if request.gpu.confidence == "low":
        found.append(f"the facts of {request.gpu.id} are of low confidence: {request.gpu.note or request.gpu.source}")
    if memory.graphs_outside_bytes > memory.capacity_bytes - memory.usable_bytes:
        found.append("CUDA graphs may not fit beside the engine's share: lower it or use --enforce-eager")
    return tuple(found)
