"""Numbers as typed: thousands separators, K and M of tokens, and the Chinese ten thousand."""

from typing import Final

from bot.question.patterns import Pattern
from bot.question.words import NUMBER_WORDS

KILO: Final = 1024
MEGA: Final = 1024 * 1024
_TEN_THOUSAND: Final = 10_000

_AMOUNT: Final = Pattern(r"(-?)\s?(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)\s?(k|m|w|万|千)?(?:i?b?)?")
_SCALES: Final = {None: 1, "k": KILO, "m": MEGA, "w": _TEN_THOUSAND, "万": _TEN_THOUSAND, "千": 1000}

AMOUNT: Final = r"(-?(?:\d{1,3}(?:,\d{3})+|\d{1,12}(?:\.\d{1,6})?) ?(?:[km万千](?![a-z0-9]))?)"
"""A number of tokens or requests in a pattern, one group: `32k`, `102,400`, `1M`."""

PLAIN: Final = r"(\d{1,3}(?:,\d{3})+|\d{1,12}(?:\.\d{1,6})?)"
"""A number without a scale, one group."""


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
