"""Typed reading of a stranger's config.json: by key, within bounds, with the key in every error.

A value is looked for under each name that the caller gives, in this order:

    1. the file (`config.json`); an explicit null stands, as it does for the classes of transformers
    2. the class default of transformers for that model_type (`ingest.defaults`)
    3. what the caller derives from other keys (`default=`)

and where none answers, `UnsupportedArchitecture` names the keys: no default stands in for a physical fact.
The reader notes which keys were read and where each value came from; nothing is ever run or imported by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

from ingest.defaults import ClassDefaults, class_defaults
from ingest.errors import MalformedConfig, UnsupportedArchitecture

MAX_INT: Final = 2**31 - 1
"""No width, count or length of a real model is larger (longest stated context: 10,485,760 tokens)."""
MAX_LAYERS: Final = 2048
"""The deepest stack in transformers' table has 126 layers; readers loop over them, so the bound is also one of time."""
MAX_LIST: Final = 4096
_ABSENT: Final = object()
_SHOWN: Final = 40

Json = Mapping[str, Any]


@dataclass(slots=True)
class Trace:
    """What the readers of one config saw: keys, origins of values, and what deserves a warning."""

    label: str
    keys: set[str] = field(default_factory=set)
    provenance: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Note a warning once."""
        if text not in self.warnings:
            self.warnings.append(text)


def _shown(value: object) -> str:
    """A stranger's value as a message repeats it: short, and no longer than a float where it is a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        shown = repr(value)
        return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    return f"{value:.6g}" if isinstance(value, float) or abs(value) < MAX_INT**4 else "huge"


