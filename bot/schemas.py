"""JSON Schemas of what the commands and the HTTP API take and give: the contract, for scripts that want to check it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

HOMES: Final[Mapping[str, tuple[str, str]]] = {
    "ask": ("bot.contract", "Answered"),
    "parse": ("bot.contract", "Parsed"),
    "spec": ("bot.contract", "Spec"),
    "estimate": ("bot.contract", "Estimated"),
    "error": ("bot.contract", "Failed"),
    "problem": ("bot.contract", "Problem"),
    "estimate-request": ("bot.structured", "EstimateRequest"),
    "recommend-request": ("bot.wanted", "RecommendRequest"),
    "explore-request": ("bot.explore", "ExploreRequest"),
    "roofline-request": ("bot.curve", "RooflineRequest"),
}
"""Where each model lives; the modules are ours, and imported when a schema is asked for."""

NAMES: Final = tuple(HOMES)


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of that output or request; `KeyError` for a name not in `NAMES`."""
    module, model = HOMES[name]
    found: dict[str, Any] = getattr(import_module(module), model).model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": name}
