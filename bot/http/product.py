"""What the HTTP front is given: functions from requests to answers. It holds no model, no Hub and no arithmetic."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.explore import ExploreRequest
    from bot.question import Query
    from bot.render.report import Report
    from bot.structured import EstimateRequest
    from bot.wanted import RecommendRequest

Json = dict[str, Any]
Answered: TypeAlias = "Mapping[str, Any] | bytes"
"""An object, or one that is written as JSON already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Each raises the user errors of the three packages, `ask` apart, to which a refusal is a report."""

    ask: Callable[[str | Query], Report]
    ask_json: Callable[[str], Answered]
    estimate_json: Callable[[EstimateRequest], Answered]
    recommend_json: Callable[[RecommendRequest], Answered]
    explore_json: Callable[[ExploreRequest], Answered]
    spec_json: Callable[[str], Answered]
    known_models: Callable[[], Sequence[str]]


def written(found: Answered) -> bytes:
    """The answer as JSON, written once and not validated again: a test holds every answer against its model."""
    if isinstance(found, bytes):
        return found
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
