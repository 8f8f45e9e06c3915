"""How far a scan is, on a terminal's stderr: a bar with rate, quota left and time left. Silent elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from ingest.store.scans import Progress

REFRESH_PER_S: Final = 4


class Shown(Protocol):
    """Who hears how far it is."""

    def say(self, line: str) -> None:
        """A line beside the bar."""

    def fetched(self, progress: Progress, quota: tuple[int, float] | None) -> None:
        """Listed and settled so far; `quota` is what is left of the window and the seconds to its end."""

    def sized(self, done: int, total: int) -> None:
        """Repositories whose rows are computed."""


class Silent:
    """Says nothing."""

    def say(self, line: str) -> None:
        """Nothing."""

    def fetched(self, progress: Progress, quota: tuple[int, float] | None) -> None:
        """Nothing."""

    def sized(self, done: int, total: int) -> None:
        """Nothing."""


class OnTerminal:
    """A bar for each of the two steps."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._begun_s, self._begun_at = time.monotonic(), -1
        self._fetching: TaskID | None = None
        self._sizing: TaskID | None = None

    def say(self, line: str) -> None:
        """The line above the bars."""
        self._bar.console.print(line, markup=False, highlight=False)

    def fetched(self, progress: Progress, quota: tuple[int, float] | None) -> None:
        """The first bar."""
        done = progress.kept + progress.refused
        if self._fetching is None:
            self._fetching, self._begun_at = (
                self._bar.add_task("fetching", total=progress.total, rate="", quota=""),
                done,
            )
        rate = (done - self._begun_at) / max(1e-3, time.monotonic() - self._begun_s)
        left = f"{quota[0]:,} left for {quota[1]:.0f} s" if quota else ""
        self._bar.update(
            self._fetching, completed=done, total=progress.total, rate=f"{rate:,.0f}/s", quota=left, refresh=True
        )

    def sized(self, done: int, total: int) -> None:
        """The second bar."""
        if self._sizing is None:
            self._sizing = self._bar.add_task("sizing", total=total, rate="", quota="")
        self._bar.update(self._sizing, completed=done, total=total, rate="", quota="")


@contextlib.contextmanager
def shown(*, is_quiet: bool) -> Iterator[Shown]:
    """Bars on a terminal, nothing where stderr is none."""
    if is_quiet or sys.stderr is None or not sys.stderr.isatty():
        yield Silent()
        return
    from rich import progress as rich_progress  # noqa: PLC0415  # as above
    from rich.console import Console  # noqa: PLC0415  # an extra, and only for eyes

    columns = (
        rich_progress.TextColumn("{task.description:9}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TextColumn("{task.fields[rate]}"),
        rich_progress.TimeRemainingColumn(),
        rich_progress.TextColumn("{task.fields[quota]}", style="dim"),
    )
    console = Console(stderr=True)
    with rich_progress.Progress(*columns, console=console, refresh_per_second=REFRESH_PER_S, transient=False) as bar:
        yield OnTerminal(bar)
