"""A scripted Web API on loopback: records every call, and says what the test tells it to say."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWERS = ("chat.postMessage", "chat.postEphemeral", "chat.update", "respond")


@dataclass(frozen=True)
class Call:
    """One call: `chat.postMessage` and its arguments, or `respond` for a response_url."""

    method: str
    arguments: dict[str, Any]
    token: str


@dataclass(frozen=True)
class Reply:
    """What the fake says to a call, `after_s`. With `is_taken` a message is there all the same: its answer got lost."""

    body: Mapping[str, Any] = field(default_factory=lambda: {"ok": True, "ts": "9.9"})
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    is_taken: bool = False
    after_s: float = 0.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a caller that was killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class WebApi:
    """`url` is the base address; `calls` what came; `script` holds replies to come, by method, used up in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.script: dict[str, list[Reply]] = defaultdict(list)
        self.messages: list[dict[str, Any]] = []
        self._arrived = threading.Condition()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                api._serve(self, self.rfile.read(length).decode(errors="replace"))

            def do_GET(self) -> None:
                api._serve(self, self.path.partition("?")[2])

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.root}/api/"

    @property
    def response_url(self) -> str:
        return f"{self.root}/respond"

    def posted(self) -> list[Call]:
        """The answers that came, however they came."""
        return [
            call
            for call in self.calls
            if call.method in {"chat.postMessage", "chat.postEphemeral", "chat.update", "respond"}
        ]

    def wait_for(self, count: int, timeout_s: float = 10.0) -> list[Call]:
        """The first answers, once so many have come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.posted()) >= count, timeout_s), self.calls
        return self.posted()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _usual(self, method: str, arguments: Mapping[str, Any]) -> Reply:
        if method != "conversations.replies":
            return Reply()
        place = (arguments["channel"], arguments["ts"])
        found = [message for message in self.messages if (message["channel"], message.get("thread_ts")) == place]
        return Reply({"ok": True, "messages": found})

    def _serve(self, handler: BaseHTTPRequestHandler, body: str) -> None:
        path, _, query = handler.path.partition("?")
        method = path.rsplit("/", 1)[-1]
        is_json = "json" in handler.headers.get("Content-Type", "")
        arguments = json.loads(body or "{}") if is_json else dict(parse_qsl(body)) | dict(parse_qsl(query))
        token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        with self._arrived:
            waiting = self.script[method]
            reply = waiting.pop(0) if waiting else self._usual(method, arguments)
            self.calls.append(Call(method, arguments, token))
            if method == "chat.postMessage" and (reply.is_taken or reply.body.get("ok")):
                blocks = _read(arguments.get("blocks"))
                self.messages.append({**arguments, "blocks": blocks, "arrived_at": time.perf_counter()})
            self._arrived.notify_all()
        time.sleep(reply.after_s)
        payload = json.dumps(dict(reply.body)).encode()
        handler.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(payload)))
        handler.end_headers()
        handler.wfile.write(payload)


def _read(blocks: Any) -> Any:
    return json.loads(blocks) if isinstance(blocks, str) else blocks or []
