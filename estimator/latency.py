"""TPOT and TTFT of a replica under load.

    TPOT = step(B, S) + B / data x prefill(prompt) / output      (halved when all requests start in one wave)
           S = prompt + output / 2; B = requests in flight, at most what the cache holds
    TTFT = request cost + 3.64 x TPOT + own prefill x (1 + share x (others in flight))
           own prefill = 1.22 x prefill(prompt) + fixed time of one pass

With drafted tokens a step yields several: TPOT = step / tokens a step + ..., and a request waits for whole steps.
Prompt tokens found in the prefix cache are attended to and not computed. A chunk of prompts smaller than the engine's
own takes more passes, each of which carries the decode step of the others: TTFT grows by a step for each pass more.

A llama.cpp prompt meets an idle engine: operations and weight reads at its own measured efficiencies, no queue.
Caveats: the tail of TTFT is not in the labels it was fitted to; compile and warm-up stalls are not modelled.
Source: performance_model.md, sections 1 and 3.
"""

import math
from dataclasses import dataclass
from typing import Final

from estimator import calibration as cal
from estimator.deployment import Deployment
from estimator.generation import generation_step
from estimator.step import (
    StepTime,
    expert_bytes,
    link_s,
    prefill_products_s,
    slice_efficiency,
)
from estimator.units import US
from estimator.workload import Workload

SURELY_HELD: Final = 2.0
"""A cache may hold so many times the requests that are computed for 16 bit."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds, with the decode step behind TPOT. `batch` is what really runs at once.

    `prompt_s` is the work that one prompt adds, alone.
    `queue_s` is the part of TTFT that a request surely waits because all places are taken, `longest_queue_s` the same
    if the cache holds no more than computed.
    """

    ttft_s: float
    tpot_s: float
    batch: float
    step: StepTime
    prompt_s: float
    queue_s: float = 0.0
    longest_queue_s: float = 0.0


def prefill_work_s(d: Deployment, prompt_tokens: float, cached_tokens: float = 0) -> float:
    """Seconds of work that one prompt adds to a busy engine; its cached tokens are attended to, not computed."""
    new_tokens = prompt_tokens - cached_tokens
    products = prefill_products_s(d, new_tokens) / cal.PREFILL_GEMM_EFFICIENCY
    for layers, experts in d.spec.expert_groups:
        used = experts.expert_matrix_parameters * experts.num_experts_per_tok
        per_gpu = layers * 2 * used * new_tokens / d.layout.stage_gpus
        products += per_gpu / d.main_rate / slice_efficiency(d, experts)
    attention = prefill_attention_s(d, prompt_tokens, cached_tokens) / cal.PREFILL_ATTENTION_EFFICIENCY
    bubble = 1 + cal.PIPELINE_BUBBLE * (d.layout.pipeline - 1)
    return (products + attention + link_s(d, new_tokens)) * bubble


def prefill_attention_s(d: Deployment, prompt_tokens: float, cached_tokens: float) -> float:
    """Scores and values of a prompt's new tokens at the 16-bit peak; recurrences count with them."""
    flops = _prefill_flops(d, prompt_tokens) - (_prefill_flops(d, cached_tokens) if cached_tokens else 0.0)
    return flops / d.layout.tensor / d.sixteen_bit_rate


def _prefill_flops(d: Deployment, tokens: float) -> float:
    mixers = ((group.count, group.mixer) for group in d.spec.layers if group.mixer is not None)
    return sum(count * mixer.prefill_flops(tokens) for count, mixer in mixers if not mixer.is_recurrent)


def extra_passes(d: Deployment, new_tokens: float, per_rank: float) -> int:
    """Passes that a prompt takes beyond those of the engine's own chunk; decoding tokens take their place first."""
    if d.chunk_tokens is None:
        return 0
    decoding = (per_rank - 1) * (1 if d.speculation is None else d.speculation.tokens + 1)
    asked, usual = (max(1.0, chunk - decoding) for chunk in (d.chunk_tokens, d.usual_chunk_tokens))
    return max(0, math.ceil(new_tokens / asked) - math.ceil(new_tokens / usual))


def latency(d: Deployment, load: Workload, concurrency: float, capacity: float, date: float) -> Latency:
    """TTFT and TPOT of one replica that serves `concurrency` requests, of which at most `capacity` run at once.

    Requests beyond the capacity wait: by Little's law the mean wait is their number over the rate of completions.
    Only those beyond twice the capacity are sure to: recipes that do not say so keep an 8-bit cache, which doubles it,
    and the measured runs between once and twice show no queue (median error of TTFT 26 % without it, 27 % with it).
    """
    batch = max(1.0, min(concurrency, capacity))
    step, work = generation_step(d, batch, load.mean_context_tokens), prompt_work_s(d, load)
    ttft, tpot = times_at(d, load, batch, step_s=step.total_s, work_s=work, date=date)
    cycle_s = ttft + (load.output_tokens - 1) * tpot
    possible_s = max(0.0, concurrency - batch) / batch * cycle_s
    sure_s = max(0.0, concurrency - SURELY_HELD * batch) / batch * cycle_s
    return Latency(ttft + sure_s, tpot, batch, step, work, sure_s, possible_s)


