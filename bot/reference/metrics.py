"""docs/metrics.md, from the registry that /metrics shows."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import Metric

from bot.metrics import REGISTRY

HEADER: Final = """# Metrics

Written by `make pages` from the registry itself. `GET /metrics` of `hubgauge serve` is for Prometheus, and needs no
key: let the network decide who reaches it. Labels are names of ours, never what was typed.

| metric | kind | labels | is |
|---|---|---|---|"""

ENDINGS: Final = {"counter": "_total"}
SAMPLE_LABELS: Final = frozenset({"le", "quantile"})


def page() -> str:
    """The whole page."""
    families = sorted(REGISTRY.collect(), key=lambda family: (not family.name.startswith("hubgauge"), family.name))
    return "\n".join([HEADER, *_rows(families)]) + "\n"


def _rows(families: list[Metric]) -> Iterator[str]:
    for family in families:
        name = family.name + ENDINGS.get(family.type, "")
        labels = ", ".join(f"`{label}`" for label in _labels(family.name))
        yield f"| `{name}` | {family.type} | {labels} | {family.documentation} |"


def _labels(name: str) -> tuple[str, ...]:
    """The labels as they were declared: a family without samples shows none."""
    return dict(_declared()).get(name, ())


def _declared() -> Iterator[tuple[str, tuple[str, ...]]]:
    from bot import metrics  # noqa: PLC0415  # its module is walked

    for each in vars(metrics).values():
        described = getattr(each, "describe", None)
        if described is not None and hasattr(each, "_labelnames"):
            names = tuple(each._labelnames)  # noqa: SLF001  # prometheus_client has no other way to ask
            yield from ((family.name, names) for family in described())
