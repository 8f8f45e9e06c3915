"""The form behind "Refine…": a question in fields. What is submitted is the sentence that its fields make up.

So a form can ask nothing that cannot be typed, and is refused for the same reasons, each below the field it is about.
Where the answer goes travels in the form's private metadata: an address of Slack's own, within its 3,000 characters.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.errors import QuestionError
from bot.question import parse
from bot.render.blocks import literal
from bot.render.described import context_words, machine_words
from bot.slack.controls import FORMATS, menu, plain
from bot.slack.inbound import Asked
from bot.slack.pressed import team_of, typed, user_of
from estimator.workload import MOST_CONCURRENCY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt.async_app import AsyncAck, AsyncApp

    from bot.question import Query
    from bot.slack.pressed import Pressed
    from bot.slack.service import Service

CALLBACK: Final = "refine"
BUSY: Final = "Too many questions are waiting. Please submit again in a few minutes."
MAX_FIELD_CHARACTERS: Final = 300
FIELDS: Final = ("model", "machine", "format", "context", "users", "more")
WORDS: Final = {"machine": "on {}", "format": "in {}", "context": "at {} context", "users": "{} users"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer to a form goes: to the person who submits it, where the form was opened."""

    channel: str = ""
    thread_ts: str = ""
    response_url: str = ""

    @classmethod
    def of(cls, press: Pressed) -> Place:
        """The place of a press."""
        return cls(press.channel, press.thread_ts, press.response_url)

    @classmethod
    def read(cls, metadata: str) -> Place:
        """The place that a form carried; nowhere in particular where it carried none that we wrote."""
        try:
            told = json.loads(metadata or "{}")
            found = {name: told.get(name) for name in ("channel", "thread_ts", "response_url")}
        except (ValueError, AttributeError, RecursionError):
            return cls()
        return cls(**{name: value if isinstance(value, str) else "" for name, value in found.items()})


def register(app: AsyncApp, service: Service) -> None:
    """Listens for the form."""

    async def on_submit(ack: AsyncAck, body: dict[str, Any]) -> None:
        view = body["view"]
        faults = faults_of(view)
        if faults:
            await ack(response_action="errors", errors=faults)
        elif await service.take(asked_by(body)) == "full":
            await ack(response_action="errors", errors={"model": BUSY})
        else:
            await ack()

    app.view(CALLBACK)(on_submit)


def refine_view(query: Query | None, place: Place) -> dict[str, Any]:
    """The form, filled with what the query says."""
    ref = query.hardware[0] if query is not None and len(query.hardware) == 1 else None
    models = (query.models_as_typed or query.models) if query is not None else ()
    context = context_words(query.context_tokens) if query is not None and query.context_tokens else ""
    users = str(query.concurrency) if query is not None and query.concurrency else ""
    chosen = query.weights if query is not None else None
    blocks = [
        _field("model", "Model", "a name, org/name, or a link", models[0] if models else "", is_optional=False),
        _field("machine", "Machine", "8x H100; leave empty to be advised", machine_words(ref) if ref else ""),
        _input("format", "Weights", menu("format", "as the model is published", FORMATS, chosen)),
        _field("context", "Context", "32k tokens", context),
        _field("users", "Users at once", "64", users),
        _field("more", "Anything else", "tp 4, sglang, 1024 in, 256 out, under 20 ms per token", ""),
    ]
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("Refine the question"),
        "submit": plain("Ask"),
        "close": plain("Cancel"),
        "private_metadata": json.dumps(asdict(place)),
        "blocks": blocks,
    }


def sentence(view: Mapping[str, Any]) -> str:
    """The question that the fields make up."""
    said = {name: typed(view, name) for name in FIELDS}
    return " ".join(WORDS.get(name, "{}").format(text) for name, text in said.items() if text)


def faults_of(view: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the form, by field; a fault of the whole stands below the model."""
    users = typed(view, "users").replace(",", "")
    if users and not (users.isascii() and users.isdigit() and len(users) < 9 and 0 < int(users) <= MOST_CONCURRENCY):
        return {"users": "a whole number, such as 64"}
    for name in ("machine", "context"):
        text = typed(view, name)
        fault = _fault(f"llama-3.1-8b {WORDS[name].format(text)}") if text else ""
        if fault:
            return {name: fault}
    fault = _fault(sentence(view))
    return {"model": fault} if fault else {}


def asked_by(body: Mapping[str, Any]) -> Asked:
    """The question of a submitted form, for its submitter alone; a form that is submitted twice is one question."""
    place, view = Place.read(body["view"].get("private_metadata", "")), body["view"]
    question, team, user = sentence(view), team_of(body), user_of(body)
    return Asked(
        keys=(f"view:{team}:{view['id']}",),
        question=question,
        characters=len(question),
        channel=place.channel or user,
        thread_ts=place.thread_ts,
        response_url=place.response_url,
        is_private=bool(place.channel) and not place.channel.startswith("D"),
        team=team,
        user=user,
    )


def _fault(question: str) -> str:
    try:
        parse(question)
    except QuestionError as error:
        return literal(": ".join(part for part in (error.message, error.hint) if part))[:MAX_FIELD_CHARACTERS]
    return ""


def _field(name: str, label: str, hint: str, value: str, *, is_optional: bool = True) -> dict[str, Any]:
    element: dict[str, Any] = {
        "type": "plain_text_input",
        "action_id": name,
        "max_length": MAX_FIELD_CHARACTERS,
        "placeholder": plain(hint),
    }
    if value:
        element["initial_value"] = value[:MAX_FIELD_CHARACTERS]
    return _input(name, label, element, is_optional=is_optional)


def _input(name: str, label: str, element: dict[str, Any], *, is_optional: bool = True) -> dict[str, Any]:
    return {"type": "input", "block_id": name, "label": plain(label), "element": element, "optional": is_optional}
