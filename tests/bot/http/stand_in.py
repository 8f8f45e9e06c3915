"""A product that answers as told: for tests of the front alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.http.product import Product
from bot.render.report import error_report

if TYPE_CHECKING:
    from bot.render.report import Report


def nothing(_asked: object) -> dict[str, Any]:
    """An empty answer."""
    return {}


def no_report(_asked: object) -> Report:
    """A report that says nothing."""
    return error_report("nothing")


def product(**functions: Any) -> Product:
    """A product of these functions; the others answer nothing."""
    names = ("ask_json", "estimate_json", "recommend_json", "explore_json", "spec_json")
    silent: dict[str, Any] = dict.fromkeys(names, nothing)
    return Product(**{**silent, "ask": no_report, "known_models": list, **functions})
