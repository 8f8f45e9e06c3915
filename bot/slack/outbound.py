"""The only place that speaks to Slack: an answer goes out, and what Slack says to it becomes one of five outcomes.

A 429 on an answer pauses its channel and no other; a 5xx or a time-out leaves it unsure whether the message is there.
Then, and after a crash, the thread is read before the answer is posted again: each answer wears a mark, the id of its
first block. Blocks that Slack refuses are sent again as plain text. Logs name the error's code and nothing else: no
token, no text. Charts that went with refused blocks are uploaded as pictures.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot import metrics
from bot.errors import BotError
from bot.render.block_models import message_fault
from bot.render.blocks import MAX_NOTICE_CHARACTERS, to_message, to_text
from bot.render.picture import png

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from bot.render.report import Report
    from bot.slack.inbound import Asked
    from bot.slack.workspaces import Workspaces

log = logging.getLogger(__name__)

FATAL: Final = frozenset({"token_revoked", "account_inactive", "invalid_auth", "not_authed", "token_expired"})
TOO_MUCH: Final = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "invalid_attachments"}
)
DEAD_HOOK: Final = frozenset({"expired_url", "used_url", "http_404", "http_410", "no_service", "invalid_token"})
"""What a response_url says that is older than half an hour or was used five times."""
UNSURE: Final = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""Slack's own trouble: the reference of chat.postMessage says of these that the call may have worked."""
RATE_LIMITED: Final = "ratelimited"
MAX_FALLBACK_CHARACTERS: Final = 12_000
REQUEST_TIMEOUT_S: Final = 15

MARK: Final = "answers"
MAX_REPLIES: Final = 200
"""Replies of a thread that are looked through for an answer, from its question on."""
SERVER_ERROR: Final = 500

