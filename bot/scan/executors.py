"""Who does the work of a scan: threads of this process, processes of this machine, or a Dask cluster.

One seam, `concurrent.futures.Executor`. The Hub's quota bounds a scan, not the number of workers: more of them on one
token gain nothing once the quota is used up, and all of them draw on one budget in the database.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_THREADS: Final = 8
CONNECT_S: Final = 10
RETRIES: Final = 3
"""Of a task whose worker died."""


@dataclass(frozen=True, slots=True)
class Workers:
    """An executor, how many tasks it runs at once, and how many threads a fetching task is to use.

    `is_here` says that tasks run in this process, so that work of the processor gains nothing by being handed out.
    """

    executor: Executor
    width: int
    threads: int
    is_here: bool


@contextlib.contextmanager
def workers(threads: int = DEFAULT_THREADS, processes: int = 0, dask: str | None = None) -> Iterator[Workers]:
    """The workers that were asked for, ended when the scan ends. Raises `SettingsError` where no scheduler answers."""
    if dask:
        with _dask(dask) as (executor, width):
            yield Workers(executor, width, threads, is_here=False)
    elif processes:
        with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as executor:
            yield Workers(executor, processes, threads, is_here=False)
    else:
        with ThreadPoolExecutor(threads) as executor:
            yield Workers(executor, threads, 1, is_here=True)


@contextlib.contextmanager
def _dask(address: str) -> Iterator[tuple[Executor, int]]:
    from distributed import Client  # noqa: PLC0415  # an extra, and 0.5 s

    try:
        client: Any = Client(address, timeout=CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]  # as it is
    except (OSError, TimeoutError, ValueError) as error:
        raise SettingsError(
            f"no Dask scheduler answers at {address} ({type(error).__name__})", "start one: `dask scheduler`"
        ) from None
    with client:
        slots = sum(client.nthreads().values())
        if not slots:
            raise SettingsError(
                f"the Dask scheduler at {address} has no workers", f"start some: `dask worker {address}`"
            )
        yield client.get_executor(pure=False, retries=RETRIES), slots
