"""Errors as HTTP says them: `application/problem+json` (RFC 9457), with the commands' own `error` object inside.

400 the request is wrong · 401 no key or a wrong one · 403 a licence or a token of the Hub is missing · 404 there is no
such thing · 408 the body came too slowly · 413 too large · 415 no JSON · 422 understood, and cannot be answered ·
424 the Hub, on which the answer depends, does not answer · 429 too many requests of this key · 503 too many at once ·
504 the answer takes too long.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UserError = BotError | IngestError | EstimatorError

PROBLEM_JSON: Final = "application/problem+json"
RETRY_S: Final = "30"
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
    HubUnavailable: 424,
}
"""By class; what is not named here is a wrong request, 400."""


class RequestRefused(BotError):
    """A request that never reached the product."""

    def __init__(self, status: int, kind: str, message: str, hint: str = "", *, retry_s: float | None = None) -> None:
        super().__init__(message, hint)
        self.status = status
        self.kind = kind
        self.retry_s = retry_s


def status_of(error: UserError) -> int:
    """The status of an error, by the nearest of its classes."""
    if isinstance(error, RequestRefused):
        return error.status
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)


def error_response(error: UserError) -> JSONResponse:
    """The error as it stands, as in the commands' JSON."""
    said: dict[str, Any] = error_json(error)["error"]
    status = status_of(error)
    headers = {"Retry-After": RETRY_S} if status in {424, 503} else {}
    if isinstance(error, RequestRefused):
        said["type"] = error.kind
        if error.retry_s is not None:
            headers["Retry-After"] = str(max(1, round(error.retry_s)))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="hubgauge"'
    return problem(status, said, headers)


def faults_response(faults: Sequence[Any]) -> JSONResponse:
    """A request that its model does not admit, each fault named by its key."""
    shown = [f"{_place(fault['loc'])}: {fault['msg']}" for fault in faults][:5]
    hint = "GET /openapi.json describes every request"
    return problem(400, {"type": "MalformedRequest", "message": "; ".join(shown), "hint": hint})


def bug_response() -> JSONResponse:
    """What the asker sees of a bug: that it is one."""
    message, hint = "something broke while answering this", "the server's log has the details"
    return problem(500, {"type": "InternalError", "message": message, "hint": hint})


def http_error_response(_request: Any, error: Exception) -> JSONResponse:
    """Starlette's own refusals (no such path, wrong method) in the same form."""
    assert isinstance(error, HTTPException)
    kind = {404: "NotFound", 405: "MethodNotAllowed"}.get(error.status_code, "HttpError")
    said = {"type": kind, "message": str(error.detail).lower(), "hint": "/openapi.json lists what there is"}
    return problem(error.status_code, said, error.headers)


def problem(status: int, said: dict[str, Any], headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response: RFC 9457's members, and ours as the member `error`."""
    body = {
        "type": f"urn:hubgauge:error:{said['type']}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": said["message"],
        "error": said,
    }
    return JSONResponse(body, status, dict(headers or {}), PROBLEM_JSON)


def _place(keys: tuple[Any, ...]) -> str:
    """`context_tokens`, `parallel.tensor`: where the fault lies, without the name of the body."""
    return ".".join(str(key)[:80] for key in keys if key not in {"body", "query", "path", "header"}) or "request"
