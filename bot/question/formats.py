"""Formats of weights and of the KV cache, as people spell them."""

import re
from typing import Final

from bot.question.patterns import Pattern
from bot.question.words import BITS, WEIGHT_FORMATS

_GGUF: Final = Pattern(
    r"(?:ud[-_])?(i?q[1-8])[-_]?(k|0|1|nl|xxs|xs|s|m|l|xl|r4|ks)(?:[-_]?(xxl|xl|xs|[sml]))?|(tq[12])[-_]0"
)
_BITS_WORD: Final = Pattern(r"(\d{1,2})[-_ ]?bits?")
_SPELLINGS: Final = "|".join(sorted((re.escape(word) for word in WEIGHT_FORMATS), key=len, reverse=True))
_FORMAT: Final = (
    r"(?:(?:ud[-_])?i?q[1-8][-_]?(?:k|0|1|nl|xxs|xs|s|m|l|xl)(?:[-_]?(?:xxl|xl|xs|[sml]))?|tq[12]_0|"
    rf"{_SPELLINGS}|(?:4|8|16|32)[- ]?bits?)"
)
_KV: Final = r"kv(?:[-_ ]?cache)?(?:[-_ ]?(?:dtype|type|quant(?:i[sz]ed|i[sz]ation)?|format|in|at|as|to|is|with|of))*"
_WORD: Final = Pattern(rf"(?<![a-z0-9._]){_FORMAT}(?![a-z0-9_])")
_KV_FIRST: Final = Pattern(
    rf"(?<![a-z]){_KV}[-_ ]?(?:=|:)? ?({_FORMAT})(?![a-z0-9_])(?! ?(?:weights?|model))|"
    r"(?<![a-z])kv(?:[-_ ]?cache)?[-_ ]?(8|16)(?![a-z0-9])"
)
_KV_LAST: Final = Pattern(rf"(?<![a-z0-9._])({_FORMAT})[-_ ](?:quanti[sz]ed )?kv(?:[-_ ]?cache)?(?![a-z])")
_UNKNOWN: Final = Pattern(
    r"(?<![a-z0-9._-])(?:(?:mx|nv)?(?:fp|fb|pf)\d{1,2}|b?int\d{1,2}|bf?\d{2}|w\d{1,2}a\d{1,2}|nf\d|[23567]-?bits?|"
    r"(?:\d\.\d+ ?)(?:bpw|bits? per weight)|exl[23]|(?:ud[-_])?i?q\d{1,2}(?:_[a-z0-9]+)+|q[79](?![:.]))(?![a-z0-9_])"
)
_NEAREST: Final = {
    "fb8": "fp8", "pf8": "fp8", "bint8": "int8", "bf8": "fp8", "fp6": "fp8", "fp5": "fp4", "int3": "q3_k_m",
    "int2": "q2_k",
    "int5": "q5_k_m", "int6": "q6_k", "fb16": "fp16", "bp16": "bf16", "b16": "bf16", "pf16": "fp16", "nf8": "int8",
    "2": "q2_k", "3": "q3_k_m", "5": "q5_k_m", "6": "q6_k", "7": "q8_0",
}  # fmt: skip

_GGML_NEAREST: Final = {0: "q2_k", 1: "q2_k", 2: "q2_k", 3: "q3_k_m", 4: "q4_k_m", 5: "q5_k_m", 6: "q6_k"}

_MARKS: Final = (
    "fp", "fb", "pf", "bf", "int", "bit", "awq", "gptq", "nf", "bnb", "w4", "w8", "w3", "f16", "f32", "float",
    "precision", "e4m3", "round", "bpw", "exl", "bitsandbytes", "q0", "q1", "q2", "q3", "q4", "q5", "q6",
    "q7", "q8", "q9",
)  # fmt: skip
"""One of these stands in every format's name: a cheap look before the long search."""

Span = tuple[int, int]


def canonical_format(word: str) -> str | None:
    """The contract's name of a weight format, or None: `W4A16` is int4, `8-bit` is int8."""
    word = word.lower().strip()
    if word in WEIGHT_FORMATS:
        return WEIGHT_FORMATS[word]
    bits = _BITS_WORD.fullmatch(word)
    if bits:
        return BITS.get(bits[1])
    return gguf_type(word)


def gguf_type(word: str) -> str | None:
    """The GGUF type as ggml spells it: `Q4KM` and `UD-Q4_K_M` are q4_k_m."""
    found = _GGUF.fullmatch(word.lower())
    if found is None:
        return None
    if found[4]:
        return f"{found[4]}_0"
    base, kind, size = found[1], found[2], found[3]
    return f"{base}_{kind}_{size}" if size else f"{base}_{kind}"


def find_kv_format(text: str) -> tuple[str | None, Span | None]:
    """Format of the KV cache and where it stands: `kv fp8`, `fp8 KV cache`, `kv cache in 8 bit`."""
    if "kv" not in text:
        return None, None
    found = _KV_FIRST.search(text) or _KV_LAST.search(text)
    if found is None:
        return None, None
    groups = found.groups()
    word = next(group for group in groups if group)
    return (BITS[word] if word in {"8", "16"} else canonical_format(word)), found.span()


def _has_mark(text: str) -> bool:
    for mark in _MARKS:  # noqa: SIM110  # a plain loop is twice as fast, and every question asks
        if mark in text:
            return True
    return False


def find_formats(text: str) -> list[tuple[str, Span]]:
    """Weight formats with their places, in order."""
    if not _has_mark(text):
        return []
    return [(name, found.span()) for found in _WORD.finditer(text) if (name := canonical_format(found[0]))]


def unknown_formats(text: str) -> list[tuple[str, str]]:
    """Words shaped like a format that is none, each with the nearest one: (`fb8`, `fp8`)."""
    if not _has_mark(text):
        return []
    return [(found[0], _near(found[0])) for found in _UNKNOWN.finditer(text) if canonical_format(found[0]) is None]


def best_format(names: list[str]) -> str | None:
    """The one that says most: a GGUF type over bits, any other by the first that stands there."""
    return next((name for name in names if gguf_type(name) and "_" in name), names[0] if names else None)


def _near(word: str) -> str:
    if word in _NEAREST:
        return _NEAREST[word]
    ggml = re.search(r"q(\d+)", word)
    if ggml:
        return _GGML_NEAREST.get(int(ggml[1]), "q8_0")
    digits = re.match(r"(\d)(?:\.\d+)?", word)
    if digits:
        return _NEAREST.get(digits[1], "int4" if digits[1] == "4" else "int8")
    return "int4"
