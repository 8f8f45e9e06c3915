"""Model names in running text: where one starts, how far it reaches, what belongs to its format.

A name starts with a family's word, an `org/name`, or any word that holds a size (`foo-7b`); it goes on over spaces
as long as the next word is a version, a size or a suffix ("Llama 3 Instruct 70B"). Nothing is resolved here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.errors import QuestionError
from bot.question.cards import is_card
from bot.question.families import family_of, is_sized_name
from bot.question.formats import canonical_format, gguf_type
from bot.question.patterns import Pattern
from bot.question.slashes import (
    HUB_MARK,
    find_paths,
    is_explicit,
    is_repository,
    may_be_repository,
    stands_beside_model,
    stands_for_model,
)
from bot.question.words import (
    NAME_PREFIXES,
    NOT_TEXT_AFTER,
    NUMBERED_FAMILIES,
    SECOND_WORDS,
    SUFFIXES,
    SUFFIXES_OF,
    word_set,
)

_WORD: Final = Pattern(r"[a-z0-9](?:[a-z0-9._:/@-]*[a-z0-9])?\+?")
_NEXT: Final = Pattern(r" ([a-z0-9](?:[a-z0-9._:-]*[a-z0-9])?\+?)")
_SIZE: Final = Pattern(r"(?:\d+x)?[ae]?\d+(?:\.\d+)?[bt]|\d{3}m|\d+e|\d{2,3}m")
_HAS_SIZE: Final = Pattern(r"(?<![0-9.])(?:\d+x)?\d+(?:[._]\d+)?[bt](?![a-z0-9])")
_VERSION: Final = Pattern(r"[vrkms]?\d+(?:\.\d+)?[a-wyz]?|\d{4}|v\d+(?:\.\d+){1,2}")
_MINIMAX: Final = Pattern(r"m\d")
_VERSION_SIBLING: Final = Pattern(r"/((?:v|r|k|m)\d(?:\.\d)?)(?![a-z0-9])")
_VERSION_END: Final = Pattern(r"(?:v|r|k|m)\d(?:\.\d)?$")
_POINT_VERSION: Final = Pattern(r"v\d(?:\.\d)+")
_WHOLE: Final = Pattern(r"\d{1,3}")
_DATE: Final = Pattern(r"0[1-9]\d\d|1[0-2]\d\d|2[3-9](?:0[1-9]|1[0-2])|2[3-9](?:0[1-9]|1[0-2])[0-3]\d")
_COUNTED: Final = Pattern(
    r" ?(?:x|\*|nodes?|gpus?|cards?|users?|people|requests?|concurrent|machines?|servers?|tokens?|卡|张|块|台|个|机)"
)
_SIZE_BEFORE: Final = Pattern(
    r"(?<![a-z0-9.-])(\d+(?:\.\d+)?b)(?:[- ](?:parameters?|params?|version|variant))?(?: of)?(?: the)? ?的? ?$"
)
_SIBLING: Final = Pattern(
    r" ?(?:,|/|\band\b|\bor\b|\bvs\.?|&|\+|和|与|或)+ ?(?:the )?(\d+(?:\.\d+)?b)(?![a-z0-9-])(?! 的?(?:没|不|会|模型))"
)
_SHARD: Final = Pattern(r"(?:-\d{5}-of-\d{5})?\.(?:gguf|safetensors|bin)$")
_GGUF_MARK: Final = Pattern(r"[-_.](?:gguf|ggml)$")
_QUANT_END: Final = Pattern(
    r"[-_.:@]((?:ud[-_])?i?q\d[a-z0-9_]*|tq\d_\d|(?:gptq|awq)[-_]int\d|int\d[-_](?:gptq|awq)|(?:gptq|awq|bnb)[-_]\dbit|"
    r"w\da\d+|bf16|fp16|fp32|fp8|fp4|int8|int4|nf4|awq|gptq|mxfp4|nvfp4|\d[-_]?bits?|q\d)$"
)
_QUANT_FILLER: Final = Pattern(r"[-_.](?:mix|ud|imat|i1|quantized|quant|dynamic|mlx|exl2|exl3|autoround|gguf)$")
_TAG_VERSION: Final = Pattern(r"[vrkm]\d+(?:\.\d+)?(?:-[a-z0-9.]+)*")
_FILE_ENDINGS: Final = (".py", ".sh", ".md", ".json", ".txt", ".yaml", ".yml", ".cpp", ".so", ".log", ".cu", ".git")


LARGEST_LIST: Final = 32
"""Mentions of models in one question: a longer list is a table pasted in, not a question."""


MOST_SLASHES: Final = 120
"""Of one question, flags and addresses apart: each may be a repository's, and is looked at as one."""


