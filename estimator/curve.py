"""Two times of a decode step over its batch, until they cross: what the published roofline draws, and a real model.

*From which batch on does arithmetic bind?*  T_compute starts near nothing and grows with each sequence; T_memory
starts at the weights and grows with each sequence's cache. The step takes the longer of the two.

For raw numbers both are straight lines (`methods.roofline`). For a model on a machine they are the uncalibrated
roofline of its own layers: experts are read as the batch touches them, a window reads no further than it reaches, so
T_memory bends. Nothing is fitted here; `step_s` is the calibrated step beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from estimator.deployment import Deployment
from estimator.estimation import Estimate
from estimator.explained import Line, ms
from estimator.generation import generation_step
from estimator.hardware import Gpu
from estimator.methods import compute
from estimator.methods.roofline import NO_CROSSOVER, bound
from estimator.one_layout import deployment_of
from estimator.rates import compute_path
from estimator.setup import prepare
from estimator.step import cache_bytes, roofline_parts_s
from estimator.throughput import SweetSpot, sweet_spot
from estimator.units import GIGA


@dataclass(frozen=True, slots=True)
class Point:
    """One batch: seconds of computing, of reading weights, of reading caches; `step_s` is None for raw numbers."""

    batch: float
    t_compute_s: float
    t_weights_s: float
    t_kv_s: float
    step_s: float | None = None

    @property
    def t_memory_s(self) -> float:
        """Reading the weights, and the caches and states of all sequences."""
        return self.t_weights_s + self.t_kv_s

    @property
    def latency_s(self) -> float:
        """The longer of the two."""
        return max(self.t_compute_s, self.t_memory_s)


@dataclass(frozen=True, slots=True)
class Curve:
    """The point that is asked for, the batch where the two times meet or why they never do, and the points between."""

    at: Point
    crossing: Point | None
    reason: str | None
    points: tuple[Point, ...]

    @property
    def crossover_batch(self) -> float | None:
        """The batch from which computing takes longer; None where it never does."""
        return None if self.crossing is None else self.crossing.batch

    @property
    def bound(self) -> str:
        """memory, compute or balanced at the batch that is asked for."""
        return bound(self.at.t_compute_s, self.at.t_memory_s)


def spaced(most: int, count: int = 64) -> tuple[int, ...]:
    """About `count` whole batches from 1 to `most`, evenly."""
    return tuple(sorted({1 + round(step * (most - 1) / (count - 1)) for step in range(count)}))


def raw_curve(values: Mapping[str, float], batches: Sequence[float]) -> Curve:
    """The published roofline over those batches; raises as `methods.compute` does."""

    def at(batch: float) -> Point:
        found = compute("roofline", {**values, "batch": batch})
        times = (found[key] for key in ("t_compute_s", "t_weights_s", "t_kv_s"))
        return Point(batch, *(time for time in times if isinstance(time, float)))

    asked = compute("roofline", values)
    crossover, reason = asked["crossover_batch"], asked["reason"]
    assert crossover is None or isinstance(crossover, float)
    assert reason is None or isinstance(reason, str)
    crossing = None if crossover is None else at(crossover)
    return Curve(at(values["batch"]), crossing, reason, tuple(at(batch) for batch in batches))


def model_curve(found: Estimate, batches: Sequence[float] | None = None) -> Curve:
    """The uncalibrated roofline of one replica at its own batch, its crossover, and the calibrated step beside it.

    Batches are sequences of one replica; none given reach to twice what is asked or the crossover.
    """
    d = deployment_of(prepare(found.request), found.layout)
    context = found.request.load.mean_context_tokens
    spot = sweet_spot(d, context)
    if batches is None:
        batches = spaced(usual_reach(found.latency.batch, spot))
    at = _point(d, found.latency.batch, context)
    reason = None if spot.batch else NO_CROSSOVER
    crossing = None if spot.batch is None else _point(d, spot.batch, context)
    return Curve(at, crossing, reason, tuple(_point(d, batch, context) for batch in batches))


LEAST_REACH: Final = 64
MOST_REACH: Final = 8192
"""Batches that are drawn in any case, and beyond which a far crossover is left outside."""


def usual_reach(batch: float, spot: SweetSpot) -> int:
    """The largest batch worth drawing: past the asked one and past the crossover where that is within reach."""
    wanted = max(2 * batch, 1.5 * (spot.batch or 0), LEAST_REACH)
    return int(min(wanted, max(MOST_REACH, 2 * batch)))


def _point(d: Deployment, batch: float, context_tokens: float) -> Point:
    memory, computing = roofline_parts_s(d, batch, context_tokens)
    per_rank = max(max(batch, 1.0) / d.layout.data, 1.0)
    cache = cache_bytes(d, per_rank, context_tokens) / d.gpu.memory_bytes_per_s
    step = generation_step(d, batch, context_tokens).total_s
    return Point(batch, computing, memory - cache, cache, step)


# -- a card of one's own --------------------------------------------------------------------------------------------


def with_rates(
    gpu: Gpu, weights: str, *, bandwidth_bytes_per_s: float | None, compute_flops_per_s: float | None
) -> Gpu:
    """The card with another bandwidth, or with every rate scaled so that those weights run at that one."""
    if bandwidth_bytes_per_s is not None:
        gpu = replace(gpu, memory_gb_per_s=bandwidth_bytes_per_s / GIGA)
    if compute_flops_per_s is not None:
        factor = compute_flops_per_s / compute_path(gpu, weights).flops_per_s
        gpu = replace(gpu, tflops={name: rate * factor for name, rate in gpu.tflops.items()})
    return gpu


# -- how the raw figures come about ---------------------------------------------------------------------------------


class _Short(float):
    """A float that is written as people write it: 8e9, not 8e+09."""

    def __format__(self, form: str) -> str:
        return super().__format__(form).replace("e+0", "e").replace("e+", "e")


def raw_lines(values: Mapping[str, float]) -> tuple[Line, ...]:
    """The published formulas with these numbers put in."""
    v, found = {key: _Short(value) for key, value in values.items()}, compute("roofline", values)
    figures = {key: value for key, value in found.items() if isinstance(value, float)}
    crossover = figures.get("crossover_batch")
    slope = values["n_active"] / values["compute"]
    return (
        Line(
            "T_compute",
            "B N_active / C",
            f"{v['batch']:g} x {v['n_active']:g} / {v['compute']:g}",
            ms(figures["t_compute_s"]),
        ),
        Line("T_weights", "N_total / BW", f"{v['n_total']:g} / {v['bandwidth']:g}", ms(figures["t_weights_s"])),
        Line(
            "T_KV",
            "B L b / BW",
            f"{v['batch']:g} x {v['context_tokens']:g} x {v['kv_bytes']:g} / {v['bandwidth']:g}",
            f"{figures['t_kv_s'] * 1e3:,.5f} ms",
        ),
        Line(
            "T_memory",
            "T_weights + T_KV",
            f"{figures['t_weights_s'] * 1e3:,.5f} + {figures['t_kv_s'] * 1e3:,.5f}",
            ms(figures["t_memory_s"]),
        ),
        Line(
            "slope",
            "L b / BW, for each sequence",
            f"{v['context_tokens']:g} x {v['kv_bytes']:g} / {v['bandwidth']:g}",
            f"{figures['memory_slope_s'] * 1e3:.8f} ms",
        ),
        Line(
            "B*",
            "(N_total / BW) / (N_active / C - L b / BW)",
            f"{figures['t_weights_s']:.6g} / ({slope:.6g} - {figures['memory_slope_s']:.6g})",
            f"{crossover:,.2f}" if crossover is not None else "none: the denominator is not positive",
        ),
        Line(
            "latency",
            "max(T_compute, T_memory)",
            f"max({figures['t_compute_s'] * 1e3:,.5f}, {figures['t_memory_s'] * 1e3:,.5f})",
            ms(figures["latency_s"]),
        ),
    )
