"""Typed text to plain text: one alphabet of digits, dashes and brackets, no markup, links as repository names.

The case stays as typed, since paths and repositories need it; `folded` gives the lower case of equal length.
"""

import re
import unicodedata
from typing import Final

from bot.errors import QuestionError
from bot.question.patterns import Pattern
from bot.question.slashes import HUB_MARK

MAX_CHARACTERS: Final = 2_000
"""More than any question or launch line; the rest of a paste is a log."""

_MAPPED: Final = str.maketrans(
    {
        **dict.fromkeys("×✕✖╳⨯⨉", "x"),
        **dict.fromkeys("∗⋅", "*"),
        **dict.fromkeys("‐‑‒–—―−﹣⁃", "-"),
        **dict.fromkeys("“”„‟«»「」『』《》【】", '"'),
        **dict.fromkeys("‘’‚‛`´", "'"),
        **dict.fromkeys("、,", ","),
        **dict.fromkeys("。；", ";"),
        **dict.fromkeys("～∼〜", "~"),
        "≥": ">=",
        "≤": "<=",
        "…": " ",
        "→": " ",
        "⇒": " ",
        "•": " ",
    }
)
_INVISIBLE: Final = dict.fromkeys(
    [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&"))

_SLACK: Final = Pattern(r"<([@#!]?)([^<>|\n]{1,500})(?:\|([^<>\n]{0,300}))?>")
_MARKDOWN_LINK: Final = Pattern(r"!?\[([^\[\]\n]{1,300})\]\((https?://[^()\s]{1,500})\)")
_ADDRESS: Final = Pattern(r"(?i)https?://\S{1,500}|(?<![\w./])(?:huggingface\.co|hf\.co|modelscope\.cn)/\S{1,300}")
_HUB: Final = Pattern(
    r"(?i)(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co|modelscope\.cn/models|hf-mirror\.com)/(?:models/)?"
    r"([\w.-]{1,96}/[\w.-]{1,96})(?:/(?:tree|blob|resolve)/([\w.-]{1,96}))?(:[\w.-]{1,40})?",
)
_NOT_MODELS: Final = ("datasets/", "spaces/", "docs/", "blog/", "papers/", "collections/", "learn/", "posts/")
_TAG: Final = Pattern(r"\s*[-*]?\s*\[[^\[\]\d]{1,40}\][:\s]*(?!\()")
_EMOJI_CODE: Final = Pattern(r"(?i)(?<!\S):[a-z][a-z0-9_+-]{1,40}:(?!\S)")
_TITLE: Final = Pattern(r"(?i)<title>")


def plain(text: str) -> str:
    """The text without markup, invisible characters and look-alikes, spaces collapsed.

    Raises `QuestionError` beyond `MAX_CHARACTERS`, before any other work.
    """
    _refuse_if_long(text)
    text = text.translate(_INVISIBLE)
    if "<" in text:
        text = _SLACK.sub(_slack, _TITLE.sub(" ", text))
    if "](" in text:
        text = _MARKDOWN_LINK.sub(_markdown_link, text)
    text = _with_entities(text)
    if not text.isascii():
        text = _with_plain_signs(text)
    if "/" in text:
        text = _ADDRESS.sub(lambda found: _repository(found[0]), text)
    return _without_decoration(text)


def folded(text: str) -> str:
    """Lower case, character for character, so that places in both texts agree."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def _refuse_if_long(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise QuestionError(
            f"the question has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read",
            "ask with the launch line or one sentence, without the log",
        )


def _with_entities(text: str) -> str:
    if "&" in text:
        for entity, char in _ENTITIES:
            text = text.replace(entity, char)
    return text


def _with_plain_signs(text: str) -> str:
    folded_text = unicodedata.normalize("NFKC", text.translate(_MAPPED)).translate(_MAPPED)
    _refuse_if_long(folded_text[: MAX_CHARACTERS * 2] if len(folded_text) > MAX_CHARACTERS * 2 else "")
    return re.sub(r"(?<=\d)·(?=\S)", "*", folded_text).replace("·", ",")


def _without_decoration(text: str) -> str:
    text = text.replace("\\\n", " ").replace("\\\r\n", " ").replace("\n", " ; ").replace("**", " ").replace("`", " ")
    text = " ".join(text.split())
    if ":" in text:
        text = _EMOJI_CODE.sub(" ", text)
    while text.startswith(("[", "- [", "* [")) and (tag := _TAG.match(text)) and tag.end() < len(text):
        text = text[tag.end() :]
    return text.strip()


def _slack(found: re.Match[str]) -> str:
    kind, target, label = found.groups()
    if kind or target.startswith(("mailto:", "tel:")):
        return " "
    if target.startswith(("http://", "https://")):
        return f" {_repository(target) or label or ''} "
    return found[0]


def _markdown_link(found: re.Match[str]) -> str:
    label, address = found.groups()
    return f" {_repository(address) or label} "


def _repository(address: str) -> str:
    """`hub:org/name`, with `@revision` and `:quant` where the address has them; nothing for another page."""
    found = _HUB.match(address)
    if found is None or found[1].lower().startswith(_NOT_MODELS):
        return ""
    revision = f"@{found[2]}" if found[2] and found[2] != "main" else ""
    return f"{HUB_MARK}{found[1].rstrip('.')}{revision}{found[3] or ''}"
