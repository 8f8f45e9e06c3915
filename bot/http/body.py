"""A stranger's JSON, read within bounds: 64 KiB, 32 levels, one object."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from bot.http.errors import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.requests import Request

T = TypeVar("T")

MAX_BODY_BYTES: Final = 64 * 1024
MAX_SLACK_BODY_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 32
BODY_S: Final = 10.0
"""Seconds within which a body must have come: a slow one holds a connection, nothing else."""


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


async def in_time(reading: Awaitable[T], within_s: float = BODY_S) -> T:
    """What is read, if it comes within so many seconds."""
    try:
        async with asyncio.timeout(within_s):
            return await reading
    except TimeoutError:
        message = f"the body did not come within {within_s:g} seconds"
        raise RequestRefused(408, "BodyTooSlow", message, "send it at once") from None


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
