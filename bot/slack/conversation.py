"""What a question in Slack means: with the query before it, and on the team's machine where it names none.

In a thread the query before is the one that was answered there last, whoever asked it; in a conversation with the bot
alone it is the one of the last hour. Words between people in such a thread are passed over in silence.

Runs in the threads that compute answers: it may ask the database.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import USER_ERRORS, QuestionError
from bot.render.report import Notes, Report, error_report
from bot.several import parse_several
from bot.thread import NoFollowUp, follow_up, restored, stored
from ingest.store.database import reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.question import HardwareRef, Query
    from bot.slack.inbound import Asked
    from bot.store.answers import AnswerStore

log = logging.getLogger(__name__)
T = TypeVar("T")

ON_THE_TEAMS_MACHINE: Final = frozenset({"estimate", "card", "pick", "explain", "methods"})
"""Intents that mean a machine; a recommendation is of machines, and a pasted launch line names its own."""
ASSUMED: Final = "Assumed"
STILL_TALKING_S: Final = 3600.0
"""After an hour a message to the bot alone that is in no thread begins anew."""


class Conversation:
    """Answers what was asked in Slack, given what was asked before and what the team takes for granted."""

    def __init__(
        self, ask: Callable[[str | Query], Report], answers: AnswerStore, clock: Callable[[], float] = time.time
    ) -> None:
        self._ask = ask
        self._answers = answers
        self._clock = clock

    def reply(self, asked: Asked) -> Report | None:
        """The report for a question, a follow-up, or a query that is asked again; None for words between people."""
        try:
            question, machine = self._meant(asked)
        except USER_ERRORS as error:
            if asked.is_overheard and isinstance(error, NoFollowUp):
                return None
            return error_report(error.message, error.hint, getattr(error, "suggestions", ()))
        report = self._ask(question)
        if machine and report.mood != "error":
            report = said_to_assume(report, machine)
        self._remember(asked, report)
        return report

    def before(self, asked: Asked) -> str:
        """The query that was answered last where this is asked, as stored; empty where none was.

        A command, a form and a shortcut say all themselves.
        """
        if asked.response_url or not (asked.team and asked.channel and asked.thread_ts):
            return ""
        place = (asked.team, asked.channel)
        found = self._answers.thread(*place, asked.thread_ts)
        if found or not asked.is_direct:
            return found
        return self._answers.thread(*place, "", since=self._clock() - STILL_TALKING_S)

    def _remember(self, asked: Asked, report: Report) -> None:
        """Keeps the query of an answer that all in the thread see; what is said to one person changes nothing."""
        query = report.query
        if query is None or query.intent == "help" or report.mood == "error":
            return
        if asked.is_private or not (asked.team and asked.channel and asked.thread_ts):
            return
        for thread_ts in (asked.thread_ts, "") if asked.is_direct else (asked.thread_ts,):
            place = (asked.team, asked.channel, thread_ts)
            _unless_away(partial(self._answers.remember, *place, stored(query), self._clock()))

    def _before(self, asked: Asked) -> Query | None:
        """The query to carry on, where there is one."""
        return restored(_unless_away(lambda: self.before(asked)) or "")

    def _meant(self, asked: Asked) -> tuple[str | Query, str]:
        """The question, and the team's machine where it is answered on that."""
        if asked.previous:
            previous = restored(asked.previous)
            if previous is None:
                raise QuestionError("what was asked before is no longer known", "ask the whole question again")
            return (follow_up(previous, asked.question) if asked.question else previous), ""
        previous = self._before(asked)
        if previous is not None and not _is_several(asked.question):
            try:
                query = follow_up(previous, asked.question)
            except NoFollowUp:
                if asked.is_overheard or not _stands_alone(asked.question):
                    raise
            else:
                if not (asked.is_overheard and query.intent == "help"):
                    return query, ""
        if asked.is_overheard:
            raise NoFollowUp("nothing was asked of us")
        machine = self._machine(asked.team)
        return on_machine(asked.question, machine) if machine else (asked.question, "")

    def _machine(self, team: str) -> str:
        """The team's machine; empty where it set none, or the database is away."""
        return (_unless_away(lambda: self._answers.machine(team)) or "") if team else ""


def _unless_away(call: Callable[[], T]) -> T | None:
    """What the database says; None where it fails: what it would have added to an answer is not worth the answer."""
    try:
        return call()
    except SQLAlchemyError as error:
        log.error("the database fails (%s)", reason(error))  # noqa: TRY400  # SQL holds texts
        return None


def _stands_alone(question: str) -> bool:
    try:
        return bool(parse_several(question))
    except QuestionError:
        return False


def _is_several(question: str) -> bool:
    try:
        return len(parse_several(question)) > 1
    except QuestionError:
        return False


def machine_of(text: str) -> tuple[HardwareRef, ...]:
    """The cards that a team's machine names, `8xH100`; raises `QuestionError` where it names none."""
    named = parse_several(f"llama-3.1-8b on {text}")[0].hardware
    if len(named) != 1 or named[0].count is None:
        raise QuestionError(f'"{text[:80]}" is not one machine', "write it as in `8xH100` or `2x RTX 4090`")
    return named


def on_machine(question: str, machine: str) -> tuple[str | Query, str]:
    """The question on the team's machine and that machine, or as it was typed and nothing, where it needs none."""
    try:
        queries = parse_several(question)
        cards = machine_of(machine)
    except QuestionError:
        return question, ""  # the answer says what is wrong with the question
    query = queries[0]
    has_machine = query.hardware or query.fits_in_gb is not None or query.launch is not None
    if len(queries) > 1 or has_machine or query.intent not in ON_THE_TEAMS_MACHINE:
        return question, ""
    if not query.models and query.intent != "pick":
        return question, ""
    intent = "estimate" if query.intent == "card" else query.intent
    return replace(query, hardware=cards, intent=intent), machine


def said_to_assume(report: Report, machine: str) -> Report:
    """The report with the team's machine as the first of its assumptions."""
    line = f"{machine}, the machine of this workspace: no other was named (Home tab of the app)"
    sections = []
    for section in report.sections:
        titles = [note.title for note in section.notes]
        if ASSUMED in titles:
            notes = [
                replace(note, lines=(line, *note.lines)) if note.title == ASSUMED else note for note in section.notes
            ]
        else:
            notes = [*section.notes, Notes(ASSUMED, (line,))]
        sections.append(replace(section, notes=tuple(notes)))
    return replace(report, sections=tuple(sections))
