"""A front that really listens, on a port of its own."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from bot.bootstrap import http_product
from bot.http.app import build
from bot.settings import Settings
from ingest.loader import Loader, connect
from ingest.settings import Settings as HubSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI


def whole_app(*, hub: str | None = None, cache: Path | None = None, **settings: object) -> FastAPI:
    """The application on the bundled models, and on that Hub where one is given."""
    asked = HubSettings(endpoint=hub or "", cache_dir=cache, timeout_s=5, connect_timeout_s=1)
    models = Loader(connect=(lambda: connect(asked)) if hub else None)
    return build(Settings(database_url="unused", **settings), http_product(models))  # type: ignore[arg-type]  # by name


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of the application under uvicorn, in a thread of this process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
