"""Ends what hangs: a socket's own limit counts from its last byte, so a head that drips would never end.

One thread looks once a second at all the connections that are being waited for, and shuts down those beyond their time.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import http.client
    from collections.abc import Iterator

LOOK_S: Final = 1.0


@dataclass(slots=True)
class _Watched:
    """A connection that is waited for until its limit, in seconds of the monotonic clock."""

    connection: http.client.HTTPConnection
    limit: float
    is_over: bool = False


class Watchdog:
    """Watches connections, from the first one on until the process ends."""

    def __init__(self) -> None:
        self._watched: dict[int, _Watched] = {}
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def over(self, connection: http.client.HTTPConnection, limit_s: float) -> Iterator[None]:
        """While inside, the connection is shut down where it takes longer. Raises TimeoutError then.

        A head that is cut so looks like a whole one to who reads it, so it is not left to the reader to notice.
        """
        if self._thread is None or not self._thread.is_alive():  # also in a forked child
            self._start()
        key = threading.get_ident()
        watched = self._watched[key] = _Watched(connection, time.monotonic() + limit_s)
        try:
            yield
        finally:
            self._watched.pop(key, None)
        if watched.is_over:
            raise TimeoutError

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look, name="hubgauge-watchdog", daemon=True)
                self._thread.start()

    def _look(self) -> None:
        while True:
            time.sleep(LOOK_S)
            now = time.monotonic()
            for watched in list(self._watched.values()):
                if now > watched.limit and watched.connection.sock is not None:
                    watched.is_over = True
                    with contextlib.suppress(OSError):
                        watched.connection.sock.shutdown(socket.SHUT_RDWR)


WATCHDOG: Final = Watchdog()
