"""One message to one target, and what became of it: a Slack channel, an incoming webhook, a file of JSON lines.

Each message carries its key. Where it is not known whether an earlier attempt arrived, because the answer was lost or
its sender died, the channel or the file is searched for the key first. A webhook cannot be asked: there a message may
come twice, with the same key.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackClientError

from bot.render.blocks import to_message
from bot.slack.outbound import Outbound, Sent, web_client
from bot.slack.workspaces import workspaces_of
from bot.watch.message import Told, report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slack_sdk.web.async_client import AsyncWebClient
    from sqlalchemy import Engine

    from bot.settings import Settings
    from bot.watch.outbox import Batch
    from bot.watch.subscriptions import Subscription

log = logging.getLogger("hubgauge.watch")

MARK: Final = "release"
HISTORY_MESSAGES: Final = 200
HOOK_S: Final = 15.0
TAIL_BYTES: Final = 2**20
ALREADY: Final = "was there already"


class Postman:
    """Posts messages. Use it as an async context: it holds one HTTP session."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings, self._engine = settings, engine

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(trust_env=True, timeout=aiohttp.ClientTimeout(total=HOOK_S))
        url, session = self._settings.slack_api_url, self._session
        if not (self._settings.slack_bot_token or self._settings.slack_client_id):
            self._slack = None
            return self
        spoken_for = workspaces_of(self._settings, self._engine, lambda token: web_client(token, url, session))
        self._slack = Outbound(spoken_for, session)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def post(self, to: Subscription, batch: Batch, told: Sequence[Told], since: float) -> Sent:
        """Posts the message; `since` is when it can have been posted first."""
        match to.kind:
            case "slack":
                return await self._to_slack(to.place, batch, told, since)
            case "hook":
                return await self._to_hook(to.place, batch, told)
            case _:
                return await asyncio.to_thread(_to_file, Path(to.place), batch, told)

    async def _to_slack(self, place: str, batch: Batch, told: Sequence[Told], since: float) -> Sent:
        if self._slack is None:
            return Sent("later", "SLACK_BOT_TOKEN is not set", 300.0)
        team, _, channel = place.rpartition("/")
        mark = f"{MARK}:{batch.key}"
        if batch.attempts > 1:
            found = await self._is_there(await self._slack.workspaces.client(team), channel, mark, since)
            if found is None:
                return Sent("later", "the channel could not be read", 5.0)
            if found:
                return Sent("sent", ALREADY)
        text, blocks = to_message(report(told))
        marked = [{**blocks[0], "block_id": mark}, *blocks[1:]] if blocks else []
        return await self._slack.call(
            team, "chat.postMessage", channel=channel, text=text, blocks=marked, unfurl_links=False, unfurl_media=False
        )

    async def _is_there(self, client: AsyncWebClient | None, channel: str, mark: str, since: float) -> bool | None:
        """Whether the channel holds the message; None where Slack does not say now. Without the right: not."""
        if client is None:
            return False  # the app was removed there
        cursor = ""
        for _ in range(10):
            try:
                found = await client.conversations_history(
                    channel=channel, oldest=f"{since:.6f}", limit=HISTORY_MESSAGES, cursor=cursor or None
                )
            except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
                code = _code(error)
                if code in {"missing_scope", "not_in_channel", "channel_not_found", "no_permission"}:
                    log.warning("a channel cannot be searched for an earlier message (%s): posting again", code)
                    return False
                return None
            if any(block.get("block_id") == mark for said in found["messages"] for block in said.get("blocks") or ()):
                return True
            cursor = (found.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return False
        return False

    async def _to_hook(self, address: str, batch: Batch, told: Sequence[Told]) -> Sent:
        said = report(told)
        text, blocks = to_message(said)
        body: dict[str, Any] = {"text": text, "key": batch.key, "releases": [each.json for each in told]}
        if (urlsplit(address).hostname or "").endswith(".slack.com"):
            body = {"text": text, "blocks": blocks}
        try:
            async with self._session.post(address, json=body) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Sent("unsure", type(error).__name__)
        if answer.status < 300:
            return Sent("sent")
        wait_s = answer.headers.get("retry-after", "")
        if answer.status in {408, 425, 429} or answer.status >= 500:
            return Sent("later", f"http_{answer.status}", float(wait_s) if wait_s.isdigit() else 0.0)
        return Sent("refused", f"http_{answer.status}")


def _to_file(path: Path, batch: Batch, told: Sequence[Told]) -> Sent:
    """Appends a line for each release, in one write; where an earlier attempt may have come, only those not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            there = _tail(file.fileno()) if batch.attempts > 1 else b""
            new = [each for each in told if _key(batch, each).encode() not in there]
            rows = [json.dumps({"key": _key(batch, each), **each.json}, ensure_ascii=False) for each in new]
            ended = b"" if not there or there.endswith(b"\n") else b"\n"  # a line that a full disk cut
            os.write(file.fileno(), ended + "".join(f"{row}\n" for row in rows).encode("utf-8", "replace"))
            os.fsync(file.fileno())
    except OSError as error:
        return Sent("later", f"{path.name}: {error.strerror or error}", 30.0)
    return Sent("sent", "" if new else ALREADY)


def _key(batch: Batch, told: Told) -> str:
    return f"{batch.key}:{told.repo_id}"


def _tail(file: int) -> bytes:
    size = os.fstat(file).st_size
    return os.pread(file, TAIL_BYTES, max(0, size - TAIL_BYTES))


def _code(error: Exception) -> str:
    response = getattr(error, "response", None)
    data = getattr(response, "data", None)
    return str(data.get("error", "")) if isinstance(data, dict) else type(error).__name__
