"""What there is to choose from, as the API lists it: cards, formats, engines, methods."""

from __future__ import annotations

from typing import Any

from bot.contract import Shape
from bot.render.card_json import card_json
from estimator.dtypes import CACHE_BYTES, FORMATS
from estimator.engines import ENGINE_NAMES
from estimator.errors import UnknownMethod
from estimator.gpus import GPUS
from estimator.methods import METHODS, Input, Method

Json = dict[str, Any]


class ModelList(Shape):
    """Ids."""

    models: list[str]


class CardFacts(Shape):
    """One accelerator."""

    id: str
    vendor: str
    architecture: str
    aliases: list[str]
    memory_gb_sold: float
    memory_bytes_engine: int
    memory_bytes_per_s: float
    tflops_dense: dict[str, float]
    tdp_w: float | None
    usd_per_hour_median: float | None
    source: str
    confidence: str


class HardwareList(Shape):
    """All of them."""

    hardware: list[CardFacts]


class FormatFacts(Shape):
    """One way to store a weight."""

    name: str
    bits_per_weight: float
    kind: str
    source: str


class FormatList(Shape):
    """Formats of weights, of the cache, and the engines."""

    weights: list[FormatFacts]
    kv_cache: dict[str, float]
    engines: list[str]


class MethodInput(Shape):
    """One key that a method takes."""

    key: str
    unit: str
    description: str
    is_optional: bool
    default: float | None


class MethodCard(Shape):
    """A published method; `takes` has one list of inputs for each of its forms."""

    name: str
    title: str
    source: str
    takes: list[list[MethodInput]]
    where_wrong: list[str]


class MethodList(Shape):
    """All of them."""

    methods: list[MethodCard]


def hardware() -> Json:
    """Every card with its facts."""
    return {"hardware": [card_json(gpu) for gpu in GPUS.values()]}


def formats() -> Json:
    """Bits of each format, bytes of a cached element, engines."""
    rows = [
        {"name": row.name, "bits_per_weight": row.bits_per_weight, "kind": row.kind, "source": row.source}
        for row in FORMATS.values()
    ]
    return {"weights": rows, "kv_cache": dict(CACHE_BYTES), "engines": list(ENGINE_NAMES)}


def methods() -> Json:
    """Every published method."""
    return {"methods": [_method_json(found) for found in METHODS.values()]}


def method(name: str) -> Json:
    """One of them; `UnknownMethod` where there is none of that name."""
    found = METHODS.get(name.lower().replace("_", "-"))
    if found is None:
        raise UnknownMethod(f"unknown method {name!r}", f"methods: {', '.join(METHODS)}")
    return _method_json(found)


def _method_json(found: Method) -> Json:
    return {
        "name": found.name,
        "title": found.title,
        "source": found.source,
        "takes": [[_input_json(each) for each in take.inputs] for take in found.takes],
        "where_wrong": list(found.where_wrong),
    }


def _input_json(each: Input) -> Json:
    return {
        "key": each.key,
        "unit": each.unit,
        "description": each.description,
        "is_optional": each.is_optional,
        "default": each.default,
    }
