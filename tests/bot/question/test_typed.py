"""The project's own list of questions as people type them: what is read against what a careful reader takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from bot.question import Query, QuestionError, parse
from tests.bot.question.test_phrasings import spelled

HERE: Final = Path(__file__).parent
KEYS: Final = {
    "weights": "weights",
    "kv": "kv_cache",
    "context": "context_tokens",
    "prompt": "prompt_tokens",
    "output": "output_tokens",
    "users": "concurrency",
    "engine": "engine",
    "rate": "min_tokens_per_s",
    "ttft": "max_ttft_s",
    "util": "gpu_memory_utilization",
    "batched": "max_num_batched_tokens",
    "capacity": "capacity",
    "usd": "max_usd_per_hour",
    "rps": "requests_per_s",
    "fits_gb": "fits_in_gb",
    "ram": "system_memory_gb",
}
"""Keys of the list by the fields that they judge."""

SPLITS: Final = {"tp": "tensor", "pp": "pipeline", "dp": "data", "ep": "expert"}
NEARLY: Final = 0.001
"""Relative: a rate per day is written with four digits."""


@dataclass(frozen=True)
class Row:
    """One question and what is expected of it."""

    text: str
    models: str
    machines: str
    keys: dict[str, str]
    said: str
    is_error: bool


def rows(name: str) -> Iterator[Row]:
    lines = [line for line in (HERE / name).read_text(encoding="utf8").splitlines() if line and line[0] != "#"]
    for text, expected in zip(lines[::2], lines[1::2], strict=True):
        assert expected.startswith("  = "), expected
        models, machines, rest = (part.strip() for part in expected[4:].split("|"))
        rest, _, said = rest.partition("said=")
        words = rest.split()
        keys = dict(word.split("=", 1) for word in words if "=" in word)
        yield Row(text.replace("\\n", "\n"), models, machines, keys, said.strip(), "error" in words)


def misread(row: Row) -> str | None:
    """What is read otherwise than expected; None where all is well."""
    try:
        query = parse(row.text)
    except QuestionError as error:
        said = " ".join((error.message, error.hint, *error.suggestions)).lower()
        if not row.is_error:
            return f"refused: {said}"
        return None if row.said in said else f"refused, but without {row.said!r}: {said}"
    if row.is_error:
        return f"not refused: {query}"
    faults = [f"{name}: {got!r}, not {want!r}" for name, want, got in _compared(row, query) if want != "?"]
    if row.said not in " ".join(query.suggestions).lower():
        faults.append(f"nothing about {row.said!r} in {query.suggestions}")
    return "; ".join(faults) or None


def _compared(row: Row, query: Query) -> Iterator[tuple[str, str, Any]]:
    """Key, expectation and reading of each key that differs."""
    models, machines = ",".join(query.models), ",".join(spelled(ref) for ref in query.hardware)
    pairs: list[tuple[str, str, Any]] = [
        ("models", row.models.replace("-", "", row.models == "-"), models),
        ("machines", "" if row.machines == "-" else row.machines, machines),
        ("intent", row.keys.get("intent", "estimate"), query.intent),
    ]
    split = query.to_json()["parallel"] or {}
    pairs += [(name, row.keys.get(name, ""), split.get(field)) for name, field in SPLITS.items()]
    pairs += [(name, row.keys.get(name, ""), getattr(query, field)) for name, field in KEYS.items()]
    pairs.append(("measured", row.keys.get("measured", ""), query.measured.tokens_per_s))
    pairs.append(("measured_ttft", row.keys.get("measured_ttft", ""), query.measured.ttft_s))
    if row.keys.get("order", "cost") != "cost" or query.order not in {None, "cost"}:
        pairs.append(("order", row.keys.get("order", ""), query.order))
    return ((name, want, got) for name, want, got in pairs if not _is_same(want, got))


def _is_same(want: str, got: Any) -> bool:
    if isinstance(got, int | float):
        try:
            return abs(float(want) - got) <= NEARLY * abs(got)
        except ValueError:
            return False
    return want == (got or "")


ROWS: Final = (*rows("typed.txt"), *rows("typed_later.txt"))


@pytest.mark.parametrize("row", ROWS, ids=[row.text[:60] for row in ROWS])
def test_a_question_is_read_as_a_careful_reader_reads_it(row: Row) -> None:
    assert misread(row) is None


def test_the_list_holds_three_hundred_questions_and_none_twice() -> None:
    assert len({row.text for row in ROWS}) == len(ROWS)
    assert len(ROWS) >= 300
