"""What would work: the smallest changes to a request that does not fit, and the machines that hold a model.

Changes are tried from the least to the most: a shorter context, a smaller cache format, a smaller weight format,
another card in the same number, more of the same card. Each is estimated in full, so each comes with its figures.
Machines are ranked by what an hour costs in the median, those without a price by memory bought.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from estimator.deployment import FABRIC_GPUS, NODE_GPUS
from estimator.dtypes import FORMATS
from estimator.errors import EstimatorError
from estimator.estimation import Estimate, estimate_if_held
from estimator.gpus import GPUS
from estimator.hardware import Gpu
from estimator.platforms import PLATFORMS
from estimator.prices import price_of
from estimator.setup import Request
from estimator.units import GIB

Change = Literal["context", "kv_cache", "weights", "engine", "hardware", "gpus", "machine"]

SHORTEST_USEFUL_CONTEXT_TOKENS: Final = 1024
"""A context below this is no answer to someone who asked for more."""
SMALLER_FORMATS: Final = ("fp8", "nvfp4", "int4")
"""Formats tried in place of a larger one, the gentlest first; nvfp4 only where the card multiplies it natively."""
SMALLER_LOCAL_FORMATS: Final = ("q8_0", "q6_k", "q4_k_m", "q3_k_m", "iq2_xxs")
MACHINES_INSTEAD: Final = 3
LONGEST_USEFUL_TTFT_S: Final = 120.0
"""A machine whose first token takes longer holds the model and serves nobody; say a wish to see it."""
LEAST_PEER_RATE: Final = 0.75
"""A card offered in place of another computes at least so much of its rate."""
COUNTS: Final = (1, 2, 4, 8, 16, 32, 64, 128)
OFFERED_VENDORS: Final = frozenset({"NVIDIA", "AMD"})
"""Cards that run the engines estimated here and that one can rent."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One change that works, with its estimate."""

    change: Change
    estimate: Estimate

    @property
    def request(self) -> Request:
        """The request as changed."""
        return self.estimate.request


def alternatives(asked: Estimate) -> tuple[Alternative, ...]:
    """The smallest changes of each kind that make the request fit, best first; none where it fits."""
    if asked.fits and asked.max_concurrency >= (asked.request.load.concurrency or 1):
        return ()
    request = replace(asked.request, layout=None)
    tried: tuple[tuple[Change, Iterator[Request]], ...] = (
        ("context", _shorter_contexts(asked)),
        ("kv_cache", _smaller_caches(asked, request)),
        ("weights", _smaller_weights(asked, request)),
        ("engine", _gguf_files(asked, request)),
        ("hardware", _larger_cards(request)),
        ("gpus", _more_gpus(request)),
    )
    found: list[Alternative] = []
    for change, candidates in tried:
        if change != "engine" or not any(other.change == "weights" for other in found):
            found += [Alternative(change, fitting) for fitting in _first_fitting(candidates)]
    return tuple(found or _machines_instead(request))


def _machines_instead(request: Request) -> Iterator[Alternative]:
    """Where no single change works, the cheapest machines of any kind."""
    for machine in recommend(request, offered_gpus(), Target(), limit=MACHINES_INSTEAD):
        yield Alternative("machine", machine)


def _first_fitting(candidates: Iterable[Request]) -> Iterator[Estimate]:
    for candidate in candidates:
        try:
            found = estimate_if_held(candidate)
        except EstimatorError:
            continue  # a card without a rate or a split no engine runs is no alternative
        if found is not None:
            yield found
            return


def _shorter_contexts(asked: Estimate) -> Iterator[Request]:
    load = asked.request.load
    longest = asked.max_context_tokens // 1024 * 1024
    if SHORTEST_USEFUL_CONTEXT_TOKENS <= longest < load.context_tokens:
        share = min(1.0, longest / (load.prompt_tokens + load.output_tokens))
        output = max(1, int(load.output_tokens * share))
        prompt = min(load.prompt_tokens, longest - output)
        yield replace(
            asked.request, load=replace(load, context_tokens=longest, output_tokens=output, prompt_tokens=prompt)
        )


def _smaller_caches(asked: Estimate, request: Request) -> Iterator[Request]:
    if asked.cache_format in {"bf16", "fp16"}:
        yield replace(request, cache_format="q8_0" if asked.engine.name == "llama.cpp" else "fp8")


def _smaller_weights(asked: Estimate, request: Request) -> Iterator[Request]:
    now = asked.plan.default.bytes_per_weight
    names = SMALLER_LOCAL_FORMATS if asked.engine.name == "llama.cpp" else SMALLER_FORMATS
    for name in names:
        is_foreign = name == "nvfp4" and request.gpu.flops_per_s("fp4") is None
        if FORMATS[name].bytes_per_weight < 0.9 * now and not is_foreign:
            yield replace(request, weights=name)


