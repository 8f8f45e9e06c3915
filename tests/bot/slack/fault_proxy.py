"""What stands between the bot and a Slack not written here, and adds what that Slack lacks.

`FaultProxy` takes the bot's calls: scripted faults first, then the rules of blocks, then local-slack. `Deliveries`
takes local-slack's events to one replica in turn, or twice to each, or late with Slack's headers for a retry.
`Relay` is a line for Socket Mode that can be cut.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import httpx2
from slack_sdk.models.blocks import Block

from bot.render.block_models import message_fault
from tests.bot.slack.web_api import Reply, WebApi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.bot.slack.payloads import Signed

CAPTURED = frozenset({"chat.unfurl"})
"""What local-slack does not know."""
PASSED = ("Content-Type", "X-Slack-Request-Timestamp", "X-Slack-Signature", "X-Slack-Retry-Num", "X-Slack-Retry-Reason")


class FaultProxy(WebApi):
    """The Web API in front of another one at `upstream`."""

    def __init__(self, upstream: str) -> None:
        super().__init__()
        self._upstream = httpx2.Client(base_url=upstream, trust_env=False)
        self.socket_url: Callable[[str], str] = str
        """What the address of a socket is told as: that of a relay, where there is one."""
        self._losing: list[str] = []

    def lose_answer(self, method: str) -> None:
        """The next call of that method is done, and answered with 500."""
        self._losing.append(method)

    def __exit__(self, *_: object) -> None:
        super().__exit__(*_)
        self._upstream.close()

    def _usual(self, method: str, arguments: Mapping[str, Any]) -> Reply:
        if method in CAPTURED:
            return Reply({"ok": True})
        blocks = arguments.get("blocks") or []
        blocks = json.loads(blocks) if isinstance(blocks, str) else blocks
        if message_fault(blocks) or _sdk_fault(blocks):
            return Reply({"ok": False, "error": "invalid_blocks"})
        answer = self._upstream.post(method, json=dict(arguments), headers={"Authorization": "Bearer xoxb-test-token"})
        body = answer.json()
        if method == "apps.connections.open":
            body["url"] = self.socket_url(body["url"])
        if method in self._losing:
            self._losing.remove(method)
            return Reply({"ok": False, "error": "internal_error"}, 500)
        return Reply(body, answer.status_code)


class Deliveries:
    """`url` is where local-slack sends events and commands; they go on to `replicas`."""

    def __init__(self) -> None:
        self.go_to()
        self._copies, self._lost = 1, 0
        self.team = ""
        self._client = httpx2.Client(trust_env=False, timeout=30)
        deliveries = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name: value for name in PASSED if (value := self.headers.get(name))}
                status, answer = deliveries._take((body, headers))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/slack/events"

    def go_to(self, *replicas: str) -> None:
        """From now on to these addresses."""
        self.replicas = replicas
        self._turn = itertools.cycle(replicas)

    def is_ready(self, replica: int) -> bool:
        """Whether that replica says that it takes questions."""
        try:
            return self._client.get(f"{self.replicas[replica]}/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    @contextlib.contextmanager
    def in_copies(self, each: int) -> Iterator[None]:
        """What comes goes so often to every replica."""
        self._copies = each
        yield
        self._copies = 1

    def lose(self, count: int) -> None:
        """The next so many never arrive at first: they come a moment later, as a retry."""
        self._lost = count

    def deliver(self, request: Signed, replica: int | None = None) -> httpx2.Response:
        """A request that Slack could send, to a replica of choice or the next in turn."""
        body, headers = request
        to = next(self._turn) if replica is None else self.replicas[replica]
        return self._client.post(f"{to}/slack/events", content=body, headers=headers)

    def retry(self, request: Signed, number: int = 1, replica: int | None = None) -> httpx2.Response:
        """The same once more, with the headers that tell so; the signature does not cover them."""
        body, headers = request
        told = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": "http_timeout"}
        return self.deliver((body, headers | told), replica)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._client.close()

    def _take(self, request: Signed) -> tuple[int, bytes]:
        if request[0].startswith(b"{"):
            self.team = str(json.loads(request[0]).get("team_id") or "")
        if self._lost > 0:
            self._lost -= 1
            answer = self.retry(request)
        elif self._copies > 1:
            everywhere = [number for number in range(len(self.replicas)) for _ in range(self._copies)]
            answer, *_ = [self.deliver(request, number) for number in everywhere]
        else:
            answer = self.deliver(request)
        return answer.status_code, answer.content


class Relay:
    """A line to another port of this machine, for Socket Mode; `cut` ends what runs over it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lines: list[socket.socket] = []
        self._target = 0
        self.cuts = 0

    def address(self, url: str) -> str:
        """The address by which this relay leads to that one."""
        parts = urlsplit(url)
        self._target = parts.port or 80
        return parts._replace(netloc=f"127.0.0.1:{self._listener.getsockname()[1]}").geturl()

    def cut(self) -> None:
        """Ends every line at once, without a word."""
        lines, self._lines = self._lines, []
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self.cuts += 1

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._lines += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=ends, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for line in (source, sink):
        line.close()


def _sdk_fault(blocks: Sequence[dict[str, Any]]) -> str:
    """What the SDK's own rules say against the blocks that it knows."""
    for block in blocks:
        read = Block.parse(block)
        if read is not None:
            try:
                read.validate_json()
            except Exception as error:  # noqa: BLE001  # the SDK raises its own and others
                return str(error)
    return ""


def waited_for(find: Callable[[], Any], timeout_s: float = 20.0) -> Any:
    """What is found, once it is something."""
    until = time.monotonic() + timeout_s
    while not (found := find()):
        assert time.monotonic() < until, f"nothing came of {find}"
        time.sleep(0.05)
    return found
