"""What Slack brings at the same time is written down together: one transaction for all that wait for one.

A transaction costs the same for one event as for thirty, and Slack hears 200 only after it. One thread writes, so that
busy questions never hold up an acknowledgement.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.store.work import New, Reserved, WorkStore

MOST_AT_ONCE: Final = 100


class Intake:
    """Takes questions on, those that come while others are written down together with the next."""

    def __init__(self, store: WorkStore) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, "intake")
        self._waiting: list[tuple[New, asyncio.Future[Reserved]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def reserve(self, new: New) -> Reserved:
        """What became of it, as `WorkStore.reserve` says. Raises SQLAlchemyError where the database is away."""
        future: asyncio.Future[Reserved] = asyncio.get_running_loop().create_future()
        self._waiting.append((new, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="writes down")
        return await future

    def close(self) -> None:
        """Ends the thread when what came is written down."""
        self._thread.shutdown(wait=True)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                outcomes = await loop.run_in_executor(self._thread, self._store.reserve_all, [new for new, _ in batch])
            except Exception as error:  # noqa: BLE001  # each of those who wait is told, and decides
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if not future.done():  # the connection that brought it is gone: it is written down all the same
                    future.set_result(outcome)
