"""How times come about: each line's numbers are an expression that gives its result, in milliseconds.

t_W, t_E, t_KV   bytes / (bandwidth x efficiency)            t_C, t_CE   operations at peak / efficiency
t_L              bytes / (link x efficiency)                 t_0         what a step costs however small it is
"""

import math
from collections.abc import Iterator

from estimator import calibration as cal
from estimator.deployment import Deployment
from estimator.estimation import Estimate
from estimator.explained import Line, ms
from estimator.latency import burst_share, extra_passes, prefill_attention_s, prompt_work_s, request_s
from estimator.one_layout import engine_date
from estimator.step import (
    StepTime,
    cache_bytes,
    decode_step,
    dense_products_s,
    expert_bytes,
    expert_products_s,
    expert_read_factor,
    is_amd_or_intel,
    link_s,
    prefill_products_s,
    read_efficiency,
    slice_efficiency,
)
from estimator.units import GB, US


def step_lines(found: Estimate, d: Deployment) -> Iterator[Line]:
    """One step: its parts, what is drafted, the whole, and the roofline beside it."""
    batch, context = found.latency.batch, found.request.load.mean_context_tokens
    each = 1 if d.speculation is None else d.speculation.tokens + 1
    check = decode_step(d, batch, context, tokens_each=each)
    yield from _reads(d, batch * each, max(batch / d.layout.data, 1.0), context)
    yield from _products_and_rest(d, batch, each)
    yield _whole(d, batch, each, check)
    if d.speculation is not None:
        yield from _drafts(d, batch, context, check)
    bound = "the data sheet's rates, nothing fixed" + ("" if each == 1 else ", a token of those that a step yields")
    yield Line("roofline", "max(bytes / BW, FLOPs / peak)", bound, ms(found.roofline_tpot_s))


def _reads(d: Deployment, tokens: float, per_rank: float, context: float) -> Iterator[Line]:
    bandwidth, read = f"({d.gpu.memory_bytes_per_s / GB:,.1f} GB/s x", read_efficiency(d)
    dense = d.sums.dense_bytes
    yield Line(
        "t_W",
        "dense bytes of one GPU / (BW x efficiency)",
        f"{dense / GB:,.4f} GB / {bandwidth} {read:.5f})",
        ms(dense / d.gpu.memory_bytes_per_s / read),
    )
    if d.spec.expert_groups:
        held, factor = expert_bytes(d, tokens), read * expert_read_factor(d, is_saturated=False)
        yield Line(
            "t_E",
            f"E (1 - (1 - k/E)^B) experts of one GPU, B = {tokens:,.1f} / (BW x efficiency)",
            f"{held / GB:,.4f} GB / {bandwidth} {factor:.5f})",
            ms(held / d.gpu.memory_bytes_per_s / factor),
        )
    held = cache_bytes(d, per_rank, context)
    efficiency = cal.CACHE_READ_EFFICIENCY * (cal.APPLE_READ if d.gpu.architecture_class == "apple" else 1.0)
    yield Line(
        "t_KV",
        f"bytes read of cache and state at {context:,.0f} tokens / (BW x efficiency)",
        f"{held / GB:,.6f} GB / {bandwidth} {efficiency:.5f})",
        ms(held / d.gpu.memory_bytes_per_s / efficiency),
    )


def _products_and_rest(d: Deployment, batch: float, each: int) -> Iterator[Line]:
    per_rank, sums = max(batch / d.layout.data, 1.0), d.sums
    yield Line(
        "t_C",
        "b x (layers + head of one token at peak, on one GPU) / efficiency",
        f"{per_rank * each:,.3f} x ({sums.layer_flop_s / US:,.5f} + {sums.head_flop_s / US:,.5f}) us / "
        f"{cal.DECODE_GEMM_EFFICIENCY:.5f}",
        ms(dense_products_s(d, per_rank * each)),
    )
    if d.spec.expert_groups:
        yield Line(
            "t_CE",
            "2 x parameters of k experts x B / GPUs of a stage at peak / efficiency of their slice",
            " + ".join(_expert_terms(d, batch * each)),
            ms(expert_products_s(d, batch * each)),
        )
    moved_s = link_s(d, per_rank * each)
    if moved_s:
        moved = moved_s * d.link_bytes_per_s * cal.LINK_EFFICIENCY
        yield Line(
            "t_L",
            "2 x layers x b x H x 2 B x 2 (TP - 1) / TP, all-to-all of experts beside it / (link x efficiency)",
            f"{moved / GB:,.6f} GB / ({d.link_bytes_per_s / GB:,.2f} GB/s x {cal.LINK_EFFICIENCY:.5f})",
            ms(moved_s),
        )
    terms = " + ".join(f"{count:,.4g} x {micros:,.5f}" for count, micros in _fixed_terms(d, per_rank) if count)
    factor = cal.AMD_INTEL_FIXED if is_amd_or_intel(d) else 1.0
    yield Line(
        "t_0",
        "layers of each kind, all-reduces, sequences (x AMD's and Intel's factor)",
        f"({terms}) us x {factor:.5f}",
        ms(_fixed_s(d, per_rank, factor)),
    )


