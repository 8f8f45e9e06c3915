"""How long one decode step takes.

Question: a replica holds B sequences at context S; when does each have its next token?

    step = sqrt(weights^2 + products^2) + experts + cache + link + fixed

    weights  = (attention + dense + head) bytes per GPU / (bandwidth x 0.876)
    products = 2 x parameters x b / GPUs / (peak x 0.516)          b = B / data, sequences of one attention rank
    experts  = sqrt(read^2 + products^2), read = distinct experts of B tokens, E (1 - (1 - k/E)^B)
    cache    = elements read x bytes x b / shards / (bandwidth x 0.856), recurrent state read and written in fp32
    link     = 2 x layers x b x hidden x 2 B x 2 (TP - 1) / TP / (link x 0.516), experts' all-to-all with data ranks
    fixed    = 60 us a layer, more with experts, latent attention, recurrence or an indexer; all-reduce latency;
               23 us a sequence

Resources that overlap in part are joined as a root of squares, those that follow each other are added.
The uncalibrated roofline is the same count at full rates: max(bytes / bandwidth, FLOPs / peak), and nothing fixed.
Source of the form and of each constant: `calibration`.
"""

import math
from dataclasses import dataclass
from typing import Literal

from estimator import calibration as cal
from estimator.deployment import Deployment
from estimator.feedforward import MixtureOfExperts
from estimator.rank_cache import INDEX_BYTES
from estimator.units import US

Bound = Literal["memory", "compute", "interconnect", "overhead"]


@dataclass(frozen=True, slots=True)
class StepTime:
    """Seconds of one step, by what takes them; reads and products of one part overlap, hence `total_s` < their sum."""

    weight_read_s: float
    expert_read_s: float
    cache_read_s: float
    compute_s: float
    link_s: float
    fixed_s: float
    total_s: float

    @property
    def bound(self) -> Bound:
        """The resource that takes most of the step."""
        shares: dict[Bound, float] = {
            "memory": self.weight_read_s + self.expert_read_s + self.cache_read_s,
            "compute": self.compute_s,
            "interconnect": self.link_s,
            "overhead": self.fixed_s,
        }
        return max(shares, key=lambda name: shares[name])


def decode_step(
    d: Deployment, batch: float, context_tokens: float, *, is_saturated: bool = False, tokens_each: int = 1
) -> StepTime:
    """The time of one step for `batch` sequences of the replica. `is_saturated`: an endless queue, offline.

    `tokens_each` are the tokens of a sequence in the step: more than one where drafted tokens are checked.
    """
    batch = max(batch, 1.0)
    per_rank = max(batch / d.layout.data, 1.0)
    read, products = dense_read_s(d), dense_products_s(d, per_rank * tokens_each)
    expert_read, expert_products = _experts(d, batch * tokens_each, is_saturated=is_saturated)
    cache = cache_read_s(d, per_rank, context_tokens)
    link = link_s(d, per_rank * tokens_each)
    fixed = fixed_s(d, per_rank, is_saturated=is_saturated)
    busy = math.hypot(read, products) + math.hypot(expert_read, expert_products) + cache + link
    bubble = 1.0 if d.is_local else 1 + cal.PIPELINE_BUBBLE * (d.layout.pipeline - 1)
    return StepTime(
        weight_read_s=read,
        expert_read_s=expert_read,
        cache_read_s=cache,
        compute_s=products + expert_products,
        link_s=link,
        fixed_s=fixed,
        total_s=(busy + fixed) * bubble,
    )


# -- weights and products -----------------------------------------------------------------------------------------


def read_efficiency(d: Deployment) -> float:
    """Fraction of the card's bandwidth that reading weights reaches."""
    efficiency = cal.WEIGHT_READ_EFFICIENCY * _vendor_read(d)
    return efficiency * (cal.LLAMA_CPP_HBM_READ if d.is_local and d.gpu.has_hbm else 1.0)


def _vendor_read(d: Deployment) -> float:
    if d.gpu.architecture_class == "apple":
        return cal.APPLE_READ
    return cal.AMD_INTEL_READ if is_amd_or_intel(d) else 1.0


