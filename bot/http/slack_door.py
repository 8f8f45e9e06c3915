"""Slack's signed requests, handed to Bolt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from bot.http.errors import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from starlette.requests import Request

    from bot.question import Query
    from bot.render.report import Report
    from bot.settings import Settings


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


def _has_plain_timestamp(request: Request) -> bool:
    """Bolt turns the header into an integer without looking; anything else there is a forgery."""
    stamp = request.headers.get("x-slack-request-timestamp", "")
    return stamp.isascii() and stamp.isdigit() and len(stamp) < 15
