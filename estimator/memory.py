"""Memory on the fullest GPU: weights, KV cache, activations and what the engine keeps.

Question: what must lie in one GPU's memory at once, and what is left for the cache?

    KV pool = fraction x memory - weights - activation - non-torch (- graphs, from vLLM 0.21 on)

    weights    matrices split over tensor ranks, experts over all ranks of a stage; MLA's down-projections and all
               vectors in full on every rank; the fullest pipeline stage decides
    cache      stored elements x bytes, split over KV heads as far as there are any; MLA not split at all
    activation a sampler term, not a context term: k x max_num_seqs x vocab x 4 B + 2 x batched x hidden x 2 B
               (+ experts: batched x top_k x (H + max(2 N / TP, H)) x 2 B)

Numbers: Llama-3.1-8B on one H100 under vLLM 0.19 at 0.95: 75.23 - 14.99 - 1.89 - 0.25 = 58.10 GiB, printed 58.11.
Two counts of the cache are given: what the layout needs, and what the named engine bills. They differ where layers
slide or recur: vLLM pads layers into equal groups and, up to 0.20, bills each as if it held the whole context.
Caveats: vision towers are not profiled with many images (that can take tens of GiB); other ranks hold less.
Source: memory.md, sections 2 and 3.
"""

import math
from dataclasses import dataclass, field
from typing import Final

from estimator.dtypes import cache_bytes_per_element
from estimator.engine_settings import LLAMA_CPP_UBATCH_TOKENS, EngineSettings
from estimator.feedforward import DenseFeedForward, MixtureOfExperts
from estimator.model_spec import LayerGroup, ModelSpec, WeightPlan
from estimator.parallelism import Layout
from estimator.rank_cache import SequenceCache, full_bytes_per_token, layout_bytes_per_token, rank_sequence_cache
from estimator.rank_weights import ends_bytes, layers_bytes, routed_bytes, stage_share
from estimator.units import GIB

GRAPH_BASE_GIB: Final = 0.54
GRAPH_GIB_PER_LAYER: Final = 0.013
"""CUDA graphs, vLLM 0.19, 51 piecewise and 51 full: error median 0.10 GiB, p90 0.31 (memory.md, section 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEstimate:
    """Bytes on the fullest GPU. `sequence_bytes` is the cache of one request at the context, as the engine bills it."""

    capacity_bytes: float
    usable_bytes: float
    weights_bytes: float
    activation_bytes: float
    overhead_bytes: float
    kv_pool_bytes: float
    sequence_bytes: float
    sequences: float
    cache_bytes_per_token: float
    layout_bytes_per_token: float
    pool_tokens: float
    max_concurrency: float
    sequence_cache: SequenceCache
    graphs_outside_bytes: float = 0.0

    @property
    def required_bytes(self) -> float:
        """What must fit: weights, activations, overheads and the cache of one request."""
        return self.weights_bytes + self.activation_bytes + self.overhead_bytes + self.sequence_bytes

    @property
    def fits(self) -> bool:
        """Whether one request at the context lies under the usable bytes."""
        return self.required_bytes <= self.usable_bytes

    @property
    def shortfall_bytes(self) -> float:
        """How much is missing on the fullest GPU; 0 where it fits."""
        return max(0.0, self.required_bytes - self.usable_bytes)

    @property
    def free_bytes(self) -> float:
        """What is left once the asked requests have their cache; negative where they do not fit."""
        held = self.weights_bytes + self.activation_bytes + self.overhead_bytes
        return self.usable_bytes - held - self.sequence_bytes * max(1.0, self.sequences)


@dataclass(frozen=True, slots=True)
class _TensorSums:
    """What every layout of one tensor degree has in common: bytes on a rank that holds all layers."""

    layers_bytes: float
    activation_bytes: float
    cache: SequenceCache
    needed_bytes_per_token: float
    billed_bytes_per_token: float | None


@dataclass(frozen=True, slots=True)
class ModelMemory:
    """A model in one format under one engine's settings; what its layouts share is summed once and kept here."""

    spec: ModelSpec
    plan: WeightPlan
    settings: EngineSettings
    cache_format: str
    _by_tensor: dict[int, _TensorSums] = field(default_factory=dict, init=False, compare=False, repr=False)

    def of(self, tensor: int) -> _TensorSums:
        """The sums of that tensor degree."""
        if tensor not in self._by_tensor:
            self._by_tensor[tensor] = self._sums(tensor)
        return self._by_tensor[tensor]

    def weights_bytes(self, layout: Layout) -> float:
        """Weights on the fullest rank as loaded."""
        layers = self.of(layout.tensor).layers_bytes + routed_bytes(self.spec, self.plan) / layout.stage_gpus
        return layers * stage_share(self.spec, layout) + ends_bytes(self.spec, self.plan, layout)

    def _sums(self, tensor: int) -> _TensorSums:
        spec, settings, cache_bytes = self.spec, self.settings, cache_bytes_per_element(self.cache_format)
        bills_in_full = settings.engine.bills_windows_in_full
        return _TensorSums(
            layers_bytes(spec, self.plan, tensor),
            activation_bytes(spec, tensor, settings),
            rank_sequence_cache(spec, tensor, settings, cache_bytes),
            layout_bytes_per_token(spec, tensor, cache_bytes),
            full_bytes_per_token(spec, tensor, settings, cache_bytes) if bills_in_full else None,
        )


