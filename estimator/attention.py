"""Kinds of softmax attention: what each holds, stores, reads and computes.

Question: what does one layer of attention cost? Every kind answers the same few questions about itself.

    parameters           matrices (which a format may quantize) and vectors (biases, q/k norms: never quantized)
    cache elements       keys and values stored for one token in reach, per layer
    reach                how many tokens back a layer stores: all, or a window
    attended             how many of those it reads per decoded token: all in reach, or a sparse top-k
    score flops          2 x (key width + value width) x heads, per query token and attended token

Numbers: Llama-3.1-8B has 32 layers of 2 x 8 x 128 elements: 32 x 2,048 x 2 B = 131,072 B per token.
DeepSeek-V3 has 61 layers of 512 + 64 elements: 61 x 576 x 2 B = 70,272 B per token, on every rank.
Caveat: no padding to an engine's block size here; that is memory's business.
"""

from dataclasses import dataclass
from typing import Protocol


class Mixer(Protocol):
    """The questions that every kind of attention or recurrence answers, per layer."""

    @property
    def is_recurrent(self) -> bool:
        """Whether the layer keeps a fixed state instead of a cache that grows."""

    @property
    def matrix_parameters(self) -> int:
        """Parameters in matrices, which a weight format may quantize."""

    @property
    def vector_parameters(self) -> int:
        """Parameters in vectors (biases, inner norms), which stay in 16 bit."""

    @property
    def cache_elements_per_token(self) -> int:
        """Elements stored for one token in reach; 0 where the layer has no cache of its own."""

    @property
    def index_elements_per_token(self) -> int:
        """Those of the cached elements that are a sparse indexer's keys; engines keep them in FP8 whatever the rest."""

    @property
    def window_tokens(self) -> int | None:
        """How far back the layer stores, None for the whole context."""

    @property
    def recurrent_state_elements(self) -> int:
        """Elements of the recurrent state of one sequence (engines keep it in fp32)."""

    @property
    def conv_state_elements(self) -> int:
        """Elements of the convolution state of one sequence (kept in 16 bit)."""

    def attended_tokens(self, context_tokens: float) -> float:
        """Cached tokens read to decode one token at that context."""

    def stored_elements(self, context_tokens: float) -> float:
        """Cache elements held for one sequence of that length."""

    def read_elements(self, context_tokens: float) -> float:
        """Cache elements read to decode one token of one sequence."""

    def decode_flops(self, context_tokens: float) -> float:
        """Operations of scores and weighted values for one decoded token."""

    def prefill_flops(self, prompt_tokens: float) -> float:
        """Operations of scores and weighted values for a whole prompt, causal."""

    def cache_shards(self, tensor: int) -> int:
        """Over how many of `tensor` ranks the cache divides; the rest hold copies."""

    def rank_matrix_parameters(self, tensor: int) -> float:
        """Matrix parameters that one of `tensor` ranks holds."""


def _in_reach(context_tokens: float, window_tokens: int | None) -> float:
    return context_tokens if window_tokens is None else min(context_tokens, window_tokens)