def _expert_terms(d: Deployment, tokens: float) -> Iterator[str]:
    for layers, experts in d.spec.expert_groups:
        used = experts.expert_matrix_parameters * experts.num_experts_per_tok
        at_peak = layers * 2 * used * tokens / d.layout.stage_gpus / d.main_rate
        yield f"{at_peak / US:,.4f} us / {slice_efficiency(d, experts):.5f}"


def _fixed_terms(d: Deployment, per_rank: float) -> Iterator[tuple[float, float]]:
    """(count, microseconds of each) of everything fixed in a step."""
    spec, tensor = d.spec, d.layout.tensor
    yield spec.layer_count, cal.LLAMA_CPP_LAYER_US if d.is_local else cal.LAYER_US
    yield spec.expert_layers, cal.EXPERT_LAYER_US
    yield spec.latent_layers, cal.LATENT_LAYER_US
    yield spec.indexer_layers, cal.INDEXER_LAYER_US
    yield spec.recurrent_layers, cal.RECURRENT_LAYER_US
    if tensor > 1:
        yield 2 * spec.layer_count, cal.ALL_REDUCE_US * (1 + cal.ALL_REDUCE_GROWTH * math.log2(tensor / 2))
    if d.is_local:
        yield d.layout.gpus - 1, cal.LLAMA_CPP_HOP_US
    else:
        yield per_rank, cal.SEQUENCE_US


def _fixed_s(d: Deployment, per_rank: float, factor: float) -> float:
    return sum(count * micros for count, micros in _fixed_terms(d, per_rank)) * factor * US


def _whole(d: Deployment, batch: float, each: int, check: StepTime) -> Line:
    per_rank = max(batch / d.layout.data, 1.0)
    products = dense_products_s(d, per_rank * each)
    parts = (check.weight_read_s, products, check.expert_read_s, check.compute_s - products, check.cache_read_s)
    w, c, e, ce, kv = (f"{part * 1e3:,.5f}" for part in parts)
    bubble = 1.0 if d.is_local else 1 + cal.PIPELINE_BUBBLE * (d.layout.pipeline - 1)
    rest = f"{check.link_s * 1e3:,.5f} + {check.fixed_s * 1e3:,.5f}"
    return Line(
        "step" if each == 1 else "check",
        "(sqrt(t_W^2 + t_C^2) + sqrt(t_E^2 + t_CE^2) + t_KV + t_L + t_0) x bubble of stages; "
        f"B = {batch:,.1f}, bound by {check.bound}",
        f"(sqrt({w}^2 + {c}^2) + sqrt({e}^2 + {ce}^2) + {kv} + {rest}) ms x {bubble:.5f}",
        ms(check.total_s),
    )


def _drafts(d: Deployment, batch: float, context: float, check: StepTime) -> Iterator[Line]:
    """The drafter's steps, the whole step and the tokens that it yields."""
    assert d.speculation is not None
    drafted, chance = d.speculation.tokens, d.speculation.acceptance
    one = 0.0 if d.drafter is None else decode_step(d.drafter, batch, context).total_s
    draft = f"{drafted} steps of {d.speculation.drafter_name}, each as above on one stage"
    yield Line("draft", draft, f"{drafted} x {one * 1e3:,.5f} ms", ms(drafted * one))
    yield Line(
        "step",
        "check + draft",
        f"({check.total_s * 1e3:,.5f} + {drafted * one * 1e3:,.5f}) ms",
        ms(check.total_s + drafted * one),
    )
    powers = " + ".join(f"{chance:.4g}^{place}" for place in range(drafted + 1))
    yield Line("tokens a step", "1 + a + ... + a^k", powers, f"{d.tokens_per_step:,.5f}")


