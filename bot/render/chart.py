"""What to plot of an estimate, before anyone draws it: a few lines over the same categories, with their units.

Two pictures, both over the loads that the cache holds, doubled from one request on:

    roofline    how long a decode step takes, beside the least that reading and computing could take at the data
                sheet's rates; where the last two meet is the sweet spot
    rates       tokens per second of the machine over the time per token that it costs each request

A load is estimated as any other question is, on the layout of the answer, so that no point contradicts its text.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot import humanize as say
from estimator.estimation import Estimate, estimate
from estimator.layout_choice import cuts_of
from estimator.step import roofline_parts_s

MOST_DOUBLINGS: Final = 11
FEWEST_POINTS: Final = 3
"""Two points are no line worth a picture."""
MOST_BATCH: Final = 1024
"""Sequences that vLLM admits at once to a rank (`--max-num-seqs`): beyond it a step holds no more."""
MS: Final = 1e3


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, and a value over each of the chart's categories."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over the same categories. `says` is what a person who sees no picture should know of it.

    `is_log`: the values span decades. `crossing`: the load at which the last two lines meet, where it is drawn.
    """

    title: str
    x_label: str
    y_label: str
    categories: tuple[str, ...]
    lines: tuple[Line, ...]
    says: str
    is_log: bool = False
    crossing: int | None = None


def roofline_chart(found: Estimate) -> Chart | None:
    """Step time against batch, with where reading and computing meet; None where the cache holds too few requests."""
    loads = _loads(found)
    if len(loads) < FEWEST_POINTS:
        return None
    request = replace(found.request, load=replace(found.request.load, concurrency=1), layout=found.layout)
    deployment = cuts_of(request)[0].deployment
    context_tokens = found.request.load.mean_context_tokens
    parts = [roofline_parts_s(deployment, load / found.replicas, context_tokens) for load in loads]
    spot = found.sweet_spot.batch
    whole = tuple(MS * at_load(found, load).latency.step.total_s for load in loads)
    return Chart(
        title="One decode step, by requests at once",
        x_label="requests at once",
        y_label="milliseconds",
        categories=tuple(str(load) for load in loads),
        lines=(
            Line("expected", whole),
            Line("reading, at best", tuple(MS * memory for memory, _ in parts)),
            Line("computing, at best", tuple(MS * compute for _, compute in parts)),
        ),
        says=f"With 1 to {loads[-1]:,} requests at once a step takes {_range(whole)} ms. {_meeting(found)}",
        is_log=True,
        crossing=spot if spot is not None and spot <= loads[-1] else None,
    )


def rate_chart(found: Estimate) -> Chart | None:
    """Throughput against latency, each point a load; None where the cache holds too few requests."""
    points = {say.seconds(point.tpot.value): point for point in (at_load(found, load) for load in _loads(found))}
    if len(points) < FEWEST_POINTS:
        return None
    rates = tuple(point.throughput.value for point in points.values())
    first, *_, last = points
    most = f"{points[last].concurrency:,.0f}"
    return Chart(
        title="Throughput against latency",
        x_label=f"time per token, with 1 to {most} requests at once",
        y_label="tokens per second of the machine",
        categories=tuple(points),
        lines=(Line("tokens per second", rates),),
        says=f"From one request alone to {most} at once the machine gives {_range(rates)} tokens per second, "
        f"while each request's time per token goes from {first} to {last}.",
    )


def place_of(chart: Chart, load: int) -> float:
    """How far along the axis a load stands, 0 to 1, between the categories around it, which double."""
    loads = [int(category) for category in chart.categories]
    if load <= loads[0]:
        return 0.0
    after = next((number for number, known in enumerate(loads) if known >= load), len(loads) - 1)
    before = loads[after - 1]
    part = math.log(load / before) / math.log(loads[after] / before)
    return min(1.0, (after - 1 + part) / (len(loads) - 1))


def at_load(found: Estimate, concurrency: int) -> Estimate:
    """The estimate of the same layout with so many requests at once."""
    load = replace(found.request.load, concurrency=concurrency)
    return estimate(replace(found.request, load=load, layout=found.layout))


def _loads(found: Estimate) -> Sequence[int]:
    """Doublings up to what the cache holds, and that itself; nothing for what does not fit or does not generate."""
    if not found.fits or not found.request.spec.generates:
        return ()
    most = int(min(found.max_concurrency, MOST_BATCH * found.layout.data * found.replicas))
    doubled = [2**power for power in range(MOST_DOUBLINGS) if 2**power < most]
    return (*doubled, most)


def _meeting(found: Estimate) -> str:
    """Where reading and computing meet, and whether the cache lets it come to that."""
    spot = found.sweet_spot
    if spot.batch is None:
        return f"Reading and computing never meet: {spot.reason}."
    if spot.batch > found.max_concurrency:
        held = say.count(found.max_concurrency)
        return f"Reading and computing would meet at {spot.batch:,} requests; the cache holds {held} at this context."
    return f"Reading and computing meet at {spot.batch:,} requests."


def _range(values: Sequence[float]) -> str:
    return f"{_figure(values[0])} to {_figure(values[-1])}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
