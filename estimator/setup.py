"""What is asked, and what holds for every layout of it: engine, formats, settings, and what had to be assumed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from estimator.anchor import Measurement
from estimator.deployment import Deployment
from estimator.dtypes import cache_bytes_per_element, weight_format
from estimator.engine_settings import EngineSettings, engine_settings
from estimator.engines import NEWEST, Engine, EngineName, engine_rules, parse_version
from estimator.errors import ImpossibleValue
from estimator.hardware import Gpu
from estimator.memory import MemoryEstimate, ModelMemory
from estimator.model_spec import ModelSpec, WeightPlan
from estimator.once import once
from estimator.parallelism import Layout
from estimator.platforms import check_platform, default_engine, engine_cache, engine_weights
from estimator.prices import PriceRange
from estimator.quantization import format_note, requantize
from estimator.rates import compute_path
from estimator.speculation import Speculation, check_speculation, loaded_spec
from estimator.stacks import StackKey, stack_key
from estimator.units import GIB
from estimator.workload import MOST_GPUS, MOST_TOKENS, Workload

LONGEST_MEASURED_S: Final = 86_400.0
LEAST_MEMORY_BYTES: Final = GIB
"""A card with less holds no engine, let alone a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked, resolved: a spec, a card, a load; None leaves the choice to the estimator.

    `measured` are figures of the user's own, which the answer is anchored on instead of the table's corrections.
    `uses_offsets` False leaves the corrections of measured stacks out: the transferable formula alone.
    `is_eager` runs without CUDA graphs: their memory is free, and times are those with them, which is too good.
    `prices` are refreshed rows; None takes the bundled ones.
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
    is_eager: bool = False
    speculation: Speculation | None = None
    uses_offsets: bool = True
    measured: tuple[Measurement, ...] = ()
    prices: Mapping[str, PriceRange] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What holds for every layout: engine, formats and settings, and what had to be assumed for them.

    `memory_by_split` and `deployments` keep what layouts share while they are compared.
    """

    request: Request
    engine: Engine
    engine_version: str
    plan: WeightPlan
    cache_format: str
    settings: EngineSettings
    assumptions: tuple[str, ...]
    memory_by_split: dict[tuple[int, int, int], MemoryEstimate] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)

    @once
    def weight_bytes(self) -> float:
        """All weights in the plan's formats, on one device: no split holds fewer in sum."""
        return self.loaded.weight_bytes(self.plan)

    @once
    def loaded(self) -> ModelSpec:
        """The model with whoever drafts for it."""
        return loaded_spec(self.request.spec, self.request.speculation)

    @once
    def memory(self) -> ModelMemory:
        """What layouts share of the memory."""
        return ModelMemory(self.loaded, self.plan, self.settings, self.cache_format)

    @property
    def usable_bytes(self) -> float:
        """What the engine may use of one GPU."""
        return self.settings.memory_fraction * self.request.gpu.engine_memory_bytes


def prepare(request: Request) -> Setup:
    """The set-up of a request; raises `ImpossibleValue`, `IllegalCombination`, `UnknownFormat`, `UnknownRate`."""
    _check_ranges(request)
    said = [*request.load.assumptions, *_knobs(request)]
    name, version, engine = _engine(request, said)
    plan = _weights(request, name, said)
    cache = _cache(request, name, plan, said)
    settings = engine_settings(
        engine,
        parse_version(request.engine_version),
        request.gpu.engine_memory_bytes,
        memory_fraction=request.memory_fraction,
        max_num_seqs=request.max_num_seqs,
        max_num_batched_tokens=request.max_num_batched_tokens,
        is_eager=request.is_eager,
    )
    share, card = f"{settings.memory_fraction:.0%}", request.gpu
    said.append(f"{share} of {card.id}'s memory for the engine ({card.memory_source})")
    return Setup(
        request=request,
        engine=engine,
        engine_version=version,
        plan=plan,
        cache_format=cache,
        settings=settings,
        assumptions=tuple(said),
    )


