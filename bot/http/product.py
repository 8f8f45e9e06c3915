"""What the HTTP front is given: functions from requests to answers. It holds no model, no Hub and no arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.explore import ExploreRequest
    from bot.question import Query
    from bot.render.report import Report
    from bot.structured import EstimateRequest
    from bot.wanted import RecommendRequest

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Each raises the user errors of the three packages, `ask` apart, to which a refusal is a report."""

    ask: Callable[[str | Query], Report]
    ask_json: Callable[[str], Mapping[str, Any]]
    estimate_json: Callable[[EstimateRequest], Mapping[str, Any]]
    recommend_json: Callable[[RecommendRequest], Mapping[str, Any]]
    explore_json: Callable[[ExploreRequest], Mapping[str, Any]]
    spec_json: Callable[[str], Mapping[str, Any]]
    known_models: Callable[[], Sequence[str]]
