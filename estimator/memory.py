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
from dataclasses import dataclass
from typing import Final

from estimator.attention import LatentAttention, Mixer
from estimator.compressed_attention import CompressedAttention
from estimator.dtypes import cache_bytes_per_element
from estimator.engines import Engine, Version
from estimator.feedforward import DenseFeedForward, MixtureOfExperts
from estimator.model_spec import LayerGroup, ModelSpec, WeightPlan
from estimator.parallelism import Layout
from estimator.units import GIB

BLOCK_TOKENS: Final = 16
"""vLLM's cache block (memory_truth: block_size 16)."""
INDEX_BYTES: Final = 132 / 128
"""A sparse indexer's key of 128 elements takes 132 B: FP8 and one scale (memory.md, section 2, fact 3)."""
GRAPH_BASE_GIB: Final = 0.54
GRAPH_GIB_PER_LAYER: Final = 0.013
"""CUDA graphs, vLLM 0.19, 51 piecewise and 51 full: error median 0.10 GiB, p90 0.31 (memory.md, section 3)."""
MXFP4_PADDED_WIDTH: Final = 256
"""MXFP4 expert widths are padded to multiples of this: gpt-oss 2,880 -> 3,072 (memory.md, section 3)."""
LONGEST_CONTEXT_TOKENS: Final = 2**24
"""Where the search for the longest context stops when the model states no maximum."""
LLAMA_CPP_UBATCH_TOKENS: Final = 512
"""llama.cpp's default micro-batch, which sizes its compute buffer."""
OTHER_ENGINES_MAX_SEQS: Final = 2048
"""TensorRT-LLM's max_batch_size, and the largest batch of the measured offline set-ups."""
LARGE_CARD_GIB: Final = 70
"""From here on vLLM's server takes 1,024 sequences and 8,192 batched tokens, below 256 and 2,048 (memory.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """What a launch line sets, with the engine's own defaults filled in."""

    engine: Engine
    version: Version | None
    memory_fraction: float
    max_num_seqs: int
    max_num_batched_tokens: int


def engine_settings(
    engine: Engine,
    version: Version | None,
    capacity_bytes: float,
    *,
    memory_fraction: float | None = None,
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
) -> EngineSettings:
    """The settings with gaps filled: V1 on cards of 70 GiB and more 1,024 sequences, else 256."""
    is_large = capacity_bytes >= LARGE_CARD_GIB * GIB
    is_v1 = engine.since >= (0, 11) or version is None
    most = (1024 if is_large and is_v1 else 256) if engine.name == "vllm" else OTHER_ENGINES_MAX_SEQS
    return EngineSettings(
        engine=engine,
        version=version,
        memory_fraction=memory_fraction or engine.memory_fraction,
        max_num_seqs=max_num_seqs or most,
        max_num_batched_tokens=max_num_batched_tokens or (8192 if is_large else 2048),
    )


