"""Strangers' text as a terminal may show it: what would move the cursor, colour or turn the text is spelled out.

Names of folders, keys of a request and words of a config come from strangers. A control character among them (an
escape sequence, a carriage return, a bidirectional override) would act on the terminal instead of being read.
"""

from collections.abc import Mapping
from typing import Final

_TURNING: Final = (0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
"""Marks that turn or break lines unseen. Source: Unicode 15, bidirectional formatting and separators."""
_AFTER_ASCII: Final = (*range(0x7F, 0xA0), *_TURNING)

_SPELLED: Final[Mapping[int, str]] = {code: rf"\x{code:02x}" for code in range(0x20)} | {
    code: rf"\x{code:02x}" if code < 0x100 else rf"\u{code:04x}" for code in _AFTER_ASCII
}
_IN_JSON: Final[Mapping[int, str]] = {code: rf"\u{code:04x}" for code in _AFTER_ASCII}


def visible(text: str) -> str:
    r"""The text with each control character spelled out: `\x1b` for an escape, `\x0a` for a new line."""
    return text if text.isprintable() else whole(text.translate(_SPELLED))


def visible_json(text: str) -> str:
    r"""A JSON text that says the same in printable characters: `json` itself escapes only those below a space.

    Half a surrogate pair has no bytes and becomes the replacement character.
    """
    return text if text.isascii() else whole(text.translate(_IN_JSON))


def whole(text: str) -> str:
    """The text with the replacement character where a lone surrogate stood, so that it can be written."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    return text
