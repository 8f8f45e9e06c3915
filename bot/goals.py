"""Wishes of a question against its estimate: rates, first tokens, requests per second, and a bound for offload."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot import humanize as say
from bot.question.query import Query
from estimator.estimation import Estimate, estimate
from estimator.gpus import GPUS
from estimator.units import GB
from estimator.workload import MOST_CONCURRENCY

USUAL_MEMORY: Final = "cpu-desktop-ddr5"
"""Main memory of a machine whose processor is not named."""


def goal_notes(found: Estimate, query: Query) -> Iterator[str]:
    """Whether what is wished is met, each in a sentence."""
    if query.min_tokens_per_s is not None:
        yield _rate_note(found, query.min_tokens_per_s, query.concurrency)
    if query.max_ttft_s is not None:
        verb = "meets" if found.ttft.value <= query.max_ttft_s else "misses"
        yield f"a first token after {found.ttft.value:.2f} s {verb} the wish of {query.max_ttft_s:g} s"
    if query.requests_per_s is not None and found.fits:
        yield _request_rate_note(found, query.requests_per_s)
    if query.max_usd_per_hour is not None:
        yield _price_note(found, query.max_usd_per_hour)
    if query.system_memory_gb is not None and not found.fits:
        yield offload_bound(found, query.system_memory_gb, query.processor or USUAL_MEMORY)


def _rate_note(found: Estimate, wish: float, concurrency: int | None) -> str:
    """At a stated load whether each request gets the wished rate; at none how many requests can have it."""
    rate = 1 / found.tpot.value
    if concurrency is not None:
        verb = "meets" if rate >= wish else "misses"
        return f"{rate:.1f} tokens/s for each of {concurrency:,} requests {verb} the wish of {wish:g}"
    if rate < wish:
        return f"{rate:.1f} tokens/s for one request alone misses the wish of {wish:g}"
    return f"up to {requests_at(found, wish):,} requests at once get the wished {wish:g} tokens/s each"


def requests_at(found: Estimate, wish: float) -> int:
    """The largest number of requests that each get that rate on this layout, at most what the cache holds."""
    low, high = 1, max(1, int(min(found.max_concurrency, MOST_CONCURRENCY)))
    while low < high:
        middle = (low + high + 1) // 2
        load = replace(found.request.load, concurrency=middle)
        at = estimate(replace(found.request, load=load, layout=found.layout))
        low, high = (middle, high) if 1 / at.tpot.value >= wish else (low, middle - 1)
    return low


def _request_rate_note(found: Estimate, wish: float) -> str:
    """Requests per second at the machine's throughput; requests in flight by Little's law at that latency."""
    load = found.request.load
    most = found.throughput.scaled(1 / load.output_tokens)
    lasts_s = found.ttft.value + (load.output_tokens - 1) * found.tpot.value
    verb = "meets" if most.low >= wish else "misses" if most.high < wish else "may meet"
    return (
        f"at full load the machine finishes {say.rate(most.value)} requests/s of {load.prompt_tokens:,} in and "
        f"{load.output_tokens:,} out ({say.rate(most.low)} to {say.rate(most.high)}), which {verb} the wish of "
        f"{say.rate(wish)}; {say.rate(wish)} requests/s are about {max(1, round(wish * lasts_s)):,} in flight if each "
        "takes as long as one alone"
    )


def is_affordable(found: Estimate, query: Query) -> bool:
    """Whether the machine's median price lies within the budget; one without a price does not where there is one."""
    wish = query.max_usd_per_hour
    return wish is None or (found.cost is not None and found.cost.usd_per_hour.median <= wish)


def _price_note(found: Estimate, wish: float) -> str:
    if found.cost is None:
        return f"no price of {found.request.gpu.id} is known to hold against {say.usd(wish)} an hour"
    price = found.cost.usd_per_hour.median
    verb = "is within" if price <= wish else "is above"
    return f"{say.usd(price)} an hour in the median {verb} the budget of {say.usd(wish)}"


def offload_bound(found: Estimate, system_memory_gb: float, processor: str) -> str:
    """The most tokens per second with the rest of the weights in main memory: each token reads its share of them.

    Active bytes that do not lie on the cards, over the bandwidth of main memory; experts are taken to be used evenly.
    A bound and no estimate: transfers, the processor's arithmetic and the cards' own time come on top.
    """
    spec, plan = found.request.spec, found.plan
    weights = spec.weight_bytes(plan)
    on_cards = min(weights, found.memory.usable_bytes * found.request.gpus)
    rest = weights - on_cards
    if rest > system_memory_gb * GB:
        return (
            f"with {system_memory_gb:,g} GB of system memory it does not fit either: {say.gb(rest)} of weights have no "
            "room on the cards"
        )
    memory = GPUS[processor]
    others = "; servers have several times that" if processor == USUAL_MEMORY else ""
    active = weights * spec.active_parameters / spec.total_parameters * rest / weights
    rate = memory.memory_bytes_per_s / active
    return (
        f"with {say.gb(rest)} of the weights in system memory at most about {say.rate(rate)} tokens/s for one request: "
        f"{say.gb(active)} are read from it for each token, at {memory.memory_gb_per_s:,.0f} GB/s ({memory.id}"
        f"{others}). A bound, not an estimate"
    )
