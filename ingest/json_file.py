"""Strangers' JSON -> a plain object, within bounds of size and depth."""

import json
from collections.abc import Mapping
from typing import Any, Final

from ingest.errors import MalformedConfig

MAX_CONFIG_BYTES: Final = 2**20
"""The largest real config.json of the corpus is under 100 KB; a file beyond this is none."""
MAX_DEPTH: Final = 64
_HINT: Final = "check config.json at that commit"


def read_json_object(data: bytes, label: str) -> Mapping[str, Any]:
    """The object that the bytes spell; `MalformedConfig` naming the label for anything else."""
    if len(data) > MAX_CONFIG_BYTES:
        raise MalformedConfig(f"{label}: {len(data):,} bytes, more than the {MAX_CONFIG_BYTES:,} that are read", _HINT)
    try:
        value = json.loads(data)  # Infinity stands in real configs (Nemotron-3); the reader refuses it where it counts
    except RecursionError:
        raise MalformedConfig(f"{label}: nested too deeply to be read", _HINT) from None
    except ValueError as error:
        raise MalformedConfig(f"{label}: not JSON ({error})", _HINT) from None
    if not isinstance(value, dict):
        raise MalformedConfig(f"{label}: a JSON {type(value).__name__}, not an object", _HINT)
    if _depth_exceeds(value, MAX_DEPTH):
        raise MalformedConfig(f"{label}: nested deeper than {MAX_DEPTH} levels", _HINT)
    return value


def _depth_exceeds(value: object, limit: int) -> bool:
    """Whether the value nests deeper, level by level and so without recursion."""
    level = [value]
    for _ in range(limit):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(item: object) -> list[object]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []
