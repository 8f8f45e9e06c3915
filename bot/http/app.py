"""The HTTP front: `/slack/events`, `/v1/ask`, `/v1/estimate`, `/healthz`, `/readyz` and `/`.

Answers are computed in threads, a few at a time; requests beyond what may wait hear 503 at once.
"""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.errors import USER_ERRORS
from bot.http.body import MAX_SLACK_BODY_BYTES, parse_object, read_bytes, read_json_text
from bot.http.errors import RequestRefused, bug_response, error_response, http_error_response
from bot.http.page import HEADERS, page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping

    from sqlalchemy import Engine
    from starlette.requests import Request

    from bot.question import Query
    from bot.render.report import Report
    from bot.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")
Endpoint = Callable[["Request"], "Awaitable[Response]"]

AT_ONCE: Final = 8
MAX_WAITING: Final = 64
ASK_KEYS: Final = frozenset({"question"})


class Front:
    """The endpoints, on three functions: a question to a report, a question to JSON, a JSON request to JSON."""

    def __init__(
        self,
        ask: Callable[[str], Report],
        ask_json: Callable[[str], Mapping[str, Any]],
        estimate_json: Callable[[str], Mapping[str, Any]],
    ) -> None:
        self.slack: SlackDoor | None = None
        self._ask = ask
        self._ask_json = ask_json
        self._estimate_json = estimate_json
        self._limiter: anyio.CapacityLimiter | None = None
        self._waiting = 0

    async def estimate(self, request: Request) -> Response:
        """The contract's estimate of a structured request."""
        text = await read_json_text(request)
        return JSONResponse(await self._compute(self._estimate_json, text))

    async def ask_by_post(self, request: Request) -> Response:
        """The whole answer to `{"question": ...}` as JSON."""
        asked = parse_object(await read_json_text(request))
        unknown = sorted(asked.keys() - ASK_KEYS)
        if unknown or not isinstance(asked.get("question"), str):
            wrong = f"unknown key {unknown[0][:80]!r}" if unknown else "no text under the key 'question'"
            raise RequestRefused(400, "MalformedRequest", wrong, 'send {"question": "..."}')
        return JSONResponse(await self._compute(self._ask_json, asked["question"]))

    async def ask_by_get(self, request: Request) -> Response:
        """The whole answer to `?q=`: a page for a browser, JSON for everyone else."""
        question = request.query_params.get("q", "").strip()
        if "text/html" in request.headers.get("accept", ""):
            return await self._answer_page(question)
        if not question:
            raise RequestRefused(400, "MalformedRequest", "no question", "/v1/ask?q=llama-3.1-8b+on+1xH100")
        return JSONResponse(await self._compute(self._ask_json, question), headers={"Vary": "Accept"})

    async def home(self, _request: Request) -> Response:
        """What this is, and a form."""
        return HTMLResponse(page(), headers=HEADERS)

    async def healthz(self, _request: Request) -> Response:
        """The process lives."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, _request: Request) -> Response:
        """Whether Slack's questions can be taken on; without Slack there is nothing to wait for."""
        reason = await self.slack.service.not_ready() if self.slack else ""
        if reason:
            return JSONResponse({"status": "not ready", "reason": reason}, 503)
        return JSONResponse({"status": "ready", "slack": self.slack is not None})

    async def slack_events(self, request: Request) -> Response:
        """Events, commands and interactions, signed by Slack."""
        body = await read_bytes(request, MAX_SLACK_BODY_BYTES)
        if self.slack is None:
            hint = "set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET; see docs/slack.md"
            raise RequestRefused(404, "SlackNotSetUp", "this server is not connected to Slack", hint)
        return await self.slack.handle(request, body)

    async def _answer_page(self, question: str) -> Response:
        if not question:
            return RedirectResponse("/", 303)
        report = await self._compute(self._ask, question)
        return HTMLResponse(page(question, report), 400 if report.mood == "error" else 200, HEADERS)

    async def _compute(self, function: Callable[[str], T], text: str) -> T:
        """Runs it in a thread, so that the loop and Slack's three seconds never wait for the Hub."""
        if self._waiting >= MAX_WAITING:
            raise RequestRefused(503, "Busy", "too many questions at once", "try again in half a minute")
        self._limiter = self._limiter or anyio.CapacityLimiter(AT_ONCE)
        self._waiting += 1
        try:
            return await anyio.to_thread.run_sync(function, text, limiter=self._limiter)
        finally:
            self._waiting -= 1


