"""What the config classes of transformers fill in where config.json is silent.

The rows of `transformers_5_23` are written by `python -m ingest.defaults.generate` from the classes themselves
(no torch, no network); a row holds shape-relevant values only, before any `__post_init__`, so what a class derives
from other keys is derived by our readers instead.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ingest.defaults.transformers_5_23 import CLASSES, VERSION

SAME_CLASS: Final[Mapping[str, str]] = {
    "kimi_k2": "deepseek_v3",  # Kimi-K2 runs DeepSeek-V3's code under a name of its own
    "deepseek_ref": "deepseek_v4",  # the reference implementation's name
}


class ClassDefaults(NamedTuple):
    """One config class: its name, its values, the types of its sections, and its names for common keys."""

    source: str
    values: Mapping[str, Any]
    sections: Mapping[str, str]
    aliases: Mapping[str, str]


def class_defaults(model_type: str) -> ClassDefaults | None:
    """The row of that model_type, or None where transformers has no such class."""
    row = CLASSES.get(SAME_CLASS.get(model_type, model_type))
    if row is None:
        return None
    name, values, sections, aliases = row
    return ClassDefaults(f"class default (transformers {VERSION} {name})", values, sections, aliases)
