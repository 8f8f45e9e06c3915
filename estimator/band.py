"""Low and high around an estimate: the 80 % band of the class that it belongs to.

The bands are quantiles of |log residual| of predictions for stacks left out, by class of architecture, kind of model
and load; coverage on held-out rows was 79.8 % for TPOT, 87.7 % for throughput, 77.2 % for TTFT
(performance_model.md, section 7). A class that was never measured takes the overall band, widened.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from estimator.calibration import (
    LOCAL_TPOT_BANDS,
    LOCAL_TTFT_BANDS,
    THROUGHPUT_BANDS,
    TPOT_BANDS,
    TTFT_BANDS,
    UNSEEN_WIDENING,
    Band,
)
from estimator.hardware import Gpu

_AMD_INTEL: Final = frozenset({"cdna", "rdna", "xe"})
_OWN_CLASS: Final = frozenset({"hopper", "blackwell", "gb20x", "apple"})
_MEASURED_OTHER: Final = frozenset({"ampere", "ada", "ga10x"})
"""Architectures whose rows the class `other` rests on."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with the low and high of its 80 % band."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Interval":
        """The same interval in another unit or share."""
        return Interval(self.value * factor, self.low * factor, self.high * factor)

    def anchored(self, factor: float, half_width: float) -> "Interval":
        """The value times a measured factor, within a band of its own (half its width, in logs)."""
        value = self.value * factor
        return Interval(value, value / math.exp(half_width), value * math.exp(half_width))

    @property
    def inverse(self) -> "Interval":
        """1 / value, with low and high exchanged."""
        return Interval(1 / self.value, 1 / self.high, 1 / self.low)


def architecture_group(gpu: Gpu) -> str:
    """The class of cards that the bands know."""
    name = gpu.architecture_class
    if name in _AMD_INTEL:
        return "amd"
    return name if name in _OWN_CLASS else "other"


def tpot_interval(value: float, gpu: Gpu, kind: str, concurrency: float, *, is_local: bool) -> Interval:
    """TPOT with its band."""
    if is_local:
        return _interval(value, LOCAL_TPOT_BANDS, f"{architecture_group(gpu)}|llamacpp", gpu)
    return _interval(value, TPOT_BANDS, _load_class(gpu, kind, concurrency), gpu)


def ttft_interval(value: float, gpu: Gpu, kind: str, concurrency: float, *, is_local: bool) -> Interval:
    """TTFT with its band."""
    if is_local:
        return _interval(value, LOCAL_TTFT_BANDS, f"{architecture_group(gpu)}|llamacpp", gpu)
    return _interval(value, TTFT_BANDS, _load_class(gpu, kind, concurrency), gpu)


def throughput_interval(value: float, gpu: Gpu, kind: str) -> Interval:
    """Throughput at capacity with its band."""
    return _interval(value, THROUGHPUT_BANDS, f"{architecture_group(gpu)}|{kind}", gpu)


def _load_class(gpu: Gpu, kind: str, concurrency: float) -> str:
    load = "c<=16" if concurrency <= 16 else "c>16"
    return f"{architecture_group(gpu)}|{kind}|{load}"


def _interval(value: float, bands: Mapping[str, Band], key: str, gpu: Gpu) -> Interval:
    low, high = bands.get(key, bands["*"])
    group = key.partition("|")[0]
    never_measured = group == "other" and gpu.architecture_class not in _MEASURED_OTHER
    if key not in bands and (never_measured or not any(row.startswith(group) for row in bands)):
        low, high = low**UNSEEN_WIDENING, high**UNSEEN_WIDENING
    return Interval(value, value * low, value * high)
