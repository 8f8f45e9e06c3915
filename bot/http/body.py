"""A stranger's JSON, read within bounds: 64 KiB, 32 levels, one object."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

from bot.http.errors import RequestRefused

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_BODY_BYTES: Final = 64 * 1024
MAX_SLACK_BODY_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 32


async def read_bytes(request: Request, limit_bytes: int) -> bytes:
    """The body, at most so long; what is announced or sent beyond the limit is not read."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limit_bytes:
        _refuse_length(limit_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            _refuse_length(limit_bytes)
    return bytes(body)


async def read_json_text(request: Request) -> str:
    """The body as text that holds one JSON object."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise RequestRefused(
            415, "NotJson", f"the body is {kind or 'of no stated type'}", "Content-Type: application/json"
        )
    text = _decoded(await read_bytes(request, MAX_BODY_BYTES))
    parse_object(text)
    return text


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object in the text; depth is looked at before anything is built."""
    if _depth(text) > MAX_DEPTH:
        raise RequestRefused(
            400, "MalformedJson", f"the body nests deeper than {MAX_DEPTH} levels", "send a flat object"
        )
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        place = f", line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise RequestRefused(400, "MalformedJson", f"the body is not JSON{place}", "send one JSON object") from None
    if not isinstance(value, dict):
        raise RequestRefused(400, "MalformedJson", f"the body is a {type(value).__name__}", "send one JSON object")
    return value


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise RequestRefused(400, "MalformedJson", "the body is not UTF-8", "send one JSON object in UTF-8") from None


def _depth(text: str) -> int:
    """The deepest level of brackets outside strings."""
    depth = deepest = 0
    in_string = is_escaped = False
    for char in text:
        if in_string:
            in_string = is_escaped or char != '"'
            is_escaped = char == "\\" and not is_escaped
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _refuse_length(limit_bytes: int) -> NoReturn:
    raise RequestRefused(413, "BodyTooLarge", f"the body is longer than {limit_bytes:,} bytes", "ask less at once")