@dataclass(slots=True, eq=False, repr=False)
class Name:
    """One model as it stands in the text."""

    start: int
    end: int
    typed: str
    model: str
    weights: str | None = None
    is_known_family: bool = True

    @property
    def has_owner(self) -> bool:
        """Whether it names a repository: then its format is the repository's."""
        return "/" in self.model


def find_names(typed: str, text: str) -> list[Name]:
    """Models in order of appearance; `QuestionError` for a list too long to compare.

    `text` is the lower case of `typed`, with blanks where flags stood.
    """
    if text.count("/") > MOST_SLASHES:
        raise QuestionError(
            f"more than {MOST_SLASHES} slashes: a list of paths or a log is no question", "ask with one sentence"
        )
    names = _leading_path(typed, text)
    reached = names[-1].end if names else 0
    for word in _WORD.finditer(text):
        if word.start() < reached:
            continue
        for name in _names_at(typed, text, word):
            names.append(name)
            reached = max(reached, name.end)
        if len(names) > LARGEST_LIST:
            raise QuestionError(f"more than {LARGEST_LIST} models are named", "compare a few at a time")
    return names or _last_resort(typed, text)


def _leading_path(typed: str, text: str) -> list[Name]:
    """A path with which the text begins is the model, whatever it is called."""
    begins = [span for span in find_paths(text) if span[0] == 0 and (is_explicit(text) or "/" in text[1 : span[1]])]
    return [_path(typed, *span) for span in begins]


def named(value: str) -> Name:
    """The model that a flag names: a repository, a path or a file."""
    start = 0
    value = value.removeprefix(HUB_MARK)
    if _is_path(value.lower()):
        start = value.rstrip("/").rfind("/") + 1
        base = value[start:].rstrip("/").lower()
        if family_of(base) is None and not base.endswith(".gguf"):
            return Name(0, len(value), value, value.lower(), None)
    return _finish(value, start, len(value.rstrip("/")))


def _names_at(typed: str, text: str, word: re.Match[str]) -> Iterator[Name]:
    start, end = word.span()
    token = word[0]
    if "/" in token:
        yield from _slashed(typed, text, start, end)
        return
    family = family_of(token) or _numbered_with_next(token, text, end)
    if family is None:
        if is_sized_name(token):
            yield _finish(typed, start, end, is_known_family=False)
        return
    if _is_file(token):
        return
    yield from _spoken(typed, text, start, end, family)


def _spoken(typed: str, text: str, start: int, end: int, family: str) -> Iterator[Name]:
    """A name in words: prefix and suffixes over spaces, a size before it, sibling sizes after it."""
    start = _with_prefix(text, start)
    end = _extended(text, end, family, text[start:end])
    name = _finish(typed, start, end)
    size = None if _HAS_SIZE.search(name.model) else _SIZE_BEFORE.search(text, max(0, start - 40), start)
    if size:
        name = Name(size.start(), end, f"{name.typed} {size[1]}", f"{name.model}-{size[1]}", name.weights)
    yield name
    if (other := _VERSION_SIBLING.match(text, end)) and _VERSION_END.search(name.model):
        end = other.end()
        model = _VERSION_END.sub(other[1], name.model)
        yield Name(other.start(), end, model, model, name.weights)
    while _HAS_SIZE.search(name.model) and (sibling := _SIBLING.match(text, end)):
        end = sibling.end()
        if _is_memory_or_count(text, end):
            return
        yield Name(
            sibling.start(),
            end,
            _HAS_SIZE.sub(sibling[1], name.typed.lower(), count=1),
            _HAS_SIZE.sub(sibling[1], name.model, count=1),
            name.weights,
        )


def _is_memory_or_count(text: str, end: int) -> bool:
    return bool(re.match(r" ?(?:gb|ram|vram)", text[end : end + 6]))


def _numbered_with_next(token: str, text: str, end: int) -> str | None:
    """`gpt oss`, `command r`, `phi 4`: a numbered family whose version is the next word."""
    if token not in NUMBERED_FAMILIES or (found := _NEXT.match(text, end)) is None:
        return None
    following = found[1]
    first = re.split(r"[-_]", following, maxsplit=1)[0]
    if first in SECOND_WORDS.get(token, frozenset()):
        return token
    if len(token) == 1 or is_card(following) or _COUNTED.match(text, found.end()):
        return None
    return token if re.fullmatch(r"\d+(?:\.\d+)?", first) and _before_card(text, found.end()) is None else None


