"""What Slack sends, as a question to answer or as nothing at all. Pure: a payload in, a value out.

Silence is kept for bots (ourselves included, or two bots would talk for ever), for edits and deletions, and for posts
in channels that do not mention us. Cleaning the text is the question's own business (`bot.question`); here it is only
bounded, and an empty mention asks for help. A reply in a thread that mentions nobody is overheard: it is for us where
we answered in that thread and it asks something (`bot.slack.conversation`), else it is forgotten at once.

Source: docs.slack.dev, reference of `app_mention`, `message.im`, `message.channels` and slash commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from bot.thread import is_addressed

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_QUESTION_CHARACTERS: Final = 2_000
MENTION: Final = "app_mention"
MESSAGE: Final = "message"
EVENTS: Final = (MENTION, MESSAGE)
WRITTEN_BY_PEOPLE: Final = frozenset({None, "file_share", "thread_broadcast"})
SLACKBOT: Final = "USLACKBOT"
PRIVATE_WORDS: Final = frozenset({"private", "privately"})
PUBLIC_WORDS: Final = frozenset({"share", "public", "publicly"})
HELP: Final = "help"
DIRECT: Final = ("D", "U", "W")
"""First letters of the ids of direct conversations and of people."""
THREADED: Final = frozenset({"channel", "group", "mpim"})

_USER_MENTION: Final = re.compile(r"<@[A-Z0-9]+(?:\|[^<>]*)?>")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and where its answer goes.

    `keys` name the event for deduplication. A post is answered in its thread; a command at its `response_url`, for
    its asker alone when `is_private`. `characters` is the length before the text was cut. `previous` is the query (as
    stored) that the question follows up. With `replaces` the message at `message_ts`, whose button was pressed,
    becomes the answer. `errand` names work that is no question (the Home tab, a link), `details` what it needs.
    `is_overheard` is a reply in a thread that was addressed to nobody. `said_at` is the time (`ts`) of the question.
    """

    keys: tuple[str, ...]
    question: str = ""
    characters: int = 0
    channel: str = ""
    thread_ts: str = ""
    response_url: str = ""
    is_private: bool = False
    team: str = ""
    user: str = ""
    previous: str = ""
    replaces: bool = False
    message_ts: str = ""
    is_overheard: bool = False
    said_at: str = ""
    errand: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def is_too_long(self) -> bool:
        """Whether the text was cut: a log was pasted, and half a question has no answer."""
        return self.characters > MAX_QUESTION_CHARACTERS

    @property
    def is_direct(self) -> bool:
        """Whether nobody but the asker reads the channel; a person's own id stands for their direct messages."""
        return self.channel.startswith(DIRECT)

    @property
    def can_be_told_alone(self) -> bool:
        """Whether an error can be said to the asker only; in a conversation with the bot there is nobody else."""
        return bool(self.response_url) or (bool(self.user) and not self.is_direct)

    @property
    def place(self) -> str:
        """The channel and its workspace, for which Slack counts messages; empty for what is not posted in one."""
        return f"{self.team}:{self.channel}" if self.channel and not self.response_url else ""

    @property
    def thread(self) -> str:
        """The thread, whose questions are answered one after the other; empty for one question by itself."""
        if not (self.place and self.thread_ts):
            return ""
        return f"{self.place}:{'' if self.is_direct else self.thread_ts}"

    @property
    def asker(self) -> str:
        """The person, for a fair queue."""
        return f"{self.team}:{self.user}" if self.user else ""

    def payload(self) -> dict[str, Any]:
        """What the store keeps until the answer is out."""
        return {name: getattr(self, name) for name in _NAMES}


_NAMES: Final = tuple(each.name for each in fields(Asked))


def from_payload(payload: Mapping[str, Any]) -> Asked:
    """The question that the store kept."""
    return Asked(**{**payload, "keys": tuple(payload["keys"])})


def from_event(body: Mapping[str, Any]) -> Asked | None:
    """The question in a mention, a direct message or a reply in a thread, or None where there is nothing to answer."""
    event = body.get("event") or {}
    team, channel, ts = body.get("team_id", ""), event.get("channel"), event.get("ts")
    is_overheard = _is_overheard(event)
    if not (channel and ts and (is_overheard or _is_for_us(event)) and _is_from_a_person(event)):
        return None
    return Asked(
        keys=(f"event:{body.get('event_id', '')}", f"post:{team}:{channel}:{ts}"),
        channel=channel,
        thread_ts=event.get("thread_ts") or ts,
        team=team,
        user=event.get("user") or "",
        is_overheard=is_overheard,
        said_at=ts,
        **cleaned(event.get("text") or ""),
    )


def from_command(command: Mapping[str, Any]) -> Asked:
    """The question in a slash command, answered to its asker alone; `share` in front answers for all."""
    text = (command.get("text") or "").strip()
    word, _, rest = text.partition(" ")
    is_public = word.lower() in PUBLIC_WORDS
    return Asked(
        keys=(f"command:{command.get('team_id', '')}:{command['trigger_id']}",),
        channel=command.get("channel_id", ""),
        response_url=command["response_url"],
        is_private=not is_public,
        team=command.get("team_id", ""),
        user=command.get("user_id", ""),
        **cleaned(rest if is_public or word.lower() in PRIVATE_WORDS else text),
    )


def cleaned(text: str) -> dict[str, Any]:
    """`question` and `characters` of what was typed: without mentions, cut where too long, help where empty."""
    said = _USER_MENTION.sub(" ", text[: 2 * MAX_QUESTION_CHARACTERS]).strip()
    is_cut = len(text) > 2 * MAX_QUESTION_CHARACTERS
    return {
        "question": said[:MAX_QUESTION_CHARACTERS] or HELP,
        "characters": len(text) if is_cut else len(said),
    }


def _is_for_us(event: Mapping[str, Any]) -> bool:
    if event.get("type") == MENTION:
        return "edited" not in event
    return event.get("type") == MESSAGE and event.get("channel_type") == "im"


def _is_overheard(event: Mapping[str, Any]) -> bool:
    """A short reply in a thread that mentions nobody; one that mentions us comes as a mention too."""
    text = event.get("text") or ""
    return (
        event.get("type") == MESSAGE
        and event.get("channel_type") in THREADED
        and event.get("thread_ts") not in {None, event.get("ts")}
        and len(text) <= MAX_QUESTION_CHARACTERS
        and "<@" not in text
        and is_addressed(text)
    )


def _is_from_a_person(event: Mapping[str, Any]) -> bool:
    return (
        event.get("subtype") in WRITTEN_BY_PEOPLE
        and not event.get("bot_id")
        and not event.get("bot_profile")
        and not event.get("hidden")
        and event.get("user") not in {None, SLACKBOT}
    )
