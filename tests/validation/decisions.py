"""Which of two set-ups is better: pairs of measured runs that differ in one thing, and whether the prediction agrees.

A pair has everything else alike (lengths, load, formats, engine and its version, card, split) and its measured figures
more than a tenth apart; closer ones are no decision. Runs with the same labels count by their median.
"""

import itertools
import math
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.validation.runs import Run

LEAST_APART: Final = math.log(1.1)
GOALS: Final[Mapping[str, tuple[tuple[str, ...], float]]] = {
    "tensor degree": (("tp", "n_gpus"), 0.98),
    "card": (("gpu",), 0.99),
    "model": (("model", "weights"), 0.96),
    "precision": (("model", "weights", "kv"), 0.92),
    "engine": (("engine", "engine_version", "kv"), 0.75),
}
"""What is decided, the labels that may differ in it, and the share of right decisions that was asked for."""
_LABELS: Final = (
    *("model", "weights", "kv", "gpu", "n_gpus", "tp", "pp", "ep", "dp", "isl", "osl", "concurrency"),
    *("engine", "engine_version"),
)


@dataclass(frozen=True, slots=True)
class Decisions:
    """How many pairs were measured apart, and how many of them two predictions order rightly."""

    name: str
    pairs: int
    right_by_formula: int
    right_by_product: int
    goal: float


@dataclass(frozen=True, slots=True)
class Point:
    """One set-up: its labels, and logs of what was measured and predicted."""

    run: Run
    measured: float
    formula: float
    product: float


def decisions(points: Sequence[Point]) -> Iterator[Decisions]:
    """One row for each kind of decision that has pairs."""
    for name, (varied, goal) in GOALS.items():
        pairs = [pair for pair in _pairs(points, name, varied) if _apart(pair)]
        if pairs:
            formula = sum(_agrees(first.formula - second.formula, first, second) for first, second in pairs)
            product = sum(_agrees(first.product - second.product, first, second) for first, second in pairs)
            yield Decisions(name, len(pairs), formula, product, goal)


def _pairs(points: Sequence[Point], name: str, varied: Sequence[str]) -> Iterator[tuple[Point, Point]]:
    """Pairs alike in all labels but the varied ones, and unlike in the thing decided."""
    groups: dict[tuple[str, ...], dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for point in points:
        alike = tuple(point.run.labels[label] for label in _LABELS if label not in varied)
        alike += (point.run.metric, *_also_alike(name, point))
        groups[alike][_thing(name, point)].append(point)
    for things in groups.values():
        middles = [_median(members) for members in things.values()]
        yield from itertools.combinations(middles, 2)


def _thing(name: str, point: Point) -> str:
    if name == "precision":
        return point.run.request.weights or point.run.request.spec.weights.name
    label = {"tensor degree": "tp", "card": "gpu", "model": "model", "engine": "engine"}[name]
    return point.run.labels[label]


def _also_alike(name: str, point: Point) -> tuple[str, ...]:
    """What the varied labels may not carry along: another shape under a precision, another precision under a model."""
    request = point.run.request
    if name == "precision":
        return (request.spec.shape_key,)
    return (request.weights or request.spec.weights.name,) if name == "model" else ()


def _median(members: Sequence[Point]) -> Point:
    logs = ([getattr(point, name) for point in members] for name in ("measured", "formula", "product"))
    return Point(members[0].run, *(statistics.median(values) for values in logs))


def _apart(pair: tuple[Point, Point]) -> bool:
    return abs(pair[0].measured - pair[1].measured) > LEAST_APART


def _agrees(predicted: float, first: Point, second: Point) -> bool:
    return predicted * (first.measured - second.measured) > 0