_PREFIX: Final = Pattern(r"(?<![a-z0-9'-])([a-z0-9]+) $")


def _with_prefix(text: str, start: int) -> int:
    if start == 0:
        return start
    found = _PREFIX.search(text[max(0, start - 8) : start])
    return start - len(found[1]) - 1 if found and found[1] in NAME_PREFIXES else start


def _extended(text: str, end: int, family: str, so_far: str) -> int:
    """The end of the name after the words that go on with it."""
    while found := _NEXT.match(text, end):
        if not _belongs(found[1], family, so_far, text, found.end()):
            break
        end = found.end()
        so_far = f"{so_far}-{found[1]}"
    return end


def _belongs(word: str, family: str, so_far: str, text: str, end: int) -> bool:
    first = re.split(r"[-_:]", word, maxsplit=1)[0]
    own = SUFFIXES_OF.get(family, frozenset())
    if first in own:
        return _text_follows(text, end)
    if first in SUFFIXES:
        return _is_suffix_here(word, first, so_far, text, end)
    if is_card(word) and not (family == "minimax" and _MINIMAX.fullmatch(word)):
        return False
    if _SIZE.fullmatch(first):
        return not _is_context(first, text, end)
    if _WHOLE.fullmatch(first):
        return _is_version_number(word, family, so_far, text, end)
    if _DATE.fullmatch(first) and not is_card(first):
        return _has_digit(so_far) and not _COUNTED.match(text, end)
    if _POINT_VERSION.fullmatch(first):
        return True
    return bool(_VERSION.fullmatch(first)) and not _has_digit(so_far) and not _COUNTED.match(text, end)


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _is_context(size: str, text: str, end: int) -> bool:
    """`1m context` and `270m`: a bare M is a size from 100 million on, and never before a context word."""
    return size.endswith("m") and bool(re.match(r" ?(?:context|ctx|token)", text[end : end + 9]))


def _text_follows(text: str, end: int) -> bool:
    following = _NEXT.match(text, end)
    return following is None or following[1] not in NOT_TEXT_AFTER


def _is_suffix_here(word: str, first: str, so_far: str, text: str, end: int) -> bool:
    if first == "it" and word == "it":
        return "gemma" in so_far and bool(_HAS_SIZE.search(so_far)) and not re.match(r" [a-z]+s ", text[end:])
    if (
        first in {"text", "small", "large", "medium", "plus", "base", "linear", "pro", "micro", "tiny"}
        and word == first
    ):
        following = _NEXT.match(text, end)
        if following and following[1] in {"model", "models", "context", "batch", "prompt", "prompts"}:
            return False
    return _text_follows(text, end)


def _is_version_number(word: str, family: str, so_far: str, text: str, end: int) -> bool:
    """A whole number is the version of a bare family, unless it counts cards, nodes or users."""
    if _has_digit(so_far) or _COUNTED.match(text, end):
        return False
    card = _before_card(text, end)
    return card is None or (word in {"2", "3", "4", "5"} and family in _VERSIONED)


_VERSIONED: Final = frozenset(
    ["llama", "qwen", "gemma", "phi", "glm", "grok", "mixtral", "falcon", "granite", "olmo", "step"]
) - {"mixtral"}


def _before_card(text: str, end: int) -> str | None:
    found = _NEXT.match(text, end)
    return found[1] if found and (is_card(found[1]) or found[1] in {"rtx", "nvidia", "gtx", "tesla"}) else None


def _is_file(token: str) -> bool:
    return token.endswith(_FILE_ENDINGS)


def _slashed(typed: str, text: str, start: int, end: int) -> Iterator[Name]:
    token = text[start:end]
    if token.startswith(HUB_MARK):
        found = _finish(typed, start + len(HUB_MARK), end)
        yield Name(start, end, found.typed, found.model, found.weights)
        return
    if _is_file(token) and not token.endswith(".gguf"):
        return
    if _is_path(token) or token.count("/") > 1:
        base = start + token.rfind("/") + 1
        if family_of(text[base:end]):
            yield _finish(typed, base, end)
        return
    left, right = token.split("/")
    if is_repository(left, right, family_of(left), family_of(right)):
        yield _finish(typed, start, end)
        return
    yield from _halves(typed, text, start, end)


