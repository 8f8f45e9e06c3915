"""Several questions in one message: each its own, where it names another model or asks for machines.

"can qwen3-32b run on a 4090? and which GPU for llama-3.1-70b?"         two questions
"qwen3.5 397b: 8卡a800够吗，至少需要什么显卡呢，8卡4090够吗"              three, of one model
"qwen3-32b on a 4090? or on 2x3090? at 32k?"                            one, a comparison in three breaths
"""

import re
from typing import Final

from bot.errors import QuestionError
from bot.question import Query, parse
from bot.question.patterns import Pattern
from bot.thread import follow_up

MOST_QUESTIONS: Final = 5
"""Of one message."""

_END: Final = Pattern(
    r"(?<=[?\uff1f])\s+|\n\s*(?:\d{1,2}[.)]|[-*\u2022])\s+|[?\uff1f]+(?=[^\s?\uff1f])|(?<=[吗呢么])[,\uff0c;\u3002 ]+"
)
_MARKS: Final = ("?", "\uff1f", "\n", "吗", "呢", "么")


def parse_several(text: str) -> tuple[Query, ...]:
    """The questions of a message in order: one, unless parts ask for different things.

    Raises `QuestionError` as `parse` does, for the message as a whole.
    """
    whole = parse(text)
    if whole.launch is not None or not any(mark in text for mark in _MARKS):
        return (whole,)
    pieces = [part for part in (piece.strip() for piece in _END.split(text)) if re.search(r"\w", part or "")]
    if len(pieces) < 2:
        return (whole,)
    queries: list[Query] = []
    for piece in pieces:
        query = _question(piece)
        if query is not None:
            queries += [query] if query not in queries else []
        elif queries:
            _lean(queries, piece)
    if len({(query.models, query.intent == "recommend") for query in queries}) < 2:
        return (whole,)
    if len(queries) > MOST_QUESTIONS:
        raise QuestionError(
            f"{len(queries)} questions in one message", f"ask at most {MOST_QUESTIONS} at once", whole.suggestions
        )
    return tuple(queries)


def _question(text: str) -> Query | None:
    """The question of one part that is whole by itself; None where it leans on another or is a remark."""
    try:
        query = parse(text)
    except QuestionError:
        return None
    names_where = query.hardware or query.fits_in_gb or query.intent in {"recommend", "methods", "diagnose"}
    if query.intent == "pick":
        return query if query.hardware else None
    return query if query.models and names_where else None


def _lean(queries: list[Query], text: str) -> None:
    """A part that leans on the one before: another question where the machine changes, else a detail of that one."""
    before = queries[-1]
    try:
        query = follow_up(before, text)
    except QuestionError:
        return
    if (query.hardware, query.intent) == (before.hardware, before.intent):
        queries[-1] = query
    elif query not in queries:
        queries.append(query)