def memory_estimate(
    model: ModelMemory, layout: Layout, *, capacity_bytes: float, context_tokens: int, sequences: float = 1.0
) -> MemoryEstimate:
    """The fullest GPU of one replica. `sequences` are those of the whole replica at once."""
    spec, settings, sums = model.spec, model.settings, model.of(layout.tensor)
    engine, share = settings.engine, stage_share(spec, layout)
    usable = settings.memory_fraction * capacity_bytes
    weights = model.weights_bytes(layout)
    graphs = graph_bytes(spec, layout) if engine.name == "vllm" and not settings.is_eager else 0.0
    overhead = engine.non_torch_bytes_gib(layout.tensor * layout.data, layout.pipeline) * GIB
    overhead += graphs if engine.graphs_in_budget else 0.0
    pool = max(0.0, usable - weights - sums.activation_bytes - overhead)
    cache = sums.cache.scaled(share)
    sequence = cache.bytes_at(context_tokens)
    needed, billed = sums.needed_bytes_per_token * share, sums.billed_bytes_per_token
    per_token = needed if cache.is_even else sequence / context_tokens  # what the pool is divided by to state tokens
    if billed is not None:
        per_token = billed * share
    return MemoryEstimate(
        capacity_bytes=capacity_bytes,
        usable_bytes=usable,
        weights_bytes=weights,
        activation_bytes=sums.activation_bytes,
        overhead_bytes=overhead,
        kv_pool_bytes=pool,
        sequence_bytes=sequence,
        sequences=sequences / layout.data,
        cache_bytes_per_token=per_token,
        layout_bytes_per_token=needed,
        pool_tokens=layout.data * pool / per_token if per_token else 0.0,
        max_concurrency=layout.data * pool / sequence if sequence else math.inf,
        sequence_cache=cache,
        graphs_outside_bytes=0.0 if engine.graphs_in_budget else graphs,
    )


# -- activations and graphs -----------------------------------------------------------------------------------------


def activation_bytes(spec: ModelSpec, tensor: int, settings: EngineSettings) -> float:
    """Peak of the profile run on the fullest rank."""
    engine, head = settings.engine, spec.headline
    if engine.name == "llama.cpp":
        return LLAMA_CPP_UBATCH_TOKENS * (head.vocab_size + 8 * head.hidden_size) * 4.0
    if engine.name == "sglang":
        return 0.0
    factor = engine.sampler_factor or 3.6  # TensorRT-LLM: vLLM's figure, said in the engine's source
    batched = settings.max_num_batched_tokens
    sampler = factor * settings.max_num_seqs * head.vocab_size * 4.0
    hidden = 2.0 * batched * head.hidden_size * 2.0
    widest = max((_dense_width(group) for group in spec.layers), default=0)
    floor = batched * 2.0 * (3.0 * widest / tensor + 3.0 * head.hidden_size)
    return max(sampler + hidden + _expert_activation_bytes(spec, tensor, batched), floor)


def _dense_width(group: LayerGroup) -> int:
    return group.feed_forward.intermediate_size if isinstance(group.feed_forward, DenseFeedForward) else 0


def _expert_activation_bytes(spec: ModelSpec, tensor: int, batched: int) -> float:
    """Batched x top_k x (H + max(2 N / TP, H)) x 2 B, of the widest experts."""
    width = spec.headline.hidden_size
    peaks = (
        batched * f.num_experts_per_tok * (width + max(2 * f.expert_intermediate_size / tensor, width)) * 2.0
        for f in (group.feed_forward for group in spec.layers)
        if isinstance(f, MixtureOfExperts)
    )
    return max(peaks, default=0.0)


def graph_bytes(spec: ModelSpec, layout: Layout) -> float:
    """CUDA graphs of one rank: 0.54 GiB + 0.013 GiB for each of its layers."""
    layers = math.ceil(spec.headline.num_hidden_layers / layout.pipeline)
    return (GRAPH_BASE_GIB + GRAPH_GIB_PER_LAYER * layers) * GIB