def _halves(typed: str, text: str, start: int, end: int) -> Iterator[Name]:
    """Two things joined by a slash: model and quant, two models, two versions of one family."""
    left, right = text[start:end].split("/")
    middle = start + len(left)
    family = family_of(left)
    if family:
        yield _finish(typed, start, middle)
        if _TAG_VERSION.fullmatch(right) and not is_card(right):
            model = f"{left[: left.find(family) + len(family)]}-{right}"
            yield Name(middle + 1, end, model, model)
    if family_of(right):
        yield from _spoken(typed, text, middle + 1, end, family_of(right) or "")


def _is_path(token: str) -> bool:
    return token.startswith(("/", "./", "../", "~")) or token.split("/", 1)[0] in _PATH_HEADS or token.count("/") > 1


_PATH_HEADS: Final = word_set(
    "models model data mnt home root workspace media opt app users var tmp checkpoints weights ckpt cache nfs"
)


def _last_resort(typed: str, text: str) -> list[Name]:
    """A path, or any `org/name` with a letter on both sides, where nothing else in the text is a model."""
    for start, end in find_paths(text):
        if is_explicit(text[start:end]) or stands_for_model(text, start, end):
            return [_path(typed, start, end)]
    for start, end, left, right in _pairs(text):
        if may_be_repository(left, right) or stands_for_model(text, start, end):
            return [_finish(typed, start, end)]
    return []


def unread_pairs(text: str) -> list[str]:
    """Pairs and paths of a text in which the models are blanked, that may be models and were not taken as such."""
    if "/" not in text:
        return []
    paths = [text[start:end] for start, end in find_paths(text) if is_explicit(text[start:end])]
    return paths + [
        text[start:end]
        for start, end, left, right in _pairs(text)
        if may_be_repository(left, right) or stands_beside_model(text, start, end)
    ]


def _pairs(text: str) -> Iterator[tuple[int, int, str, str]]:
    """`left/right` with their places; no file, no part of a path, no issue of a tracker (`org/name#12`)."""
    for word in _WORD.finditer(text) if "/" in text else ():
        left, slash, right = word[0].partition("/")
        is_part = (
            text[max(0, word.start() - 1) : word.start()] in {"/", ".", "~"} or text[word.end() : word.end() + 1] == "#"
        )
        if slash and "/" not in right and not is_part and not _is_file(word[0]):
            yield word.start(), word.end(), left, right


def _path(typed: str, start: int, end: int) -> Name:
    return Name(start, end, typed[start:end], typed[start:end].lower())


def _finish(typed: str, start: int, end: int, *, is_known_family: bool = True) -> Name:
    """The name from that stretch of text: quant suffix off, unless a repository is named, then the tag only."""
    as_typed = typed[start:end].rstrip(".,:;/-@_")
    model = as_typed.lower()
    if "." in model[-12:]:
        model = _SHARD.sub("", model)
    has_owner = "/" in model
    weights = None
    if has_owner:
        model, weights = _without_tag(model)
        as_typed = as_typed[: len(model)]
    else:
        model, weights = _without_quant(_GGUF_MARK.sub("", model) if "gg" in model else model)
        as_typed = as_typed[: len(model)]
        model = re.sub(r"[:@]", "-", model.removesuffix(":latest"))
    model = re.sub(r"[\s_]+" if not has_owner else r"\s+", "-", model)
    return Name(start, end, as_typed, model, weights, is_known_family)


def _without_tag(model: str) -> tuple[str, str | None]:
    base, colon, tag = model.partition(":")
    return (base, canonical_format(tag) or gguf_type(tag)) if colon else (model, None)


def _may_end_in_format(model: str) -> bool:
    """A cheap look before the search: the last part of a name with a format holds one of these."""
    tail = model[-14:]
    return any(mark in tail for mark in _FORMAT_MARKS)


_FORMAT_MARKS: Final = ("fp", "f16", "int", "bit", "awq", "gptq", "nf4", "q", "w4", "w8")


def _without_quant(model: str) -> tuple[str, str | None]:
    weights = None
    while _may_end_in_format(model) and (found := _QUANT_END.search(model)):
        weights = gguf_type(found[1]) or canonical_format(found[1]) or weights
        model = _QUANT_FILLER.sub("", model[: found.start()])
    return model, weights
