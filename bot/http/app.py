"""The HTTP front whole: the API under /v1, the page, Slack's events, health, readiness and metrics, in one process."""

from __future__ import annotations

import contextlib
import gc
import logging
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import metrics
from bot.contract import Problem
from bot.errors import USER_ERRORS
from bot.http import pages
from bot.http.api import router
from bot.http.body import MAX_SLACK_BODY_BYTES, in_time, read_bytes
from bot.http.computing import Computing
from bot.http.doors import Admitted, AheadOfAll, Bounded, Counted
from bot.http.errors import RequestRefused, error_response, faults_response, http_error_response
from bot.http.hub_door import add_watch_routes
from bot.http.keys import Keys
from bot.http.slack_door import SlackDoor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Engine
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from bot.http.product import Product
    from bot.settings import Settings

log = logging.getLogger(__name__)

SMALLEST_PACKED_BYTES: Final = 1024
SLACK_EVENTS: Final = "/slack/events"
ABOUT: Final = """For any model on the Hugging Face Hub: will it fit, how fast will it be, what will it cost, and if
not, what would? Every latency and throughput carries its 80 % band, every default is listed among the assumptions."""


class Front:
    """The endpoints beside the API: Slack's, and those that say how the process is."""

    def __init__(self) -> None:
        self.slack: SlackDoor | None = None

    async def healthz(self, _request: Request) -> Response:
        """The process lives."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, _request: Request) -> Response:
        """Whether Slack's questions can be taken on; without Slack there is nothing to wait for."""
        reason = await self.slack.service.not_ready() if self.slack else ""
        if reason:
            return JSONResponse({"status": "not ready", "reason": reason}, 503)
        return JSONResponse({"status": "ready", "slack": self.slack is not None})

    async def metrics(self, _request: Request) -> Response:
        """What was counted, for Prometheus: names of ours, no texts."""
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    async def slack_events(self, request: Request) -> Response:
        """Events, commands and interactions, signed by Slack."""
        body = await in_time(read_bytes(request, MAX_SLACK_BODY_BYTES))
        return await self._slack().handle(request, body)

    async def slack_install(self, request: Request) -> Response:
        """Where a workspace adds the app."""
        return await self._slack().install(request)

    async def slack_installed(self, request: Request) -> Response:
        """Where Slack sends its people back."""
        return await self._slack().installed(request)

    def _slack(self) -> SlackDoor:
        if self.slack is None:
            hint = "set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET; see docs/slack.md"
            raise RequestRefused(404, "SlackNotSetUp", "this server is not connected to Slack", hint)
        return self.slack


def build(settings: Settings, product: Product) -> FastAPI:
    """The ASGI application on that product.

    Opens the database where Slack is set up; raises `SettingsError` where that fails, or where the keys are no keys.
    """
    front = Front()
    engine = _open_database(settings) if settings.has_signed_slack else None
    if engine is None and (settings.slack_bot_token or settings.slack_signing_secret):
        log.warning("Slack is half set up: SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET are both needed")

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if engine is None:
            yield
            return
        front.slack = SlackDoor(settings, product.ask, engine)
        front.slack.service.start()
        gc.freeze()  # what is here now stays: looking through it again and again is a twentieth of an acknowledgement
        try:
            yield
        finally:
            await front.slack.service.drain(settings.drain_s)
            engine.dispose()

    app = Api(title="hubgauge", description=ABOUT, version=version("hubgauge"), lifespan=lifespan, **NO_FOREIGN_PAGES)
    app.include_router(router(product, Computing()))
    app.routes.extend(_routes(front))
    add_watch_routes(app, settings, time.time)
    _catch(app)
    keys = Keys(settings.api_keys, settings.api_rate_per_s)
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_PACKED_BYTES, compresslevel=4)
    app.add_middleware(Bounded)
    app.add_middleware(Admitted, keys=keys)
    app.add_middleware(Counted)
    app.ahead = Counted(AheadOfAll(SLACK_EVENTS, front.slack_events))
    return app


NO_FOREIGN_PAGES: Final[dict[str, Any]] = {"docs_url": None, "redoc_url": None}
"""FastAPI's own pages of documentation load scripts from elsewhere."""


KEY_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "where the server has keys"},
    "header": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "the same, in a header of its own",
    },
}
"""Described here, checked by `Admitted` before a body is read."""


class Api(FastAPI):
    """FastAPI with one schema for every error, a problem, and one address that is answered before it: Slack's."""

    ahead: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        is_ahead = self.ahead is not None and scope["type"] == "http" and scope["path"] == SLACK_EVENTS
        await (self.ahead if is_ahead and self.ahead else super().__call__)(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The description of the API, made once."""
        if not self.openapi_schema:
            found = super().openapi()
            schemas = found["components"]["schemas"]
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problem.pop("$defs"))
            schemas["Problem"] = problem
            found["components"]["securitySchemes"] = KEY_SCHEMES
            found["security"] = [{}, *({name: []} for name in KEY_SCHEMES)]
            for gone in ("HTTPValidationError", "ValidationError"):
                schemas.pop(gone, None)
        return self.openapi_schema or {}


def _routes(front: Front) -> list[Route]:
    return [
        Route("/", pages.home),
        Route("/static/{name}", pages.static),
        Route("/slack/install", front.slack_install),
        Route("/slack/oauth_redirect", front.slack_installed),
        Route("/healthz", front.healthz),
        Route("/readyz", front.readyz),
        Route("/metrics", front.metrics),
    ]


def _catch(app: FastAPI) -> None:
    """Every refusal as a problem."""

    def on_user_error(_request: Request, error: Exception) -> Response:
        return error_response(error)  # type: ignore[arg-type]  # registered for these classes alone

    def on_faults(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return faults_response(error.errors())

    for kind in USER_ERRORS:
        app.add_exception_handler(kind, on_user_error)
    app.add_exception_handler(RequestValidationError, on_faults)
    app.add_exception_handler(HTTPException, http_error_response)


def _open_database(settings: Settings) -> Engine:
    from bot.store.database import open_database  # noqa: PLC0415  # a server without Slack needs no database

    return open_database(settings.database_url)
