"""A Slack of two methods that keeps what it took, and fails on order: before it took a message, or after."""

from __future__ import annotations

import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of clients that were killed."""


class KeepingSlack:
    """`messages` by channel, as `conversations.history` gives them. `failing` is the share of calls that fail.

    Of the failing posts a half is taken first: Slack accepted, and the answer is lost. `archived` channels take none.
    """

    def __init__(self, failing: float = 0.0, seed: int = 1) -> None:
        self.failing = failing
        self.messages: list[dict[str, Any]] = []
        self.archived: set[str] = set()
        self.lost = 0
        self.searched = 0
        self._random = random.Random(seed)  # noqa: S311  # which calls fail, not a secret
        self._lock = threading.Lock()
        slack = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                slack._serve(self, self.rfile.read(length).decode())

            do_GET = do_POST  # noqa: N815  # the base class's name

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/"

    @property
    def hook(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def said(self) -> list[str]:
        """The notices of what was posted."""
        with self._lock:
            return [message["text"] for message in self.messages]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, handler: BaseHTTPRequestHandler, body: str) -> None:
        method = urlsplit(handler.path).path.rsplit("/", 1)[-1]
        is_json = "json" in handler.headers.get("Content-Type", "")
        arguments = json.loads(body or "{}") if is_json else dict(parse_qsl(body or urlsplit(handler.path).query))
        with self._lock:
            fails, takes = self._random.random() < self.failing, self._random.random() < 0.5
            reply = self._answer(method, arguments) if not fails or (takes and "history" not in method) else {}
            self.lost += fails and takes and "history" not in method
        if fails and self._random.random() < 0.5:
            handler.close_connection = True
            handler.connection.close()
            return
        payload = json.dumps(reply if not fails else {"ok": False, "error": "internal_error"}).encode()
        handler.send_response(500 if fails else 200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(payload)))
        handler.end_headers()
        handler.wfile.write(payload)

    def _answer(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments.get("channel") in self.archived:
            return {"ok": False, "error": "is_archived"}
        if method in {"chat.postMessage", "hook"}:
            self.messages.append({**arguments, "ts": f"{time.time():.6f}"})
            return {"ok": True, "ts": self.messages[-1]["ts"]}
        if method == "conversations.history":
            self.searched += 1
            oldest = float(arguments.get("oldest", 0))
            mine = [said for said in self.messages if said.get("channel") == arguments["channel"]]
            return {"ok": True, "messages": [said for said in mine if float(said["ts"]) > oldest][::-1]}
        return {"ok": False, "error": "unknown_method"}