def prompt_work_s(d: Deployment, load: Workload) -> float:
    """Seconds of work that one prompt of that load adds."""
    prompt_s = single_prompt_s if d.is_local else prefill_work_s
    return prompt_s(d, load.prompt_tokens, load.cached_tokens)


def times_at(
    d: Deployment, load: Workload, batch: float, *, step_s: float, work_s: float, date: float
) -> tuple[float, float]:
    """TTFT and TPOT of `batch` requests that all run at once, from their step and the work of a prompt."""
    share = 0.5 if load.arrival == "burst" else 1.0
    others = batch - 1 if d.is_local else batch / d.layout.data
    tpot = step_s / d.tokens_per_step + share * others * work_s / load.output_tokens
    if d.is_local:
        return work_s * (1 + burst_share(d, load) * (batch - 1)), tpot
    ttft = _ttft_s(d, load, work_s=work_s, step_s=tpot * d.tokens_per_step, concurrency=batch, date=date)
    passes = extra_passes(d, load.prompt_tokens - load.cached_tokens, max(batch / d.layout.data, 1.0))
    return ttft + passes * step_s, tpot


def burst_share(d: Deployment, load: Workload) -> float:
    """Share of every other request's prefill that one waits for; llama.cpp's as that of the steady engines."""
    return cal.ONE_WAVE_SHARE if load.arrival == "burst" else cal.BURST_SHARE.get(d.engine, cal.BURST_SHARE["vllm"])


def _ttft_s(d: Deployment, load: Workload, *, work_s: float, step_s: float, concurrency: float, date: float) -> float:
    own = work_s * cal.OWN_PREFILL
    own += US * (cal.PREFILL_LAYER_US * d.spec.layer_count + cal.PREFILL_EXPERT_LAYER_US * d.spec.expert_layers)
    share = burst_share(d, load)
    waiting = max(concurrency / d.layout.data, 1.0) - 1
    total = request_s(d, date) + cal.WAIT_STEPS * step_s + own * (1 + share * waiting)
    return total * (cal.DATA_PARALLEL_TTFT if d.layout.data > 1 else 1.0)


def request_s(d: Deployment, date: float) -> float:
    """The fixed cost of a request in an engine of that date."""
    half_years = 2 * (min(max(date, cal.ERA_SINCE), cal.ERA_UNTIL) - cal.ERA_FROM)
    return cal.REQUEST_S[d.engine] * math.pow(cal.ERA_PER_HALF_YEAR, half_years)


def single_prompt_s(d: Deployment, prompt_tokens: float, cached_tokens: float = 0) -> float:
    """Prompt processing of llama.cpp on an idle machine, layers split over the GPUs; cached tokens are not computed."""
    new_tokens = prompt_tokens - cached_tokens
    products = prefill_products_s(d, new_tokens)
    for layers, experts in d.spec.expert_groups:
        used = experts.expert_matrix_parameters * experts.num_experts_per_tok
        products += cal.SINGLE_PROMPT_EXPERTS * layers * 2 * used * new_tokens / d.main_rate
    read = _weights_read_once_s(d) / cal.SINGLE_PROMPT_WEIGHT_READ
    attention = prefill_attention_s(d, prompt_tokens, cached_tokens) / cal.LLAMA_CPP_PREFILL_ATTENTION
    fixed = US * cal.LLAMA_CPP_PREFILL_LAYER_US * d.spec.layer_count
    return math.hypot(products / _local_efficiency(d), read) + attention + fixed


def _weights_read_once_s(d: Deployment) -> float:
    """Every layer's weights once, layer after layer: llama.cpp's split does not read them in parallel."""
    parts = sum(d.parameters(part) * d.bytes_per_weight(part) for part in ("attention", "recurrent", "dense", "shared"))
    return (parts + expert_bytes(d, 1.0)) / d.gpu.memory_bytes_per_s


def _local_efficiency(d: Deployment) -> float:
    gpu = d.gpu
    efficiency = cal.LLAMA_CPP_PREFILL
    efficiency *= cal.LLAMA_CPP_PREFILL_4BIT if d.bytes_per_weight("dense") < 0.7 else 1.0
    efficiency *= cal.LLAMA_CPP_PREFILL_HBM if gpu.has_hbm else 1.0
    efficiency *= cal.LLAMA_CPP_PREFILL_AMPERE if gpu.architecture_class in {"ampere", "ga10x"} else 1.0
    efficiency *= cal.LLAMA_CPP_PREFILL_GEFORCE if gpu.is_geforce else 1.0
    return efficiency * (cal.LLAMA_CPP_PREFILL_APPLE if gpu.architecture_class == "apple" else 1.0)
