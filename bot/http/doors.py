"""What every request passes on its way in, as plain ASGI: counted, admitted, its body read within bounds, bugs caught.

From outside: `Counted` (metrics, bugs) -> `Admitted` (keys) -> `Bounded` (size, time and shape of the body) -> app.
Slack's events pass `Counted` -> `AheadOfAll`.
"""

from __future__ import annotations

import functools
import logging
import time
import traceback
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route

from bot import metrics
from bot.errors import USER_ERRORS
from bot.http.body import BODY_S, MAX_BODY_BYTES, MAX_SLACK_BODY_BYTES, in_time, read_bytes, read_json_text
from bot.http.errors import RequestRefused, bug_response, error_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prometheus_client import Counter, Histogram
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from bot.http.keys import Keys

log = logging.getLogger(__name__)

API: Final = "/v1/"
PLAIN_PATHS: Final = frozenset({"/", "/healthz", "/readyz", "/metrics", "/slack/events", "/openapi.json"})
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


class Counted:
    """Counts requests by route, and turns a bug into an answer.

    Its frames go to the log; its message, which may quote a text, does not.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with metrics.HTTP_IN_FLIGHT.track_inprogress():
            try:
                await self._app(scope, receive, counted)
            except ClientDisconnect:
                status = status or 499
            except Exception as error:  # noqa: BLE001  # the client gets an answer, the log the frames
                log_bug(error)
                if not status:
                    await bug_response()(scope, receive, counted)
        _count(scope, status, time.perf_counter() - started)


def log_bug(error: Exception) -> None:
    """The kind and the frames of a bug; never its message."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("a request broke the program: %s\n%s", type(error).__name__, frames)


def _count(scope: Scope, status: int, took_s: float) -> None:
    route = _route(scope)
    method = scope["method"] if scope["method"] in METHODS else "other"
    requests, seconds = _counters(route, method, status)
    requests.inc()
    seconds.observe(took_s)


@functools.lru_cache(maxsize=1024)
def _counters(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """Finding them by their labels takes longer than counting."""
    return metrics.HTTP_REQUESTS.labels(route, method, str(status)), metrics.HTTP_SECONDS.labels(route)


def _route(scope: Scope) -> str:
    """The path as it is written in the code; never one that a stranger made up."""
    found = getattr(scope.get("route"), "path", None)
    if isinstance(found, str):
        return found
    if scope["path"] in PLAIN_PATHS:
        return str(scope["path"])
    return "/static" if scope["path"].startswith("/static/") else "none"


class AheadOfAll:
    """One address that is answered before the API's doors, which are not for it: Slack's, signed and in a hurry."""

    def __init__(self, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> None:
        self._route = Route(path, endpoint, methods=["POST"])
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        scope["route"] = self._route
        try:
            if scope["method"] != "POST":
                raise RequestRefused(405, "MethodNotAllowed", f"{scope['method']} is not for this address", "POST")
            answer = await self._endpoint(Request(scope, receive))
        except USER_ERRORS as refused:
            answer = error_response(refused)
        await answer(scope, receive, send)


class Admitted:
    """Lets requests to the API pass that bring a key; everything else needs none."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["path"].startswith(API):
            try:
                scope["hubgauge.key"] = self._keys.admit(Headers(scope=scope))
            except RequestRefused as refused:
                await error_response(refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Bounded:
    """Reads a body before anything else looks at it: at most so long, within so many seconds, JSON for the API."""

    def __init__(self, app: ASGIApp, body_s: float = BODY_S) -> None:
        self._app = app
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(Request(scope, receive))
        except USER_ERRORS as refused:
            await error_response(refused)(scope, receive, send)
            return
        is_read = False

        async def replay() -> Message:
            nonlocal is_read
            if is_read:
                return await receive()
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    async def _read(self, request: Request) -> bytes:
        is_api = request.url.path.startswith(API) and request.method == "POST"
        if is_api:
            return (await in_time(read_json_text(request), self._body_s)).encode()
        limit_bytes = MAX_SLACK_BODY_BYTES if request.method == "POST" else MAX_BODY_BYTES
        return await in_time(read_bytes(request, limit_bytes), self._body_s)
