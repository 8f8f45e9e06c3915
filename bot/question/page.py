"""Write docs/questions.md, what can be asked, from the tables that the parser itself reads.

    python -m bot.question.page docs/questions.md

Run by maintainers; no part of the product imports it. A test holds the page to the tables.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bot.question.flags import KNOWN
from bot.question.grammar import RULES
from bot.question.help import FOLLOW_UPS, HELP, MEANINGS, NOTES
from bot.question.instances import AS_OF, AWS, OTHERS
from bot.question.normalise import MAX_CHARACTERS
from bot.question.words import ENGINES, UNMODELLED_ENGINES, WEIGHT_FORMATS

HEADER: Final = f"""# What can be asked

Written by `python -m bot.question.page docs/questions.md` from the tables that the parser reads. Name a model and a
machine in any order and any words; nothing is sent to a language model. At most {MAX_CHARACTERS:,} characters are read.
What is not understood is quoted back with the nearest reading, never dropped.
"""

DECLINED: Final = """## What is declined, and how

| asked | answered |
|---|---|
| training, fine-tuning, LoRA | declined by name; the same model and machine are answered for inference |
| layers or experts in system memory | the cards alone are estimated; with the size of the memory a bound on tokens/s |
| unlike cards in one machine | each by itself; a split over them is not estimated |
| a MIG slice, half a card | the whole card, and that is said |
| a card that is not known | refused, with the nearest names |
| a size without a family (`70b`) | refused, with likely names |
| a sum of money without a period | prices are rents per hour: said |
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEADER, *_kinds(), *_follow_ups(), *_numbers(), *_words(), *_flags(), *_instances(), DECLINED])


def _kinds() -> Iterator[str]:
    for entry in HELP:
        yield f"## {entry.title}\n\n{entry.says[:1].upper()}{entry.says[1:]}.\n"
        yield from (f"- `{example}`" for example in entry.examples)
        yield ""


def _follow_ups() -> Iterator[str]:
    yield "## Then, in the same thread\n\nA message changes only what it names; a whole question starts anew.\n"
    yield "| message | changes |\n|---|---|"
    yield from (f"| {message} | {change} |" for message, change in FOLLOW_UPS)
    yield ""


def _numbers() -> Iterator[str]:
    """One row a meaning, with the example of each of its rules."""
    yield "## Numbers\n\nK is 1,024 of tokens, 1,000 of money and requests. Prose is read too: `two hundred users`.\n"
    yield "| read as | for example |\n|---|---|"
    for meaning in dict.fromkeys(rule.meaning for rule in RULES):
        examples = dict.fromkeys(rule.example for rule in RULES if rule.meaning == meaning)
        yield f"| {MEANINGS[meaning]} | {', '.join(f'`{example}`' for example in examples)} |"
    yield ""


def _words() -> Iterator[str]:
    yield "## Names\n"
    yield from (f"- {note}" for note in NOTES)
    others = ", ".join(sorted(UNMODELLED_ENGINES))
    yield f"- Engines: {_grouped(ENGINES)}; of others ({others}) it is said that they are not modelled."
    yield f"- Formats: {_grouped(WEIGHT_FORMATS)}; GGUF types keep their name."
    yield ""


def _grouped(spellings: Mapping[str, str]) -> str:
    """Each meaning with the spellings that mean it."""
    groups: dict[str, list[str]] = {}
    for spelling, meaning in spellings.items():
        groups.setdefault(meaning, []).append(spelling)
    return ", ".join(f"{meaning} ({', '.join(words)})" for meaning, words in groups.items())


def _flags() -> Iterator[str]:
    yield "## Flags of a launch line\n\nIn any order, with `-` or `_`; others are kept and not read.\n"
    yield "| sets | flags |\n|---|---|"
    for meaning in dict.fromkeys(KNOWN.values()):
        names = (f"`{name}`" for name, other in KNOWN.items() if other == meaning)
        yield f"| {meaning.replace('_', ' ')} | {', '.join(names)} |"
    yield ""


def _instances() -> Iterator[str]:
    yield f"## Cloud instances, as of {AS_OF}\n\n| name | cards |\n|---|---|"
    for family, (card, sizes) in AWS.items():
        said = ", ".join(f"{size} {count}" for size, count in sizes.items())
        yield f"| {family} | {card}: {said} |"
    yield from (f"| {name} | {count}× {card} |" for name, (card, count) in OTHERS.items())
    yield ""


def main() -> None:
    """Write the page to the file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.parse_args().file.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