class SlackDoor:
    """Slack's signed requests, handed to Bolt. Lives as long as the event loop."""

    def __init__(self, settings: Settings, ask: Callable[[str | Query], Report], engine: Engine) -> None:
        from bot.slack.app import build_app, build_service  # noqa: PLC0415  # a server without Slack needs no Bolt

        assert settings.slack_bot_token
        self.service = build_service(settings, settings.slack_bot_token, ask, engine)
        self._app = build_app(self.service, signing_secret=settings.slack_signing_secret)

    async def handle(self, request: Request, body: bytes) -> Response:
        """Bolt's answer; 401 for a forged, altered or old request."""
        from slack_bolt.adapter.starlette.async_handler import (  # noqa: PLC0415  # as above
            to_async_bolt_request,
            to_starlette_response,
        )

        try:
            asked = to_async_bolt_request(request, body)
        except ValueError:
            raise RequestRefused(400, "MalformedRequest", "the body is no event of Slack's") from None
        if not _has_plain_timestamp(request):
            return Response('{"error":"invalid request"}', 401, media_type="application/json")
        answer: Response = to_starlette_response(await self._app.async_dispatch(asked))
        return answer


def build(
    settings: Settings,
    ask: Callable[[str | Query], Report],
    estimate_json: Callable[[str], Mapping[str, Any]],
    *,
    ask_json: Callable[[str], Mapping[str, Any]],
) -> Starlette:
    """The ASGI application. `ask_json` and `estimate_json` raise the user errors of the three packages.

    Opens the database where Slack is set up; raises `SettingsError` where that fails.
    """
    front = Front(ask, ask_json, estimate_json)
    engine = _open_database(settings) if settings.has_signed_slack else None
    if engine is None and (settings.slack_bot_token or settings.slack_signing_secret):
        log.warning("Slack is half set up: SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET are both needed")

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if engine is None:
            yield
            return
        front.slack = SlackDoor(settings, ask, engine)
        front.slack.service.start()
        try:
            yield
        finally:
            await front.slack.service.drain(settings.drain_s)
            engine.dispose()

    return Starlette(routes=_routes(front), lifespan=lifespan, exception_handlers={HTTPException: http_error_response})


def _routes(front: Front) -> list[Route]:
    return [
        Route("/", _guarded(front.home)),
        Route("/v1/ask", _guarded(front.ask_by_get), methods=["GET"]),
        Route("/v1/ask", _guarded(front.ask_by_post), methods=["POST"]),
        Route("/v1/estimate", _guarded(front.estimate), methods=["POST"]),
        Route("/slack/events", _guarded(front.slack_events), methods=["POST"]),
        Route("/healthz", _guarded(front.healthz)),
        Route("/readyz", _guarded(front.readyz)),
    ]


def _guarded(endpoint: Endpoint) -> Endpoint:
    """The endpoint with errors as JSON; a bug's frames go to the log, its message, which may quote a text, does not."""

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except USER_ERRORS as error:
            return error_response(error)
        except HTTPException:
            raise
        except Exception as error:  # noqa: BLE001  # the client gets an answer, the log the frames
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("a request broke the program: %s\n%s", type(error).__name__, frames)  # noqa: TRY400  # no texts
            return bug_response()

    return guarded


def _has_plain_timestamp(request: Request) -> bool:
    """Bolt turns the header into an integer without looking; anything else there is a forgery."""
    stamp = request.headers.get("x-slack-request-timestamp", "")
    return stamp.isascii() and stamp.isdigit() and len(stamp) < 15


def _open_database(settings: Settings) -> Engine:
    from bot.store.database import open_database  # noqa: PLC0415  # a server without Slack needs no database

    return open_database(settings.database_url)
