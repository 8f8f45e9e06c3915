import pytest

from bot.question import parse
from bot.question.grammar import AFTER_CARDS, BEFORE_CARDS, RULES, Rule, read_numbers
from bot.question.help import HELP, NOTES, HelpEntry, help_text
from bot.question.query import INTENTS

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