def _check_ranges(request: Request) -> None:
    if not 0 < request.gpus <= MOST_GPUS:
        raise ImpossibleValue(f"{request.gpus:,} GPUs cannot be", f"give a number from 1 to {MOST_GPUS:,}")
    fraction = request.memory_fraction
    if fraction is not None and not 0 < fraction <= 1:
        raise ImpossibleValue(f"a memory fraction of {fraction:g} cannot be", "give a share above 0 and up to 1")
    for measurement in request.measured:
        if not 0 < measurement.seconds < LONGEST_MEASURED_S or measurement.concurrency < 1:
            raise ImpossibleValue(
                f"a {measurement.metric} of {measurement.seconds:g} s at {measurement.concurrency:,} cannot be",
                "give what was measured, for example tpot=23ms at 32",
            )
    for key, value in (("sequences", request.max_num_seqs), ("batched tokens", request.max_num_batched_tokens)):
        if value is not None and not 0 < value <= MOST_TOKENS:
            raise ImpossibleValue(f"at most {value:,} {key} cannot be", f"give a number from 1 to {MOST_TOKENS:,}")
    if request.gpu.engine_memory_bytes < LEAST_MEMORY_BYTES:
        raise ImpossibleValue(
            f"{request.gpu.id} with {request.gpu.sold_memory_gb:g} GB leaves an engine nothing", "give at least 2 GB"
        )


def _knobs(request: Request) -> Iterator[str]:
    """What the asked knobs of time are taken to do; nothing where none is turned."""
    drafts, load = request.speculation, request.load
    if drafts is not None:
        check_speculation(drafts)
        yield (
            f"{drafts.tokens} tokens drafted by {drafts.drafter_name}, each kept with a chance of "
            f"{drafts.acceptance:.0%} after those before it: {drafts.tokens_per_step:.2f} tokens a step"
        )
    if load.cached_tokens:
        yield (
            f"{load.cached_tokens:,} of {load.prompt_tokens:,} prompt tokens come from the prefix cache; each request "
            "is still billed its whole cache"
        )
    if request.is_eager:
        yield "eager mode: no CUDA graphs are kept; times are those with graphs, so decoding is slower than stated"
    if request.max_num_batched_tokens is not None:
        yield f"prompts enter in chunks of {request.max_num_batched_tokens:,} tokens, decoding ones included"


def _engine(request: Request, said: list[str]) -> tuple[EngineName, str, Engine]:
    name = _engine_name(request)
    check_platform(name, request.gpu)
    version = request.engine_version or NEWEST[name]
    if request.engine is None:
        said.append(f"{name} {version} (no engine was named)")
    elif request.engine_version and parse_version(request.engine_version) is None:
        said.append(f"the rules of {name} {NEWEST[name]} ({request.engine_version!r} is no version that can be read)")
    return name, version, engine_rules(name, version)


def _engine_name(request: Request) -> EngineName:
    stored = request.spec.weights.default.format if request.weights is None else weight_format(request.weights)
    return request.engine or default_engine(request.gpu, stored)


def _weights(request: Request, engine: EngineName, said: list[str]) -> WeightPlan:
    """The plan in a format that the engine serves, with how it comes about where it is not the checkpoint's own."""
    asked = request.weights or request.spec.weights.name
    served, other = engine_weights(engine, asked)
    plan = requantize(request.spec, served)
    if request.weights is None and served == asked:
        said.append(f"weights as the checkpoint stores them: {plan.name}")
    notes = (other, format_note(request.spec, served), compute_path(request.gpu, plan.name).assumption)
    said += [note for note in notes if note]
    return plan


def _cache(request: Request, engine: EngineName, plan: WeightPlan, said: list[str]) -> str:
    wanted, why = _cache_format(request, engine, plan)
    cache_bytes_per_element(wanted)
    cache, other = engine_cache(engine, wanted)
    if why or other:
        said.append(other or f"KV cache in {cache} ({why})")
    return cache


def _cache_format(request: Request, engine: EngineName, plan: WeightPlan) -> tuple[str, str]:
    """The cache's format, and why where nobody asked for it."""
    if request.cache_format is not None:
        return request.cache_format, ""
    if request.spec.cache_format is not None:
        return request.spec.cache_format, "the checkpoint carries scales for it"
    if engine == "trtllm" and plan.name in {"fp8", "nvfp4"}:
        # NVIDIA's own checkpoints in these formats carry kv_cache_quant_algo FP8 (hf_quant_config.json of the corpus)
        return "fp8", "TensorRT-LLM's checkpoints in this format carry it"
    if plan.name == "fp32":
        return "fp32", "as the weights"
    return "bf16", "the engine's default"


def stack_of(request: Request) -> StackKey:
    """The stack that the request names, as the table of measured stacks knows it."""
    weights = request.weights or request.spec.weights.name
    return stack_key(request.spec, request.gpu.id, _engine_name(request), weights, request.engine_version)
