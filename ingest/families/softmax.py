"""Softmax attention as configs describe it: heads, biases, q/k norms, gates, sinks, windows.

`GroupedQuery` is a row of traits. Traps, with their witnesses: head_dim is not hidden_size / heads in Qwen3,
Gemma, gpt-oss, Mistral-Nemo; a bias may sit on q, k, v alone (Qwen2) or on all four (gpt-oss).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from estimator.attention import GroupedQueryAttention
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Flag, LayerMixers, by_kind, flag
from ingest.families.windows import WindowReader, full_context

QkNorm = Literal["none", "head", "width"]
"""No norm, one weight for each element of a head, or one for each element of all heads."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class Heads:
    """Widths of one attention layer."""

    hidden_size: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int


HeadsReader = Callable[[ConfigReader], Heads]


def read_heads(config: ConfigReader) -> Heads:
    """Heads, KV heads and head width; a silent config means one KV head a head, and hidden_size / heads."""
    hidden_size = config.positive_int("hidden_size")
    heads = config.positive_int("num_attention_heads")
    kv_heads = config.positive_int("num_key_value_heads", default=heads)
    if kv_heads > heads:
        raise config.malformed("num_key_value_heads", kv_heads, f"at most the {heads} attention heads")
    derived = hidden_size // heads or None
    head_dim = config.positive_int("head_dim", default=derived)
    return Heads(hidden_size=hidden_size, num_attention_heads=heads, num_key_value_heads=kv_heads, head_dim=head_dim)


def read_falcon_heads(config: ConfigReader) -> Heads:
    """Falcon: `num_kv_heads` with the new architecture, where `multi_query` is ignored; else one or all."""
    plain = read_heads(config)
    if config.boolean("new_decoder_architecture", default=False):
        kv_heads = config.positive_int("num_kv_heads", default=plain.num_attention_heads)
    else:
        kv_heads = 1 if config.boolean("multi_query", default=True) else plain.num_attention_heads
    return replace(plain, num_key_value_heads=kv_heads)


def read_multi_query_heads(config: ConfigReader) -> Heads:
    """GPTBigCode: one KV head where `multi_query` is set, and no key says so in numbers."""
    plain = read_heads(config)
    kv_heads = 1 if config.boolean("multi_query", default=True) else plain.num_attention_heads
    return replace(plain, num_key_value_heads=kv_heads)


def read_dbrx_heads(config: ConfigReader) -> Heads:
    """DBRX and MPT: KV heads inside `attn_config`."""
    plain = read_heads(config)
    inner = config.optional_section("attn_config")
    kv_heads = inner.positive_int("kv_n_heads", default=plain.num_attention_heads) if inner else None
    return replace(plain, num_key_value_heads=kv_heads or plain.num_attention_heads)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class GroupedQuery:
    """Traits of a family's attention. Called with a config, it gives the mixer of each layer.

    `is_gated` adds a gate as wide as the queries (biased as they are with `gate_bias`), `head_gate` one value a head;
    `has_sinks` a learned logit a head.
    """

    qkv_bias: Flag = False
    output_bias: Flag = False
    qk_norm: QkNorm = "none"
    has_qk_norm: Flag = True
    qk_norm_bias: bool = False
    is_gated: Flag = False
    gate_bias: bool = False
    head_gate: Flag = False
    has_sinks: bool = False
    windows: WindowReader = full_context
    heads: HeadsReader = read_heads
    layers_key: str = "num_hidden_layers"

    def __call__(self, config: ConfigReader) -> LayerMixers:
        """The mixer of each layer."""
        windows = self.windows(config, config.layer_count(self.layers_key))
        heads = self.heads(config)
        return by_kind(windows, lambda window: self.mixer(config, heads, window))

    def mixer(self, config: ConfigReader, heads: Heads, window: int | None) -> GroupedQueryAttention:
        """One layer of those heads and that window."""
        per_head = heads.head_dim * flag(config, self.is_gated) + flag(config, self.head_gate)
        return GroupedQueryAttention(
            hidden_size=heads.hidden_size,
            num_attention_heads=heads.num_attention_heads,
            num_key_value_heads=heads.num_key_value_heads,
            head_dim=heads.head_dim,
            window_tokens=window,
            extra_matrix_parameters=heads.hidden_size * heads.num_attention_heads * per_head,
            vector_parameters=self.vectors(config, heads),
        )

    def vectors(self, config: ConfigReader, heads: Heads) -> int:
        """Biases, q/k norms and sinks of one layer."""
        query, key = heads.num_attention_heads * heads.head_dim, heads.num_key_value_heads * heads.head_dim
        gate = query if self.gate_bias and flag(config, self.is_gated) else 0
        biases = query + gate + 2 * key if flag(config, self.qkv_bias) else 0
        biases += heads.hidden_size if flag(config, self.output_bias) else 0
        norms = {"none": 0, "head": 2 * heads.head_dim, "width": query + key}[self.qk_norm]
        norms = norms * (2 if self.qk_norm_bias else 1) if flag(config, self.has_qk_norm) else 0
        return biases + norms + (heads.num_attention_heads if self.has_sinks else 0)
