"""The page at `/` and its files: plain HTML, CSS and JavaScript, and Chart.js from the package that brings it.

No inline script or style, nothing from elsewhere: the policy says so, and a browser holds the page to it. Files are
read and compressed once; an address with the file's digest may be kept for a year, any other is asked for again.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from bot.http.errors import RequestRefused

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from starlette.requests import Request

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
}
A_YEAR: Final = "public, max-age=31536000, immutable"
KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
OWN: Final = (
    "page.css",
    "icon.svg",
    "main.js",
    "state.js",
    "controls.js",
    "charts.js",
    "figures.js",
    "say.js",
    "api.js",
    "panel.js",
)
CHART: Final = "chart.js"
"""Chart.js, which chartkick carries whole; nothing of chartkick itself is sent."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent."""

    kind: str
    plain: bytes
    packed: bytes
    digest: str


def home(request: Request) -> Response:
    """The page; its files are addressed by what is in them."""
    return _sent(request, _page(), PAGE_HEADERS)


def static(request: Request) -> Response:
    """One of the page's files; 404 for any name that is not in the list."""
    name = request.path_params["name"]
    if name not in {*OWN, CHART}:
        raise RequestRefused(404, "NotFound", "no such file", "/ is the page")
    found = _file(name)
    is_exact = request.query_params.get("v") == found.digest
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": A_YEAR if is_exact else "no-cache"}
    return _sent(request, found, headers)


def _sent(request: Request, found: File, headers: dict[str, str]) -> Response:
    tag = f'W/"{found.digest}"'
    headers = {**headers, "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        packed = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(found.packed, media_type=found.kind, headers={**headers, **packed})
    return Response(found.plain, media_type=found.kind, headers=headers)


@cache
def _page() -> File:
    text = (files("bot.http") / "static" / "index.html").read_text(encoding="utf-8")
    for name in (*OWN, CHART):
        text = text.replace(f'"/static/{name}"', f'"/static/{name}?v={_file(name).digest}"')
    return _packed(".html", text.encode())


@cache
def _file(name: str) -> File:
    data = _place(name).read_bytes()
    return _packed(name[name.rindex(".") :], data)


def _place(name: str) -> Traversable:
    if name == CHART:
        return files("chartkick") / "django" / "static" / "chartkick" / "Chart.bundle.js"
    return files("bot.http") / "static" / name


def _packed(ending: str, data: bytes) -> File:
    return File(KINDS[ending], data, gzip.compress(data, 9, mtime=0), hashlib.sha256(data).hexdigest()[:16])
