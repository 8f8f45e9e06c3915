"""Is mine normal? A figure that the asker measured, set against the band that is expected of the same set-up.

The figure is never a target. Where it lies below the band, what commonly costs that much on this very set-up is named,
the likeliest first; where it lies above, what may have been counted. None of it is certain, and the words say so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from bot import humanize as say
from bot.question.query import Query
from estimator.band import Interval
from estimator.deployment import FABRIC_GPUS
from estimator.estimation import Estimate
from estimator.rates import compute_path

Place = Literal["within", "below", "above"]
_EAGER: Final = re.compile(r"--enforce[-_]eager|--disable[-_]cuda[-_]graph")
_LAYERS: Final = re.compile(r"(?:-ngl|--n-gpu-layers)[ =](\d+)")


@dataclass(frozen=True, slots=True)
class Expectation:
    """A measured figure against its band: the sentence, and what may explain a figure outside."""

    place: Place
    sentence: str
    causes: tuple[str, ...]


def expectation(found: Estimate, query: Query) -> Expectation | None:
    """How the measured figure of the question compares; None where it brings none."""
    measured = query.measured
    if measured.tokens_per_s is not None:
        name, band = _rate_band(found, measured.tokens_per_s)
        return _compared(found, query, measured.tokens_per_s, name, band)
    if measured.ttft_s is not None:
        value = measured.ttft_s
        place = _place(value, found.ttft)
        slow: Place = "below" if place == "above" else "above" if place == "below" else "within"
        words = {"within": "within", "below": "slower than", "above": "faster than"}[slow]
        sentence = (
            f"Your first token after {say.seconds(value)} is {words} the {say.seconds(found.ttft.low)} to "
            f"{say.seconds(found.ttft.high)} expected for a prompt of {found.request.load.prompt_tokens:,} tokens."
        )
        return Expectation(slow, sentence, tuple(_of_prefill(found)) if slow == "below" else ())
    return None


def _rate_band(found: Estimate, rate: float) -> tuple[str, Interval]:
    """What the rate is likely of: one request, or the whole machine where several are in flight."""
    single, whole = found.tpot.inverse, found.throughput
    asked = found.request.load.concurrency
    if asked is not None and asked > 1 and abs(rate - whole.value) < abs(rate - single.value):
        return f"for {asked:,} requests together", whole
    return ("for one request alone" if asked in {None, 1} else f"for each of {asked:,} requests"), single


def _compared(found: Estimate, query: Query, rate: float, name: str, band: Interval) -> Expectation:
    place = _place(rate, band)
    spread = f"{say.rate(band.low)} to {say.rate(band.high)} (80 % band)"
    verdict = {"within": "normal", "below": "less than expected", "above": "more than expected"}[place]
    sentence = f"Your {say.rate(rate)} tokens/s is {verdict}: {spread} is expected {name}."
    if place == "within":
        return Expectation(place, sentence, ())
    return Expectation(place, sentence, tuple(_too_slow(found, query, rate) if place == "below" else _too_fast(found)))


def _place(value: float, band: Interval) -> Place:
    return "below" if value < band.low else "above" if value > band.high else "within"


def _too_slow(found: Estimate, query: Query, rate: float) -> Iterator[str]:
    """What costs so much on this set-up, the surest first; then what no estimate can see."""
    launch, load, gpu = query.launch or "", found.request.load, found.request.gpu
    end_to_end = load.output_tokens / (found.ttft.value + (load.output_tokens - 1) * found.tpot.value)
    if not found.fits:
        yield "it does not fit by these figures: what lies in system memory is read at its speed, many times slower"
    if _EAGER.search(launch):
        yield "CUDA graphs are off in the launch line: small batches then wait for the processor at every layer"
    layers = _LAYERS.search(launch)
    if layers and int(layers[1]) < found.request.spec.headline.num_hidden_layers:
        yield f"only {layers[1]} of {found.request.spec.headline.num_hidden_layers} layers are on the card (-ngl)"
    asked = load.concurrency or 1
    if asked > found.max_concurrency:
        yield (
            f"the cache holds {say.count(found.max_concurrency)} of {asked:,} requests: the others wait, or are "
            "preempted and computed again"
        )
    if found.layout.tensor > 1 and gpu.link_domain_gpus < FABRIC_GPUS and not found.request.spec.routed_parameters:
        yield f"{found.layout} without NVLink: every layer waits for the PCIe link; check that the cards have all lanes"
    if rate >= 0.8 * end_to_end and end_to_end < found.tpot.inverse.low:
        yield f"if the time to the first token is counted in, {say.rate(end_to_end)} tokens/s is what to expect"
    if query.engine is None:
        yield f"{found.engine.name} is assumed: transformers or an old engine reaches a fraction of it"
    path = compute_path(gpu, found.plan.name)
    if path.assumption and path.kernel == "weight-only":
        yield f"{found.plan.name} has no path of its own on {gpu.id}: which kernel the engine takes decides"
    yield "not seen from here: power or thermal limits, another job on the card, a longer context than stated"


def _too_fast(found: Estimate) -> Iterator[str]:
    if found.request.load.concurrency is None:
        yield "the figure may be of several requests together"
    if found.request.speculation is None:
        yield "speculative decoding or multi-token prediction gives several tokens a step"
    yield "a smaller weight format, a shorter context or a newer engine than assumed"


def _of_prefill(found: Estimate) -> Iterator[str]:
    asked = found.request.load.concurrency or 1
    if asked == 1:
        yield "other requests in flight: a prompt waits for those before it"
    if found.layout.tensor > 1 and found.request.gpu.link_domain_gpus < FABRIC_GPUS:
        yield f"{found.layout} without NVLink: prompts move much over the PCIe link"
    yield "the first request after a start compiles and captures: measure the second"
    yield "the network and the queue before the engine count too"
