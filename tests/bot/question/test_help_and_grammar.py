from pathlib import Path

import pytest

from bot.question import parse
from bot.question.grammar import AFTER_CARDS, BEFORE_CARDS, RULES, Rule, read_numbers
from bot.question.help import FOLLOW_UPS, HELP, MEANINGS, NOTES, HelpEntry, help_text
from bot.question.page import page
from bot.question.query import INTENTS
from bot.thread import follow_up

EXAMPLES = [(entry, example) for entry in HELP for example in entry.examples]


@pytest.mark.parametrize(("entry", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_every_example_of_the_help_is_read_as_it_says(entry: HelpEntry, example: str) -> None:
    query = parse(example)
    assert query.intent == entry.intent
    assert query.suggestions == ()


def test_the_help_has_an_example_for_every_intent() -> None:
    assert {entry.intent for entry in HELP} == set(INTENTS)


def test_the_help_text_holds_every_example_and_every_note() -> None:
    text = help_text()
    assert all(example in text for _, example in EXAMPLES)
    assert all(note in text for note in NOTES)


@pytest.mark.parametrize("rule", RULES, ids=[f"{rule.meaning}: {rule.example}" for rule in RULES])
def test_every_rule_reads_its_own_example(rule: Rule) -> None:
    read: list[str] = []
    readers = {name: lambda _, name=name: read.append(name) for name in BEFORE_CARDS | AFTER_CARDS}
    read_numbers(rule.example.lower(), readers, frozenset({rule.meaning}))
    assert rule.meaning in read


def test_every_meaning_of_the_grammar_is_put_in_words() -> None:
    assert {rule.meaning for rule in RULES} == set(MEANINGS)


@pytest.mark.parametrize(("message", "change"), FOLLOW_UPS, ids=[message for message, _ in FOLLOW_UPS])
def test_every_follow_up_of_the_help_changes_the_question(message: str, change: str) -> None:
    before = parse("llama-3.1-8b on 8xh100 bf16 at 32k")
    assert follow_up(before, message) != before, change


def test_the_page_of_questions_is_written_from_the_tables() -> None:
    docs = Path(__file__).parents[3] / "docs"
    assert (docs / "questions.md").read_text(encoding="utf-8") == page()
