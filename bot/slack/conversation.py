"""What a question in Slack means: with the query before it, and on the team's machine where it names none.

Runs in the threads that compute answers: it may ask the database.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import USER_ERRORS, QuestionError
from bot.render.report import Notes, Report, error_report
from bot.several import parse_several
from bot.thread import follow_up, restored
from ingest.store.database import reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.question import HardwareRef, Query
    from bot.slack.inbound import Asked
    from bot.store.answers import AnswerStore

log = logging.getLogger(__name__)

ON_THE_TEAMS_MACHINE: Final = frozenset({"estimate", "card", "pick", "explain", "methods"})
"""Intents that mean a machine; a recommendation is of machines, and a pasted launch line names its own."""
ASSUMED: Final = "Assumed"


class Conversation:
    """Answers what was asked in Slack, given what was asked before and what the team takes for granted."""

    def __init__(self, ask: Callable[[str | Query], Report], answers: AnswerStore) -> None:
        self._ask = ask
        self._answers = answers

    def reply(self, asked: Asked) -> Report:
        """The report for a question, a follow-up, or a query that is asked again."""
        try:
            question, machine = self._meant(asked)
        except USER_ERRORS as error:
            return error_report(error.message, error.hint, getattr(error, "suggestions", ()))
        report = self._ask(question)
        return said_to_assume(report, machine) if machine and report.mood != "error" else report

    def _meant(self, asked: Asked) -> tuple[str | Query, str]:
        """The question, and the team's machine where it is answered on that."""
        if asked.previous:
            previous = restored(asked.previous)
            if previous is None:
                raise QuestionError("what was asked before is no longer known", "ask the whole question again")
            return (follow_up(previous, asked.question) if asked.question else previous), ""
        machine = self._machine(asked.team)
        return on_machine(asked.question, machine) if machine else (asked.question, "")

    def _machine(self, team: str) -> str:
        """The team's machine; a database that is away must not keep a question from its answer."""
        if not team:
            return ""
        try:
            return self._answers.machine(team)
        except SQLAlchemyError as error:
            log.error("the database fails (%s)", reason(error))  # noqa: TRY400  # SQL holds texts
            return ""


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
