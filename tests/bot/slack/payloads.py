"""What Slack sends, as its reference shows it (docs.slack.dev: app_mention, message.im, slash commands), and signed."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # the example of Slack's page on verifying requests
QUESTION = "llama-3.1-8b on 1xH100 at 8K"
Signed = tuple[bytes, dict[str, str]]


def mention(event_id: str = "Ev1", ts: str = "1515449522.000016", text: str = QUESTION, **more: Any) -> dict[str, Any]:
    event = {"type": "app_mention", "user": "U061F7AUR", "text": f"<@U0BOT> {text}", "ts": ts, "channel": "C123"} | more
    return envelope(event, event_id)


def direct(event_id: str = "Ev2", ts: str = "1515449522.000016", text: str = QUESTION, **more: Any) -> dict[str, Any]:
    event = {"type": "message", "channel_type": "im", "user": "U061F7AUR", "text": text, "ts": ts, "channel": "D024"}
    return envelope(event | more, event_id)


def envelope(event: dict[str, Any], event_id: str) -> dict[str, Any]:
    return {
        "type": "event_callback",
        "token": "unused",
        "team_id": "T123",
        "api_app_id": "A123",
        "event_id": event_id,
        "event_time": 1515449522,
        "event": event,
        "authorizations": [{"enterprise_id": None, "team_id": "T123", "user_id": "U0BOT", "is_bot": True}],
    }


def command(response_url: str, text: str = QUESTION, trigger_id: str = "13345224609.738474920.8088930838d88f") -> str:
    fields = {
        "command": "/hubgauge",
        "text": text,
        "response_url": response_url,
        "trigger_id": trigger_id,
        "team_id": "T123",
        "team_domain": "example",
        "channel_id": "C123",
        "channel_name": "general",
        "user_id": "U061F7AUR",
        "user_name": "ada",
        "api_app_id": "A123",
    }
    return urlencode(fields)


def signed(body: str | dict[str, Any], *, secret: str = SECRET, at: float | None = None, retry: int = 0) -> Signed:
    """The body and headers as Slack sends them: v0, HMAC-SHA256 over `v0:timestamp:body`."""
    text = body if isinstance(body, str) else json.dumps(body)
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{text}".encode(), hashlib.sha256).hexdigest()
    kind = "application/x-www-form-urlencoded" if isinstance(body, str) else "application/json"
    return text.encode(), {
        "Content-Type": kind,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
        **({"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"} if retry else {}),
    }


def interaction(body: dict[str, Any]) -> str:
    """A press, a shortcut or a form, as Slack posts it."""
    return urlencode({"payload": json.dumps(body)})


def press(action: dict[str, Any], response_url: str = "", *, trigger_id: str = "7.7", **more: Any) -> str:
    """A press on a control of a message; `action` is what was pressed (docs.slack.dev: block_actions payload)."""
    body = {
        "type": "block_actions",
        "team": {"id": "T123", "domain": "example"},
        "user": {"id": "U061F7AUR", "team_id": "T123"},
        "trigger_id": trigger_id,
        "response_url": response_url,
        "container": {"type": "message", "channel_id": "C123", "message_ts": "9.9", "thread_ts": "1.1"},
        "channel": {"id": "C123"},
        "message": {"ts": "9.9", "thread_ts": "1.1"},
        "actions": [{"action_ts": "1515449523.1"} | action],
    }
    return interaction(body | more)


def submission(callback_id: str, values: dict[str, str], *, view_id: str = "V1", metadata: str = "") -> str:
    """A form that was submitted, its fields by the id of their block."""
    state = {name: {name: {"type": "plain_text_input", "value": value}} for name, value in values.items()}
    view = {"id": view_id, "type": "modal", "callback_id": callback_id, "private_metadata": metadata}
    return interaction(
        {
            "type": "view_submission",
            "team": {"id": "T123"},
            "user": {"id": "U061F7AUR", "team_id": "T123"},
            "trigger_id": "8.8",
            "view": view | {"state": {"values": state}},
        }
    )
