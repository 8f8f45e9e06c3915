"""How each figure of an estimate comes about: the formula in the field's symbols, the numbers put in, the result.

Enough to redo it by hand. Every value here is computed by the functions that made the estimate; the constants are those
of `calibration`, with their names.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from estimator import calibration as cal
from estimator.deployment import Deployment
from estimator.estimate import Estimate
from estimator.latency import prefill_work_s, single_prompt_s
from estimator.step import cache_bytes, decode_step, expert_bytes, fixed_s, link_s, read_efficiency
from estimator.units import GB, GIB, TERA


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: its symbol, the formula, the formula with numbers, and the result with its unit."""

    symbol: str
    formula: str
    numbers: str
    result: str


@dataclass(frozen=True, slots=True)
class Derivation:
    """The lines behind one part of the answer."""

    title: str
    lines: tuple[Line, ...]


def explain(found: Estimate) -> tuple[Derivation, ...]:
    """The derivations of memory, decode, prefill, throughput and cost, in that order."""
    d = deployment_of(found)
    parts = (
        ("Memory on the fullest GPU", _memory(found)),
        ("KV cache", _cache(found, d)),
        ("One decode step", _step(found, d)),
        ("TPOT and TTFT", _times(found, d)),
        ("Throughput and cost", _rates(found)),
    )
    return tuple(Derivation(title, tuple(lines)) for title, lines in parts)


def deployment_of(found: Estimate) -> Deployment:
    """The deployment that the estimate is of."""
    return Deployment(
        spec=found.request.spec,
        gpu=found.request.gpu,
        plan=found.plan,
        layout=found.layout,
        engine=found.engine.name,
        cache_format=found.cache_format,
    )


def _gib(size_bytes: float) -> str:
    return f"{size_bytes / GIB:,.2f} GiB"


def _ms(value_s: float) -> str:
    return f"{value_s * 1e3:,.3f} ms"


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


def _step(found: Estimate, d: Deployment) -> Iterator[Line]:
    batch, context = found.latency.batch, found.request.load.mean_context_tokens
    per_rank = max(batch / d.layout.data, 1.0)
    step, bandwidth = decode_step(d, batch, context), d.gpu.memory_bytes_per_s
    at = f"({bandwidth / GB:,.0f} GB/s x"
    yield Line(
        "t_W",
        "dense bytes of one GPU / (BW x efficiency)",
        f"{d.sums.dense_bytes / GB:,.3f} GB / {at} {read_efficiency(d):.3f})",
        _ms(step.weight_read_s),
    )
    if d.spec.expert_groups:
        yield Line(
            "t_E",
            "E (1 - (1 - k/E)^B) experts of one GPU / (BW x efficiency)",
            f"{expert_bytes(d, batch) / GB:,.3f} GB / {at} {read_efficiency(d):.3f}), B = {batch:,.1f}",
            _ms(step.expert_read_s),
        )
    yield Line(
        "t_KV",
        "bytes read of cache and state / (BW x efficiency)",
        f"{cache_bytes(d, per_rank, context) / GB:,.4f} GB / {at} {cal.CACHE_READ_EFFICIENCY:.3f}), context "
        f"{context:,.0f}",
        _ms(step.cache_read_s),
    )
    yield Line(
        "t_C",
        "2 x parameters x B / GPUs / (peak x efficiency)",
        f"peak {d.main_rate / TERA:,.0f} TFLOPS x {cal.DECODE_GEMM_EFFICIENCY:.3f}, experts "
        f"{cal.EXPERT_GEMM_EFFICIENCY:.3f}",
        _ms(step.compute_s),
    )
    if link_s(d, per_rank):
        link = f"{d.link_bytes_per_s / GB:,.0f} GB/s x {cal.LINK_EFFICIENCY:.3f}"
        yield Line("t_L", "bytes of collectives / (link x efficiency)", link, _ms(step.link_s))
    yield Line(
        "t_0",
        "layers x fixed time of their kinds, all-reduce latency, each sequence",
        f"{d.spec.layer_count} x {cal.LAYER_US:.0f} us, {d.spec.expert_layers} x {cal.EXPERT_LAYER_US:.0f}, "
        f"{per_rank:,.0f} x {cal.SEQUENCE_US:.0f}",
        _ms(fixed_s(d, per_rank, is_saturated=False)),
    )
    yield Line(
        "step",
        "sqrt(t_W^2 + its t_C^2) + sqrt(t_E^2 + its t_C^2) + t_KV + t_L + t_0, x pipeline bubble",
        f"B = {batch:,.1f}, bound by {step.bound}",
        _ms(step.total_s),
    )
    yield Line(
        "roofline", "max(bytes / BW, FLOPs / peak)", "the data sheet's rates, nothing fixed", _ms(found.roofline_tpot_s)
    )


def _times(found: Estimate, d: Deployment) -> Iterator[Line]:
    load, times = found.request.load, found.latency
    prompt = single_prompt_s if d.is_local else prefill_work_s
    work = prompt(d, load.prompt_tokens)
    yield Line(
        "prefill",
        "2 x parameters x prompt + attention, at prefill efficiencies",
        f"{load.prompt_tokens:,} tokens",
        _ms(work),
    )
    yield Line(
        "TPOT",
        "step + B / data x prefill / output",
        f"{times.step.total_s * 1e3:,.3f} + {times.batch:,.1f} / {d.layout.data} x {work * 1e3:,.2f} / "
        f"{load.output_tokens:,}",
        _ms(times.tpot_s),
    )
    if not d.is_local:
        yield Line(
            "TTFT",
            "request cost + steps waited x TPOT + own prefill x (1 + share x others) + sure wait",
            f"{cal.WAIT_STEPS:.2f} x {times.tpot_s * 1e3:,.2f} + {cal.OWN_PREFILL:.2f} x {work * 1e3:,.1f} + "
            f"{times.queue_s * 1e3:,.0f}",
            _ms(times.ttft_s),
        )
    if found.tpot.value != times.tpot_s:
        factor = found.tpot.value / times.tpot_s
        yield Line("corrected", "x the correction of this measured stack", f"{factor:.3f}", _ms(found.tpot.value))


def _rates(found: Estimate) -> Iterator[Line]:
    yield Line(
        "tokens/s",
        "requests in flight x output / (TTFT + (output - 1) x TPOT), or the saturated step at capacity",
        f"{found.concurrency:,.1f} in flight",
        f"{found.throughput.value:,.1f} tokens/s",
    )
    if found.cost is not None:
        hour = found.cost.usd_per_hour.median
        yield Line(
            "$/Mtok",
            "$ an hour / (tokens/s x 3,600) x 10^6",
            f"{hour:,.2f} / ({found.throughput.value:,.1f} x 3,600) x 10^6",
            f"${found.cost.usd_per_mtok_output.median:,.3f}",
        )
