"""How each figure of an estimate comes about: the formula in the field's symbols, the numbers put in, the result.

Enough to redo it by hand. Every value here is computed by the functions that made the estimate; the constants are those
of `calibration`, with their names.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from estimator.cost import input_token_s
from estimator.deployment import Deployment
from estimator.energy import KILO, energy_of
from estimator.estimation import Estimate
from estimator.explain_time import step_lines, time_lines
from estimator.explained import Line
from estimator.one_layout import deployment_of
from estimator.setup import prepare
from estimator.units import GIB

__all__ = ["Derivation", "Line", "explain"]


@dataclass(frozen=True, slots=True)
class Derivation:
    """The lines behind one part of the answer."""

    title: str
    lines: tuple[Line, ...]


def explain(found: Estimate) -> tuple[Derivation, ...]:
    """The derivations of memory, decode, prefill, throughput and cost, in that order."""
    d = deployment_of(prepare(found.request), found.layout)
    parts = (
        ("Memory on the fullest GPU", _memory(found)),
        ("KV cache", _cache(found, d)),
        ("One decode step", step_lines(found, d)),
        ("TPOT and TTFT", time_lines(found, d)),
        ("Throughput and cost", _rates(found, d)),
    )
    return tuple(Derivation(title, tuple(lines)) for title, lines in parts)


def _gib(size_bytes: float) -> str:
    return f"{size_bytes / GIB:,.2f} GiB"


def _memory(found: Estimate) -> Iterator[Line]:
    memory, layout, spec = found.memory, found.layout, found.request.spec
    bytes_per_parameter = spec.weight_bytes(found.plan) / spec.total_parameters
    yield Line(
        "W",
        "parameters x bytes, split over TP, experts over all ranks of a stage, MLA's down-projections whole",
        f"{spec.total_parameters / 1e9:,.2f}e9 x {bytes_per_parameter:.3f} B as {layout}",
        _gib(memory.weights_bytes),
    )
    settings = found.settings
    if found.engine.sampler_factor:
        yield Line(
            "A",
            "k x max_num_seqs x vocabulary x 4 B + 2 x batched tokens x H x 2 B (+ experts)",
            f"{found.engine.sampler_factor:g} x {settings.max_num_seqs:,} x {spec.headline.vocab_size:,} x 4 + 2 x "
            f"{settings.max_num_batched_tokens:,} x {spec.headline.hidden_size:,} x 2",
            _gib(memory.activation_bytes),
        )
    yield Line("O", "what the engine keeps", found.engine.source, _gib(memory.overhead_bytes))
    yield Line(
        "usable",
        "share x memory",
        f"{settings.memory_fraction:g} x {_gib(memory.capacity_bytes)}",
        _gib(memory.usable_bytes),
    )
    yield Line(
        "pool",
        "usable - W - A - O, not below 0",
        " - ".join(
            f"{part / GIB:,.2f}"
            for part in (memory.usable_bytes, memory.weights_bytes, memory.activation_bytes, memory.overhead_bytes)
        ),
        _gib(memory.kv_pool_bytes),
    )


def _cache(found: Estimate, d: Deployment) -> Iterator[Line]:
    memory, spec = found.memory, found.request.spec
    yield Line(
        "KV",
        "elements of the layers that grow x bytes, over KV heads as far as there are any",
        f"{spec.cache_elements_per_token:,} elements x {d.cache_bytes:g} B as {found.layout}",
        f"{memory.layout_bytes_per_token:,.0f} B a token on each GPU",
    )
    context = found.request.load.context_tokens
    yield Line(
        "one request",
        "KV x context + windows + states, whole blocks",
        f"{context:,} tokens",
        _gib(memory.sequence_bytes),
    )
    yield Line(
        "at once",
        "pool / one request x ranks of attention data parallelism x replicas",
        f"{memory.kv_pool_bytes / GIB:,.2f} / {memory.sequence_bytes / GIB:,.3f} x {found.layout.data} x "
        f"{found.replicas}",
        f"{found.max_concurrency:,.1f} requests",
    )


def _rates(found: Estimate, d: Deployment) -> Iterator[Line]:
    load, rate = found.request.load, found.throughput.value
    if load.concurrency is None and not d.is_local:
        yield Line(
            "tokens/s",
            "stages x output x B / (output x saturated step + B / data x prefill) x replicas, corrected where measured",
            f"{found.concurrency:,.1f} in flight",
            f"{rate:,.1f} tokens/s",
        )
    else:
        alone = found.ttft.value - found.latency.queue_s
        yield Line(
            "tokens/s",
            "requests in flight x output / (TTFT without waiting + (output - 1) x TPOT)",
            f"{found.concurrency:,.4f} x {load.output_tokens:,} / ({alone:,.7f} + {load.output_tokens - 1:,} x "
            f"{found.tpot.value:,.9f})",
            f"{rate:,.1f} tokens/s",
        )
    input_s = input_token_s(load, found.layout, found.replicas, prompt_s=found.latency.prompt_s, is_local=d.is_local)
    yield Line(
        "s/prompt token",
        "prefill / prompt / (data ranks x stages x replicas)",
        f"{found.latency.prompt_s:,.7f} / {load.prompt_tokens:,} / "
        f"{(1 if d.is_local else found.layout.data * found.layout.pipeline) * found.replicas}",
        f"{input_s * 1e6:,.4f} us",
    )
    yield from _prices(found, rate, input_s)
    yield from _energy(found, rate, input_s)


def _prices(found: Estimate, rate: float, input_s: float) -> Iterator[Line]:
    if found.cost is None:
        return
    hour = found.cost.usd_per_hour.median
    yield Line(
        "$/Mtok out",
        "$ an hour / (tokens/s x 3,600) x 10^6",
        f"{hour:,.4f} / ({rate:,.4f} x 3,600) x 10^6",
        f"${found.cost.usd_per_mtok_output.median:,.3f}",
    )
    yield Line(
        "$/Mtok in",
        "$ an hour / 3,600 x s/prompt token x 10^6",
        f"{hour:,.4f} / 3,600 x {input_s * 1e6:,.6f}",
        f"${found.cost.usd_per_mtok_input.median:,.3f}",
    )


def _energy(found: Estimate, rate: float, input_s: float) -> Iterator[Line]:
    energy, watts = energy_of(found), found.request.gpu.tdp_w
    if energy is None or watts is None:
        return
    yield Line(
        "kWh/Mtok out, at most",
        "GPUs x rated power / (tokens/s x 3,600) x 10^6",
        f"{found.request.gpus} x {watts / KILO:g} / ({rate:,.4f} x 3,600) x 10^6",
        f"{energy.kwh_per_mtok_output:,.4f} kWh",
    )
    yield Line(
        "kWh/Mtok in, at most",
        "GPUs x rated power / 3,600 x s/prompt token x 10^6",
        f"{found.request.gpus} x {watts / KILO:g} / 3,600 x {input_s * 1e6:,.6f}",
        f"{energy.kwh_per_mtok_input:,.5f} kWh",
    )
