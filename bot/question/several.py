"""Several questions in one message: each its own, where it names another model, another machine, or asks for one.

"can qwen3-32b run on a 4090? and which GPU for llama-3.1-70b?"      two questions
"qwen3-32b on a 4090? at 32k? fp8?"                                  one, in three breaths
"""

import re
from typing import Final

from bot.errors import QuestionError
from bot.question.meaning import parse
from bot.question.patterns import Pattern
from bot.question.query import Query

MOST_QUESTIONS: Final = 5
"""Of one message: what comes after is said to be left out."""

_END: Final = Pattern(r"(?<=[?\uff1f])\s+|\n\s*(?:\d{1,2}[.)]|[-*\u2022])\s+|[?\uff1f]+(?=[^\s?\uff1f])")


def parse_several(text: str) -> tuple[Query, ...]:
    """The questions of a message in order: one, unless each part is whole by itself.

    Raises `QuestionError` as `parse` does, for the message as a whole.
    """
    whole = parse(text)
    if whole.launch is not None or not any(mark in text for mark in ("?", "\uff1f", "\n")):
        return (whole,)
    pieces = [part for part in (piece.strip() for piece in _END.split(text)) if re.search(r"\w", part or "")]
    if len(pieces) < 2:
        return (whole,)
    queries = [query for query in map(_whole_question, pieces) if query is not None]
    if len(queries) < 2 or len({_subject(query) for query in queries}) < 2:
        return (whole,)
    if len(queries) > MOST_QUESTIONS:
        raise QuestionError(
            f"{len(queries)} questions in one message", f"ask at most {MOST_QUESTIONS} at once", whole.suggestions
        )
    return tuple(queries)


def _whole_question(text: str) -> Query | None:
    """The question of one part; None where it is a remark or leans on another part."""
    try:
        query = parse(text)
    except QuestionError:
        return None
    stands = query.hardware or query.fits_in_gb or query.intent in {"recommend", "methods", "pick", "diagnose"}
    return query if stands and (query.models or query.intent == "pick") else None


def _subject(query: Query) -> tuple[object, ...]:
    return (query.models, query.hardware, query.intent == "recommend")