@dataclass(frozen=True, slots=True)
class SequenceCache:
    """What one request holds on one GPU: its state, and the bytes of a token with the most tokens kept, by reach."""

    state_bytes: float
    reaches: tuple[tuple[float, int | None], ...]

    @property
    def is_even(self) -> bool:
        """Whether every token costs the same: no state, no window."""
        return not self.state_bytes and all(most is None for _, most in self.reaches)

    def bytes_at(self, context_tokens: int) -> float:
        """Cache and state at that context, in whole blocks."""
        held = -(-context_tokens // BLOCK_TOKENS) * BLOCK_TOKENS
        cache = (size * (held if most is None else min(held, most)) for size, most in self.reaches)
        return self.state_bytes + sum(cache)

    def longest_tokens(self, budget_bytes: float, most_tokens: int) -> int:
        """The longest context that lies under the budget, at most `most_tokens`."""
        if self.bytes_at(most_tokens) <= budget_bytes:
            return most_tokens
        low, high = 0, most_tokens // BLOCK_TOKENS  # blocks that fit, and the most that may
        while low < high:
            middle = (low + high + 1) // 2
            if self.bytes_at(middle * BLOCK_TOKENS) <= budget_bytes:
                low = middle
            else:
                high = middle - 1
        return low * BLOCK_TOKENS


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


def memory_estimate(
    spec: ModelSpec,
    plan: WeightPlan,
    layout: Layout,
    settings: EngineSettings,
    *,
    capacity_bytes: float,
    cache_format: str,
    context_tokens: int,
    sequences: float = 1.0,
) -> MemoryEstimate:
    """The fullest GPU of one replica. `sequences` are those of the whole replica at once."""
    engine = settings.engine
    cache_bytes = cache_bytes_per_element(cache_format)
    usable = settings.memory_fraction * capacity_bytes
    weights = rank_weight_bytes(spec, plan, layout)
    activation = activation_bytes(spec, layout, settings)
    graphs = graph_bytes(spec, layout) if engine.name == "vllm" else 0.0
    overhead = engine.non_torch_bytes_gib(layout.tensor * layout.data, layout.pipeline) * GIB
    overhead += graphs if engine.graphs_in_budget else 0.0
    pool = max(0.0, usable - weights - activation - overhead)
    cache = rank_sequence_cache(spec, layout, settings, cache_bytes)
    sequence = cache.bytes_at(context_tokens)
    needed = layout_bytes_per_token(spec, layout, cache_bytes)
    per_token = needed if cache.is_even else sequence / context_tokens  # what the pool is divided by to state tokens
    if engine.bills_windows_in_full:
        per_token = full_bytes_per_token(spec, layout, settings, cache_bytes)
    return MemoryEstimate(
        capacity_bytes=capacity_bytes,
        usable_bytes=usable,
        weights_bytes=weights,
        activation_bytes=activation,
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


# -- weights ------------------------------------------------------------------------------------------------------


def rank_weight_bytes(spec: ModelSpec, plan: WeightPlan, layout: Layout) -> float:
    """Weights on the fullest rank as loaded."""
    layers = sum(group.count * group_weight_bytes(group, plan, layout) for group in spec.all_groups)
    return layers * stage_share(spec, layout) + _ends_bytes(spec, plan, layout)


def stage_share(spec: ModelSpec, layout: Layout) -> float:
    """Share of the layers on the fullest pipeline stage: whole layers, rounded up."""
    layers = max(1, spec.headline.num_hidden_layers)
    return math.ceil(layers / layout.pipeline) / layers


def group_weight_bytes(group: LayerGroup, plan: WeightPlan, layout: Layout) -> float:
    """Weights of one layer of the group on one rank."""
    total = group.other_parameters * plan.vector_bytes
    if group.mixer is not None:
        part = plan.of("recurrent" if group.mixer.is_recurrent else "attention")
        total += group.mixer.rank_matrix_parameters(layout.tensor) * part.bytes_per_weight
        total += group.mixer.vector_parameters * plan.vector_bytes
        total += _absorbed_bytes(group, layout)
    feed_forward = group.feed_forward
    if isinstance(feed_forward, MixtureOfExperts):
        total += _expert_bytes(feed_forward, plan, layout)
    elif feed_forward is not None:
        total += feed_forward.matrix_parameters * plan.of("dense").bytes_per_weight / layout.tensor
        total += feed_forward.vector_parameters * plan.vector_bytes
    return total


def _absorbed_bytes(group: LayerGroup, layout: Layout) -> float:
    """MLA's up-projection kept once more in 16 bit, absorbed into queries and outputs (memory.md: +2 to +7 % on R1)."""
    if isinstance(group.mixer, LatentAttention):
        return 2.0 * group.mixer.up_projection_parameters / layout.tensor
    return 0.0


def _expert_bytes(experts: MixtureOfExperts, plan: WeightPlan, layout: Layout) -> float:
    part = plan.of("experts")
    routed = experts.num_experts * experts.expert_matrix_parameters / layout.stage_gpus
    padded = (
        -(-experts.expert_intermediate_size // MXFP4_PADDED_WIDTH)
        * MXFP4_PADDED_WIDTH
        / experts.expert_intermediate_size
    )
    padding = padded if part.format.name == "mxfp4" else 1.0
    biases = experts.num_experts * experts.expert_vector_parameters / layout.stage_gpus
    total = routed * part.bytes_per_weight * padding + biases * plan.vector_bytes
    total += experts.shared_parameters * plan.of("shared").bytes_per_weight / layout.tensor
    total += experts.shared_vector_parameters * plan.vector_bytes
    return total + experts.router_parameters * plan.of("router").bytes_per_weight


def _ends_bytes(spec: ModelSpec, plan: WeightPlan, layout: Layout) -> float:
    """Embedding, head, towers, final norms and the rotary table on the fullest end of the pipeline."""
    embedding = spec.embedding_parameters * plan.of("embedding").bytes_per_weight / layout.tensor
    embedding += spec.per_layer_embedding_parameters * plan.of("embedding").bytes_per_weight / layout.tensor
    embedding += spec.vision_parameters * plan.of("vision").bytes_per_weight / layout.tensor
    embedding += spec.audio_parameters * plan.of("audio").bytes_per_weight / layout.tensor
    head = spec.output_head_parameters * plan.of("output_head").bytes_per_weight / layout.tensor
    if layout.pipeline > 1 and spec.output_head_parameters == 0 and spec.headline.tie_word_embeddings:
        head = embedding  # both ends hold the tied matrix
    ends = max(embedding, head) if layout.pipeline > 1 else embedding + head
    return ends + spec.other_parameters * plan.vector_bytes + _rotary_table_bytes(spec)


def _rotary_table_bytes(spec: ModelSpec) -> float:
    """Cosines and sines for every position: max_position x head_dim x 2 B (memory.md: Llama-3.1 0.031 GiB)."""
    head = spec.headline
    return 2.0 * (head.max_position_embeddings or 0) * (head.head_dim or 0)


# -- cache --------------------------------------------------------------------------------------------------------


def layout_bytes_per_token(spec: ModelSpec, layout: Layout, cache_bytes: float) -> float:
    """What one more token of context needs on one GPU, over the layers whose cache grows."""
    total = 0.0
    for group in spec.layers:
        mixer = group.mixer
        if mixer is not None and mixer.window_tokens is None and mixer.cache_elements_per_token:
            total += group.count * token_bytes(mixer, cache_bytes) / mixer.cache_shards(layout.tensor)
    return total * stage_share(spec, layout)


def token_bytes(mixer: Mixer, cache_bytes: float) -> float:
    """Bytes of one token in one layer; a sparse indexer's keys stay in FP8 with their scales, whatever the rest."""
    index = mixer.index_elements_per_token
    return (mixer.cache_elements_per_token - index) * cache_bytes + index * INDEX_BYTES


def full_bytes_per_token(spec: ModelSpec, layout: Layout, settings: EngineSettings, cache_bytes: float) -> float:
    """Every layer as if it held the whole context; vLLM pads the kinds of layers into groups of one size."""
    kinds = layer_kinds(spec)
    if not kinds:
        return 0.0
    rank_bytes = [token_bytes(mixer, cache_bytes) / mixer.cache_shards(layout.tensor) for _, mixer in kinds]
    if settings.engine.pads_layer_groups and len(kinds) > 1:
        size = group_size([count for count, _ in kinds])
        layers = sum(math.ceil(count / size) * size for count, _ in kinds)
        return layers * max(rank_bytes) * stage_share(spec, layout)
    total = sum(count * per_layer for (count, _), per_layer in zip(kinds, rank_bytes, strict=True))
    return total * stage_share(spec, layout)


def layer_kinds(spec: ModelSpec) -> list[tuple[int, Mixer]]:
    """Layers that hold a cache or state, as (count, one of them), a row for each reach and width."""
    kinds: dict[tuple[int | None, bool, int], tuple[int, Mixer]] = {}
    for group in spec.layers:
        mixer = group.mixer
        if mixer is not None and (mixer.cache_elements_per_token or mixer.is_recurrent):
            key = (mixer.window_tokens, mixer.is_recurrent, mixer.cache_elements_per_token)
            kinds[key] = (kinds.get(key, (0, mixer))[0] + group.count, mixer)
    return list(kinds.values())


def group_size(counts: list[int]) -> int:
    """Layers in one of vLLM's cache groups: the smallest kind's count, or the largest's where they are close.

    Gemma-3-27B, 10 full and 52 sliding: groups of 10, 70 layers billed; gpt-oss, 18 and 18: 36.
    """
    least, most = min(counts), max(counts)
    return most if most < least * 1.25 else least


def rank_sequence_cache(spec: ModelSpec, layout: Layout, settings: EngineSettings, cache_bytes: float) -> SequenceCache:
    """Cache and state of one request on one GPU, as the engine holds them."""
    share, state = stage_share(spec, layout), 0.0
    reaches: dict[int | None, float] = {}
    for group in spec.layers:
        mixer = group.mixer
        if mixer is None:
            continue
        copies = share * group.count / mixer.cache_shards(layout.tensor)
        state += copies * (4.0 * mixer.recurrent_state_elements + 2.0 * mixer.conv_state_elements)
        if isinstance(mixer, CompressedAttention):
            state += copies * mixer.side_window_elements * cache_bytes
        most = _most_held_tokens(mixer.window_tokens, settings)
        reaches[most] = reaches.get(most, 0.0) + copies * token_bytes(mixer, cache_bytes)
    return SequenceCache(state, tuple((size, most) for most, size in reaches.items()))


def rank_sequence_bytes(
    spec: ModelSpec, layout: Layout, settings: EngineSettings, cache_bytes: float, context_tokens: int
) -> float:
    """Cache and state of one request at the context on one GPU, as the engine holds them."""
    return rank_sequence_cache(spec, layout, settings, cache_bytes).bytes_at(context_tokens)


def _most_held_tokens(window_tokens: int | None, settings: EngineSettings) -> int | None:
    """Tokens a layer keeps at most: a window its reach and the batch being prefilled, in whole blocks, as vLLM does."""
    if window_tokens is None or settings.engine.name in {"sglang", "trtllm"}:
        return None
    batched = LLAMA_CPP_UBATCH_TOKENS if settings.engine.name == "llama.cpp" else settings.max_num_batched_tokens
    return -(-(window_tokens - 1 + batched) // BLOCK_TOKENS) * BLOCK_TOKENS


# -- activations and graphs ---------------------------------------------------------------------------------------


def activation_bytes(spec: ModelSpec, layout: Layout, settings: EngineSettings) -> float:
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
    floor = batched * 2.0 * (3.0 * widest / layout.tensor + 3.0 * head.hidden_size)
    return max(sampler + hidden + _expert_activation_bytes(spec, layout, batched), floor)


def _dense_width(group: LayerGroup) -> int:
    return group.feed_forward.intermediate_size if isinstance(group.feed_forward, DenseFeedForward) else 0


def _expert_activation_bytes(spec: ModelSpec, layout: Layout, batched: int) -> float:
    """Batched x top_k x (H + max(2 N / TP, H)) x 2 B, of the widest experts."""
    width = spec.headline.hidden_size
    peaks = (
        batched * f.num_experts_per_tok * (width + max(2 * f.expert_intermediate_size / layout.tensor, width)) * 2.0
        for f in (group.feed_forward for group in spec.layers)
        if isinstance(f, MixtureOfExperts)
    )
    return max(peaks, default=0.0)


def graph_bytes(spec: ModelSpec, layout: Layout) -> float:
    """CUDA graphs of one rank: 0.54 GiB + 0.013 GiB for each of its layers."""
    layers = math.ceil(spec.headline.num_hidden_layers / layout.pipeline)
    return (GRAPH_BASE_GIB + GRAPH_GIB_PER_LAYER * layers) * GIB
