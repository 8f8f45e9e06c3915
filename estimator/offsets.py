"""What measured runs of the very same stack say about the formula: a shrunken correction, kept apart from the physics.

    corrected = formula x exp(level + slopes . features)
    features of TPOT and TTFT      log2(concurrency / 16), log2(prompt / 2,048)
    features of max. throughput    log2(prompt / 1,024), log2(output / 1,024), log2(GPUs)

A stack is (model shape, card, engine, weight format); where the engine's version was measured too, its own correction
is added. A stack that nobody measured gets none: then the formula stands alone, with its wider band. Features are held
at the edge of what was measured, so that a slope never runs away.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from estimator.stack_offsets import BAND_HALF_WIDTHS, ROWS
from estimator.stacks import StackKey, StackOffset
from estimator.workload import Workload

FEATURE_RANGES: Final[Mapping[str, tuple[tuple[float, float], ...]]] = {
    "tpot": ((-4.0, 5.0), (-4.0, 3.3)),
    "ttft": ((-4.0, 5.0), (-4.0, 3.3)),
    "max_throughput": ((-3.0, 4.3), (-3.0, 2.0), (0.0, 3.0)),
}
"""Range of each feature in the measured runs: 1 to 512 requests, prompts of 128 to 20,000, answers of 128 to 4,096."""

StackRows = tuple[Mapping[str, StackOffset], ...]
"""What was measured of one stack, by metric: of all its versions together, and of its own."""

_TABLE: Final[dict[StackKey, dict[str, StackOffset]]] = {}
for _row in ROWS:
    _TABLE.setdefault(_row.key, {})[_row.metric] = _row


@dataclass(frozen=True, slots=True)
class Correction:
    """A factor on the formula, what it rests on, and the half-width of its band in logs."""

    factor: float
    runs: int
    setups: int
    latest: str
    half_width: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request lies: requests in flight of one replica, their lengths, and the replica's GPUs."""

    concurrency: float
    load: Workload
    gpus: int


def features(metric: str, place: Place) -> tuple[float, ...]:
    """The features of that place, each within the measured range."""
    load, raw = place.load, tuple[float, ...]()
    if metric == "max_throughput":
        raw = (math.log2(load.prompt_tokens / 1024), math.log2(load.output_tokens / 1024), math.log2(place.gpus))
    else:
        raw = (math.log2(place.concurrency / 16), math.log2(load.prompt_tokens / 2048))
    return tuple(min(max(value, low), high) for value, (low, high) in zip(raw, FEATURE_RANGES[metric], strict=True))


def stack_rows(key: StackKey) -> StackRows:
    """What was measured of that stack; empty where nobody measured it."""
    keys = (key._replace(version=None), key) if key.version else (key,)
    return tuple([_TABLE[each] for each in keys if each in _TABLE])


def correction(metric: str, measured: StackRows, place: Place, band: str) -> Correction | None:
    """The correction of a measured stack; None where it was not measured. `band` is `card class|model kind`."""
    rows = [by_metric[metric] for by_metric in measured if metric in by_metric]
    if not rows:
        return None
    at = (1.0, *features(metric, place))
    log = sum([weight * value for row in rows for weight, value in zip(row.coefficients, at, strict=True)])
    most = max(rows, key=lambda row: row.runs)
    half_width = BAND_HALF_WIDTHS.get(f"{metric}|{band}", BAND_HALF_WIDTHS[f"{metric}|*"])
    return Correction(math.exp(log), most.runs, most.setups, most.latest, half_width)