def is_amd_or_intel(d: Deployment) -> bool:
    """Whether the class factors of CDNA, RDNA and Xe apply."""
    return d.gpu.architecture_class in {"cdna", "rdna", "xe"}


def dense_read_s(d: Deployment) -> float:
    """Reading what every token uses."""
    return d.sums.dense_bytes / d.gpu.memory_bytes_per_s / read_efficiency(d)


def dense_products_s(d: Deployment, tokens: float) -> float:
    """Matrix products of that many tokens on one attention rank, without experts."""
    return _dense_flop_s(d, tokens, with_head=True) / cal.DECODE_GEMM_EFFICIENCY


def _dense_flop_s(d: Deployment, tokens: float, *, with_head: bool) -> float:
    """Operations over peak: 2 x parameters x tokens, each part at the rate of its format."""
    sums = d.sums
    return tokens * (sums.layer_flop_s + (sums.head_flop_s if with_head else 0.0))


def prefill_products_s(d: Deployment, tokens: float) -> float:
    """Matrix products of a prompt over peak, without experts and head (only the last token meets the head)."""
    return _dense_flop_s(d, tokens, with_head=False)


# -- experts ------------------------------------------------------------------------------------------------------


def _experts(d: Deployment, batch: float, *, is_saturated: bool) -> tuple[float, float]:
    if not d.spec.expert_groups:
        return 0.0, 0.0
    factor = cal.DATA_PARALLEL_EXPERTS_SATURATED if is_saturated and d.layout.data > 1 else 1.0
    return factor * expert_read_s(d, batch, is_saturated=is_saturated), factor * expert_products_s(d, batch)


def expert_bytes(d: Deployment, tokens: float) -> float:
    """Bytes on one GPU of the distinct experts that so many tokens touch, spread over the GPUs of a stage."""
    touched = sum(n * e.expert_matrix_parameters * e.expected_experts(tokens) for n, e in d.spec.expert_groups)
    return touched * d.bytes_per_weight("experts") / d.layout.stage_gpus


def expert_read_s(d: Deployment, tokens: float, *, is_saturated: bool = False) -> float:
    """Reading those experts."""
    factor = expert_read_factor(d, is_saturated=is_saturated)
    return expert_bytes(d, tokens) / d.gpu.memory_bytes_per_s / (read_efficiency(d) * factor)


def expert_read_factor(d: Deployment, *, is_saturated: bool) -> float:
    """Multiplier on the bandwidth of experts in formats that read otherwise than uniform routing expects."""
    name = d.plan.of("experts").format.name
    if d.is_local or name not in {"int4", "mxfp4"}:
        return 1.0
    if name == "int4":
        return cal.INT4_EXPERT_READ
    return cal.MXFP4_EXPERT_READ_SATURATED if is_saturated else cal.MXFP4_EXPERT_READ


def expert_products_s(d: Deployment, tokens: float) -> float:
    """Grouped products of the experts that so many tokens use; narrow slices are slow."""
    total = 0.0
    for layers, experts in d.spec.expert_groups:
        used = experts.expert_matrix_parameters * experts.num_experts_per_tok
        total += layers * 2 * used * tokens / d.layout.stage_gpus / d.main_rate / slice_efficiency(d, experts)
    return total


def slice_efficiency(d: Deployment, experts: MixtureOfExperts) -> float:
    """Fraction of peak for the columns of an expert that one GPU holds."""
    width = experts.expert_intermediate_size / max(d.layout.stage_gpus / max(d.layout.expert, 1), 1)
    return cal.EXPERT_GEMM_EFFICIENCY * width / (width + cal.EXPERT_HALF_WIDTH)


# -- cache, link, fixed -------------------------------------------------------------------------------------------


