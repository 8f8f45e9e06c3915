"""Which layout an answer is for: the one that is named, else the best of the legal ones."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from estimator.deployment import FABRIC_GPUS, Deployment, node_gpus
from estimator.errors import IllegalLayout
from estimator.latency import latency
from estimator.memory import MemoryEstimate
from estimator.one_layout import (
    asked_of_one,
    busy_replicas,
    capacity_of,
    deployment_of,
    engine_date,
    memory_of,
    replicas_of,
)
from estimator.parallelism import Layout, candidate_layouts, check_layout
from estimator.setup import Request, Setup, prepare
from estimator.throughput import throughput_under_load
from estimator.workload import MOST_GPUS, Workload

ALMOST_ALL_WEIGHTS: Final = 0.999
"""A rank's share is rounded in the last digits: only a clear excess rules a machine out."""
NEARLY: Final = 0.95
"""Among layouts within so much of the best throughput, one that holds all requests at once is preferred."""


def layouts_of(setup: Setup) -> list[Layout]:
    """The layout that is named, else every legal one; raises `IllegalLayout`."""
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


def _as_engine_cuts(setup: Setup, layout: Layout) -> Layout:
    """The layout as asked; llama.cpp cuts by layers, so its tensor degree becomes stages."""
    request = setup.request
    if setup.engine.name == "llama.cpp":
        layout = Layout(1, min(layout.gpus, request.spec.headline.num_hidden_layers))
    check_layout(request.spec, layout, request.gpus)
    return layout


def is_hopeless(setup: Setup) -> bool:
    """Whether the weights alone exceed the whole machine, so that no layout need be tried."""
    request = setup.request
    return request.layout is None and ALMOST_ALL_WEIGHTS * setup.weight_bytes > request.gpus * setup.usable_bytes


def holding(setup: Setup, layouts: list[Layout]) -> Iterator[Layout]:
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


def best_layout(setup: Setup, layouts: list[Layout]) -> Layout:
    """The layout to answer for: for one request alone among those that hold it, if any does."""
    if len(layouts) > 1 and setup.request.load.concurrency is None:
        layouts = list(holding(setup, layouts)) or layouts
    return most_preferred(setup, layouts)


def most_preferred(setup: Setup, layouts: list[Layout]) -> Layout:
    """The best of these by what they would answer."""
    if len(layouts) == 1:
        return layouts[0]
    ranked = sorted(((_preference(setup, layout), layout) for layout in layouts), reverse=True)
    (fits, best_rate), best = ranked[0]
    if fits and setup.request.load.concurrency is not None:
        near = (layout for (_, rate), layout in ranked if rate >= NEARLY * best_rate)
        best = next((layout for layout in near if _holds(setup, layout)), best)
    return best


def _holds(setup: Setup, layout: Layout) -> bool:
    if ALMOST_ALL_WEIGHTS * setup.weight_bytes > layout.gpus * setup.usable_bytes:
        return False  # the sum says so already
    memory, asked = memory_of(setup, layout), setup.request.load.concurrency or 1
    return memory.fits and memory.max_concurrency * replicas_of(setup, layout) >= asked


def _preference(setup: Setup, layout: Layout) -> tuple[bool, float]:
    """Fits first, then the soonest answer (alone) or the highest throughput (under load).

    Where nothing fits, the widest plain tensor split that the machine allows is what people would try.
    """
    load, memory = setup.request.load, memory_of(setup, layout)
    if not memory.fits:
        is_plain = layout.data == 1 and layout.expert == 1
        return False, MOST_GPUS * is_plain + layout.tensor - memory.shortfall_bytes / memory.capacity_bytes
    capacity = capacity_of(setup, memory, layout)
    times = latency(
        deployment_of(setup, layout), load, asked_of_one(setup, layout), capacity, engine_date(setup.request)
    )
    if load.concurrency is None:
        return True, -(times.ttft_s + (load.output_tokens - 1) * times.tpot_s)
    return True, busy_replicas(setup, layout) * throughput_under_load(load, times)


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
        return engine_date(self.setup.request)

    def capacity(self, load: Workload) -> float:
        """Requests of that load that run at once in a replica."""
        return capacity_of(
            replace(self.setup, request=replace(self.setup.request, load=load)), self.memory, self.layout
        )


def cuts_of(request: Request) -> list[Cut]:
    """Every layout that an answer could take: the one that is named, else all legal ones. Raises as `estimate` does."""
    setup = prepare(request)
    return [
        Cut(setup, layout, replicas_of(setup, layout), memory_of(setup, layout), deployment_of(setup, layout))
        for layout in layouts_of(setup)
    ]
