"""The only place that speaks to Slack: an answer goes out, and what Slack says to it becomes one of four outcomes.

A 429 is waited for once by the SDK's own handler, then left to a later attempt: nothing was posted. A 5xx or a
time-out on `chat.postMessage` is not repeated, since the message may be there. Blocks that Slack refuses are sent again
as plain text. Logs name the error's code and nothing else: no token, no text.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.render.block_models import message_fault
from bot.render.blocks import MAX_NOTICE_CHARACTERS, to_message, to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.render.report import Report
    from bot.slack.inbound import Asked

log = logging.getLogger(__name__)

FATAL: Final = frozenset({"token_revoked", "account_inactive", "invalid_auth", "not_authed", "token_expired"})
TOO_MUCH: Final = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "invalid_attachments"}
)
DEAD_HOOK: Final = frozenset({"expired_url", "used_url", "http_404", "http_410", "no_service", "invalid_token"})
"""What a response_url says that is older than half an hour or was used five times."""
RATE_LIMITED: Final = "ratelimited"
MAX_FALLBACK_CHARACTERS: Final = 12_000
REQUEST_TIMEOUT_S: Final = 15

Fate = Literal["sent", "refused", "later", "fatal"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an answer. `retry_after_s` is Slack's wish where the fate is "later"."""

    fate: Fate
    error: str = ""
    retry_after_s: float = 0.0


class Outbound:
    """Answers on their way to Slack, over one HTTP session."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self.client = client
        self.session = session

    async def answer(self, asked: Asked, report: Report, controls: Sequence[dict[str, Any]] = ()) -> Sent:
        """Posts the report where it was asked; as plain text where Slack refuses the blocks, or would."""
        text, blocks = to_message(report, controls)
        fault = message_fault(blocks)
        if fault:
            log.error("the blocks of an answer break a rule of Slack's (%s): sent as plain text", fault)
            text, blocks = to_text(report)[:MAX_FALLBACK_CHARACTERS], []
        sent = await self._send(asked, report, text, blocks)
        if sent.error in TOO_MUCH:
            log.warning("Slack refused the blocks of an answer (%s): sent as plain text", sent.error)
            limit = MAX_NOTICE_CHARACTERS if sent.error == "msg_too_long" else MAX_FALLBACK_CHARACTERS
            sent = await self._send(asked, report, to_text(report)[:limit], [])
        if sent.fate in {"refused", "fatal"}:
            log.log(logging.CRITICAL if sent.fate == "fatal" else logging.ERROR, "Slack took no answer: %s", sent.error)
        return sent

    async def call(self, method: str, **arguments: Any) -> Sent:
        """Calls a method of the Web API that is no answer: a form, the Home tab, the note below a link."""
        try:
            await self.client.api_call(method, json=arguments)
        except SlackApiError as error:
            sent = _outcome(error)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            sent = Sent("refused", type(error).__name__)
        else:
            return Sent("sent")
        log.warning("Slack refused %s: %s", method, sent.error)
        return sent

    async def tell(self, response_url: str, text: str, thread_ts: str = "") -> Sent:
        """A line to the person who pressed something, and to nobody else."""
        line = {"text": text, "response_type": "ephemeral", "replace_original": False}
        return await self._hook(response_url, line | ({"thread_ts": thread_ts} if thread_ts else {}))

    async def close(self) -> None:
        """Closes the session."""
        await self.session.close()

    async def _send(self, asked: Asked, report: Report, text: str, blocks: list[dict[str, Any]]) -> Sent:
        is_private = asked.is_private or (report.mood == "error" and asked.can_be_told_alone)
        if asked.response_url:
            sent = await self._respond(asked, text, blocks, is_private=is_private)
            if sent.error not in DEAD_HOOK or not asked.channel:
                return sent
        try:
            await self._post(asked, text, blocks, is_private=is_private)
        except SlackApiError as error:
            return _outcome(error)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return Sent("refused", type(error).__name__)
        return Sent("sent")

    async def _post(self, asked: Asked, text: str, blocks: list[dict[str, Any]], *, is_private: bool) -> None:
        """Posts by the Web API: into the thread, over the message that was pressed, or to the asker alone."""
        message: dict[str, Any] = {"channel": asked.channel, "text": text, "blocks": blocks or None}
        thread_ts = asked.thread_ts or None
        if asked.replaces and asked.message_ts:
            await self.client.chat_update(**message, ts=asked.message_ts)
        elif is_private:
            await self.client.chat_postEphemeral(**message, thread_ts=thread_ts, user=asked.user)
        else:
            await self.client.chat_postMessage(**message, thread_ts=thread_ts, unfurl_links=False, unfurl_media=False)

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
        try:
            response = await hook.send_dict(body)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return Sent("refused", type(error).__name__)
        if response.status_code == 200:
            return Sent("sent")
        if response.status_code == 429:
            return Sent("later", RATE_LIMITED, _retry_after_s(response.headers))
        return Sent("refused", _code_in(response.body) or f"http_{response.status_code}")


def web_client(token: str, api_url: str, session: aiohttp.ClientSession | None = None) -> AsyncWebClient:
    """A client of the Web API that waits once when Slack asks it to."""
    client = AsyncWebClient(
        token=token, base_url=api_url, session=session, timeout=REQUEST_TIMEOUT_S, logger=quiet_logger()
    )
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    return client


def quiet_logger() -> logging.Logger:
    """The SDK's logger, never below INFO: at DEBUG it writes requests down, texts and all."""
    logger = logging.getLogger("bot.slack.sdk")
    logger.setLevel(max(logging.INFO, logging.getLogger("bot").getEffectiveLevel()))
    return logger


def _outcome(error: SlackApiError) -> Sent:
    response = error.response
    if response.status_code == 429:
        return Sent("later", RATE_LIMITED, _retry_after_s(response.headers))
    code = _code_in(response.data.get("error", "")) if isinstance(response.data, dict) else ""
    return Sent("fatal" if code in FATAL else "refused", code or f"http_{response.status_code}")


def _retry_after_s(headers: Any) -> float:
    value = {str(name).lower(): value for name, value in dict(headers).items()}.get("retry-after", "1")
    text = str(value[0] if isinstance(value, list) else value)
    return float(text) if text.isdigit() else 1.0


def _code_in(text: str) -> str:
    """Slack's error code, if this is one: anything else could be a text that logs must not hold."""
    word = text.strip().lower()
    return word if word.replace("_", "").isalnum() and word.isascii() and len(word) <= 60 else ""
