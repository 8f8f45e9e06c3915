"""Links to models of the Hub, shown with what they need. Anything else, what is private, and what fails, stays silent.

Slack sends the links of a message with the domain that the app named; the answer is one note below each, and Slack
puts a later one in its place (an edited message brings a new event). A model is shown once, however often it is linked.

Source: docs.slack.dev, reference of `link_shared` and `chat.unfurl`, read 2026-11-21.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bot.render.blocks import escape
from bot.slack.inbound import Asked
from bot.slack.outbound import Sent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from slack_bolt.async_app import AsyncApp

    from bot.render.report import Report
    from bot.slack.service import Service

EVENT: Final = "link_shared"
ERRAND: Final = "unfurl"
HOSTS: Final = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
MAX_LINKS: Final = 50
MAX_MODELS: Final = 5
"""A message with more links is a list to read, and five notes are below it already."""
MAX_URL_CHARACTERS: Final = 1_000
NOT_OWNERS: Final = frozenset(
    (
        *("api", "blog", "chat", "collections", "datasets", "docs", "enterprise", "inference", "join", "learn"),
        *("login", "logout", "metrics", "models", "new", "notifications", "organizations", "papers", "posts"),
        *("pricing", "search", "settings", "spaces", "support", "tasks", "buckets", "jobs", "kernels", "storage"),
        *("changelog", "brand", "careers", "privacy", "terms-of-service"),
    )
)
"""First parts of addresses on the Hub that are no owner of models (huggingface.co's own navigation, 2026-11-21)."""
_PART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


def register(app: AsyncApp, service: Service) -> None:
    """Listens for links."""

    async def on_link(body: dict[str, Any]) -> None:
        asked = from_event(body)
        if asked is not None:
            await service.take(asked)

    app.event(EVENT)(on_link)
    service.errands[ERRAND] = lambda asked: unfurl(service, asked)


def from_event(body: Mapping[str, Any]) -> Asked | None:
    """The errand for the links of a message; None where none of them is a model's."""
    event = body.get("event") or {}
    urls = [str(link.get("url") or "") for link in (event.get("links") or [])[:MAX_LINKS]]
    found = models_in(urls)
    if not found:
        return None
    place = {name: str(event.get(name) or "") for name in ("unfurl_id", "source", "channel", "message_ts")}
    return Asked(
        keys=(f"event:{body.get('event_id', '')}",),
        team=str(body.get("team_id") or ""),
        user=str(event.get("user") or ""),
        errand=ERRAND,
        details={**place, "models": found},
    )


def models_in(urls: Iterable[str]) -> dict[str, str]:
    """Each link that is a model's, and the model; of links to one model the first, and of models the first five."""
    found: dict[str, str] = {}
    for url in urls:
        model = model_of(url)
        if model and model.lower() not in {known.lower() for known in found.values()} and len(found) < MAX_MODELS:
            found[url] = model
    return found


def model_of(url: str) -> str:
    """`org/name` of a link to a model of the Hub; empty for every other address."""
    if len(url) > MAX_URL_CHARACTERS:
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    names = [part for part in parts.path.split("/") if part]
    is_hub = parts.scheme in {"http", "https"} and host in HOSTS and not parts.username
    if not is_hub or len(names) < 2 or names[0].lower() in NOT_OWNERS or not all(map(_PART.fullmatch, names[:2])):
        return ""
    return "/".join(names[:2])


async def unfurl(service: Service, asked: Asked) -> Sent:
    """Puts a note below each link whose model can be sized; says nothing where none can."""
    shown = {}
    for url, model in asked.details["models"].items():
        report = await service.report(Asked(keys=(), team=asked.team, user=asked.user, question=model))
        if report is not None and report.mood not in {"error", "note"} and not report.is_private:
            shown[url] = {"blocks": note(report)}
    if not shown:
        return Sent("sent")
    details = asked.details
    place = (
        {"unfurl_id": details["unfurl_id"], "source": details["source"]}
        if details["unfurl_id"] and details["source"]
        else {"channel": details["channel"], "ts": details["message_ts"]}
    )
    return await service.outbound.call(asked.team, "chat.unfurl", unfurls=shown, **place)


def note(report: Report) -> list[dict[str, Any]]:
    """A heading, the verdict, and the facts of the model in small print: what fits below a link."""
    section = report.sections[0]
    text = f"*{escape(section.heading)}*\n{escape(section.verdict)}"
    facts = [row for table in section.tables if table.title == "Model" for row in table.rows]
    blocks: list[dict[str, Any]] = [_text("section", text)]
    if facts:
        blocks.append(_text("context", " · ".join(f"{escape(name)}: {escape(value)}" for name, value, *_ in facts)))
    return blocks


def _text(kind: str, text: str) -> dict[str, Any]:
    shown = {"type": "mrkdwn", "text": text[:2_000], "verbatim": True}
    return {"type": kind, "text": shown} if kind == "section" else {"type": kind, "elements": [shown]}
