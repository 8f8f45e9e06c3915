"""What it costs: dated prices of a GPU-hour, divided by the tokens of that hour.

    USD per million output tokens = USD per hour / (output tokens per s x 3,600) x 10^6     (prompts included)
    USD per million input tokens  = USD per hour / 3,600 x seconds of prefill work per prompt token x 10^6


The first charges the whole machine to the answers of the stated load; the second is what a prompt alone would cost.
Prices spread three- to fivefold for one card: low, median and high are given, with the date they were seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from estimator.deployment import Deployment
from estimator.parallelism import Layout
from estimator.prices import PriceRange, price_of
from estimator.workload import Workload

SECONDS_PER_HOUR: Final = 3600
MTOK: Final = 1e6

Prices = Mapping[str, PriceRange]


@dataclass(frozen=True, slots=True)
class Spread:
    """Low, median and high of a price."""

    low: float
    median: float
    high: float

    def scaled(self, factor: float) -> "Spread":
        """Each of the three times a factor."""
        return Spread(self.low * factor, self.median * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Cost:
    """Prices of a whole machine and of its tokens."""

    usd_per_hour: Spread
    usd_per_mtok_output: Spread
    usd_per_mtok_input: Spread
    prices_as_of: str
    source: str


def usd_per_mtok_output(
    gpu_id: str, gpus: int, output_tokens_per_s: float, prices: Prices | None = None
) -> float | None:
    """The median price of a million output tokens at that rate of the whole machine; None without a price."""
    row = price_of(gpu_id, prices)
    return None if row is None else row.median_usd_per_hour * gpus * MTOK / SECONDS_PER_HOUR / output_tokens_per_s


def cost_of(
    d: Deployment,
    load: Workload,
    gpus: int,
    *,
    prompt_s: float,
    output_tokens_per_s: float,
    prices: Prices | None = None,
) -> Cost | None:
    """The cost of that throughput on so many GPUs; None where no price of the card is known.

    `prompt_s` is the work that one prompt adds to a replica.
    """
    row = price_of(d.gpu.id, prices)
    if row is None:
        return None
    hour = Spread(row.low_usd_per_hour, row.median_usd_per_hour, row.high_usd_per_hour).scaled(gpus)
    replicas = max(1, gpus // d.layout.gpus)
    input_s = input_token_s(load, d.layout, replicas, prompt_s=prompt_s, is_local=d.is_local)
    return Cost(
        usd_per_hour=hour,
        usd_per_mtok_output=hour.scaled(MTOK / SECONDS_PER_HOUR / output_tokens_per_s),
        usd_per_mtok_input=hour.scaled(MTOK / SECONDS_PER_HOUR * input_s),
        prices_as_of=row.as_of,
        source=row.source,
    )


def input_token_s(load: Workload, layout: Layout, replicas: int, *, prompt_s: float, is_local: bool) -> float:
    """Seconds of the whole machine for a token of prompts alone: each rank and stage has a prompt of its own."""
    at_once = (1 if is_local else layout.data * layout.pipeline) * replicas
    return prompt_s / load.prompt_tokens / at_once
