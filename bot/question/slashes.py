"""What a slash joins: the owner and the name of a repository, the parts of a path, or two words of a sentence.

A pair is a repository by what its halves are, whatever else the text holds; a pair of plain words only where nothing
else is a model and it stands in a model's place. Cards, engines, formats, quantities and words of the trade are none.
"""

import re
from typing import Final

from bot.question.cards import is_card
from bot.question.formats import canonical_format, gguf_type
from bot.question.patterns import Pattern
from bot.question.words import (
    ENGINES,
    FAMILIES,
    NUMBERED_FAMILIES,
    ORGANISATIONS,
    OTHER_ENGINES,
    SUFFIXES,
    WEAK_REPO_STOP,
    word_set,
)

HUB_MARK: Final = "hub:"
"""Stands before `org/name` where the text had the address of a page on the Hub: no doubt is left then."""

_LETTER: Final = Pattern(r"[a-z]")
_QUANTITY: Final = Pattern(r"\d+(?:\.\d+)?[a-z]{0,3}")
_SITE: Final = Pattern(r".*\.(?:com|org|net|dev|io|cn|co|edu|gov)")
_SIZE: Final = Pattern(r"(?<![0-9.])(?:\d+x)?\d+(?:[._]\d+)?[bt](?![a-z0-9])")
_VERSION: Final = Pattern(r"[vrkm]\d")
_PATH: Final = Pattern(r"(?<![^\s\"'(=,;|])(?:~[\w.-]*/|\.{1,2}/|/)[^\s\"'(),;|<>]*")
_BEFORE: Final = Pattern(
    r"(?:^|(?<![a-z])(?:run|runs|serve|host|deploy|fit|use|load|try|of|for|can|will|does|is|model) )$"
)
_AFTER: Final = Pattern(r" ?(?:$|[,.;:?!]|(?:on|at|in|with|fit|fits|using|run|runs|need|needs|for)(?![a-z]))")
_BESIDE_BEFORE: Final = Pattern(r"(?<![a-z])(?:compare|vs\.?|versus|and|or|with|than) $")
_BESIDE_AFTER: Final = Pattern(r" (?:and|vs|or|versus|with)(?![a-z])")
_ASKS_FOR_MODEL: Final = Pattern(r"(?:which|what|best|any|good)(?: [a-z0-9.-]+){0,3}? (?:models?|llms?)(?![a-z])")

_WORD_BEFORE: Final = 12
"""Characters that the longest word before a model takes: without a bound, many pairs would each read all before."""

_ALSO_WORDS: Final = FAMILIES | word_set("nvidia amd google microsoft apple openai facebook tencent baidu")
"""Owners whose name stands before a slash for other reasons too."""

_FILE_ENDINGS: Final = (".py", ".sh", ".md", ".txt", ".yaml", ".yml", ".cpp", ".so", ".log", ".cu", ".git")
_PROGRAMS: Final = word_set("main server bin build python python3")


def is_repository(left: str, right: str, left_family: str | None, right_family: str | None) -> bool:
    """Whether a pair is surely `owner/name`, given the families that the halves name."""
    name = _name_of(right)
    is_maker = left in ORGANISATIONS
    if not ((is_maker or _may_be_half(left)) and _may_be_half(name)) or _SITE.fullmatch(left):
        return False
    if is_maker:
        return left not in _ALSO_WORDS or right_family is not None or _has_digit(name) or _is_own_word(name)
    if left_family is not None:
        return _is_owner_like(left, name, left_family, right_family)
    return right_family is not None or bool(_SIZE.search(name)) or (_has_digit(name) and bool(re.search("[-_]", name)))


def may_be_repository(left: str, right: str) -> bool:
    """Whether a pair with a dash, a point or a digit may be `owner/name`, where nothing else is a model."""
    name = _name_of(right)
    halves = (left, name)
    return all(_may_be_half(half) and not half[0].isdigit() for half in halves) and bool(
        re.search(r"[-_.\d@]", right + left)
    )


def stands_for_model(text: str, start: int, end: int) -> bool:
    """Whether plain words or a path stand where a model would: `foo/bar on h100`, `will foo/bar fit`."""
    if not _are_plain_halves(text[start:end]):
        return False
    stands = _BEFORE.search(text, max(0, start - _WORD_BEFORE), start) and _AFTER.match(text, end)
    return bool(stands) and not _ASKS_FOR_MODEL.search(text)


def stands_beside_model(text: str, start: int, end: int) -> bool:
    """Whether plain words stand where another model would: `compare foo/bar and qwen3-8b`."""
    near = max(0, start - _WORD_BEFORE)
    before = _BEFORE.search(text, near, start) or _BESIDE_BEFORE.search(text, near, start)
    return bool(_are_plain_halves(text[start:end]) and before) and bool(
        _AFTER.match(text, end) or _BESIDE_AFTER.match(text, end)
    )


def _are_plain_halves(pair: str) -> bool:
    left, _, right = pair.partition("/")
    return pair.startswith("/") or (_may_be_half(left) and _may_be_half(right))


def find_paths(text: str) -> list[tuple[int, int]]:
    """Places of paths that may name a model: no program and no source file."""
    if "/" not in text:
        return []
    spans = ((found.start(), found.start() + len(found[0].rstrip(".?!:"))) for found in _PATH.finditer(text))
    return [span for span in spans if _may_be_model(text[slice(*span)])]


def is_explicit(path: str) -> bool:
    """Whether it can be nothing but a path: `./x`, `../m`, `~/x`."""
    return path.startswith((".", "~"))


def _may_be_model(path: str) -> bool:
    base = path.rstrip("/").rpartition("/")[2]
    is_program = base in ENGINES or base in OTHER_ENGINES or base in _PROGRAMS
    return bool(_LETTER.search(path)) and not is_program and not base.endswith(_FILE_ENDINGS)


def _name_of(right: str) -> str:
    return right.partition(":")[0].partition("@")[0]


def _may_be_half(half: str) -> bool:
    return (
        len(half) > 1
        and bool(_LETTER.search(half))
        and half not in WEAK_REPO_STOP
        and half not in ENGINES
        and half not in OTHER_ENGINES
        and not _QUANTITY.fullmatch(half)
        and not is_card(half)
        and not canonical_format(half)
        and not gguf_type(half)
    )


def _is_own_word(name: str) -> bool:
    """A word that is neither a part of names nor another maker: `Qwen/Foo`, but not `google/openai`."""
    return name not in SUFFIXES and name not in ORGANISATIONS and name not in NUMBERED_FAMILIES


def _is_owner_like(left: str, name: str, left_family: str, right_family: str | None) -> bool:
    """`google-bert/bert-base` has an owner; `llama3/qwen3` and `deepseek-v3/r1` are two models."""
    if _has_digit(left):
        return (right_family or "").startswith(left.rstrip("0123456789.-"))
    return right_family == left_family or (right_family is None and _is_own_word(name) and not _VERSION.match(name))


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text)
