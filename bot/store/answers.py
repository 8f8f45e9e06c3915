"""What answers were given, so that their buttons know what was asked: a token in the message, the query here.

A message holds only the token. It is found again by its token *and* its workspace, so that a token of another
workspace, or one that was made up, finds nothing; a thread by its workspace, channel and time. A query is what was
understood, never the words of a person; it is kept for thirty days. Times are seconds since the epoch, passed in by
the caller.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.tables import ANSWERS, FEEDBACK, TEAM_DEFAULTS, THREADS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sqlalchemy import Connection, Engine, Table

KEEP_S: Final = 30 * 24 * 3600.0
MAX_RECENT: Final = 5
MAX_MACHINE_CHARACTERS: Final = 255
_LOOKED_AT: Final = 50

Verdict = Literal["good", "bad"]


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer that was given: to whom, and to which query (as `bot.question.stored` writes it)."""

    token: str
    team: str
    user: str
    query: str


class AnswerStore:
    """Answers, what people thought of them, and what teams take for granted; shared by all replicas."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def keep(self, team: str, user: str, query: str, now: float) -> str:
        """The token under which the query is found again; nobody can guess it."""
        token = secrets.token_urlsafe(16)
        row = {"token": token, "team": team, "user": user, "query": query, "created_at": now}
        with self.engine.begin() as connection:
            connection.execute(insert(ANSWERS).values(row))
        return token

    def find(self, team: str, token: str) -> Kept | None:
        """The answer of that token, if it was given in that workspace."""
        query = select(ANSWERS).where(ANSWERS.c.token == token, ANSWERS.c.team == team)
        with self.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return Kept(row.token, row.team, row.user, row.query) if row else None

    def remember(self, team: str, channel: str, thread_ts: str, query: str, now: float) -> None:
        """Keeps the query that the thread was answered last; a follow-up there begins with it."""
        row = {"team": team, "channel": channel, "thread_ts": thread_ts, "query": query, "answered_at": now}
        with self.engine.begin() as connection:
            _put(connection, THREADS, row)

    def thread(self, team: str, channel: str, thread_ts: str, since: float = 0.0) -> str:
        """The query that was answered last in that thread of that workspace; empty where none was since then."""
        query = select(THREADS.c.query).where(
            THREADS.c.team == team,
            THREADS.c.channel == channel,
            THREADS.c.thread_ts == thread_ts,
            THREADS.c.answered_at >= since,
        )
        with self.engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none() or ""

    def recent(self, team: str, user: str) -> list[Kept]:
        """What this person asked last, newest first, each query once."""
        query = (
            select(ANSWERS)
            .where(ANSWERS.c.team == team, ANSWERS.c.user == user)
            .order_by(ANSWERS.c.created_at.desc())
            .limit(_LOOKED_AT)
        )
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
        newest: dict[str, Kept] = {}
        for row in rows:
            newest.setdefault(row.query, Kept(row.token, row.team, row.user, row.query))
        return list(newest.values())[:MAX_RECENT]

    def judge(self, kept: Kept, user: str, verdict: Verdict, now: float) -> None:
        """Notes what a person thought of an answer; the last word counts. The query stays with it."""
        row = {"token": kept.token, "user": user, "team": kept.team, "verdict": verdict, "query": kept.query}
        with self.engine.begin() as connection:
            _put(connection, FEEDBACK, {**row, "given_at": now})

    def machine(self, team: str) -> str:
        """The machine that the team's questions mean when they name none, as it was typed; empty where none is set."""
        query = select(TEAM_DEFAULTS.c.machine).where(TEAM_DEFAULTS.c.team == team)
        with self.engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none() or ""

    def set_machine(self, team: str, user: str, machine: str, now: float) -> None:
        """Sets the team's machine; an empty one takes it back."""
        with self.engine.begin() as connection:
            if machine:
                row = {"team": team, "machine": machine[:MAX_MACHINE_CHARACTERS], "set_by": user, "set_at": now}
                _put(connection, TEAM_DEFAULTS, row)
            else:
                connection.execute(delete(TEAM_DEFAULTS).where(TEAM_DEFAULTS.c.team == team))

    def forget(self, now: float) -> int:
        """How many answers and threads older than thirty days were dropped; judgements stay: they improve answers."""
        with self.engine.begin() as connection:
            answers = connection.execute(delete(ANSWERS).where(ANSWERS.c.created_at < now - KEEP_S)).rowcount
            return answers + connection.execute(delete(THREADS).where(THREADS.c.answered_at < now - KEEP_S)).rowcount

    def forget_team(self, team: str) -> None:
        """Drops all that a workspace left here: it removed the app."""
        with self.engine.begin() as connection:
            for table in (FEEDBACK, ANSWERS, THREADS, TEAM_DEFAULTS):
                connection.execute(delete(table).where(table.c.team == team))


def _put(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Writes the row, over one with the same key."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in row.items() if name not in keys}
    connection.execute(dialect.insert(table).values(row).on_conflict_do_update(index_elements=keys, set_=rest))
