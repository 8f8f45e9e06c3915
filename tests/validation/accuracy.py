"""Writes `docs/accuracy.md`: how far the estimates are from what was measured, from the data and nothing else.

    python -m tests.validation.accuracy ../shared        (`make validate`)

Three columns of error for each class of runs: the formula alone (what an unmeasured stack gets), the product with the
corrections of measured stacks judged on set-ups left out of the fit, and the uncalibrated roofline.
"""

import math
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from estimator.band import architecture_group
from estimator.estimation import estimate
from estimator.offsets import FEATURE_RANGES
from tests.validation.decisions import Point, decisions
from tests.validation.fit_offsets import FITTED, cross_validated, points
from tests.validation.runs import METRICS, Metric, Run, read_runs

TARGET: Final = Path(__file__).parents[2] / "docs" / "accuracy.md"
LEAST: Final = 10
NAMES: Final = {
    "tpot": "Time per token under load (TPOT)",
    "ttft": "Time to first token under load (TTFT)",
    "decode_alone": "Decoding one sequence alone",
    "max_throughput": "Maximum throughput",
}
PUBLISHED: Final = {
    "tpot": "best peer (aiconfigurator 0.12, held-out rows it covers): 15.3 % / 47 %",
    "ttft": "best peer: 50 %",
    "decode_alone": "the shared performance notes, held-out rows: 7.4 % (5.8 with corrections)",
    "max_throughput": "the shared performance notes, held-out rows: 11.4 % (9.6 with corrections)",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One run with the three predictions' errors as log(measured / predicted), and whether the band held it."""

    run: Run
    formula: float
    product: float
    roofline: float | None
    is_in_band: bool


def judged(runs: Sequence[Run], metric: Metric) -> list[Judged]:
    """Every run of a metric; corrections are those fitted without its set-up."""
    mine = [run for run in runs if run.metric == metric]
    left = cross_validated(points(mine, metric), len(FEATURE_RANGES[metric])) if metric in FITTED else None
    found = []
    for index, run in enumerate(mine):
        alone = estimate(replace(run.request, uses_offsets=False))
        formula = math.log(run.measured / run.predicted(alone))
        product = formula if left is None else left[index]
        roofline = math.log(run.measured / alone.roofline_tpot_s) if metric in {"tpot", "decode_alone"} else None
        interval = {"ttft": alone.ttft, "max_throughput": alone.throughput}.get(metric, alone.tpot)
        is_in_band = interval.low <= run.measured <= interval.high
        found.append(Judged(run, formula, product, roofline, is_in_band))
    return found


def error(residuals: Sequence[float]) -> tuple[float, float]:
    """Median and p90 of |predicted / measured - 1|."""
    errors = sorted(abs(math.expm1(-value)) for value in residuals)
    return statistics.median(errors), errors[min(len(errors) - 1, int(0.9 * len(errors)))]


def _row(name: str, rows: Sequence[Judged]) -> str:
    columns = [error([row.formula for row in rows]), error([row.product for row in rows])]
    bounds = [row.roofline for row in rows if row.roofline is not None]
    shown = [f"{median:.1%} / {p90:.0%}" for median, p90 in columns]
    shown.append("{:.0%} / {:.0%}".format(*error(bounds)) if bounds else "-")
    cover = sum(row.is_in_band for row in rows) / len(rows)
    return f"| {name} | {len(rows)} | {' | '.join(shown)} | {cover:.0%} |"


def rank_correlation(rows: Sequence[Judged]) -> float:
    """Spearman's rank correlation of the corrected prediction with what was measured."""
    measured = np.array([math.log(row.run.measured) for row in rows])
    predicted = measured - np.array([row.product for row in rows])
    first, second = (np.argsort(np.argsort(values)) for values in (measured, predicted))
    return float(np.corrcoef(first, second)[0, 1])


def _decided(rows: Sequence[Judged]) -> Iterator[str]:
    """Right decisions by the formula alone and with corrections, per kind of decision."""
    found = []
    for row in rows:
        measured = math.log(row.run.measured)
        found.append(Point(row.run, measured, measured - row.formula, measured - row.product))
    yield "| which is better | pairs | formula alone | with corrections, set-up left out | goal |"
    yield "|---|---|---|---|---|"
    for each in decisions(found):
        shares = (each.right_by_formula / each.pairs, each.right_by_product / each.pairs, each.goal)
        yield f"| {each.name} | {each.pairs} | {' | '.join(f'{share:.1%}' for share in shares)} |"


CLASSES: Final[tuple[tuple[str, Callable[[Run], str]], ...]] = (
    ("engine", lambda run: run.request.engine or "as told by none"),
    ("card", lambda run: run.request.gpu.id),
    ("card class", lambda run: architecture_group(run.request.gpu)),
    ("kind of model", lambda run: run.request.spec.kind),
    ("format", lambda run: run.request.weights or run.request.spec.weights.name),
    ("load", lambda run: "16 or fewer" if (run.request.load.concurrency or 1) <= 16 else "more than 16"),
)


def _table(rows: Sequence[Judged]) -> Iterator[str]:
    yield "| | runs | formula alone | with corrections, set-up left out | uncalibrated roofline | in the 80 % band |"
    yield "|---|---|---|---|---|---|"
    yield _row("**all**", rows)
    for title, name_of in CLASSES:
        groups: dict[str, list[Judged]] = defaultdict(list)
        for row in rows:
            groups[name_of(row.run)].append(row)
        for name, members in sorted(groups.items()):
            if len(members) >= LEAST and len(groups) > 1:
                yield _row(f"{title}: {name}", members)


def _worst(rows: Sequence[Judged]) -> Iterator[str]:
    groups: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
    for row in rows:
        labels = row.run.labels
        groups[labels["model"], labels["gpu"], labels["engine"], labels["engine_version"] or "no version"].append(
            row.formula
        )
    named = ((statistics.median(values), len(values), key) for key, values in groups.items() if len(values) >= 5)
    for median, count, key in sorted(named, key=lambda each: -abs(each[0]))[:5]:
        factor = math.exp(median)
        times = f"{max(factor, 1 / factor):.2f} times {'slower' if factor > 1 else 'faster'}"
        yield f"- {', '.join(key)}: measured {times} than the formula says ({count} runs)"


HEADER: Final = """# Accuracy

Written by `make validate` from the measured runs of the shared corpus (unflagged rows of `serving_truth.tsv`, up to 16
GPUs, whose config and card are named), 2026-11-20. Errors are `|predicted / measured - 1|`, median / 90th percentile.

- *formula alone* is what a stack gets that nobody measured.
- *with corrections* is what a measured stack gets, judged on set-ups that were left out of the fit (five folds).
- *uncalibrated roofline* is the data sheet's bound that every answer prints beside the estimate.
- the band is the formula's own 80 % band; corrected stacks have narrower ones.
"""


def main(corpus: Path) -> None:
    """Writes the page."""
    runs = list(read_runs(corpus))
    parts = [HEADER]
    for metric in METRICS:
        rows = judged(runs, metric)
        parts += [f"## {NAMES[metric]}", "", f"Beside it: {PUBLISHED[metric]}.", "", *_table(rows), ""]
        parts += [f"Rank correlation with what was measured: {rank_correlation(rows):.3f}.", ""]
        if metric in {"tpot", "max_throughput"}:
            parts += ["Pairs measured more than 10 % apart, all else alike:", "", *_decided(rows), ""]
        parts += ["Stacks that are farthest off:", "", *_worst(rows), ""]
    TARGET.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
