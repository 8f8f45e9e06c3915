"""Ways to spoil a config: each takes the JSON object apart at one place chosen by the given dice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from random import Random

Place = tuple[Any, Any]
"""An object or list, and the key or index within it."""

NUMBERS: Final[tuple[object, ...]] = (
    *(0, 1, 2, 3, 5, 7, -1, 4097, 65_536, 10**6, 2**31 - 1, 2**31, 2**53 + 1, 2**63, 10**30, 10**400),
    *(0.5, 1.0, 32.0, 1e-9, 1e18, 1e308, float("inf"), float("-inf"), float("nan")),
)
OTHERS: Final[tuple[object, ...]] = (
    *(None, True, False, "", "x", "32", "-1", "1e9", "None", "full_attention", "é\x00\ud800", "9" * 5000, "a" * 70_000),
    *([], [0], [None], [[]], ["full_attention"], [1, 2, 3], [True] * 48, [{}], {}, {"": None}, {"model_type": "llama"}),
)
LONG_LIST: Final = 5000
MOST_BYTES: Final = 20_000
"""A config is no longer nested into itself beyond this size."""
DEEP: Final = 40
"""Levels that a copy of the config is nested into itself; the reader of the bytes stops at 64."""


def places(value: Any) -> Iterator[Place]:
    """Every place in the value that holds something, nested ones included."""
    stack = [value]
    while stack:
        item = stack.pop()
        keys: Sequence[Any] = list(item) if isinstance(item, dict) else range(min(len(item), 8))
        for key in keys:
            yield item, key
            if isinstance(item[key], dict | list):
                stack.append(item[key])


def mutate(config: dict[str, Any], others: Sequence[Mapping[str, Any]], dice: Random) -> str:
    """Spoil the config at one place; what was done, in words."""
    found = list(places(config))
    if not found:
        return "nothing to spoil"
    item, key = dice.choice(found)
    name, change = dice.choice(CHANGES)
    change(item, key, config, others, dice)
    return f"{name} {key!r}"


def _remove(item: Any, key: Any, *_: object) -> None:
    del item[key]


def _rename(item: Any, key: Any, _config: object, others: Sequence[Mapping[str, Any]], dice: Random) -> None:
    """To a misspelling of it, or to a key of another model's config."""
    value = item.pop(key)
    new = f"{key}_" if dice.random() < 0.5 else dice.choice(list(dice.choice(others)))
    item[new if isinstance(item, dict) else slice(0, 0)] = value if isinstance(item, dict) else [value]


def _null(item: Any, key: Any, *_: object) -> None:
    item[key] = None


def _number(item: Any, key: Any, _config: object, _others: object, dice: Random) -> None:
    item[key] = dice.choice(NUMBERS)


def _scale(item: Any, key: Any, _config: object, _others: object, dice: Random) -> None:
    """A number near the one that stands there: one more, half, a thousand times."""
    value = item[key]
    if isinstance(value, int | float) and value == value and abs(value) < 1e300:  # noqa: PLR0124  # nan is not itself
        item[key] = dice.choice([value + 1, value - 1, -value, value / 2, value * 2, value * 1000, value * 10**9])
    else:
        _number(item, key, _config, _others, dice)


def _as_text(item: Any, key: Any, *_: object) -> None:
    item[key] = str(item[key])[:1000]


def _other_kind(item: Any, key: Any, _config: object, _others: object, dice: Random) -> None:
    item[key] = json.loads(json.dumps(dice.choice(OTHERS)))


def _wrong_length(item: Any, key: Any, _config: object, _others: object, dice: Random) -> None:
    value = item[key] if isinstance(item[key], list) else [item[key]]
    is_flat = not any(isinstance(entry, dict | list) or len(str(entry)) > 40 for entry in value)
    longer = value * (LONG_LIST // max(len(value), 1) + 1) if is_flat else value * 2
    item[key] = dice.choice([[], value[:-1], value[:1], [*value, *value[:1]], value * 2, longer[:LONG_LIST]])


def _from_another(item: Any, key: Any, _config: object, others: Sequence[Mapping[str, Any]], dice: Random) -> None:
    """The value that another model has under this key or, where it has none, under another."""
    other = dice.choice(others)
    taken = other[key] if key in other else dice.choice(list(other.values()))
    item[key] = json.loads(json.dumps(taken))


def _add_foreign(item: Any, _key: Any, config: Any, others: Sequence[Mapping[str, Any]], dice: Random) -> None:
    """A key that another model has, with its value, beside the rest."""
    target = item if isinstance(item, dict) else config
    key, value = dice.choice(list(dice.choice(others).items()))
    target[key] = json.loads(json.dumps(value))


def _other_type(_item: Any, _key: Any, config: Any, others: Sequence[Mapping[str, Any]], dice: Random) -> None:
    """The model_type of another family over this one's keys, at the top or in a section."""
    sections = [value for value in config.values() if isinstance(value, dict)]
    target = dice.choice([config, *sections])
    target["model_type"] = dice.choice(others).get("model_type")


def _into_itself(item: Any, key: Any, config: Any, _others: object, dice: Random) -> None:
    """A copy of the config under one of its keys, up to forty deep."""
    text = json.dumps(config)
    if len(text) > MOST_BYTES:
        return
    copy = json.loads(text)
    thin = {name: value for name, value in copy.items() if not isinstance(value, dict | list)}
    inner: Any = thin
    for _ in range(dice.randrange(DEEP)):
        inner = {**thin, key: inner}
    item[key] = inner


Change = tuple[str, "Callable[..., None]"]
CHANGES: Final[tuple[Change, ...]] = (
    ("removed", _remove),
    ("renamed", _rename),
    ("null at", _null),
    ("number at", _number),
    ("scaled", _scale),
    ("text at", _as_text),
    ("another kind at", _other_kind),
    ("wrong length at", _wrong_length),
    ("another model's value at", _from_another),
    ("foreign key beside", _add_foreign),
    ("another type than at", _other_type),
    ("itself under", _into_itself),
)


def spoil_text(text: bytes, dice: Random) -> tuple[bytes, str]:
    """The bytes of a config with a fault that no JSON value can carry: cut off, too deep, too long, no object."""
    at = dice.randrange(len(text) + 1)
    deep = dice.choice([65, 1000, 100_000])
    spoilt, how = dice.choice(
        [
            (text[:at], "cut off"),
            (text[:at] + bytes([dice.randrange(256)]) + text[at:], "a byte put in"),
            (text[:1] + b'"hidden_size": ' + b"9" * 6000 + b"," + text[1:], "a number of 6,000 digits"),
            (b'{"a": ' + b"[" * deep + b"]" * deep + b"}", f"lists {deep} deep"),
            (b'{"text_config":' * deep + text + b"}" * deep, f"sections {deep} deep"),
            (text + b" " * 2**20, "more than a MiB"),
            (b"[" + text + b"]", "a list"),
            (b"", "nothing"),
        ]
    )
    return spoilt, how