def _gguf_files(asked: Estimate, request: Request) -> Iterator[Request]:
    """The same machine under llama.cpp, which keeps less for itself and has smaller formats."""
    is_open = request.engine is None and asked.engine.name != "llama.cpp" and request.gpus <= NODE_GPUS
    if is_open and request.gpu.architecture_class in PLATFORMS["llama.cpp"].cards:
        for name in SMALLER_LOCAL_FORMATS:
            yield replace(request, weights=name, engine="llama.cpp", engine_version=None, cache_format=None)


def _larger_cards(request: Request) -> Iterator[Request]:
    """Cards with more memory, the least of it first, in the same number; those that one can rent before the others."""
    mine = request.gpu.engine_memory_bytes
    larger = [gpu for gpu in offered_gpus() if gpu.engine_memory_bytes > mine * 1.05 and _is_peer(gpu, request.gpu)]
    for gpu in sorted(larger, key=lambda gpu: (price_of(gpu.id, request.prices) is None, gpu.engine_memory_bytes)):
        yield replace(request, gpu=gpu)


def _is_peer(gpu: Gpu, asked: Gpu) -> bool:
    """Of the same maker, joined as well, and not a slower card with more memory: eight H100 are not eight H20."""
    is_as_fast = all(
        (gpu.flops_per_s(name) or 0.0) >= LEAST_PEER_RATE * (asked.flops_per_s(name) or 0.0)
        for name in ("bf16", "fp16")
    )
    return gpu.vendor == asked.vendor and gpu.link_domain_gpus >= asked.link_domain_gpus and is_as_fast


def _more_gpus(request: Request) -> Iterator[Request]:
    if request.gpu.shares_memory_with_cpu:
        return  # Macs and the like do not join into one machine
    count, most = request.gpus * 2, max(group_sizes(request.gpu)[-1], NODE_GPUS)
    while count <= most:
        yield replace(request, gpus=count)
        count *= 2


def offered_gpus() -> list[Gpu]:
    """Cards to recommend: of a vendor that the engines run on, with facts that are not of low confidence."""
    return [gpu for gpu in GPUS.values() if gpu.vendor in OFFERED_VENDORS and gpu.confidence != "low"]


# -- which machines -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an answer must reach besides fitting; None does not ask."""

    min_tokens_per_s: float | None = None
    max_ttft_s: float | None = None

    def is_met(self, found: Estimate) -> bool:
        """Whether each request gets its tokens per second and its first token in time."""
        return self.is_reached(found.tpot.value, found.ttft.value)

    def is_reached(self, tpot_s: float, ttft_s: float) -> bool:
        """Whether those times are short enough."""
        is_fast = self.min_tokens_per_s is None or 1 / tpot_s >= self.min_tokens_per_s
        return is_fast and ttft_s <= (self.max_ttft_s or LONGEST_USEFUL_TTFT_S)


def recommend(
    request: Request, gpus: Iterable[Gpu], target: Target, *, order: str = "cost", limit: int = 8
) -> tuple[Estimate, ...]:
    """The smallest number of each card that holds the request and reaches the target, best first in that order.

    `request.gpu` and `request.gpus` are ignored: they are what is asked for.
    """
    found = [fitting for gpu in gpus for fitting in _smallest_machine(request, gpu, target)]
    return tuple(sorted(found, key=ORDERS[order])[:limit])


def _smallest_machine(request: Request, gpu: Gpu, target: Target) -> Iterator[Estimate]:
    for count in group_sizes(gpu):
        candidate = replace(request, gpu=gpu, gpus=count, layout=None)
        try:
            found = estimate_if_held(candidate)
        except EstimatorError:
            return
        if found is not None and target.is_met(found):
            yield found
            return


def group_sizes(gpu: Gpu) -> tuple[int, ...]:
    """Numbers of a card worth trying together: cards without a fabric of four or more stay in one server."""
    return COUNTS if gpu.link_domain_gpus >= FABRIC_GPUS else tuple(count for count in COUNTS if count <= NODE_GPUS)


def _price_key(found: Estimate) -> tuple[bool, float]:
    memory = found.request.gpus * found.request.gpu.engine_memory_bytes / GIB
    return (found.cost is None, memory if found.cost is None else found.cost.usd_per_hour.median)


ORDERS: Final[Mapping[str, Callable[[Estimate], tuple[float, ...]]]] = {
    "cost": _price_key,
    "gpus": lambda found: (found.request.gpus, *_price_key(found)),
    "speed": lambda found: (found.tpot.value,),
}
"""How machines can be ranked: by an hour's median price, by the number of cards, by the time per token."""
