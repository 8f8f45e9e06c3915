"""Many loads of one model on one machine at once: the grid of batch and context, and the front of what is worth taking.

A step's time at batch B and context S is a sum of what the batch alone decides and what each sequence's cache adds:

    step(B, S) = step(B, 0) + b x (step(one a rank, S) - step(one a rank, 0))          b = B / data

so a grid of n x m points needs n + m steps, not n x m. The corrections of measured stacks part in the same way. Every
point is the estimate of that load to the last digits that rounding leaves; a test holds it to that.

A point lies on the front where no other is as soon for each request and gives more tokens for the machine.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from estimator.band import architecture_group
from estimator.generation import generation_step
from estimator.latency import prompt_work_s, times_at
from estimator.layout_choice import Cut, cuts_of
from estimator.offsets import Place, correction, stack_rows
from estimator.parallelism import Layout
from estimator.rank_cache import LONGEST_CONTEXT_TOKENS
from estimator.setup import Request, stack_of
from estimator.workload import MOST_CONCURRENCY, Workload


class Point(NamedTuple):
    """One load on one layout. `concurrency` and the rate are the machine's; `runs_at_once` is False where some wait."""

    layout: Layout
    replicas: int
    concurrency: int
    context_tokens: int
    ttft_s: float
    tpot_s: float
    output_tokens_per_s: float
    runs_at_once: bool


def sweep(request: Request, concurrencies: Sequence[int], contexts: Sequence[int] | None = None) -> tuple[Point, ...]:
    """Every layout that fits at every load; contexts keep the asked output and change the prompt.

    Raises as `estimate` does. `request.load.concurrency` is not used: it is what is swept.
    """
    load = replace(request.load, concurrency=1)
    loads = [load] if contexts is None else [_at_context(load, context) for context in contexts]
    cuts = [cut for cut in cuts_of(replace(request, load=load)) if cut.memory.fits]
    return tuple(point for cut in cuts for point in _grid(cut, concurrencies, loads))


def front(points: Iterable[Point]) -> tuple[Point, ...]:
    """The points that no other beats, from the soonest to the most tokens; those that would wait are left out."""
    found: list[Point] = []
    able = (point for point in points if point.runs_at_once)
    for point in sorted(able, key=lambda point: (point.tpot_s, -point.output_tokens_per_s)):
        if not found or point.output_tokens_per_s > found[-1].output_tokens_per_s:
            found.append(point)
    return tuple(found)


def doublings(most: int) -> tuple[int, ...]:
    """1, 2, 4, ... and the most itself."""
    powers = [2**power for power in range(most.bit_length()) if 2**power < most]
    return (*powers, most)


def most_at_once(cuts: Iterable[Cut], load: Workload) -> int:
    """Requests of the load that run at once on their mean length, in the layout that runs the most; 0 for none."""
    able = (min(MOST_CONCURRENCY, cut.capacity(load) * cut.replicas) for cut in cuts if cut.memory.fits)
    return int(max(able, default=0))  # an encoder keeps no cache: llama.cpp would take any number


def most_held(cuts: Iterable[Cut], context_tokens: int) -> int:
    """Requests of that whole context that lie in the cache at once, in the layout that holds the most."""
    return max((_held(cut, context_tokens) for cut in cuts), default=0)


def _held(cut: Cut, context_tokens: int) -> int:
    data, size = cut.layout.data, cut.memory.sequence_cache.bytes_at(context_tokens)
    admitted = cut.setup.settings.max_num_seqs * data
    in_cache = data * cut.memory.kv_pool_bytes / size if size else admitted
    return int(min(in_cache, admitted)) * cut.replicas


def longest_held(cuts: Iterable[Cut], concurrency: int) -> int:
    """The longest context that so many requests at once have room for, in the layout that gives them the most."""
    return max((_longest(cut, concurrency) for cut in cuts), default=0)


def _longest(cut: Cut, concurrency: int) -> int:
    on_a_rank = math.ceil(math.ceil(concurrency / cut.replicas) / cut.layout.data)
    if on_a_rank > cut.setup.settings.max_num_seqs:
        return 0
    most = cut.setup.request.spec.headline.max_position_embeddings or LONGEST_CONTEXT_TOKENS
    return cut.memory.sequence_cache.longest_tokens(cut.memory.kv_pool_bytes / on_a_rank, most)


def most_served(cut: Cut, load: Workload, reaches: Callable[[Point], bool]) -> Point | None:
    """The most requests at once on a layout that all run and reach a goal; None where one alone does not.

    `reaches` must not turn true again as the load grows: more requests never make any of them sooner.
    """

    def at(concurrency: int) -> Point:
        return next(_grid(cut, (concurrency,), (load,)))

    low, high = 0, max(1, int(min(MOST_CONCURRENCY, cut.capacity(load) * cut.replicas)))
    while low < high:
        middle = (low + high + 1) // 2
        point = at(middle)
        low, high = (middle, high) if point.runs_at_once and reaches(point) else (low, middle - 1)
    return at(low) if low else None


def _at_context(load: Workload, context_tokens: int) -> Workload:
    output = min(load.output_tokens, max(1, context_tokens - 1))
    return replace(
        load,
        context_tokens=context_tokens,
        prompt_tokens=max(1, context_tokens - output),
        output_tokens=output,
    )


def _grid(cut: Cut, concurrencies: Sequence[int], loads: Sequence[Workload]) -> Iterator[Point]:
    d, replicas, date = cut.deployment, cut.replicas, cut.date
    each = [max(1.0, concurrency / replicas) for concurrency in concurrencies]
    bare = [generation_step(d, batch, 0).total_s for batch in each]
    one = generation_step(d, d.layout.data, 0).total_s
    ranks = [max(batch / d.layout.data, 1.0) for batch in each]
    ttft_by_batch, ttft_by_load = _factors(cut, "ttft", each, loads)
    tpot_by_batch, tpot_by_load = _factors(cut, "tpot", each, loads)
    for column, load in enumerate(loads):
        cache = generation_step(d, d.layout.data, load.mean_context_tokens).total_s - one
        work, capacity = prompt_work_s(d, load), cut.capacity(load)
        for row, (concurrency, batch) in enumerate(zip(concurrencies, each, strict=True)):
            step = bare[row] + ranks[row] * cache
            ttft, tpot = times_at(d, load, batch, step_s=step, work_s=work, date=date)
            ttft *= ttft_by_batch[row] * ttft_by_load[column]
            tpot *= tpot_by_batch[row] * tpot_by_load[column]
            busy = min(replicas, concurrency)
            rate = busy * batch * load.output_tokens / (ttft + (load.output_tokens - 1) * tpot)
            yield Point(
                cut.layout, replicas, concurrency, load.context_tokens, ttft, tpot, rate, runs_at_once=batch <= capacity
            )


def _factors(
    cut: Cut, metric: str, batches: Sequence[float], loads: Sequence[Workload]
) -> tuple[list[float], list[float]]:
    """Corrections of a measured stack over a grid: a factor for each batch and one for each load."""
    request, gpus = cut.setup.request, cut.layout.gpus
    rows = stack_rows(stack_of(request)) if request.uses_offsets else ()
    band = f"{architecture_group(request.gpu)}|{request.spec.kind}"

    def factor(batch: float, load: Workload) -> float:
        found = correction(metric, rows, Place(batch, load, gpus), band)
        return 1.0 if found is None else found.factor

    first = factor(batches[0], loads[0])
    return [factor(batch, loads[0]) for batch in batches], [factor(batches[0], load) / first for load in loads]
