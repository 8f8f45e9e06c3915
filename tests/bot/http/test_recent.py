"""What was answered a moment ago is kept for a moment, within bounds."""

from __future__ import annotations

from typing import Any

import httpx2

from bot.errors import QuestionError
from bot.http.app import build
from bot.http.recent import KEPT_S, Recent
from bot.settings import Settings
from tests.bot.http.serving import served
from tests.bot.http.stand_in import product


def test_an_answer_is_kept_for_its_time_and_no_longer() -> None:
    now = 0.0
    recent = Recent(lambda: now)
    recent.keep("q", b"answer")
    now = KEPT_S
    assert recent.get("q") == b"answer"
    now = KEPT_S + 1
    assert recent.get("q") is None


def test_the_oldest_goes_where_there_is_no_room() -> None:
    recent = Recent(most_bytes=10)
    for name in "abc":
        recent.keep(name, b"12345")
    assert [recent.get(name) for name in "abc"] == [None, b"12345", b"12345"]
    recent.keep("b", b"1")
    recent.keep("d", b"1234")
    assert [recent.get(name) for name in "bcd"] == [b"1", b"12345", b"1234"]
    recent.keep("huge", b"x" * 11)
    assert (recent.get("huge"), recent.get("c")) == (None, b"12345")


def test_a_question_is_computed_once_and_a_refusal_each_time() -> None:
    asked: list[str] = []

    def answer(question: str) -> dict[str, Any]:
        asked.append(question)
        if question == "bad":
            raise QuestionError("no")
        return {"number": len(asked)}

    app = build(Settings(database_url="unused"), product(ask_json=answer))
    with served(app) as address:
        said = [
            httpx2.post(f"{address}/v1/ask", json={"question": question}, trust_env=False)
            for question in ("a", "a", "bad", "bad", "b")
        ]
    assert asked == ["a", "bad", "bad", "b"]
    assert [each.status_code for each in said] == [200, 200, 400, 400, 200]
    assert said[0].json() == said[1].json() == {"number": 1}