def _causal_pairs(prompt_tokens: float, window_tokens: int | None) -> float:
    """Query-key pairs of a causal prompt: S^2 / 2, or S x window less the first triangle."""
    reach = _in_reach(prompt_tokens, window_tokens)
    return prompt_tokens * reach - reach * reach / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedQueryAttention:
    """Multi-head, grouped-query or multi-query attention, full or in a sliding or chunked window.

    `has_cache` is False where a layer reads another layer's cache (KV sharing) or none at all.
    `has_value_projection` is False where the keys serve as values in the weights; the cache holds both.
    `index_elements_per_token` are the keys of a sparse indexer; `sparse_top_k` tokens are then read.
    `extra_matrix_parameters` are projections beyond q, k, v, o: output gates, indexers.
    """

    hidden_size: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    value_head_dim: int | None = None
    window_tokens: int | None = None
    has_cache: bool = True
    has_key_projection: bool = True
    has_value_projection: bool = True
    extra_matrix_parameters: int = 0
    vector_parameters: int = 0
    sparse_top_k: int | None = None
    index_elements_per_token: int = 0

    @property
    def is_recurrent(self) -> bool:
        """False: the cache grows with the context, or with the window."""
        return False

    @property
    def value_width(self) -> int:
        """Width of one value head."""
        return self.head_dim if self.value_head_dim is None else self.value_head_dim

    @property
    def query_and_output_parameters(self) -> int:
        """Matrices of q and o."""
        return self.hidden_size * self.num_attention_heads * (self.head_dim + self.value_width)

    @property
    def key_and_value_parameters(self) -> int:
        """Matrices of k and v, where the layer has them."""
        widths = self.head_dim * self.has_key_projection + self.value_width * self.has_value_projection
        return self.hidden_size * self.num_key_value_heads * widths

    @property
    def matrix_parameters(self) -> int:
        """q, k, v, o and what stands in `extra_matrix_parameters`."""
        return self.query_and_output_parameters + self.key_and_value_parameters + self.extra_matrix_parameters

    @property
    def cache_elements_per_token(self) -> int:
        """Keys and values of every KV head, and the indexer's keys."""
        if not self.has_cache:
            return 0
        return self.num_key_value_heads * (self.head_dim + self.value_width) + self.index_elements_per_token

    @property
    def recurrent_state_elements(self) -> int:
        """None."""
        return 0

    @property
    def conv_state_elements(self) -> int:
        """None."""
        return 0

    def attended_tokens(self, context_tokens: float) -> float:
        """All tokens in reach, at most the sparse top-k."""
        reach = _in_reach(context_tokens, self.window_tokens)
        return reach if self.sparse_top_k is None else min(reach, self.sparse_top_k)

    def stored_elements(self, context_tokens: float) -> float:
        """Keys and values of the tokens in reach."""
        return self.cache_elements_per_token * _in_reach(context_tokens, self.window_tokens)

    def read_elements(self, context_tokens: float) -> float:
        """Keys and values of the attended tokens, and every index key in reach.

        A layer that shares another's cache still reads it.
        """
        own = self.num_key_value_heads * (self.head_dim + self.value_width)
        index = self.index_elements_per_token * _in_reach(context_tokens, self.window_tokens)
        return own * self.attended_tokens(context_tokens) + index

    def decode_flops(self, context_tokens: float) -> float:
        """2 x heads x (key width + value width) for each attended token."""
        return self._pair_flops * self.attended_tokens(context_tokens)

    def prefill_flops(self, prompt_tokens: float) -> float:
        """2 x heads x (key width + value width) for each causal pair."""
        return self._pair_flops * _causal_pairs(prompt_tokens, self.window_tokens or self.sparse_top_k)

    @property
    def _pair_flops(self) -> int:
        return 2 * self.num_attention_heads * (self.head_dim + self.value_width)

    def cache_shards(self, tensor: int) -> int:
        """KV heads split over ranks until each has one; more ranks hold copies."""
        return min(tensor, self.num_key_value_heads)

    def rank_matrix_parameters(self, tensor: int) -> float:
        """Q and o split over all ranks, k and v over at most one rank a head."""
        split = (self.query_and_output_parameters + self.extra_matrix_parameters) / tensor
        return split + self.key_and_value_parameters / self.cache_shards(tensor)


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseIndexer:
    """The small attention that picks which tokens a sparse layer reads (DeepSeek sparse attention).

    `matrix_parameters` and `vector_parameters` are 0 and `has_cache` False where a layer reuses another's picks.
    """

    head_dim: int
    num_heads: int
    top_k: int
    matrix_parameters: int = 0
    vector_parameters: int = 0
    has_cache: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentAttention:
    """Multi-head latent attention (MLA): one compressed vector per token, shared by all heads.

    The cache is kv_lora_rank + qk_rope_head_dim elements, and every tensor-parallel rank holds all of it.
    `num_key_value_heads` of such configs means nothing for the cache.
    """

    hidden_size: int
    num_attention_heads: int
    q_lora_rank: int | None
    kv_lora_rank: int
    qk_nope_head_dim: int
    qk_rope_head_dim: int
    v_head_dim: int
    vector_parameters: int = 0
    extra_matrix_parameters: int = 0
    indexer: SparseIndexer | None = None

    @property
    def is_recurrent(self) -> bool:
        """False: the latent cache grows with the context."""
        return False

    @property
    def window_tokens(self) -> int | None:
        """None: the whole context."""
        return None

    @property
    def query_width(self) -> int:
        """Width of one query head."""
        return self.qk_nope_head_dim + self.qk_rope_head_dim

    @property
    def replicated_parameters(self) -> int:
        """The down-projections (q_a, kv_a) and the indexer, which every rank holds in full."""
        down = self.hidden_size * (self.kv_lora_rank + self.qk_rope_head_dim)
        down += self.hidden_size * self.q_lora_rank if self.q_lora_rank else 0
        return down + (self.indexer.matrix_parameters if self.indexer else 0)

    @property
    def up_projection_parameters(self) -> int:
        """kv_b: from the latent to keys and values of every head."""
        return self.kv_lora_rank * self.num_attention_heads * (self.qk_nope_head_dim + self.v_head_dim)

    @property
    def split_parameters(self) -> int:
        """q_b (or q), kv_b and o, which are split by heads."""
        queries = (self.q_lora_rank or self.hidden_size) * self.num_attention_heads * self.query_width
        output = self.num_attention_heads * self.v_head_dim * self.hidden_size
        return queries + self.up_projection_parameters + output + self.extra_matrix_parameters

    @property
    def matrix_parameters(self) -> int:
        """All projections."""
        return self.replicated_parameters + self.split_parameters

    @property
    def index_elements_per_token(self) -> int:
        """The indexer's key, where the layer keeps one of its own."""
        return self.indexer.head_dim if self.indexer and self.indexer.has_cache else 0

    @property
    def cache_elements_per_token(self) -> int:
        """The latent, the rotary key, and the indexer's key."""
        return self.kv_lora_rank + self.qk_rope_head_dim + self.index_elements_per_token

    @property
    def recurrent_state_elements(self) -> int:
        """None."""
        return 0

    @property
    def conv_state_elements(self) -> int:
        """None."""
        return 0

    def attended_tokens(self, context_tokens: float) -> float:
        """The whole context, or the indexer's top-k of it."""
        return min(context_tokens, self.indexer.top_k) if self.indexer else context_tokens

    def stored_elements(self, context_tokens: float) -> float:
        """The latents of the whole context."""
        return self.cache_elements_per_token * context_tokens

    def read_elements(self, context_tokens: float) -> float:
        """The attended latents, and every index key of the context."""
        latent = (self.kv_lora_rank + self.qk_rope_head_dim) * self.attended_tokens(context_tokens)
        return latent + self.index_elements_per_token * context_tokens

    def decode_flops(self, context_tokens: float) -> float:
        """Absorbed form: scores over latent and rotary widths, values over the latent."""
        per_token = 2 * self.num_attention_heads * (2 * self.kv_lora_rank + self.qk_rope_head_dim)
        return per_token * self.attended_tokens(context_tokens)

    def prefill_flops(self, prompt_tokens: float) -> float:
        """Unabsorbed form: scores over the query width, values over the value width, causal pairs."""
        pairs = _causal_pairs(prompt_tokens, self.indexer.top_k if self.indexer else None)
        return 2 * self.num_attention_heads * (self.query_width + self.v_head_dim) * pairs

    def cache_shards(self, tensor: int) -> int:  # noqa: ARG002  # the answer does not depend on it: that is the point
        """One: every rank holds the whole latent (measured: memory.md, section 2, fact 2)."""
        return 1

    def rank_matrix_parameters(self, tensor: int) -> float:
        """Down-projections in full, the rest split by heads."""
        return self.replicated_parameters + self.split_parameters / tensor
