"""Errors as HTTP says them: a status, and `{"error": {"type", "message", "hint"}}`.

400 the request is wrong · 403 a licence or a token is missing · 404 there is no such thing · 413 too large ·
415 no JSON · 422 understood, and cannot be answered · 503 not now.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from bot.errors import BotError, error_json
from estimator.errors import EstimatorError, IllegalLayout, UnknownGpu, UnknownMethod, UnknownRate
from ingest.errors import (
    GatedModel,
    HubUnavailable,
    IngestError,
    MalformedConfig,
    NoConfig,
    NotAGenerativeModel,
    UnknownModel,
    UnsupportedArchitecture,
)

UserError = BotError | IngestError | EstimatorError

STATUS: Final[dict[type[Exception], int]] = {
    UnknownModel: 404,
    NoConfig: 404,
    UnknownGpu: 404,
    UnknownMethod: 404,
    GatedModel: 403,
    NotAGenerativeModel: 422,
    MalformedConfig: 422,
    UnsupportedArchitecture: 422,
    UnknownRate: 422,
    IllegalLayout: 422,
    HubUnavailable: 503,
}
"""By class; what is not named here is a wrong request, 400."""


class RequestRefused(BotError):
    """A request that never reached the product."""

    def __init__(self, status: int, kind: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.status = status
        self.kind = kind


def status_of(error: UserError) -> int:
    """The status of an error, by the nearest of its classes."""
    if isinstance(error, RequestRefused):
        return error.status
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)


def error_response(error: UserError) -> JSONResponse:
    """The error as it stands, as in the commands' JSON."""
    found = error_json(error)
    if isinstance(error, RequestRefused):
        found["error"]["type"] = error.kind
    status = status_of(error)
    return JSONResponse(found, status, {"Retry-After": "30"} if status == 503 else None)


def bug_response() -> JSONResponse:
    """What the asker sees of a bug: that it is one."""
    return _response(500, "InternalError", "something broke while answering this", "the server's log has the details")


async def http_error_response(_request: Any, error: Exception) -> JSONResponse:
    """Starlette's own refusals (no such path, wrong method) in the same form."""
    assert isinstance(error, HTTPException)
    kind = {404: "NotFound", 405: "MethodNotAllowed"}.get(error.status_code, "HttpError")
    headers = dict(error.headers) if error.headers else None
    return _response(error.status_code, kind, str(error.detail).lower(), "/ lists what there is", headers)


def _response(status: int, kind: str, message: str, hint: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"type": kind, "message": message, "hint": hint}}, status, headers)
