from typing import Any

import pytest

from bot.question import HardwareRef, Query, QuestionError, parse
from tests.bot.question.phrasings import DOUBTED, REFUSED, UNDERSTOOD


def spelled(ref: HardwareRef) -> str:
    count = "?" if ref.count is None else ref.count
    return f"{count}x{ref.id}" + (f"@{ref.memory_gb:g}" if ref.memory_gb else "")


def shown(query: Query) -> dict[str, Any]:
    answer = query.to_json()
    parallel = {kind: degree for kind, degree in (answer["parallel"] or {}).items() if degree}
    return {
        **answer,
        "hardware": [spelled(ref) for ref in query.hardware],
        "parallel": parallel,
        "context": query.context_tokens,
        "prompt": query.prompt_tokens,
        "output": query.output_tokens,
        "measured": query.measured.tokens_per_s,
    }


@pytest.mark.parametrize(("text", "expected", "why"), UNDERSTOOD, ids=[row[0][:60] for row in UNDERSTOOD])
def test_a_question_is_read_as_a_person_reads_it(text: str, expected: dict[str, Any], why: str) -> None:
    answer = shown(parse(text))
    assert {key: answer[key] for key in expected} == expected, why


@pytest.mark.parametrize(("text", "word", "why"), DOUBTED, ids=[row[0][:60] for row in DOUBTED])
def test_what_is_not_understood_is_quoted_back(text: str, word: str, why: str) -> None:
    try:
        said = parse(text).suggestions
    except QuestionError as error:
        said = (error.message, error.hint, *error.suggestions)
    assert word in " ".join(said).lower(), why


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=[row[0][:40] for row in REFUSED])
def test_a_question_without_an_answer_is_refused_with_a_hint(text: str, why: str) -> None:
    with pytest.raises(QuestionError) as refused:
        parse(text)
    assert refused.value.message, why
    assert refused.value.hint, why


def test_the_list_holds_more_than_a_hundred_phrasings_and_none_twice() -> None:
    texts = [row[0] for row in (*UNDERSTOOD, *DOUBTED, *REFUSED)]
    assert len(texts) > 100
    assert len(set(texts)) == len(texts)
