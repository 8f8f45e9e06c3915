"""Latent attention in a sliding window: the latents of the last tokens and no older ones (dots3-note)."""

from dataclasses import dataclass

from estimator.attention import LatentAttention


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowedLatentAttention(LatentAttention):
    """A layer of latent attention that stores and reads `latent_window_tokens` back and no further."""

    latent_window_tokens: int

    @property
    def window_tokens(self) -> int | None:
        """The window."""
        return self.latent_window_tokens

    def attended_tokens(self, context_tokens: float) -> float:
        """The tokens in the window."""
        return min(context_tokens, self.latent_window_tokens)

    def stored_elements(self, context_tokens: float) -> float:
        """The latents of the tokens in the window."""
        return self.cache_elements_per_token * self.attended_tokens(context_tokens)

    def read_elements(self, context_tokens: float) -> float:
        """The latents of the tokens in the window."""
        return self.stored_elements(context_tokens)

    def prefill_flops(self, prompt_tokens: float) -> float:
        """Unabsorbed form over S x window pairs less the first triangle."""
        reach = self.attended_tokens(prompt_tokens)
        pairs = prompt_tokens * reach - reach * reach / 2
        return 2 * self.num_attention_heads * (self.query_width + self.v_head_dim) * pairs
