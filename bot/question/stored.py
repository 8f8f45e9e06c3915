"""A query as JSON for a store or a button, and back: versioned, bounded, and forgotten where it is not ours.

Only what differs from an empty query is written, so that it fits in a modal's 3,000 characters.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final, get_args

from bot.question.query import INTENTS, Capacity, HardwareRef, Measured, Order, ParallelRef, Query

VERSION: Final = 1
"""Of a stored query: raised when a field changes its meaning; queries of another version are forgotten."""

MOST_STORED_CHARACTERS: Final = 20_000
"""Of a stored query, far above any that a question of 2,000 characters can make."""


def stored(query: Query) -> str:
    """The query as JSON, its version first and only what differs from an empty one."""
    plain = asdict(query)
    empty = asdict(Query())
    return json.dumps(
        {"v": VERSION, **{name: value for name, value in plain.items() if value != empty[name]}},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def restored(text: str) -> Query | None:
    """The query that `stored` wrote; None for another version, or for what it did not write."""
    if len(text) > MOST_STORED_CHARACTERS:
        return None
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(plain, dict) or plain.pop("v", None) != VERSION:
        return None
    try:
        return Query(**{name: READERS[name](value) for name, value in plain.items()})
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


Reader = Callable[[Any], Any]


def _one_of(values: tuple[str, ...]) -> Reader:
    def read(value: Any) -> str:
        if value not in values:
            raise ValueError(value)
        return str(value)

    return read


def _of(kind: type | tuple[type, ...]) -> Reader:
    """A reader of one plain value; True and False are no numbers."""

    def read(value: Any) -> Any:
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TypeError(value)
        return value

    return read


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(each) for each in _list(value))


def _cards(value: Any) -> tuple[HardwareRef, ...]:
    return tuple(
        HardwareRef(_text(card["id"]), _optional(_whole, card["count"]), _optional(_number, card["memory_gb"]))
        for card in _list(value)
    )


def _optional(read: Reader, value: Any) -> Any:
    return None if value is None else read(value)


def _split(value: Any) -> ParallelRef:
    return ParallelRef(**{name: _optional(_whole, degree) for name, degree in value.items()})


def _measured(value: Any) -> Measured:
    return Measured(**{name: _optional(_number, figure) for name, figure in value.items()})


_text, _list = _of(str), _of(list)
_whole, _number = _of(int), _of((int, float))

READERS: Final[dict[str, Reader]] = {
    "intent": _one_of(INTENTS),
    "order": _one_of(get_args(Order)),
    "models": _texts,
    "models_as_typed": _texts,
    "suggestions": _texts,
    "hardware": _cards,
    "parallel": _split,
    "measured": _measured,
    "capacity": _one_of(get_args(Capacity)),
    **dict.fromkeys(
        (
            "fits_in_gb",
            "min_tokens_per_s",
            "max_ttft_s",
            "gpu_memory_utilization",
            "max_usd_per_hour",
            "requests_per_s",
            "system_memory_gb",
        ),
        _number,
    ),
    **dict.fromkeys(("weights", "kv_cache", "engine", "launch", "processor"), _text),
    **dict.fromkeys(
        ("context_tokens", "prompt_tokens", "output_tokens", "concurrency", "max_num_batched_tokens"), _whole
    ),
}
"""How each field is read back; a test holds it to the fields of `Query`."""
