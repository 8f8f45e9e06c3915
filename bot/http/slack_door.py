"""Slack's signed requests, handed to Bolt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from bot.http.errors import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
    from sqlalchemy import Engine
    from starlette.requests import Request

    from bot.question import Query
    from bot.render.report import Report
    from bot.settings import Settings
    from bot.slack.service import Service


class SlackDoor:
    """Slack's signed requests, handed to Bolt. Lives as long as the event loop."""

    def __init__(self, settings: Settings, ask: Callable[[str | Query], Report], engine: Engine) -> None:
        from bot.slack.app import build_app, build_service  # noqa: PLC0415  # a server without Slack needs no Bolt

        self.service = build_service(settings, ask, engine)
        self._app = build_app(self.service, signing_secret=settings.slack_signing_secret)
        self._flow = _install_flow(settings, engine, self.service) if settings.has_many_workspaces else None

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

    async def install(self, request: Request) -> Response:
        """The page with "Add to Slack", where workspaces bring their own tokens."""
        return await self._in_flow(request, is_back=False)

    async def installed(self, request: Request) -> Response:
        """Slack sends people back here, with a code that is exchanged for the workspace's token."""
        return await self._in_flow(request, is_back=True)

    async def _in_flow(self, request: Request, *, is_back: bool) -> Response:
        from slack_bolt.adapter.starlette.async_handler import (  # noqa: PLC0415  # as above
            to_async_bolt_request,
            to_starlette_response,
        )

        if self._flow is None:
            hint = "one workspace needs no such page: its token is SLACK_BOT_TOKEN; see docs/slack.md for several"
            raise RequestRefused(404, "SlackNotSetUp", "this server serves one workspace", hint)
        asked = to_async_bolt_request(request, b"")
        answered = await (self._flow.handle_callback(asked) if is_back else self._flow.handle_installation(asked))
        response: Response = to_starlette_response(answered)
        response.headers["Cache-Control"] = "no-store"
        return response


def _install_flow(settings: Settings, engine: Engine, service: Service) -> AsyncOAuthFlow:
    from bot.slack.install import install_flow  # noqa: PLC0415  # as above
    from bot.slack.outbound import web_client  # noqa: PLC0415  # as above
    from bot.store.installations import Installations  # noqa: PLC0415  # as above

    assert settings.slack_client_id
    assert settings.slack_client_secret
    client = web_client("", settings.slack_api_url, service.outbound.session)
    return install_flow(Installations(engine, settings.slack_client_id), settings.slack_client_secret, client)


def _has_plain_timestamp(request: Request) -> bool:
    """Bolt turns the header into an integer without looking; anything else there is a forgery."""
    stamp = request.headers.get("x-slack-request-timestamp", "")
    return stamp.isascii() and stamp.isdigit() and len(stamp) < 15
