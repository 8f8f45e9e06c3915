"""Feed-forward parts: one dense network, or experts of which each token uses a few.

A batch of T tokens that each pick k of E experts at random touches E x (1 - (1 - k/E)^T) of them in the mean:
256 experts, top 8: one token touches 8, 64 tokens touch 222. That is what a decode step reads.
"""

import math
from dataclasses import dataclass
from typing import Protocol


class FeedForward(Protocol):
    """The questions that every feed-forward part answers, per layer."""

    @property
    def matrix_parameters(self) -> int:
        """Parameters in matrices that a format may quantize (router apart)."""

    @property
    def vector_parameters(self) -> int:
        """Biases and inner norms."""

    @property
    def router_parameters(self) -> int:
        """The router, which stays in 16 bit or more."""

    @property
    def routed_parameters(self) -> int:
        """Parameters of all routed experts together."""

    @property
    def active_routed_parameters(self) -> float:
        """Routed parameters that one token uses."""

    @property
    def always_used_parameters(self) -> int:
        """Matrices every token uses: the dense network or the shared experts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseFeedForward:
    """Up and down (2 matrices), or gate, up and down (3, the gated forms SwiGLU and GeGLU)."""

    hidden_size: int
    intermediate_size: int
    is_gated: bool = True
    vector_parameters: int = 0

    @property
    def matrix_parameters(self) -> int:
        """2 or 3 matrices of hidden_size x intermediate_size."""
        return (3 if self.is_gated else 2) * self.hidden_size * self.intermediate_size

    @property
    def router_parameters(self) -> int:
        """None."""
        return 0

    @property
    def routed_parameters(self) -> int:
        """None."""
        return 0

    @property
    def active_routed_parameters(self) -> float:
        """None."""
        return 0.0

    @property
    def always_used_parameters(self) -> int:
        """All of it."""
        return self.matrix_parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureOfExperts:
    """Routed experts, top-k of them per token, and the shared part that every token uses.

    `expert_hidden_size` differs from the model's where experts act in a latent width (Nemotron-3 Super).
    `shared_parameters` are matrices every token uses beside the experts: shared experts, a dense MLP in parallel,
    latent projections. `expert_vector_parameters` are the biases of ONE expert (gpt-oss).
    """

    num_experts: int
    num_experts_per_tok: int
    expert_hidden_size: int
    expert_intermediate_size: int
    is_gated: bool = True
    shared_parameters: int = 0
    router_parameters: int = 0
    expert_vector_parameters: int = 0
    shared_vector_parameters: int = 0

    @property
    def expert_matrix_parameters(self) -> int:
        """Matrices of one expert."""
        return (3 if self.is_gated else 2) * self.expert_hidden_size * self.expert_intermediate_size

    @property
    def routed_parameters(self) -> int:
        """All routed experts, their biases included."""
        return self.num_experts * (self.expert_matrix_parameters + self.expert_vector_parameters)

    @property
    def matrix_parameters(self) -> int:
        """Matrices of all experts and of the shared part."""
        return self.num_experts * self.expert_matrix_parameters + self.shared_parameters

    @property
    def vector_parameters(self) -> int:
        """Biases of the experts and of the shared part."""
        return self.num_experts * self.expert_vector_parameters + self.shared_vector_parameters

    @property
    def active_routed_parameters(self) -> float:
        """K experts' worth."""
        return self.routed_parameters * self.num_experts_per_tok / self.num_experts

    @property
    def always_used_parameters(self) -> int:
        """The shared part."""
        return self.shared_parameters

    def expected_experts(self, tokens: float) -> float:
        """Distinct experts that `tokens` tokens touch, uniform routing: E (1 - (1 - k/E)^T)."""
        miss: float = 1.0 - self.num_experts_per_tok / self.num_experts
        return self.num_experts * (1.0 - math.pow(miss, tokens))
