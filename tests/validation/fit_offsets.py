"""Fits the corrections of measured stacks and writes `estimator/stack_offsets.py`.

    python -m tests.validation.fit_offsets ../shared

A stack is (model shape, card, engine, weight format), and the same with the engine's version. Each has a level and two
or three slopes in doublings of the load, fitted as a ridge to log(measured / predicted) of the uncorrected formula,
with Huber weights so that one broken run teaches little, and runs of one set-up sharing one vote. What the fit buys is
printed by cross-validation over set-ups (never one set-up on both sides), which is also where the bands come from.
"""

import math
import random
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from estimator.band import architecture_group
from estimator.estimation import Request, estimate, stack_of
from estimator.offsets import FEATURE_RANGES, Place, features
from estimator.stacks import StackKey
from tests.validation.runs import Metric, Run, read_runs

FITTED: Final[tuple[Metric, ...]] = ("tpot", "ttft", "max_throughput")
LEVEL_PENALTY: Final = 0.3
SLOPE_PENALTY: Final = 3.0
"""Chosen by cross-validation among 0.1/0.3, 0.2/1, 0.3/3, 0.3/10: flat (TPOT 5.5-5.7 %, TTFT 14.4-15.7 %)."""
ALL_VERSIONS_PENALTY: Final = 3.0
"""By so much more is what all versions share held back: a broken version must not teach the others."""
HUBER: Final = 0.08
FOLDS: Final = 5
BAND_QUANTILE: Final = 0.8
LEAST_FOR_A_BAND: Final = 40
TARGET: Final = Path(__file__).parents[2] / "estimator" / "stack_offsets.py"

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Point:
    """One run as the fit sees it: its stack, where it lies, and log(measured / predicted)."""

    keys: tuple[StackKey, ...]
    at: tuple[float, ...]
    residual: float
    setup: tuple[str, ...]
    band: str
    model: str
    date: str


def points(runs: Sequence[Run], metric: Metric) -> list[Point]:
    """The residuals of the uncorrected formula."""
    found = []
    for run in runs:
        if run.metric == metric:
            request = replace(run.request, uses_offsets=False)
            predicted = run.predicted(estimate(request))
            key = stack_of(request)
            keys = (key._replace(version=None), key) if key.version else (key,)
            setup = tuple(run.labels[name] for name in _SETUP_LABELS)
            residual = math.log(run.measured / predicted)
            at = features(metric, Place(request.load.concurrency or 1, request.load, request.gpus))
            found.append(Point(keys, at, residual, setup, _band(request), run.labels["model"], run.labels["date"]))
    return found


_SETUP_LABELS: Final = ("model", "gpu", "engine", "engine_version", "weights", "tp", "ep", "dp", "isl", "osl", "date")


def _band(request: Request) -> str:
    return f"{architecture_group(request.gpu)}|{request.spec.kind}"


# -- ridge ----------------------------------------------------------------------------------------------------------


class Columns:
    """Which column of the design holds which stack's level and slopes."""

    def __init__(self, found: Sequence[Point], width: int) -> None:
        self.width = width + 1
        keys = sorted({key for point in found for key in point.keys}, key=str)
        self.start = {key: number * self.width for number, key in enumerate(keys)}

    def design(self, found: Sequence[Point]) -> Matrix:
        """One row a point: 1 and the features in the columns of each of its stacks."""
        rows = np.zeros((len(found), len(self.start) * self.width))
        for number, point in enumerate(found):
            for key in point.keys:
                at = self.start.get(key)
                if at is not None:
                    rows[number, at : at + self.width] = (1.0, *point.at)
        return rows

    def penalties(self) -> Matrix:
        """The ridge's weight of each column: what all versions share must be seen in several of them."""
        one = np.array([LEVEL_PENALTY, *[SLOPE_PENALTY] * (self.width - 1)])
        return np.concatenate([one * (ALL_VERSIONS_PENALTY if key.version is None else 1.0) for key in self.start])


def fit(columns: Columns, found: Sequence[Point]) -> Matrix:
    """Coefficients by iterated reweighting: Huber's weights, one vote a set-up."""
    design, target = columns.design(found), np.array([point.residual for point in found])
    runs = Counter(point.setup for point in found)
    votes = np.array([1 / math.sqrt(runs[point.setup]) for point in found])
    weights, solution = votes.copy(), np.zeros(design.shape[1])
    for _ in range(6):
        left = (design * weights[:, None]).T @ design + np.diag(columns.penalties())
        solution = np.linalg.solve(left, (design * weights[:, None]).T @ target)
        off = np.abs(target - design @ solution)
        weights = votes * HUBER / np.maximum(off, HUBER)
    return solution


