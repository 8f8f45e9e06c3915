"""The watcher as a process of its own, and as a thread of another: one loop either way."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from typing import TYPE_CHECKING

from bot.settings import read_settings as read_front_settings
from bot.watch.loop import Pace, Watcher
from bot.watch.tables import open_watch
from ingest.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("hubgauge.watch")


def run(pace: Pace | None = None) -> None:
    """Watches until the process is told to stop (SIGTERM, SIGINT). Raises one of `bot.errors.USER_ERRORS`."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with _watcher(pace) as watcher:
        log.info("watching for %d subscriptions", len(watcher.subscriptions.all()))
        watcher.run(stop)
        log.info("stopped: what is not delivered yet stays in the database")


@contextlib.contextmanager
def beside(pace: Pace | None = None) -> Iterator[Watcher]:
    """The watcher in a thread, for fronts that run anyway; stopped on the way out."""
    stop = threading.Event()
    with _watcher(pace) as watcher:
        thread = threading.Thread(target=watcher.run, args=(stop,), name="hubgauge-watch", daemon=True)
        thread.start()
        try:
            yield watcher
        finally:
            stop.set()
            thread.join()


@contextlib.contextmanager
def _watcher(pace: Pace | None) -> Iterator[Watcher]:
    front = read_front_settings(os.environ)
    engine = open_watch(front.database_url)
    try:
        yield Watcher(read_settings(os.environ), front, engine, pace=pace)
    finally:
        engine.dispose()