def time_lines(found: Estimate, d: Deployment) -> Iterator[Line]:
    """Prefill, TPOT and TTFT, and what a measured stack or the asker's own figure corrects."""
    load, times = found.request.load, found.latency
    work = prompt_work_s(d, load)
    cached = f", {load.cached_tokens:,} of them cached" if load.cached_tokens else ""
    yield _prefill(d, load.prompt_tokens, load.cached_tokens, work, f"{load.prompt_tokens:,} tokens{cached}")
    share = 0.5 if load.arrival == "burst" else 1.0
    others = times.batch - 1 if d.is_local else times.batch
    drafted = "" if d.speculation is None else f" / {d.tokens_per_step:,.5f}"
    burst = "" if share == 1.0 else f" x {share:g}"
    yield Line(
        "TPOT",
        "step" + (" / tokens a step" if drafted else "") + " + requests / data ranks x prefill / output",
        f"{times.step.total_s * 1e3:,.5f}{drafted} + {others:,.3f} / {1 if d.is_local else d.layout.data} x "
        f"{work * 1e3:,.4f} / {load.output_tokens:,}{burst}",
        ms(times.tpot_s),
    )
    yield _first_token(found, d, work)
    if found.tpot.value != times.tpot_s:
        yield _corrected("TPOT", found.tpot.value, times.tpot_s)
    if found.ttft.value != times.ttft_s:
        yield _corrected("TTFT", found.ttft.value - times.queue_s, times.ttft_s - times.queue_s)


def _corrected(name: str, value_s: float, formula_s: float) -> Line:
    return Line(
        f"{name}, corrected",
        "x the correction of this measured stack" + (", the wait for a place apart" if name == "TTFT" else ""),
        f"{formula_s * 1e3:,.5f} ms x {value_s / formula_s:.5f}",
        ms(value_s),
    )


def _prefill(d: Deployment, prompt_tokens: int, cached_tokens: int, work_s: float, said: str) -> Line:
    """The work of a prompt. llama.cpp's has an own formula of more parts: its module says it."""
    if d.is_local:
        return Line("prefill", "llama.cpp's single prompt (estimator/latency.py, single_prompt_s)", said, ms(work_s))
    new = prompt_tokens - cached_tokens
    dense = f"{prefill_products_s(d, new) * 1e3:,.5f} / {cal.PREFILL_GEMM_EFFICIENCY:.5f}"
    experts = "".join(f" + {term.replace(' us', ' / 1000')}" for term in _expert_terms(d, new))
    scores = prefill_attention_s(d, prompt_tokens, cached_tokens)
    attention = f"{scores * 1e3:,.5f} / {cal.PREFILL_ATTENTION_EFFICIENCY:.5f}"
    bubble = 1 + cal.PIPELINE_BUBBLE * (d.layout.pipeline - 1)
    return Line(
        "prefill",
        f"{said}: (products + experts + attention at peak, each / its efficiency, + link) x bubble of stages",
        f"({dense}{experts} + {attention} + {link_s(d, new) * 1e3:,.5f}) ms x {bubble:.5f}",
        ms(work_s),
    )


def _first_token(found: Estimate, d: Deployment, work_s: float) -> Line:
    load, times = found.request.load, found.latency
    share, queue = burst_share(d, load), times.queue_s * 1e3
    if d.is_local:
        return Line(
            "TTFT",
            "prefill x (1 + share x others) + sure wait",
            f"{work_s * 1e3:,.5f} ms x (1 + {share:.5f} x {times.batch - 1:,.3f}) + {queue:,.4f} ms",
            ms(times.ttft_s),
        )
    per_rank = max(times.batch / d.layout.data, 1.0)
    layers = cal.PREFILL_LAYER_US * d.spec.layer_count + cal.PREFILL_EXPERT_LAYER_US * d.spec.expert_layers
    own = f"({cal.OWN_PREFILL:.5f} x {work_s * 1e3:,.5f} + {layers * US * 1e3:,.5f})"
    wait = f"{cal.WAIT_STEPS:.5f} x {times.tpot_s * d.tokens_per_step * 1e3:,.5f}"
    factor = cal.DATA_PARALLEL_TTFT if d.layout.data > 1 else 1.0
    passes = extra_passes(d, load.prompt_tokens - load.cached_tokens, per_rank)
    request = request_s(d, engine_date(found.request)) * 1e3
    return Line(
        "TTFT",
        "(request cost + steps waited + own prefill x (1 + share x others)) x data ranks' factor + further passes + "
        "sure wait",
        f"({request:,.5f} + {wait} + {own} x (1 + {share:.5f} x {per_rank - 1:,.4f})) ms x {factor:.5f} + "
        f"{passes} x {times.step.total_s * 1e3:,.5f} ms + {queue:,.4f} ms",
        ms(times.ttft_s),
    )
