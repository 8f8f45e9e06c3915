"""What one request holds in the cache of one rank: split over KV heads as far as there are any, in whole blocks.

Two counts are given: what the layout needs, and what the named engine bills. They differ where layers slide or recur:
vLLM pads layers into equal groups and, up to 0.20, bills each as if it held the whole context.
Source: memory.md, section 2.
"""

import math
from dataclasses import dataclass
from typing import Final

from estimator.attention import Mixer
from estimator.compressed_attention import CompressedAttention
from estimator.engine_settings import LLAMA_CPP_UBATCH_TOKENS, EngineSettings
from estimator.model_spec import ModelSpec

BLOCK_TOKENS: Final = 16
"""vLLM's cache block (memory_truth: block_size 16)."""
INDEX_BYTES: Final = 132 / 128
"""A sparse indexer's key of 128 elements takes 132 B: FP8 and one scale (memory.md, section 2, fact 3)."""
ROUNDING: Final = 1e-9
"""What sums and differences of layers leave of nothing."""
LONGEST_CONTEXT_TOKENS: Final = 2**24
"""Where the search for the longest context stops when the model states no maximum."""


@dataclass(frozen=True, slots=True)
class SequenceCache:
    """What one request holds on one GPU: its state, and the bytes of a token with the most tokens kept, by reach."""

    state_bytes: float
    reaches: tuple[tuple[float, int | None], ...]

    @property
    def is_even(self) -> bool:
        """Whether every token costs the same: no state, no window."""
        return not self.state_bytes and all(most is None for _, most in self.reaches)

    def scaled(self, share: float) -> "SequenceCache":
        """That share of the layers."""
        return SequenceCache(self.state_bytes * share, tuple([(share * size, most) for size, most in self.reaches]))

    def bytes_at(self, context_tokens: int) -> float:
        """Cache and state at that context, in whole blocks."""
        held = -(-context_tokens // BLOCK_TOKENS) * BLOCK_TOKENS
        cache = [size * (held if most is None or most > held else most) for size, most in self.reaches]
        return self.state_bytes + sum(cache)

    def longest_tokens(self, budget_bytes: float, most_tokens: int) -> int:
        """The longest context that lies under the budget, at most `most_tokens`."""
        if self.bytes_at(most_tokens) <= budget_bytes:
            return most_tokens
        growing = all_of_them = sum([size for size, _ in self.reaches])
        left = budget_bytes - self.state_bytes
        for most, size in sorted([(most, size) for size, most in self.reaches if most is not None]):
            if left <= growing * most:
                break  # the budget ends before this window is full
            left, growing = left - size * most, growing - size
        is_growing = growing > ROUNDING * all_of_them
        tokens = min(max(0.0, left / growing), most_tokens) if is_growing else 0.0
        blocks = min(int(tokens) + 1, most_tokens) // BLOCK_TOKENS
        while blocks and self.bytes_at(blocks * BLOCK_TOKENS) > budget_bytes:
            blocks -= 1  # a rounding of the division at most
        return blocks * BLOCK_TOKENS


def layout_bytes_per_token(spec: ModelSpec, tensor: int, cache_bytes: float) -> float:
    """What one more token of context needs on one tensor rank, over the layers whose cache grows."""
    total = 0.0
    for group in spec.layers:
        mixer = group.mixer
        if mixer is not None and mixer.window_tokens is None and mixer.cache_elements_per_token:
            total += group.count * token_bytes(mixer, cache_bytes) / mixer.cache_shards(tensor)
    return total


def token_bytes(mixer: Mixer, cache_bytes: float) -> float:
    """Bytes of one token in one layer; a sparse indexer's keys stay in FP8 with their scales, whatever the rest."""
    index = mixer.index_elements_per_token
    return (mixer.cache_elements_per_token - index) * cache_bytes + index * INDEX_BYTES


def full_bytes_per_token(spec: ModelSpec, tensor: int, settings: EngineSettings, cache_bytes: float) -> float:
    """Every layer as if it held the whole context; vLLM pads the kinds of layers into groups of one size."""
    kinds = layer_kinds(spec)
    if not kinds:
        return 0.0
    rank_bytes = [token_bytes(mixer, cache_bytes) / mixer.cache_shards(tensor) for _, mixer in kinds]
    if settings.engine.pads_layer_groups and len(kinds) > 1:
        size = group_size([count for count, _ in kinds])
        layers = sum(math.ceil(count / size) * size for count, _ in kinds)
        return layers * max(rank_bytes)
    return sum(count * per_layer for (count, _), per_layer in zip(kinds, rank_bytes, strict=True))


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


def rank_sequence_cache(spec: ModelSpec, tensor: int, settings: EngineSettings, cache_bytes: float) -> SequenceCache:
    """Cache and state of one request on one tensor rank in all layers, as the engine holds them."""
    state = 0.0
    reaches: dict[int | None, float] = {}
    for group in spec.layers:
        mixer = group.mixer
        if mixer is None:
            continue
        copies = group.count / mixer.cache_shards(tensor)
        state += copies * (4.0 * mixer.recurrent_state_elements + 2.0 * mixer.conv_state_elements)
        if isinstance(mixer, CompressedAttention):
            state += copies * mixer.side_window_elements * cache_bytes
        most = _most_held_tokens(mixer.window_tokens, settings)
        reaches[most] = reaches.get(most, 0.0) + copies * token_bytes(mixer, cache_bytes)
    return SequenceCache(state, tuple((size, most) for most, size in reaches.items()))


def _most_held_tokens(window_tokens: int | None, settings: EngineSettings) -> int | None:
    """Tokens a layer keeps at most: a window its reach and the batch being prefilled, in whole blocks, as vLLM does."""
    if window_tokens is None or settings.engine.name in {"sglang", "trtllm"}:
        return None
    batched = LLAMA_CPP_UBATCH_TOKENS if settings.engine.name == "llama.cpp" else settings.max_num_batched_tokens
    return -(-(window_tokens - 1 + batched) // BLOCK_TOKENS) * BLOCK_TOKENS
