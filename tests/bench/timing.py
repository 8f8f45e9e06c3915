"""Times of things that run often, and rows of a table that sets each beside its floor and its goal."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


def median_s(work: Callable[[], object], repeats: int, *, warm_up: int = 3) -> float:
    """Median wall time of one call."""
    for _ in range(warm_up):
        work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


@dataclass(frozen=True)
class Row:
    """One thing measured: its figure, what the same run needs at least, and what is asked of it."""

    name: str
    figure: str
    floor: str = ""
    goal: str = ""
    is_met: bool | None = None

    def __str__(self) -> str:
        met = {None: "", True: "met", False: "MISSED"}[self.is_met]
        return f"{self.name:<67} {self.figure:>18}  {self.floor:<44} {self.goal:<16} {met}".rstrip()


def milliseconds(seconds: float) -> str:
    """The time as text."""
    return f"{seconds * 1e3:,.3f} ms" if seconds < 0.1 else f"{seconds * 1e3:,.0f} ms"
