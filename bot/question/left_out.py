"""What a question says and the answer leaves out: told, never dropped in silence."""

from collections.abc import Iterator
from typing import Final

from bot.question.patterns import Pattern
from bot.question.words import word_set

_UNCOUNTED: Final = (
    (("specul", "eagle", "medusa", "draft model"), "speculative decoding is not counted"),
    (("prefix cach", "prompt cach", "prefix-cach"), "hits of the prefix cache are not counted"),
    (("disaggregat", "1p1d", "pd sep", "prefill node"), "prefill and decode on machines apart are not estimated"),
    (("power limit", "undervolt", "power-limit", "watt"), "limits of power are not counted"),
    (("lora adapter", "multi-lora", "adapters"), "adapters beside the model are not counted"),
    (("images per", "image per", "videos"), "images are not counted: give the prompt in tokens, theirs included"),
)
"""Words of what engines do and the figures of a question leave out, and what is said then."""

_NUMBER: Final = Pattern(
    r"(?<![\w.,/:$@#+~-])(?<!port )"
    r"(?<!cuda )(?<!seed )(?<!version )"
    r"(\d(?:[\d,.]{0,11}\d)?) ([a-z]{4,20})(?![\w.])"
)
_KNOWN: Final = word_set(
    "gpus cards nodes machines servers chips devices total each with from that this more less layers boxes hosts "
    "vram memory cores core threads bits slots tokens they please thanks with and then other free tier "
    "experts billion hours"
)
"""Words after a number that says again what is read elsewhere, or nothing."""

MOST_WORDS: Final = 20
"""Of a question whose odd numbers are quoted back: a longer text tells a story, with numbers of its own."""


def left_out(text: str, rest: str) -> Iterator[str]:
    """Remarks on what is not counted, by words, and on numbers that no rule has read."""
    for marks, said in _UNCOUNTED:
        for mark in marks:
            if mark in text:
                yield said
                break
    if text.count(" ") < MOST_WORDS:
        for found in _NUMBER.finditer(rest):
            if found[2] not in _KNOWN:
                yield f'"{found[0]}": not understood, left out'
