"""The published simulator behind `POST /v1/roofline`: raw numbers in, its figures and its two lines out."""

from dataclasses import asdict
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from bot.contract import Shape
from bot.numbers import A_NUMBER
from estimator.curve import Curve, Point, raw_curve, raw_lines, spaced
from estimator.methods import METHODS

Positive = Annotated[float, Field(gt=0, le=1e24), A_NUMBER]
MOST_BATCH: Final = 10**6
REACH: Final = 2
"""Lines are drawn to twice the batch where no end is named."""


class RooflineRequest(BaseModel):
    """The published simulator's knobs, in base units; `compute` is FLOPS / 2, `max_batch` where the lines end."""

    model_config = ConfigDict(extra="forbid")

    n_active: Positive = Field(examples=[8e9])
    n_total: Positive = Field(examples=[12e9])
    compute: Positive = Field(examples=[80e12])
    bandwidth: Positive = Field(examples=[200e9])
    context_tokens: Positive = Field(examples=[8192])
    kv_bytes: Positive = Field(examples=[2])
    batch: Annotated[float, Field(ge=1, le=MOST_BATCH), A_NUMBER] = Field(examples=[128])
    max_batch: Annotated[int, Field(ge=2, le=MOST_BATCH), A_NUMBER] | None = None


class CurvePoint(Shape):
    """One batch of the chart; `step_s` is null for raw numbers."""

    batch: float
    t_compute_s: float
    t_weights_s: float
    t_memory_s: float
    step_s: float | None


class RooflineFigures(Shape):
    """The figures at the asked batch; `crossover_batch` is null where the two times never meet, `reason` says why."""

    batch: float
    t_compute_s: float
    t_memory_s: float
    t_weights_s: float
    t_kv_s: float
    kv_share: float
    memory_slope_s: float
    crossover_batch: float | None
    crossover_s: float | None
    compute_to_memory: float
    latency_s: float
    bound: str
    reason: str | None


class DerivedLine(Shape):
    """One figure: symbol, formula, the numbers put in, the result."""

    symbol: str
    formula: str
    numbers: str
    result: str


class Roofline(Shape):
    """Figures, lines, derivation, and where the method departs from machines."""

    figures: RooflineFigures
    curve: list[CurvePoint]
    derivation: list[DerivedLine]
    where_wrong: list[str]


def roofline_json(asked: RooflineRequest) -> dict[str, Any]:
    """The simulator's screen; raises `EstimatorError` for what cannot be."""
    values = asked.model_dump(exclude={"max_batch"})
    most = asked.max_batch or max(2, round(REACH * asked.batch))
    found = raw_curve(values, spaced(most))
    return {
        "figures": figures_json(found),
        "curve": [point_json(point) for point in found.points],
        "derivation": [asdict(line) for line in raw_lines(values)],
        "where_wrong": list(METHODS["roofline"].where_wrong),
    }


def figures_json(found: Curve) -> dict[str, Any]:
    """The figures at the asked batch, by the keys of the published method."""
    at = found.at
    return {
        "batch": at.batch,
        "t_compute_s": at.t_compute_s,
        "t_memory_s": at.t_memory_s,
        "t_weights_s": at.t_weights_s,
        "t_kv_s": at.t_kv_s,
        "kv_share": at.t_kv_s / at.t_memory_s,
        "memory_slope_s": at.t_kv_s / at.batch,
        "crossover_batch": found.crossover_batch,
        "crossover_s": found.crossing.latency_s if found.crossing else None,
        "compute_to_memory": at.t_compute_s / at.t_memory_s,
        "latency_s": at.latency_s,
        "bound": found.bound,
        "reason": found.reason,
        "step_s": at.step_s,
    }


def point_json(point: Point) -> dict[str, Any]:
    """One batch of the chart."""
    return {**asdict(point), "t_memory_s": point.t_memory_s}
