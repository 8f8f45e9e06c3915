"""A Hub on 127.0.0.1: the routes of `routes.py` over HTTP/1.1, with quotas, faults and a log of requests."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.hub.faults import Fault, Harm
from tests.hub.routes import Reply, Request, State, answer, json_reply

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from tests.hub.repositories import HubRepo

WINDOW_S = 300


@dataclass(frozen=True, slots=True)
class Logged:
    """One request as the Hub saw it, and how it was answered."""

    method: str
    path: str
    query: str
    has_token: bool
    user_agent: str
    status: int
    headers: dict[str, str]


@dataclass(slots=True)
class Window:
    """A quota of the present five minutes; where `length_s` is set, windows end and begin by the clock."""

    limit: int
    left: int
    reset_s: int = 170
    length_s: float | None = None
    ends_at: float = 0.0

    def roll(self) -> None:
        """Begin a new window where the last has ended; whole seconds are stated, as the Hub does, rounded down."""
        if self.length_s is None:
            return
        now = time.monotonic()
        if now >= self.ends_at:
            self.left, self.ends_at = self.limit, now + self.length_s
        self.reset_s = int(self.ends_at - now)


def bucket_of(path: str) -> str:
    """Which quota a request draws on. Source: Hub documentation, rate limits."""
    if "/resolve/" in path or path.startswith("/api/resolve-cache/"):
        return "resolvers"
    return "api" if path.startswith("/api/") else "pages"


class LoopbackHub:
    """A Hub with repositories of your making; use it as a context.

    Quotas start as those of an anonymous caller (500 API, 3,000 resolver, 100 page requests in five minutes).
    """

    def __init__(self, *repos: HubRepo, has_resolve_hop: bool = False) -> None:
        self.state = State(has_resolve_hop=has_resolve_hop)
        self.faults: list[Fault] = []
        self.log: list[Logged] = []
        self.quotas = {"api": Window(500, 500), "resolvers": Window(3000, 3000), "pages": Window(100, 100)}
        self.closing = threading.Event()
        self.latency_s = 0.0
        self._lock = threading.Lock()
        for repo in repos:
            self.add(repo)

    def __enter__(self) -> Self:
        self._server = _Server(self)
        port = self._server.server_address[1]
        self.state.origin = self.url = f"http://127.0.0.1:{port}"
        self.state.storage_origin = f"http://localhost:{port}"  # large files lie on another host, as on the real Hub
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, repo: HubRepo) -> HubRepo:
        self.state.repos[repo.repo_id] = repo
        return repo

    def grant(self, token: str, *repo_ids: str) -> None:
        """Make the token valid, and let it read these gated or private repositories."""
        self.state.tokens.setdefault(token, set()).update(repo_ids)

    def fail(self, *faults: Fault) -> None:
        """From now on these go wrong, and no others."""
        self.faults = list(faults)

    def paths(self) -> list[str]:
        """The paths asked for since the last call."""
        with self._lock:
            paths = [entry.path for entry in self.log]
            self.log.clear()
        return paths

    def respond(self, request: Request, query: str) -> tuple[Reply, Fault | None]:
        """The reply with the headers that every answer has, and what is to go wrong with it."""
        with self._lock:
            fault = next((fault for fault in self.faults if fault.strikes(request.path)), None)
            reply = self._metered(request) if fault is None or fault.harm is not Harm.STATUS else _injected(fault)
            reply = self._stamped(request, reply)
            token, agent = request.token is not None, request.headers.get("user-agent", "")
            self.log.append(
                Logged(request.method, request.path, query, token, agent, reply.status, dict(request.headers))
            )
        return reply, fault

    def enforce(self, length_s: float, **limits: int) -> None:
        """From now on these quotas hold in windows of that length."""
        for name, limit in limits.items():
            self.quotas[name] = Window(limit, limit, length_s=length_s)

    def lift(self) -> None:
        """No quota that a test reaches."""
        for name in self.quotas:
            self.quotas[name] = Window(10**9, 10**9)

    def _metered(self, request: Request) -> Reply:
        window = self.quotas[bucket_of(request.path)]
        window.roll()
        if window.left <= 0:
            return json_reply({"error": "We had to rate limit you."}, 429, {"Retry-After": str(window.reset_s)})
        window.left -= 1
        return answer(self.state, request)

    def _stamped(self, request: Request, reply: Reply) -> Reply:
        name = bucket_of(request.path)
        window = self.quotas[name]
        headers = {
            "X-Request-Id": f"Root=1-{len(self.log):08x}",
            "RateLimit": f'"{name}";r={window.left};t={window.reset_s}',
            "RateLimit-Policy": f'"fixed window";"{name}";q={window.limit};w={round(window.length_s or WINDOW_S)}',
        }
        return Reply(reply.status, {**headers, **reply.headers}, reply.body)


def _injected(fault: Fault) -> Reply:
    return Reply(fault.status, {"Content-Type": "application/json", **fault.headers}, fault.body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, hub: LoopbackHub) -> None:
        self.hub = hub
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests; anything else is a bug of the Hub and printed."""
        import sys

        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Say nothing: the Hub keeps its own log."""

    def _handle(self) -> None:
        target = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, target.path, parse_qs(target.query), headers, self.rfile.read(length))
        if self.server.hub.latency_s:
            time.sleep(self.server.hub.latency_s)
        reply, fault = self.server.hub.respond(request, target.query)
        with suppress(ConnectionError):
            self._harm(reply, fault) if fault and fault.harm is not Harm.STATUS else self._send(reply)

    do_GET = do_HEAD = do_POST = _handle  # noqa: N815  # the names are the base class's

    def _head(self, reply: Reply, length: int | None) -> None:
        self.send_response(reply.status)
        stated = {name.lower() for name in reply.headers}
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if length is not None and "content-length" not in stated and reply.status != 304:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _send(self, reply: Reply) -> None:
        self._head(reply, len(reply.body))
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def _harm(self, reply: Reply, fault: Fault) -> None:
        self.close_connection = fault.harm is not Harm.BODY and fault.harm is not Harm.LOOP
        match fault.harm:
            case Harm.HANG:
                self.server.hub.closing.wait()
            case Harm.DRIP:
                self._head(reply, len(reply.body))
                self._drip(reply.body, fault.pause_s)
            case Harm.HEADER_DRIP:
                self._drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 60000, fault.pause_s)
            case Harm.TRUNCATE:
                self._head(reply, len(reply.body))
                self.wfile.write(reply.body[: len(reply.body) // 2])
            case Harm.BODY:
                self._send(Reply(200, {k: v for k, v in reply.headers.items() if k != "Content-Length"}, fault.body))
            case Harm.ENDLESS:
                self._endless(reply)
            case Harm.LOOP:
                self._send(Reply(307, {"Location": self.path}))
            case _:
                self.connection.close()

    def _drip(self, content: bytes, pause_s: float) -> None:
        for byte in content:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.hub.closing.wait(pause_s):
                return

    def _endless(self, reply: Reply) -> None:
        headers = {name: value for name, value in reply.headers.items() if name != "Content-Length"}
        self._head(Reply(200, {**headers, "Transfer-Encoding": "chunked"}), None)
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        while not self.server.hub.closing.is_set():
            self.wfile.write(chunk)
