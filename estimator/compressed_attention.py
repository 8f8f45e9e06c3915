"""Compressed attention (DeepSeek-V4): a window of recent tokens, and one latent for every few older ones.

    stored(S) = head_dim x min(S, window) + (head_dim + index key) x S / ratio

Numbers: V4-Flash keeps 512 elements for each of the last 128 tokens in all 43 layers, a latent of 512 and an index
key of 128 per 4 tokens in 21 of them, and a latent of 512 per 128 tokens in 20: 6,880 B per token of context in
16 bit (arithmetic checked against a forward pass at 256 to 8,192 tokens). Keys serve as values: one vector each.
Caveat: what stands in a latent not yet full is not counted.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedAttention:
    """One layer with a single shared KV head: a window, and latents at `compression_ratio` tokens each.

    `compression_ratio` None is a layer of the window alone. `index_head_dim` is 0 where every latent is read,
    else the indexer's key of each latent, which picks `sparse_top_k` of them.
    """

    num_attention_heads: int
    head_dim: int
    side_window_tokens: int
    matrix_parameters: int
    vector_parameters: int = 0
    compression_ratio: int | None = None
    index_head_dim: int = 0
    sparse_top_k: int | None = None

    @property
    def is_recurrent(self) -> bool:
        """False: the latents grow with the context."""
        return False

    @property
    def window_tokens(self) -> int | None:
        """The window where nothing else is kept; None where latents grow."""
        return self.side_window_tokens if self.compression_ratio is None else None

    @property
    def side_window_elements(self) -> int:
        """Elements of the full window that a growing layer keeps beside its latents."""
        return 0 if self.compression_ratio is None else self.head_dim * self.side_window_tokens

    @property
    def cache_elements_per_token(self) -> int:
        """Latents and index keys per token of context; the window's vector where there are none (rounded up)."""
        ratio = self.compression_ratio
        return self.head_dim if ratio is None else -(-(self.head_dim + self.index_head_dim) // ratio)

    @property
    def index_elements_per_token(self) -> int:
        """Index keys per token of context (rounded up with the latents)."""
        return 0 if self.compression_ratio is None else self.index_head_dim // self.compression_ratio

    @property
    def recurrent_state_elements(self) -> int:
        """None."""
        return 0

    @property
    def conv_state_elements(self) -> int:
        """None."""
        return 0

    def _latents(self, context_tokens: float) -> float:
        return 0.0 if self.compression_ratio is None else context_tokens / self.compression_ratio

    def attended_tokens(self, context_tokens: float) -> float:
        """The window, and all latents or the indexer's top-k of them."""
        latents = self._latents(context_tokens)
        picked = latents if self.sparse_top_k is None else min(latents, self.sparse_top_k)
        return min(context_tokens, self.side_window_tokens) + picked

    def stored_elements(self, context_tokens: float) -> float:
        """The window, the latents and their index keys."""
        window = self.head_dim * min(context_tokens, self.side_window_tokens)
        return window + (self.head_dim + self.index_head_dim) * self._latents(context_tokens)

    def read_elements(self, context_tokens: float) -> float:
        """The attended vectors, and every index key."""
        return self.head_dim * self.attended_tokens(context_tokens) + self.index_head_dim * self._latents(
            context_tokens
        )

    def decode_flops(self, context_tokens: float) -> float:
        """2 x heads x (key width + value width) for each attended vector."""
        return 4 * self.num_attention_heads * self.head_dim * self.attended_tokens(context_tokens)

    def prefill_flops(self, prompt_tokens: float) -> float:
        """As if every token attended to what half the prompt shows."""
        return prompt_tokens * self.decode_flops(prompt_tokens / 2)

    def cache_shards(self, tensor: int) -> int:  # noqa: ARG002  # one shared head: the answer does not depend on it
        """One: every rank holds the single KV head."""
        return 1

    def rank_matrix_parameters(self, tensor: int) -> float:
        """Split over all ranks (the single KV head is small)."""
        return self.matrix_parameters / tensor
