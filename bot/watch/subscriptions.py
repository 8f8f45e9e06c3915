"""The subscriptions of a database: who is told, of what, where."""

from __future__ import annotations

import functools
import hashlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.errors import BotError, QuestionError
from bot.watch.tables import SUBSCRIPTIONS
from bot.watch.wish import Wish, read_wish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Engine

MOST_SUBSCRIPTIONS: Final = 2_000
_CHANNEL: Final = re.compile(r"(?:[A-Z0-9]{2,20}/)?[A-Z0-9]{2,20}")
KINDS: Final = {
    "slack": "a Slack channel: slack:C0123ABCD, or slack:T0TEAM/C0123ABCD",
    "hook": "an incoming webhook: https://...",
    "lines": "a file of JSON lines: lines:/path/to/file.jsonl",
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription. `target` is where it is told: `slack:...`, `hook:...` or `lines:...`.

    It rests where `paused_because` says why: its target took no message for good. Making it again wakes it.
    """

    id: str
    words: str
    target: str
    made_by: str = ""
    paused_because: str = ""

    @property
    def wish(self) -> Wish:
        """What is asked for."""
        return _wish(self.words)

    @property
    def is_readable(self) -> bool:
        """Whether its words still mean something here: another version, which knew other words, may have taken them."""
        try:
            return bool(self.wish)
        except BotError:
            return False

    @property
    def kind(self) -> str:
        """The kind of its target."""
        return self.target.partition(":")[0]

    @property
    def place(self) -> str:
        """The channel, the address or the path."""
        return self.target.partition(":")[2]

    @property
    def shown(self) -> str:
        """Its target without what is secret in it: whoever has a webhook's address may write there."""
        return f"hook:{urlsplit(self.place).hostname}/..." if self.kind == "hook" else self.target


_wish = functools.lru_cache(maxsize=MOST_SUBSCRIPTIONS)(read_wish)


def read_target(text: str, *, allows_files: bool = True) -> str:
    """The target that a text spells; raises `QuestionError`. Files are for those who own the machine."""
    word = text.strip()
    if word.startswith(("https://", "http://")):
        word = f"hook:{word}"
    kind, _, place = word.partition(":")
    if kind == "slack" and _CHANNEL.fullmatch(place):
        return word
    if kind == "hook" and urlsplit(place).hostname and len(place) < 1000:
        return word
    if kind == "lines" and place and allows_files:
        return word
    raise QuestionError(f"{text[:60]!r} is nowhere to tell", "; ".join(KINDS.values()))


class SubscriptionStore:
    """Adds, lists and removes subscriptions."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self._clock = clock

    def add(self, words: str, target: str, made_by: str = "") -> Subscription:
        """The new subscription, or the one there is of the same words and target. Raises `QuestionError`."""
        read_wish(words)
        words = " ".join(words.split())
        name = hashlib.sha256(f"{words.lower()}\0{target}".encode()).hexdigest()[:10]
        found = Subscription(name, words, target, made_by[:255])
        if len(self.all()) >= MOST_SUBSCRIPTIONS:
            raise QuestionError(f"there are {MOST_SUBSCRIPTIONS} subscriptions already", "remove some")
        dialect = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        row = {"id": name, "words": words, "target": target, "made_by": found.made_by, "made_at": self._clock()}
        with self.engine.begin() as connection:
            made = dialect.insert(SUBSCRIPTIONS).values(**row)
            connection.execute(made.on_conflict_do_update(index_elements=["id"], set_={"paused_because": None}))
        return found

    def pause(self, target: str, because: str) -> None:
        """Lets all subscriptions of a target rest."""
        values = {"paused_because": because[:200]}
        with self.engine.begin() as connection:
            connection.execute(update(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.target == target).values(values))

    def add_lines(self, lines: Iterable[str]) -> list[Subscription]:
        """The subscriptions of a file: `TARGET WORDS` a line; # begins a remark."""
        found = []
        for number, line in enumerate(lines, 1):
            target, _, words = line.strip().partition(" ")
            if not target or target.startswith("#"):
                continue
            try:
                found.append(self.add(words, read_target(target)))
            except QuestionError as error:
                raise QuestionError(f"line {number}: {error.message}", error.hint) from None
        return found

    def remove(self, name: str, target: str | None = None) -> bool:
        """Whether there was one of that id (and that target)."""
        where = [SUBSCRIPTIONS.c.id == name] + ([SUBSCRIPTIONS.c.target == target] if target else [])
        with self.engine.begin() as connection:
            done = connection.execute(delete(SUBSCRIPTIONS).where(*where).returning(SUBSCRIPTIONS.c.id))
            return done.one_or_none() is not None

    def all(self, target: str | None = None) -> list[Subscription]:
        """All of them, or those of a target, the oldest first."""
        query = select(SUBSCRIPTIONS).order_by(SUBSCRIPTIONS.c.made_at, SUBSCRIPTIONS.c.id)
        if target is not None:
            query = query.where(SUBSCRIPTIONS.c.target == target)
        with self.engine.connect() as connection:
            rows = connection.execute(query)
            return [Subscription(row.id, row.words, row.target, row.made_by, row.paused_because or "") for row in rows]