def cache_bytes(d: Deployment, per_rank: float, context_tokens: float) -> float:
    """Bytes of cached keys and values read, and of recurrent state read and written in fp32, for one rank.

    A sparse indexer's keys are FP8 with their scales, whatever the cache's format.
    """
    total = 0.0
    for group in d.spec.layers:
        if group.mixer is not None:
            index = group.mixer.index_elements_per_token * context_tokens
            read = (group.mixer.read_elements(context_tokens) - index) * d.cache_bytes + index * INDEX_BYTES
            state = 8 * group.mixer.recurrent_state_elements
            total += group.count * (read + state) / group.mixer.cache_shards(d.layout.tensor)
    return per_rank * total


def cache_read_s(d: Deployment, per_rank: float, context_tokens: float) -> float:
    """Reading that cache."""
    apple = cal.APPLE_READ if d.gpu.architecture_class == "apple" else 1.0
    return cache_bytes(d, per_rank, context_tokens) / d.gpu.memory_bytes_per_s / (cal.CACHE_READ_EFFICIENCY * apple)


def link_s(d: Deployment, tokens: float) -> float:
    """Bytes of the collectives of that many tokens on one rank: all-reduce in tensor, all-to-all in data ranks."""
    tensor, gpus = d.layout.tensor, d.layout.stage_gpus
    if gpus == 1:
        return 0.0
    hidden = d.spec.headline.hidden_size
    moved = 2 * d.spec.layer_count * tokens * hidden * 2 * 2 * (tensor - 1) / tensor
    if d.layout.data > 1:
        for layers, experts in d.spec.expert_groups:
            fan_out = min(experts.num_experts_per_tok, gpus)
            moved += 2 * layers * tokens * fan_out * hidden * cal.ALL_TO_ALL_BYTES * (gpus - 1) / gpus
    return moved / d.link_bytes_per_s / cal.LINK_EFFICIENCY


def fixed_s(d: Deployment, per_rank: float, *, is_saturated: bool) -> float:
    """What a step costs however small it is."""
    micros = (cal.LLAMA_CPP_LAYER_US if d.is_local else cal.LAYER_US) * d.spec.layer_count
    micros += cal.EXPERT_LAYER_US * d.spec.expert_layers + cal.LATENT_LAYER_US * d.spec.latent_layers
    micros += cal.INDEXER_LAYER_US * d.spec.indexer_layers + cal.RECURRENT_LAYER_US * d.spec.recurrent_layers
    if d.layout.tensor > 1:
        growth = 1 + cal.ALL_REDUCE_GROWTH * math.log2(d.layout.tensor / 2)
        micros += 2 * d.spec.layer_count * cal.ALL_REDUCE_US * growth
    if d.is_local:
        micros += cal.LLAMA_CPP_HOP_US * (d.layout.gpus - 1)
    sequences = 0.0 if d.is_local else cal.SEQUENCE_US * per_rank
    if not is_saturated:
        micros += sequences
    micros *= cal.AMD_INTEL_FIXED if is_amd_or_intel(d) else 1.0
    if is_saturated:
        micros += sequences * cal.SEQUENCE_SATURATED
        micros += cal.TRTLLM_EAGER_LAYER_US * d.spec.layer_count if d.has_eager_offline_steps else 0.0
    return micros * US


# -- the uncalibrated roofline --------------------------------------------------------------------------------------


def roofline_step_s(d: Deployment, batch: float, context_tokens: float) -> float:
    """A lower bound: every byte at full bandwidth or every operation at peak, whichever takes longer."""
    memory, compute = roofline_parts_s(d, batch, context_tokens)
    return max(memory, compute)


def roofline_parts_s(d: Deployment, batch: float, context_tokens: float) -> tuple[float, float]:
    """Seconds of reading and seconds of computing of one step at the data sheet's rates."""
    batch = max(batch, 1.0)
    per_rank = max(batch / d.layout.data, 1.0)
    moved = d.sums.dense_bytes + expert_bytes(d, batch) + cache_bytes(d, per_rank, context_tokens)
    memory = moved / d.gpu.memory_bytes_per_s
    compute = _dense_flop_s(d, per_rank, with_head=True)
    for layers, experts in d.spec.expert_groups:
        used = experts.expert_matrix_parameters * experts.num_experts_per_tok
        compute += layers * 2 * used * batch / d.layout.stage_gpus / d.main_rate
    return memory, compute