class ConfigReader:
    """One JSON object of a config, read by key. Sections of it are readers of their own with the same trace."""

    __slots__ = ("_aliases", "_defaults", "_sections", "_source", "_values", "model_type", "path", "trace")

    def __init__(self, values: Json, trace: Trace, *, path: str = "", model_type: str | None = None) -> None:
        self._values = values
        self.trace = trace
        self.path = path
        stated = values.get("model_type")
        self.model_type = stated if isinstance(stated, str) and stated else (model_type or "")
        self._use_class(class_defaults(self.model_type) or class_defaults(model_type or ""))

    def _use_class(self, row: ClassDefaults | None) -> None:
        self._source = row.source if row else ""
        self._defaults: Json = row.values if row else {}
        self._sections: Mapping[str, str] = row.sections if row else {}
        self._aliases: Mapping[str, str] = row.aliases if row else {}

    def as_type(self, model_type: str) -> "ConfigReader":
        """The same object read with the class defaults of another type."""
        reader = ConfigReader(self._values, self.trace, path=self.path, model_type=self.model_type)
        reader.model_type = model_type
        reader._use_class(class_defaults(model_type))  # a reader building its own kind
        return reader

    # -- raw --------------------------------------------------------------------------------------------------------

    def name_of(self, key: str) -> str:
        """The key with the path of its section."""
        return f"{self.path}.{key}" if self.path else key

    @property
    def is_empty(self) -> bool:
        """Whether the object holds nothing."""
        return not self._values

    def states(self, *keys: str) -> bool:
        """Whether the file itself holds one of the keys with a value that is not null."""
        return any(self._note(key)[1] not in (_ABSENT, None) for key in self._names(keys))

    def _names(self, keys: Sequence[str]) -> list[str]:
        names: list[str] = []
        for key in keys:
            alias = self._aliases.get(key)
            names += [key] if alias is None else [key, alias]
        return names

    def _note(self, key: str) -> tuple[str, Any]:
        value = self._values.get(key, _ABSENT)
        if value is not _ABSENT:
            self.trace.keys.add(self.name_of(key))
        return key, value

    def raw(self, *keys: str) -> tuple[str, Any]:
        """The key that answered and its value: from the file or the class; null where a null was stated."""
        names = self._names(keys)
        nulled: str | None = None
        for key in names:
            _, value = self._note(key)
            if value is not _ABSENT and value is not None:
                self.trace.provenance[self.name_of(key)] = "config.json"
                return key, value
            nulled = key if value is None and nulled is None else nulled
        if nulled is None:
            for key in names:
                if key in self._defaults:
                    self.trace.provenance[self.name_of(key)] = self._source
                    return key, self._defaults[key]
        return nulled or keys[0], None if nulled else _ABSENT

    def missing(self, *keys: str) -> UnsupportedArchitecture:
        """The error for keys of which none is there."""
        names = ", ".join(dict.fromkeys(self._names(keys)))
        where = f" in {self.path}" if self.path else ""
        return UnsupportedArchitecture(
            f"{self.trace.label}: none of {names}{where}",
            f"model_type {self.model_type[:_SHOWN] or 'unstated'} gives no default for it",
        )

    def malformed(self, key: str, value: object, wanted: str) -> MalformedConfig:
        """The error for a key with an impossible value."""
        return MalformedConfig(
            f"{self.trace.label}: {self.name_of(key)} is {_shown(value)}, not {wanted}",
            "check config.json at that commit",
        )

    def unsupported(self, key: str, value: object, why: str) -> UnsupportedArchitecture:
        """The error for a key whose value names a shape that is not understood."""
        shown = repr(value)[:_SHOWN]
        return UnsupportedArchitecture(
            f"{self.trace.label}: {self.name_of(key)} {shown}: {why}", "this shape is unknown"
        )

    # -- numbers ----------------------------------------------------------------------------------------------------

    def _integer(self, key: str, value: object, low: int, high: int) -> int:
        if isinstance(value, float) and isfinite(value) and value == int(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.malformed(key, value, "a whole number")
        if not low <= value <= high:
            raise self.malformed(key, value, f"between {low} and {high}")
        return value

    def positive_int(self, *keys: str, default: int | None = None, at_most: int = MAX_INT) -> int:
        """A whole number from 1."""
        return self._required_int(keys, default, 1, at_most)

    def count(self, *keys: str, default: int | None = None, at_most: int = MAX_INT) -> int:
        """A whole number from 0."""
        return self._required_int(keys, default, 0, at_most)

    def _required_int(self, keys: tuple[str, ...], default: int | None, low: int, high: int) -> int:
        key, value = self.raw(*keys)
        if value is None or value is _ABSENT:
            if default is None:
                raise self.missing(*keys)
            self.trace.provenance.setdefault(self.name_of(keys[0]), "derived")
            value = default
        return self._integer(key, value, low, high)

    def optional_int(self, *keys: str) -> int | None:
        """A whole number from 0, or None where it is null or absent."""
        key, value = self.raw(*keys)
        return None if value is None or value is _ABSENT else self._integer(key, value, 0, MAX_INT)

    def layer_count(self, *keys: str, default: int | None = None) -> int:
        """The number of layers, bounded: readers loop over them."""
        return self.positive_int(*(keys or ("num_hidden_layers",)), default=default, at_most=MAX_LAYERS)

    def ratio(self, *keys: str, default: float | None = None) -> float:
        """A finite number above 0."""
        found = self.number(*keys, default=default)
        if found <= 0:
            raise self.malformed(keys[0], found, "above 0")
        return found

    def number(self, *keys: str, default: float | None = None) -> float:
        """A finite number."""
        key, value = self.raw(*keys)
        if value is None or value is _ABSENT:
            if default is None:
                raise self.missing(*keys)
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.malformed(key, value, "a number")
        if not -MAX_INT <= value <= MAX_INT or not isfinite(value):
            raise self.malformed(key, "huge", "a finite number")
        return float(value)

    # -- other values -----------------------------------------------------------------------------------------------

    def boolean(self, *keys: str, default: bool | None = None) -> bool:
        """True or false."""
        key, value = self.raw(*keys)
        if value is None or value is _ABSENT:
            if default is None:
                raise self.missing(*keys)
            return default
        if not isinstance(value, bool):
            raise self.malformed(key, value, "true or false")
        return value

    def text(self, *keys: str, default: str | None = None) -> str:
        """A string."""
        key, value = self.raw(*keys)
        if value is None or value is _ABSENT:
            if default is None:
                raise self.missing(*keys)
            return default
        if not isinstance(value, str):
            raise self.malformed(key, value, "a string")
        return value

    def is_list(self, *keys: str) -> bool:
        """Whether the value is a list."""
        return isinstance(self.raw(*keys)[1], list)

    def is_object(self, *keys: str) -> bool:
        """Whether the value is an object."""
        return isinstance(self.raw(*keys)[1], Mapping)

    def optional_list(self, *keys: str) -> list[Any] | None:
        """A list of sane length, or None where it is null or absent."""
        key, value = self.raw(*keys)
        if value is None or value is _ABSENT:
            return None
        if not isinstance(value, list):
            raise self.malformed(key, value, "a list")
        if len(value) > MAX_LIST:
            raise self.malformed(key, f"{len(value)} entries", f"at most {MAX_LIST}")
        return value

    def int_list(self, *keys: str) -> list[int] | None:
        """A list of whole numbers from 0, or None."""
        values = self.optional_list(*keys)
        return None if values is None else [self._integer(keys[0], v, 0, MAX_INT) for v in values]

    def text_list(self, *keys: str) -> list[str] | None:
        """A list of strings, or None."""
        values = self.optional_list(*keys)
        for value in values or ():
            if not isinstance(value, str):
                raise self.malformed(keys[0], value, "a list of strings")
        return values

    def int_of_layer(self, *keys: str, layers: int, default: int | None = None) -> list[int]:
        """One whole number for each layer, from a list of that length or one number for all."""
        if not self.is_list(*keys):
            return [self.count(*keys, default=default)] * layers
        values = self.int_list(*keys) or []
        if len(values) < layers:
            raise self.malformed(keys[0], f"{len(values)} entries", f"one for each of {layers} layers")
        return values[:layers]

    # -- sections ---------------------------------------------------------------------------------------------------

    def optional_section(self, *keys: str, model_type: str | None = None) -> "ConfigReader | None":
        """The object under one of the keys, or None. `model_type` names the class where the section does not."""
        for key in keys:
            _, value = self._note(key)
            if value is _ABSENT or value is None:
                continue
            if not isinstance(value, Mapping):
                raise self.malformed(key, value, "an object")
            fallback = self._sections.get(key, model_type)
            section = ConfigReader(value, self.trace, path=self.name_of(key), model_type=fallback)
            return section.as_type(fallback) if fallback and section.model_type == self.model_type else section
        return None

    def section(self, *keys: str, model_type: str | None = None) -> "ConfigReader":
        """The object under one of the keys."""
        found = self.optional_section(*keys, model_type=model_type)
        if found is None:
            raise self.missing(*keys)
        return found

    def objects(self, *keys: str) -> "list[ConfigReader] | None":
        """A list of objects, each a reader, or None."""
        values = self.optional_list(*keys)
        if values is None:
            return None
        readers = []
        for index, value in enumerate(values):
            if not isinstance(value, Mapping):
                raise self.malformed(keys[0], value, "a list of objects")
            readers.append(ConfigReader(value, self.trace, path=self.name_of(f"{keys[0]}[{index}]")))
        return readers
