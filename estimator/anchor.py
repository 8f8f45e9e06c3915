"""One measurement of the user's own stack: what it says about every other load of the same stack.

    factor = measured / formula at the load of the measurement; every other figure of that kind is multiplied by it

How sure that makes it, from 1,543 measured runs of TPOT and 1,591 of TTFT: anchored on one run, another run of the
same stack (other lengths, splits, concurrency) is off by 8 % in the median for TPOT and 27 % for TTFT; the half-widths
below hold 80 % of them. The formula alone is off by 10 and 27 % there, so one run helps TPOT and hardly TTFT.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Anchored = Literal["tpot", "ttft"]

HALF_WIDTHS: Final[Mapping[Anchored, float]] = {"tpot": 0.195, "ttft": 0.697}
"""80 % quantiles of |log(measured / anchored formula)|, one vote a stack. Source: the shared corpus, 2026-11-20."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure that was measured on the asked set-up, in seconds, with so many requests in flight."""

    metric: Anchored
    seconds: float
    concurrency: int = 1