Fate = Literal["sent", "refused", "later", "unsure", "fatal"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an answer. `retry_after_s` is Slack's wish where the fate is "later"; "unsure" may be there."""

    fate: Fate
    error: str = ""
    retry_after_s: float = 0.0


NOT_INSTALLED: Final = Sent("refused", "not_installed")
"""A workspace that removed the app while its question waited."""


class Outbound:
    """Answers on their way to Slack, over one HTTP session."""

    def __init__(self, workspaces: Workspaces, session: aiohttp.ClientSession) -> None:
        self.workspaces = workspaces
        self.session = session

    async def answer(
        self, asked: Asked, report: Report, controls: Sequence[dict[str, Any]] = (), *, is_again: bool = False
    ) -> Sent:
        """Posts the report where it was asked; as plain text where Slack refuses the blocks, or would.

        With `is_again` an earlier attempt may have reached Slack: nothing is posted where its mark is found.
        """
        client = await self.workspaces.client(asked.team)
        if client is None:
            return NOT_INSTALLED
        if is_again and await _is_there(client, asked):
            return Sent("sent")
        text, blocks = to_message(report, controls)
        fault = message_fault(blocks)
        if fault:
            log.error("the blocks of an answer break a rule of Slack's (%s): sent as plain text", fault)
            text, blocks = to_text(report)[:MAX_FALLBACK_CHARACTERS], []
        sent = await self._send(client, asked, report, text, _marked(blocks, asked))
        if sent.error in TOO_MUCH:
            log.warning("Slack refused the blocks of an answer (%s): sent as plain text", sent.error)
            limit = MAX_NOTICE_CHARACTERS if sent.error == "msg_too_long" else MAX_FALLBACK_CHARACTERS
            blocks = []
            sent = await self._send(client, asked, report, to_text(report)[:limit], blocks)
        if sent.fate == "sent" and not blocks:
            await self._draw(client, asked, report)
        if sent.fate == "refused":
            log.error("Slack took no answer: %s", sent.error)
        return await self._judged(asked.team, sent)

    async def call(self, team: str, method: str, **arguments: Any) -> Sent:
        """Calls a method of the Web API that is no answer: a form, the Home tab, the note below a link."""
        client = await self.workspaces.client(team)
        if client is None:
            return NOT_INSTALLED
        sent = await _sent(method, client.api_call(method, json=arguments))
        if sent.fate != "sent":
            log.warning("Slack refused %s: %s", method, sent.error)
        return await self._judged(team, sent)

    async def _judged(self, team: str, sent: Sent) -> Sent:
        """A token that is refused ends the one workspace that it belongs to, or us where there is no other."""
        if sent.fate != "fatal":
            return sent
        if await self.workspaces.lost(team, time.time()):
            log.error("Slack refuses the token of a workspace (%s): it is forgotten, the others go on", sent.error)
            return Sent("refused", sent.error)
        log.critical("Slack refuses our token: %s", sent.error)
        return sent

    async def tell(self, response_url: str, text: str, thread_ts: str = "") -> Sent:
        """A line to the person who pressed something, and to nobody else."""
        line = {"text": text, "response_type": "ephemeral", "replace_original": False}
        return await self._hook(response_url, line | ({"thread_ts": thread_ts} if thread_ts else {}))

    async def close(self) -> None:
        """Closes the session."""
        await self.session.close()

    async def _draw(self, client: AsyncWebClient, asked: Asked, report: Report) -> None:
        """Uploads as pictures what went out without its charts; without them the answer is whole all the same."""
        if not asked.channel or asked.is_private or asked.response_url:
            return
        for chart in report.charts:
            try:
                picture = await asyncio.to_thread(png, chart, report.sections[0].heading)
                await client.files_upload_v2(
                    channel=asked.channel,
                    thread_ts=asked.thread_ts or None,
                    content=picture,
                    filename="chart.png",
                    title=chart.title,
                    alt_txt=chart.says,
                )
            except (BotError, SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning("a chart could not be shown as a picture (%s)", type(error).__name__)

    async def _send(
        self, client: AsyncWebClient, asked: Asked, report: Report, text: str, blocks: list[dict[str, Any]]
    ) -> Sent:
        is_private = asked.is_private or (report.mood == "error" and asked.can_be_told_alone)
        if asked.response_url:
            sent = await self._respond(asked, text, blocks, is_private=is_private)
            if sent.error not in DEAD_HOOK or not asked.channel:
                return sent
        return await _post(client, asked, text, blocks, is_private=is_private)

    async def _respond(self, asked: Asked, text: str, blocks: list[dict[str, Any]], *, is_private: bool) -> Sent:
        """Answers by the address that a command or a press brought; it lives for half an hour and five answers."""
        body: dict[str, Any] = {"text": text, "response_type": "ephemeral" if is_private else "in_channel"}
        if blocks:
            body["blocks"] = blocks
        if asked.message_ts or asked.previous:
            body["replace_original"] = asked.replaces
        if asked.thread_ts:
            body["thread_ts"] = asked.thread_ts
        return await self._hook(asked.response_url, body)

    async def _hook(self, response_url: str, body: dict[str, Any]) -> Sent:
        hook = AsyncWebhookClient(
            response_url,
            session=self.session,
            timeout=REQUEST_TIMEOUT_S,
            retry_handlers=[AsyncConnectionErrorRetryHandler(), AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
            logger=quiet_logger(),
        )
        return await _sent("response_url", hook.send_dict(body))


async def _post(
    client: AsyncWebClient, asked: Asked, text: str, blocks: list[dict[str, Any]], *, is_private: bool
) -> Sent:
    """Posts by the Web API: into the thread, over the message that was pressed, or to the asker alone."""
    message: dict[str, Any] = {"channel": asked.channel, "text": text, "blocks": blocks or None}
    thread_ts = asked.thread_ts or None
    if asked.replaces and asked.message_ts:
        return await _sent("chat.update", client.chat_update(**message, ts=asked.message_ts))
    if is_private:
        told = client.chat_postEphemeral(**message, thread_ts=thread_ts, user=asked.user)
        return await _sent("chat.postEphemeral", told)
    posted = client.chat_postMessage(**message, thread_ts=thread_ts, unfurl_links=False, unfurl_media=False)
    return await _sent("chat.postMessage", posted)


async def _is_there(client: AsyncWebClient, asked: Asked) -> bool:
    """Whether the thread holds this answer already; False where that cannot be told."""
    if not (asked.channel and asked.thread_ts) or asked.is_private or asked.response_url:
        return False
    try:
        found = await client.conversations_replies(
            channel=asked.channel, ts=asked.thread_ts, oldest=asked.said_at or asked.thread_ts, limit=MAX_REPLIES
        )
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
        log.warning("a thread could not be read to look for an answer (%s): posting again", type(error).__name__)
        return False
    mark = _mark(asked)
    return any(block.get("block_id") == mark for reply in found["messages"] for block in reply.get("blocks") or ())


async def _sent(method: str, call: Awaitable[Any]) -> Sent:
    """Makes the call and says what became of it, to the metrics too."""
    try:
        response = await call
    except SlackApiError as error:
        sent = _fate(error.response.status_code, error.response.headers, error.response.data)
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
        sent = Sent("unsure", type(error).__name__)
    else:  # a response_url answers in words and raises nothing; the Web API has raised by now
        is_hook = method == "response_url" and response.status_code != HTTPStatus.OK
        sent = _fate(response.status_code, response.headers, response.body) if is_hook else Sent("sent")
    metrics.SLACK_SENT.labels(method, sent.fate).inc()
    return sent


def _mark(asked: Asked) -> str:
    """What the answer is known by in its thread: from the question's keys, the same at each attempt."""
    return f"{MARK}:{hashlib.sha256(' '.join(sorted(asked.keys)).encode()).hexdigest()[:24]}"


def _marked(blocks: list[dict[str, Any]], asked: Asked) -> list[dict[str, Any]]:
    """The blocks with the mark on the first; its own id, if it has one, belongs to a button and stays."""
    if not blocks or "block_id" in blocks[0]:
        return blocks
    return [{**blocks[0], "block_id": _mark(asked)}, *blocks[1:]]


def web_client(token: str, api_url: str, session: aiohttp.ClientSession | None = None) -> AsyncWebClient:
    """A client of the Web API that tries once. What fails or is to wait is left to the queue.

    The SDK would post again where the line breaks after Slack took a message, without looking whether it is there.
    """
    return AsyncWebClient(
        token=token,
        base_url=api_url,
        session=session,
        timeout=REQUEST_TIMEOUT_S,
        retry_handlers=[],
        logger=quiet_logger(),
    )


def quiet_logger() -> logging.Logger:
    """The SDK's logger, never below INFO: at DEBUG it writes requests down, texts and all."""
    logger = logging.getLogger("bot.slack.sdk")
    logger.setLevel(max(logging.INFO, logging.getLogger("bot").getEffectiveLevel()))
    return logger


def _fate(status: int, headers: Any, body: Any) -> Sent:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Sent("later", RATE_LIMITED, _retry_after_s(headers))
    said = body.get("error", "") if isinstance(body, dict) else body if isinstance(body, str) else ""
    code = _code_in(said) or f"http_{status}"
    if status >= SERVER_ERROR or code in UNSURE:
        return Sent("unsure", code)
    return Sent("fatal" if code in FATAL else "refused", code)


def _retry_after_s(headers: Any) -> float:
    value = {str(name).lower(): value for name, value in dict(headers).items()}.get("retry-after", "1")
    text = str(value[0] if isinstance(value, list) else value)
    return float(text) if text.isdigit() else 1.0


def _code_in(text: str) -> str:
    """Slack's error code, if this is one: anything else could be a text that logs must not hold."""
    word = text.strip().lower()
    return word if word.replace("_", "").isalnum() and word.isascii() and len(word) <= 60 else ""
