"""A stack that can be measured: model shape, card, engine, how weights are stored, and the engine's version."""

from dataclasses import dataclass
from typing import NamedTuple

from estimator.engines import parse_version
from estimator.model_spec import ModelSpec


class StackKey(NamedTuple):
    """One stack; `version` is major.minor, None for all versions together."""

    model: str
    gpu: str
    engine: str
    weights: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class StackOffset:
    """What the runs of one stack say: (level, slopes) in log(measured / formula), and what that rests on."""

    metric: str
    key: StackKey
    coefficients: tuple[float, ...]
    runs: int
    setups: int
    latest: str
    example: str


def stack_key(spec: ModelSpec, gpu_id: str, engine: str, weights: str, engine_version: str | None) -> StackKey:
    """The stack of a set-up; its version as major.minor, the first word of one without numbers ("nightly"), or None."""
    version = parse_version(engine_version)
    named = f"{version[0]}.{version[1]}" if version else (engine_version or "").lower().split("-")[0] or None
    return StackKey(spec.shape_key, gpu_id, engine, weights, named)
