"""What the watcher has over HTTP: the Hub's webhook comes in, the feed of releases goes out.

    POST /hub/webhook          a named user's or organization's repository changed; proved by the secret we gave the Hub
    GET  /v1/releases          what was found, the newest first
    GET  /v1/releases.atom     the same for feed readers

Nothing in a payload is believed but the name of the repository: what there is to say of it is asked of the Hub. So a
payload that is replayed, or sent by somebody who has the secret, costs one look at a repository at most.
Source: Hub documentation, webhooks, version 3: `X-Webhook-Secret` carries the secret as it is, without time or digest.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from xml.etree import ElementTree as ET

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.http.body import MAX_BODY_BYTES, parse_object, read_bytes
from bot.http.errors import RequestRefused
from bot.watch.message import Teller
from bot.watch.tables import open_watch
from ingest.repo_ref import is_repo_id
from ingest.settings import DEFAULT_ENDPOINT
from ingest.store.database import reason
from ingest.store.releases import WAITING, Release, ReleaseStore
from ingest.store.specs import SpecStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from fastapi import FastAPI
    from sqlalchemy import Engine
    from starlette.requests import Request

    from bot.settings import Settings

log = logging.getLogger("hubgauge.watch")

PROOF_HEADER: Final = "x-webhook-secret"
MOST_RELEASES: Final = 200
ATOM: Final = "http://www.w3.org/2005/Atom"


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore")
    action: Literal["create", "delete", "update", "move"]
    scope: Annotated[str, Field(max_length=100)]


class _Repo(BaseModel):
    model_config = ConfigDict(extra="ignore")
    type: Literal["model", "dataset", "space", "bucket", "kernel"]
    name: Annotated[str, Field(max_length=200)]
    private: bool = False


class Payload(BaseModel):
    """A webhook's payload, as far as it is read."""

    model_config = ConfigDict(extra="ignore")
    event: _Event
    repo: _Repo

    @property
    def passed_over(self) -> str:
        """Why there is nothing to look at; empty where there is."""
        if self.repo.type != "model":
            return f"a {self.repo.type}"
        if self.event.action == "delete" or not self.event.scope.startswith("repo"):
            return f"{self.event.action} of {self.event.scope}"
        return "private" if self.repo.private else ""


class HubDoor:
    """The three routes. The database is opened when the first of them is asked for."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settings, self._clock = settings, clock
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    async def webhook(self, request: Request) -> Response:
        """Notes the repository that the Hub tells of."""
        secret = self._settings.hub_webhook_secret
        if not secret:
            raise RequestRefused(404, "NotSetUp", "no webhook is expected here", "set HUBGAUGE_HUB_WEBHOOK_SECRET")
        given = request.headers.get(PROOF_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode()):
            log.warning("a webhook came with %s secret: not read", "a wrong" if given else "no")
            raise RequestRefused(401, "WrongSecret", "the secret is not the one of this webhook", "see docs/watch.md")
        payload = _read(await read_bytes(request, MAX_BODY_BYTES))
        if payload.passed_over:
            log.info("a webhook is passed over: %s", payload.passed_over)
            return JSONResponse({"status": "passed over", "reason": payload.passed_over})
        try:
            await run_in_threadpool(self._note, payload.repo.name)
        except SQLAlchemyError as error:
            log.error("the database fails (%s): the Hub is asked to send again", reason(error))  # noqa: TRY400  # SQL
            said = "the release was not noted"
            raise RequestRefused(503, "DatabaseAway", said, "send it again", retry_s=30) from None
        return JSONResponse({"status": "noted"})

    async def releases(self, request: Request) -> Response:
        """The releases as JSON; `next` is the path of the page after this one."""
        limit, before = _limit(request), _before(request)
        told = await run_in_threadpool(self._told, limit, before)
        last = told[-1]["found_at"] if len(told) == limit else None
        return JSONResponse(
            {"releases": told, "next": f"/v1/releases?limit={limit}&before={last!r}" if last is not None else None}
        )

    async def feed(self, request: Request) -> Response:
        """The releases as an Atom feed."""
        told = await run_in_threadpool(self._told, _limit(request), None)
        return Response(_atom(told, str(request.url)), media_type="application/atom+xml")

    def close(self) -> None:
        """Lets go of the database."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None

    def _store(self) -> ReleaseStore:
        with self._lock:
            if self._engine is None:
                self._engine = open_watch(self._settings.database_url)
            return ReleaseStore(self._engine)

    def _note(self, repo_id: str) -> None:
        now, store = self._clock(), self._store()
        store.note([Release(repo_id, WAITING, "webhook", found_at=now, not_before=now)])
        store.wake([repo_id], now)

    def _told(self, limit: int, before: float | None) -> list[dict[str, Any]]:
        store = self._store()
        teller = Teller(SpecStore(store.engine), DEFAULT_ENDPOINT)
        found = []
        for release in store.latest(limit, before):
            told = teller.tell(release, None)
            found.append({**told.json, "about": told.about, "found_at": release.ready_at})
        return found


