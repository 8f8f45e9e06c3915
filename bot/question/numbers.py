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


def written_out(text: str) -> str:
    """The text with `1e9` and `1 billion` in digits, so that what is absurd is seen as a number."""
    return _WRITTEN_OUT.sub(_digits, text)


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
