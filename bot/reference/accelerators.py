"""docs/accelerators.md, from the rows of the cards and their prices."""

from collections.abc import Iterator
from typing import Final

from estimator.gpus import GPUS
from estimator.hardware import Gpu
from estimator.prices import PRICES_AS_OF, price_of
from estimator.units import GIB

HEADER: Final = f"""# Accelerators

Written by `make pages` from the rows of `estimator/gpus/`. Memory is what an engine sees; rates are dense, in TFLOPS,
as the sheet has them; the link counts both directions; prices are offers of one card for an hour, low, median and
high, as of {PRICES_AS_OF} (`hubgauge prices`). Confidence is that of the row.
`hubgauge hardware NAME` tells a row whole.
"""


def page() -> str:
    """The whole page."""
    vendors = dict.fromkeys(gpu.vendor for gpu in GPUS.values())
    return "\n".join([HEADER, *(line for vendor in vendors for line in _vendor(vendor))])


def _vendor(vendor: str) -> Iterator[str]:
    yield f"## {vendor}\n"
    yield "| card | GiB | GB/s | bf16 or fp16 | fp8 | int8 | fp4 | link GB/s | $ an hour | confidence | source |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    yield from (_row(gpu) for gpu in GPUS.values() if gpu.vendor == vendor)
    yield ""


def _row(gpu: Gpu) -> str:
    sixteen = gpu.tflops.get("bf16", gpu.tflops.get("fp16"))
    rates = (sixteen, *(gpu.tflops.get(name) for name in ("fp8", "int8", "fp4")))
    cells = (
        f"`{gpu.id}`",
        f"{gpu.engine_memory_bytes / GIB:.1f}",
        _number(gpu.memory_gb_per_s),
        *map(_number, rates),
        _number(gpu.link_gb_per_s_bidirectional),
        _price(gpu),
        gpu.confidence,
        gpu.source.replace("|", "\\|").replace("<", "&lt;"),
    )
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.5g}" if value < 1e5 else f"{value:,.0f}"


def _price(gpu: Gpu) -> str:
    offers = price_of(gpu.id)
    if offers is None:
        return ""
    prices = (offers.low_usd_per_hour, offers.median_usd_per_hour, offers.high_usd_per_hour)
    return " / ".join(f"{price:.2f}" for price in prices)
