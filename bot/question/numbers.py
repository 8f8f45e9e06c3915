"""Numbers as typed: thousands separators, K and M of tokens, and the Chinese ten thousand."""

import re
from typing import Final

from bot.question.patterns import Pattern
from bot.question.words import NUMBER_WORDS

KILO: Final = 1024
MEGA: Final = 1024 * 1024
_TEN_THOUSAND: Final = 10_000

_AMOUNT: Final = Pattern(r"(-?)\s?(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)\s?(k|m|w|万|千)?(?:i?b?)?")
_SCALES: Final = {None: 1, "k": KILO, "m": MEGA, "w": _TEN_THOUSAND, "万": _TEN_THOUSAND, "千": 1000}

AMOUNT: Final = r"(-?(?:\d{1,3}(?:,\d{3})+|\d{1,48}(?:\.\d{1,6})?) ?(?:[km万千](?![a-z0-9]))?)"
"""A number of tokens or requests in a pattern, one group: `32k`, `102,400`, `1M`."""

PLAIN: Final = r"(\d{1,3}(?:,\d{3})+|\d{1,12}(?:\.\d{1,6})?)"
"""A number without a scale, one group."""


_WRITTEN_OUT: Final = Pattern(
    r"(?<![\w.$/])(\d{1,15}(?:\.\d{1,6})?)(?:e\+?(\d{1,3})(?![\w.])|"
    r" ?(thousand|million|billion|trillion)(?![a-z])(?! ?(?:param|weights|model)))"
)
_NAMED_POWERS: Final = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_LARGEST_POWER: Final = 30
"""Of ten: beyond it a number is cut to this, and refused as absurd all the same."""


_UNITS: Final = {
    "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "couple": 2, "few": 3,
}  # fmt: skip
_PROSE_SCALES: Final = {"dozen": 12, "hundred": 100, "thousand": 1000, "grand": 1000}
_PROSE: Final = Pattern(
    rf"(?<![\w.$/-])(?:({'|'.join(_UNITS)})(?: of)? )?(dozen|hundred|thousand|grand)(?![a-z])|"
    r"(?<![\w.$/-])(eleven|fifteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](one|two|"
    r"three|four|five|"
    r"six|seven|eight|nine)(?![a-z]))?(?![a-z])"
)
_PROSE_MARKS: Final = ("ty", "dozen", "hundred", "thousand", "grand", "eleven", "fifteen")
_HAN: Final = Pattern(r"([一两二三四五六七八九])([百千万])(?![百千万亿一二三四五六七八九十])")
_HAN_SCALES: Final = {"百": 100, "千": 1000, "万": _TEN_THOUSAND}


def written_out(text: str) -> str:
    """The text with `1e9`, `1 billion`, `two hundred` and `五百` in digits, so that every number is seen as one."""
    text = _WRITTEN_OUT.sub(_digits, text)
    if any(mark in text for mark in _PROSE_MARKS):
        text = _PROSE.sub(_prose, text)
    if any(mark in text for mark in _HAN_SCALES):
        text = _HAN.sub(lambda found: str(NUMBER_WORDS[found[1]] * _HAN_SCALES[found[2]]), text)
    return text


def _prose(found: re.Match[str]) -> str:
    if found[2]:
        return str(_UNITS.get(found[1] or "one", 1) * _PROSE_SCALES[found[2]])
    return str(_UNITS[found[3]] + _UNITS.get(found[4] or "", 0))


def _digits(found: re.Match[str]) -> str:
    power = _NAMED_POWERS[found[3]] if found[3] else min(int(found[2]), _LARGEST_POWER)
    return f"{float(found[1]) * 10**power:.0f}"


def amount(text: str) -> int | None:
    """A count of tokens or requests: K is 1024 and M is 1024 squared; None where there is no number."""
    word = text.strip()
    if word in NUMBER_WORDS:
        return NUMBER_WORDS[word]
    found = _AMOUNT.fullmatch(word)
    if found is None:
        return None
    value = float(found[2].replace(",", "")) * _SCALES[found[3]]
    return -round(value) if found[1] else round(value)


def number(text: str) -> float:
    """A plain number, thousands separators allowed."""
    return float(text.replace(",", ""))
