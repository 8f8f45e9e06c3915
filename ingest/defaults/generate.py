"""Write `transformers_5_23.py`: what the config classes of transformers fill in where config.json is silent.

    python -m ingest.defaults.generate

Needs the installed transformers (no torch, no network) and is never imported by the program. A row holds the values
of the class's own fields before any `__post_init__`, so nothing that a class derives from other keys is taken for a
fact; values that no shape depends on are left out.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any, Final

from ingest.families.table import FAMILIES

TARGET: Final = Path(__file__).with_name("transformers_5_23.py")
IRRELEVANT: Final = (
    "dropout", "eps", "rope_", "partial_rotary", "_token_id", "token_index", "initializer", "init_", "loss", "drop",
    "_factor", "pdrop", "label", "return_", "output_hidden", "output_att", "chunk_size_feed", "problem", "pretraining",
    "use_cache", "scal", "tokens_ids", "begin_", "forced", "_prob", "_act", "activation", "act_fn", "reduction",
    "apply_spec", "mask_", "time_step_m", "time_step_f", "time_step_l", "alpha", "logit", "softcap", "architectures",
    "dtype", "std", "epsilon", "ignore_index", "image_mean", "norm_topk", "tokenizer", "select_strategy",
    "select_layer", "use_mamba", "use_assoc", "residual_in", "topk_group", "topk_method", "median", "sampling",
    "relative_attention_m",
)  # fmt: skip
SEPARATE: Final = frozenset({"n_group", "model_type", "attribute_map", "sub_configs_defaults"})
KEPT: Final = frozenset(
    {"qk_rope_head_dim", "no_rope_layer_interval", "no_rope_layers", "deepstack_visual_indexes", "scale_factor"}
)
"""Shapes whose names hold a word of the list above ("eps" in deepstack)."""
LONGEST_TEXT: Final = 40
"""Longer strings are names of files and prompts, not shapes."""

Row = tuple[str, dict[str, Any], dict[str, str], dict[str, str]]


def rows() -> dict[str, Row]:
    """One row for each family that transformers knows, and for the sections of each."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING  # noqa: PLC0415  # a tool's own dependency

    found: dict[str, Row] = {}
    queue = [name for name in sorted(FAMILIES) if name in CONFIG_MAPPING]
    classes = {name: CONFIG_MAPPING[name] for name in queue}
    while queue:
        name = queue.pop(0)
        sections = section_classes(classes[name])
        for section in sections.values():
            if section.model_type and section.model_type not in classes:
                classes[section.model_type] = section
                queue.append(section.model_type)
        found[name] = row(classes[name], {key: section.model_type for key, section in sections.items()})
    return found


def section_classes(config_class: Any) -> dict[str, Any]:
    """The class of each section; where it is open, the one that an empty config gets, or the declared one for none."""
    sections = dict(getattr(config_class, "sub_configs", None) or {})
    try:
        empty = config_class()
    except Exception:  # noqa: BLE001  # some classes of transformers cannot be built empty; their sections stay open
        return {key: section for key, section in sections.items() if getattr(section, "model_type", "")}
    built = {
        key: section if (own := getattr(empty, key, None)) is None else type(own) for key, section in sections.items()
    }
    return {key: section for key, section in built.items() if getattr(section, "model_type", "")}


def row(config_class: Any, sections: dict[str, str]) -> Row:
    """The class's name, its shape-relevant values, its sections, its own names for common keys."""
    from transformers.configuration_utils import PreTrainedConfig  # noqa: PLC0415  # as above

    common = {field.name for field in dataclasses.fields(PreTrainedConfig)}
    values = {
        field.name: value
        for field in dataclasses.fields(config_class)
        if field.name not in common | SEPARATE
        and not field.name.startswith("base_model")
        and (field.name in KEPT or not any(word in field.name for word in IRRELEVANT))
        and is_shape(value := default_of(field))
    }
    return config_class.__name__, values, sections, dict(getattr(config_class, "attribute_map", None) or {})


def default_of(field: Any) -> Any:
    """The field's default, or None."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else field.default


def is_shape(value: Any) -> bool:
    """Whether a value may describe a shape: a flag, a count, a word, or a list of such."""
    if isinstance(value, list | tuple):
        return all(isinstance(item, int | str) for item in value)
    return isinstance(value, bool | int) or (isinstance(value, str) and len(value) < LONGEST_TEXT)


def literal(value: Any) -> str:
    """The value as Python spells it, with the project's quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def module(version: str, found: dict[str, Row]) -> str:
    """The whole text of the table."""
    head = f'''"""Class defaults of transformers {version}. Written by `ingest.defaults.generate`; do not edit."""

# ruff: noqa: E501  # one generated row per class: its width is what the class takes
# fmt: off

from collections.abc import Mapping
from typing import Any, Final

VERSION: Final = "{version}"

Row = tuple[str, Mapping[str, Any], Mapping[str, str], Mapping[str, str]]
"""Class name, values, types of its sections, its names for common keys."""

CLASSES: Final[Mapping[str, Row]] = {{
'''
    lines = [f"    {literal(name)}: ({', '.join(map(literal, found[name]))}),\n" for name in sorted(found)]
    return head + "".join(lines) + "}\n"


if __name__ == "__main__":
    import transformers

    TARGET.write_text(module(transformers.__version__, rows()), encoding="utf8")
