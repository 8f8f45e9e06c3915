"""Words that stand where a card would and are none: an unlisted card, a laptop's chip, a slip.

Found after the known cards are blanked. A sure one has a card's prefix (`rtx 5880`), is a card known to be missing
or lies one slip from a known name; a likely one only stands in the place of a card ("on z9000").
"""

from dataclasses import dataclass
from typing import Final

from bot.question.cards import is_card, near_cards
from bot.question.patterns import Pattern

_PREFIXED: Final = Pattern(
    r"(?<![a-z0-9])((?:rtx|gtx|geforce|quadro|titan|tesla|radeon|rx|arc|instinct|ascend|昇腾|atlas|gaudi|tpu) ?-?"
    r"(?:pro |titan |rtx |gtx |x )?(?:[a-z]{0,2}\d{2,4}[a-z]{0,3}|rtx|xp)(?: ?(?:ti|super|duo|xtx?)(?![a-z]))?)"
    r"(?![a-z0-9])"
)
_ABSENT: Final = Pattern(
    r"(?<![a-z0-9])(310p\d?|300i ?duo|300v|titan (?:rtx|xp|v)|k80|m40|m60|p4|5880 ?ada|h1000|910a|910pro|"
    r"(?:rtx ?)?[1-5]0[5-9]0 ?(?:ti|super))(?![a-z0-9])"
)
"""Cards that people have and the table does not."""

_LIKE_A_CARD: Final = (
    r"([a-z]{1,4}-?\d{1,4}[a-z0-9]{0,4}|[1-5]0[5-9]0(?: ?ti| ?super)?|\d{2,4}[a-z]{1,2}(?: duo)?|titan rtx)"
)
_IN_PLACE: Final = Pattern(
    rf"(?:(?:(?<![a-z])on|using|上用|用)(?: an?| the| my| our| single| one)*(?: nvidia| amd| intel)? (?:\d+ ?[x*]? ?)?|"
    rf"(?<![a-z0-9.])\d{{1,2}} ?[x*] ?|(?<![a-z0-9.])[1-9]\d? (?=l\d))"
    rf"{_LIKE_A_CARD}(?![a-z0-9.%])(?! ?(?:tokens?|users?|ms|%|bits?|context|ctx|layers?|steps?|gb|nodes?))"
)
_WITH_DIGIT: Final = Pattern(r"(?<![a-z0-9.-])(?=[a-z0-9-]*\d)(?=[0-9-]*[a-z])[a-z0-9-]{4,8}(?![a-z0-9.])")
_NO_CARD: Final = Pattern(
    r"(?:tp|pp|dp|ep|bs|top|q|v|p|cuda|sm|py|int|fp|bf|nf|gen|k|o|s|r|t|ubuntu|win|iq|port|ddr|hbm|gddr|pcie|usb|"
    r"x86|gfx|ec|isl|osl|mp|mtp|rocm|cu|gke|vit|n)-?\d+[a-z]*|"
    r"\d+(?:k|m|b|g|gb|tb|t|s|ms|x|w|p|d|th|st|nd|rd|v|h|gib|kb|mb|hz|fp|am|pm|u)|[a-z]+-?0+|v\d.*|[a-z]{1,4}\d{1,4}b"
)
"""Words of letters and digits that name other things: a split, a version, a quantity."""

_MIXED: Final = Pattern(r"(?<![a-z0-9.])(?!\d{1,4}[kmgb](?![a-z0-9]))(?:[a-z]+-?\d|\d{2,4}[a-z]|[1-5]0[5-9]0(?!\d))")
_PREFIXES: Final = (
    "tx",
    "geforce",
    "quadro",
    "titan",
    "tesla",
    "radeon",
    "rx",
    "arc",
    "instinct",
    "ascend",
    "昇腾",
    "300",
)
"""Without a word of letters and digits and without one of these, no card can be meant."""

Span = tuple[int, int]


@dataclass(slots=True, eq=False, repr=False)
class Unknown:
    """A word in the place of a card, with where it stands."""

    word: str
    span: Span
    is_sure: bool = True


def find_unknown(text: str) -> list[Unknown]:
    """Unknown cards of a lower-case text in which the known ones are blanked, the surest first."""
    found: list[Unknown] = []
    if not (_MIXED.search(text) or any(word in text for word in _PREFIXES)):
        return found
    for pattern in (_PREFIXED, _ABSENT, _IN_PLACE):
        for other in pattern.finditer(text):
            word = other[1]
            if _may_be_card(word) and not _is_seen(word, found):
                found.append(Unknown(word, other.span(1), pattern is not _IN_PLACE or bool(near_cards(word))))
    for other in _WITH_DIGIT.finditer(text):
        word = other[0]
        if not _is_seen(word, found) and not _NO_CARD.fullmatch(word) and near_cards(word):
            found.append(Unknown(word, other.span()))
    return found


def _may_be_card(word: str) -> bool:
    return not _NO_CARD.fullmatch(word) and not is_card(word)


def _is_seen(word: str, found: list[Unknown]) -> bool:
    return any(word in other.word for other in found)
