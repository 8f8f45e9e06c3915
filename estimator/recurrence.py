"""Recurrent mixers: a state of fixed size instead of a cache that grows.

Mamba, Mamba-2, gated delta rules, RWKV, RG-LRU and short convolutions differ in how many parameters and how
large a state they have; what serving asks of them is the same, so one class serves with those counts filled in
by the family that knows the formula.

Engines keep the recurrent state in fp32 and read and write it once for every token (memory.md, section 2, fact 5:
Qwen3.5-27B, 48 layers x 48 heads x 128 x 128 x 4 B = 144 MiB a sequence); the convolution's state stays in 16 bit.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """One recurrent layer. `kind` is the published name: mamba2, gated_delta_net, short_conv, rwkv, rg_lru, ..."""

    kind: str
    matrix_parameters: int
    vector_parameters: int = 0
    recurrent_state_elements: int = 0
    conv_state_elements: int = 0
    num_heads: int = 1

    @property
    def is_recurrent(self) -> bool:
        """True: the state does not grow with the context."""
        return True

    @property
    def window_tokens(self) -> int | None:
        """None: there is no cache."""
        return None

    @property
    def cache_elements_per_token(self) -> int:
        """None: the state stands apart."""
        return 0

    @property
    def index_elements_per_token(self) -> int:
        """None."""
        return 0

    def attended_tokens(self, context_tokens: float) -> float:  # noqa: ARG002  # same question as attention's
        """None: no tokens are read back."""
        return 0.0

    def stored_elements(self, context_tokens: float) -> float:  # noqa: ARG002  # as above
        """No cache; the state is counted by `recurrent_state_elements`."""
        return 0.0

    def read_elements(self, context_tokens: float) -> float:  # noqa: ARG002  # as above
        """No cache; the state is counted by `recurrent_state_elements`."""
        return 0.0

    def decode_flops(self, context_tokens: float) -> float:  # noqa: ARG002  # as above
        """Decay, update and read-out: three multiply-adds for each element of the state."""
        return 6.0 * self.recurrent_state_elements

    def prefill_flops(self, prompt_tokens: float) -> float:
        """The decode work for every token of the prompt (chunked scans do more operations, in fewer reads)."""
        return 6.0 * self.recurrent_state_elements * prompt_tokens

    def cache_shards(self, tensor: int) -> int:
        """The state splits by heads."""
        return min(tensor, self.num_heads)

    def rank_matrix_parameters(self, tensor: int) -> float:
        """Split over all ranks."""
        return self.matrix_parameters / tensor
