"""A decoder of Llama's shape with random weights in plain PyTorch: what a step does, without an engine around it."""

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

Tensor = Any


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes by the names of config.json; the defaults are those of Llama-3.1-8B."""

    num_hidden_layers: int = 32
    hidden_size: int = 4096
    num_attention_heads: int = 32
    num_key_value_heads: int = 8
    head_dim: int = 128
    intermediate_size: int = 14336
    vocab_size: int = 128256


class Decoder:
    """Weights and the two things that are timed: a prompt, and a step with a cache. Rotation costs little: left out."""

    def __init__(self, shape: Shape, device: str, dtype: Any) -> None:
        self.shape, self.device, self.dtype = shape, device, dtype
        hidden, keys = shape.hidden_size, shape.num_key_value_heads * shape.head_dim
        queries = shape.num_attention_heads * shape.head_dim
        self.embedding = self._random(shape.vocab_size, hidden)
        self.head = self._random(shape.vocab_size, hidden)
        self.layers = [
            {
                "qkv": self._random(queries + 2 * keys, hidden),
                "out": self._random(hidden, queries),
                "up": self._random(2 * shape.intermediate_size, hidden),
                "down": self._random(hidden, shape.intermediate_size),
            }
            for _ in range(shape.num_hidden_layers)
        ]

    def empty_cache(self, batch: int, context_tokens: int) -> list[Tensor]:
        """Keys and values of every layer, random: what they hold costs nothing."""
        s = self.shape
        sizes = (2, batch, s.num_key_value_heads, context_tokens, s.head_dim)
        return [torch.randn(*sizes, device=self.device, dtype=self.dtype) for _ in range(s.num_hidden_layers)]

    def prompt(self, tokens: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits of the last place and the cache, for (batch, length) tokens."""
        states, cache = self.embedding[tokens], []
        for layer in self.layers:
            query, key, value = self._project(layer, states)
            cache.append(torch.stack((key, value)))
            mixed = self._attend(query, key, value, is_causal=True)
            states = self._rest(layer, states, mixed)
        return self._logits(states[:, -1:]), cache

    def step(self, tokens: Tensor, cache: list[Tensor]) -> Tensor:
        """Logits of one more token for each sequence; its key and value take the last place of the cache."""
        states = self.embedding[tokens]
        for layer, held in zip(self.layers, cache, strict=True):
            query, key, value = self._project(layer, states)
            held[0, :, :, -1:], held[1, :, :, -1:] = key, value
            mixed = self._attend(query, held[0], held[1], is_causal=False)
            states = self._rest(layer, states, mixed)
        return self._logits(states)

    def _project(self, layer: dict[str, Tensor], states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        s = self.shape
        batch, length, _ = states.shape
        mixed = functional.linear(self._norm(states), layer["qkv"]).view(batch, length, -1, s.head_dim).transpose(1, 2)
        heads = (s.num_attention_heads, s.num_key_value_heads, s.num_key_value_heads)
        query, key, value = mixed.split(heads, dim=1)
        return query, key, value

    @staticmethod
    def _attend(query: Tensor, key: Tensor, value: Tensor, *, is_causal: bool) -> Tensor:
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=is_causal, enable_gqa=True)
        return mixed.transpose(1, 2).flatten(2)

    def _rest(self, layer: dict[str, Tensor], states: Tensor, mixed: Tensor) -> Tensor:
        states = states + functional.linear(mixed, layer["out"])
        gate, up = functional.linear(self._norm(states), layer["up"]).chunk(2, dim=-1)
        return states + functional.linear(functional.silu(gate) * up, layer["down"])

    def _logits(self, states: Tensor) -> Tensor:
        return functional.linear(self._norm(states), self.head)

    @staticmethod
    def _norm(states: Tensor) -> Tensor:
        return functional.rms_norm(states, states.shape[-1:])

    def _random(self, *sizes: int) -> Tensor:
        return torch.randn(*sizes, device=self.device, dtype=self.dtype) * sizes[-1] ** -0.5