def add_watch_routes(app: FastAPI, settings: Settings, clock: Callable[[], float]) -> HubDoor:
    """Adds the routes to the app, which lets go of their database when it ends."""
    door, inner = HubDoor(settings, clock), app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(of: FastAPI) -> AsyncIterator[Any]:
        try:
            async with inner(of) as state:
                yield state
        finally:
            door.close()

    app.router.lifespan_context = lifespan
    app.routes.extend(
        [
            Route("/hub/webhook", door.webhook, methods=["POST"]),
            Route("/v1/releases", door.releases),
            Route("/v1/releases.atom", door.feed),
        ]
    )
    return door


def _read(body: bytes) -> Payload:
    try:
        payload = Payload.model_validate(parse_object(body.decode("utf-8", "replace")))
    except ValidationError as error:
        faults = ", ".join(".".join(str(key) for key in fault["loc"]) for fault in error.errors()[:5])
        log.warning("a webhook's payload is none of the Hub's (%s)", faults)
        raise RequestRefused(400, "ForeignPayload", f"no payload of the Hub's: {faults}", "see docs/watch.md") from None
    if not is_repo_id(payload.repo.name):
        log.warning("a webhook names no repository")
        raise RequestRefused(400, "ForeignPayload", "repo.name names no repository", "see docs/watch.md")
    return payload


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "50")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST_RELEASES):
        raise RequestRefused(400, "WrongLimit", f"limit is {text[:20]!r}", f"a whole number from 1 to {MOST_RELEASES}")
    return int(text)


def _before(request: Request) -> float | None:
    text = request.query_params.get("before")
    try:
        return None if text is None else float(text)
    except ValueError:
        raise RequestRefused(400, "WrongTime", f"before is {text[:20]!r}", "a `found_at` of this list") from None  # type: ignore[index]  # no text is no error


def _atom(told: list[dict[str, Any]], address: str) -> bytes:
    """Strangers' names go through the library that writes XML."""
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed")
    _child(feed, "title", "New models on the Hub")
    _child(feed, "id", address.partition("?")[0])
    ET.SubElement(feed, f"{{{ATOM}}}link", rel="self", href=address)
    _child(feed, "updated", _day(told[0]["found_at"]) if told else "1970-01-01T00:00:00Z")
    for release in told:
        entry = ET.SubElement(feed, f"{{{ATOM}}}entry")
        _child(entry, "title", release["repo_id"])
        _child(entry, "id", release["url"])
        ET.SubElement(entry, f"{{{ATOM}}}link", href=release["url"])
        _child(entry, "updated", _day(release["found_at"]))
        _child(ET.SubElement(entry, f"{{{ATOM}}}author"), "name", release["repo_id"].partition("/")[0])
        _child(entry, "summary", release["about"])
    found: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return found


def _child(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, f"{{{ATOM}}}{name}").text = "".join(c for c in text if c >= " ")


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
