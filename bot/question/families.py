"""Which family of models a word names: `qwen3`, `deepseekr1`, `gpt-oss`, but neither `llama-server` nor `opt out`."""

import re
from typing import Final

from bot.question.cards import is_card
from bot.question.patterns import Pattern
from bot.question.words import (
    ENGINES,
    FAMILIES,
    GLUED_TO_FAMILY,
    NUMBERED_FAMILIES,
    OTHER_ENGINES,
    SECOND_WORDS,
    word_set,
)

_PART: Final = Pattern(r"[-_:]")
_RUN: Final = Pattern(r"[a-z]+")
_TOOL: Final = Pattern(r"(?:ik_)?llama[-_.]?(?:cpp|server|cli|bench|index|factory|file|run|swap|stack|box|parse|quant)")


def family_of(word: str) -> str | None:
    """The family that a word names at its start or after a dash; numbered families only at the start."""
    if word in OTHER_ENGINES or word in ENGINES or ("llama" in word and _TOOL.match(word)):
        return None
    family = _family_at(word, 0)
    if family is None and not word.isalnum():
        places = (found.end() for found in _PART.finditer(word))
        family = next((family for place in places if (family := _family_at(word, place))), None)
    return family


_BEGINNINGS: Final = frozenset(family[:3] for family in FAMILIES)
"""Three letters: a word that begins otherwise is no family with something glued to it."""


def _family_at(word: str, place: int) -> str | None:
    run = _RUN.match(word, place)
    if run is None:
        return None
    letters = run[0]
    rest = word[run.end() :]
    if letters in FAMILIES and not (letters == "llama" and _TOOL.match(word, place)):
        return letters
    if place == 0 and letters in NUMBERED_FAMILIES:
        return letters if _is_numbered(letters, rest) else None
    if letters[:3] not in _BEGINNINGS:
        return None
    for length in range(len(letters) - 1, 2, -1):
        if letters[:length] in FAMILIES and letters[length:] in GLUED_TO_FAMILY and _goes_on(letters[length:], rest):
            return letters[:length]
    return None


def _goes_on(glued: str, rest: str) -> bool:
    """A single letter is glued to a family only before a number: deepseekv3, but no `llamas`."""
    return len(glued) > 1 or rest[:1].isdigit()


def _is_numbered(family: str, rest: str) -> bool:
    if family in {"e", "t", "k"}:
        return bool(re.match(r"\d(?:\.\d)?-[a-z]", rest)) and not is_card(family + rest)
    tail = rest.lstrip("-_")
    second = re.match(r"[a-z]*\d*[a-z]?", tail)
    return tail[:1].isdigit() or (second is not None and second[0] in SECOND_WORDS.get(family, frozenset()))


_SIZED_NAME: Final = Pattern(r"([a-z][a-z0-9.]*[-_:])(?:[a-z0-9.]+[-_:])*?\d+(?:\.\d+)?b(?![a-z0-9])")


def is_sized_name(token: str) -> bool:
    """`foo-7b`: letters, a dash, a size; the family is unknown here and left to the search for names."""
    if "b" not in token or token.isalnum():
        return False
    found = _SIZED_NAME.match(token)
    return found is not None and found[1][:-1] not in _NO_NAMES and not is_card(found[1][:-1])


_NO_NAMES: Final = word_set("a an the some any this that each multi int fp q w only run use my our for on with")