def cross_validated(found: Sequence[Point], width: int) -> list[float]:
    """Residuals of points whose set-up was not fitted on."""
    setups = sorted({point.setup for point in found})
    random.Random(0).shuffle(setups)  # noqa: S311  # a fold, not a secret
    fold = {setup: number % FOLDS for number, setup in enumerate(setups)}
    left = [0.0] * len(found)
    for number in range(FOLDS):
        train = [point for point in found if fold[point.setup] != number]
        columns = Columns(train, width)
        solution = fit(columns, train)
        guessed = columns.design(found) @ solution
        for index, point in enumerate(found):
            if fold[point.setup] == number:
                left[index] = point.residual - float(guessed[index])
    return left


# -- what is printed and written --------------------------------------------------------------------------------------


def report(metric: Metric, found: Sequence[Point], left: Sequence[float]) -> None:
    """Median and p90 error before and after, by cross-validation."""
    for name, residuals in (("formula", [point.residual for point in found]), ("corrected, cross-validated", left)):
        errors = sorted(abs(math.expm1(-value)) for value in residuals)
        p90 = errors[int(0.9 * len(errors))]
        print(f"{metric:16s} {name:28s} n={len(errors)} median {statistics.median(errors):.1%} p90 {p90:.1%}")


def bands(found: Sequence[Point], left: Sequence[float]) -> Iterator[tuple[str, float]]:
    """Half-widths: the 80 % quantile of |log residual| of each class with enough runs, and of all."""
    classes: Mapping[str, list[float]] = defaultdict(list)
    for point, value in zip(found, left, strict=True):
        classes["*"].append(abs(value))
        classes[point.band].append(abs(value))
    for name, values in sorted(classes.items()):
        if len(values) >= LEAST_FOR_A_BAND:
            yield name, sorted(values)[int(BAND_QUANTILE * len(values))]


def rows(metric: Metric, found: Sequence[Point], width: int) -> Iterator[str]:
    """One row of the table for each stack."""
    columns = Columns(found, width)
    solution = fit(columns, found)
    for key, start in columns.start.items():
        mine = [point for point in found if key in point.keys]
        values = ", ".join(f"{value:.3f}" for value in solution[start : start + columns.width])
        setups, latest = len({point.setup for point in mine}), max(point.date for point in mine) or "undated"
        name = Counter(point.model for point in mine).most_common(1)[0][0]
        version = "None" if key.version is None else f'"{key.version}"'
        stack = f'StackKey("{key.model}", "{key.gpu}", "{key.engine}", "{key.weights}", {version})'
        rests_on = f'{len(mine)}, {setups}, "{latest[:10]}", "{name}"'
        yield f'    StackOffset("{metric}", {stack}, ({values}), {rests_on}),'


HEADER: Final = '''"""Corrections of stacks that were measured: data, not physics.

Written by `python -m tests.validation.fit_offsets`. Each row: metric, stack (shape, card, engine, weights, version),
(level, slopes) in log(measured / formula), runs and set-ups it rests on, the date of the latest, and the model that was
run most. Source: unflagged rows of the shared corpus's serving_truth.tsv (InferenceX, NVIDIA, MLPerf and others),
2026-11-20.
"""

from typing import Final

from estimator.stacks import StackKey, StackOffset

# fmt: off
ROWS: Final[tuple[StackOffset, ...]] = (
'''


def main(corpus: Path) -> None:
    """Fits, prints what the fit buys, writes the table."""
    runs = list(read_runs(corpus))
    lines, widths = [HEADER.rstrip("\n")], []
    for metric in FITTED:
        found, width = points(runs, metric), len(FEATURE_RANGES[metric])
        left = cross_validated(found, width)
        report(metric, found, left)
        lines += rows(metric, found, width)
        widths += [f'    "{metric}|{name}": {half:.3f},' for name, half in bands(found, left)]
    lines += [")", "", "BAND_HALF_WIDTHS: Final = {", *widths, "}"]
    lines += [
        '"""80 % quantiles of |log residual| of runs whose set-up was left out, by card and kind of model."""',
        "",
    ]
    TARGET.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
