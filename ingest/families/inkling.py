"""Inkling 1 and 2: attention with relative logits, short convolutions around it, a window in five of six layers.

Traps, with their witnesses: sliding layers have heads of their own (`swa_` keys) and Inkling's relative logits reach
as far as the layer sees; each layer keeps the tails of four convolutions; Inkling 2's full layers make the weights
of theirs from the input, and each part reads a learned mixture of earlier states.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import FeedForward, MixtureOfExperts
from estimator.model_spec import LayerGroup
from estimator.recurrence import Recurrence
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, FamilyReader, correction_buffers, grouped
from ingest.families.decoder import headline
from ingest.families.networks import Dense, Experts

FULL: Final = "hybrid"
SLIDING: Final = "hybrid_sliding"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class Geometry:
    """Heads of one kind of layer."""

    hidden_size: int
    heads: int
    kv_heads: int
    head_dim: int
    window: int | None
    relative: int
    kernel: int

    @property
    def keys(self) -> int:
        """Width of all keys."""
        return self.kv_heads * self.head_dim


def read_kinds(config: ConfigReader, layers: int) -> Sequence[str]:
    """As `layer_types` or `local_layer_ids` says; else each sixth layer sees all."""
    kinds = config.text_list("layer_types")
    if kinds is None:
        local = config.int_list("local_layer_ids")
        sliding = set(local) if local is not None else {layer for layer in range(layers) if (layer + 1) % 6}
        return [SLIDING if layer in sliding else FULL for layer in range(layers)]
    if len(kinds) < layers or set(kinds) - {FULL, SLIDING}:
        raise config.unsupported("layer_types", kinds[:3], f"known are {FULL} and {SLIDING}, one for each layer")
    return kinds[:layers]


def geometry(config: ConfigReader, kind: str) -> Geometry:
    """The heads of that kind of layer."""
    prefix = "swa_" if kind == SLIDING else ""
    return Geometry(
        hidden_size=config.positive_int("hidden_size"),
        heads=config.positive_int(f"{prefix}num_attention_heads"),
        kv_heads=config.positive_int(f"{prefix}num_key_value_heads"),
        head_dim=config.positive_int(f"{prefix}head_dim"),
        window=config.positive_int("sliding_window_size") if kind == SLIDING else None,
        relative=config.positive_int("d_rel"),
        kernel=config.positive_int("conv_kernel_size", "sconv_kernel_size", at_most=1024),
    )


def attention(own: Geometry, *, extra_matrices: int, vectors: int) -> GroupedQueryAttention:
    """Grouped-query attention with a projection of relative logits beside q, k, v and o."""
    return GroupedQueryAttention(
        hidden_size=own.hidden_size,
        num_attention_heads=own.heads,
        num_key_value_heads=own.kv_heads,
        head_dim=own.head_dim,
        window_tokens=own.window,
        extra_matrix_parameters=own.hidden_size * own.heads * own.relative + extra_matrices,
        vector_parameters=vectors,
    )


def convolutions(own: Geometry, *, key_value_parameters: int) -> Recurrence:
    """The short convolutions over keys, values and both outputs; the state is the last tokens of each."""
    return Recurrence(
        kind="short_conv",
        matrix_parameters=key_value_parameters + 2 * own.hidden_size * own.kernel,
        conv_state_elements=(2 * own.keys + 2 * own.hidden_size) * own.kernel,
    )


def _anatomy(config: ConfigReader, groups: tuple[LayerGroup, ...], other: int) -> Anatomy:
    head = headline(config)
    embedding = head.vocab_size * head.hidden_size
    return Anatomy(
        headline=head,
        layers=groups,
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=2 * head.hidden_size + other,
        buffer_parameters=correction_buffers(groups),
    )


# -- Inkling --------------------------------------------------------------------------------------------------------


def inkling_text(config: ConfigReader) -> Anatomy:
    """Inkling's language model: experts in each layer or dense networks, a scale over either."""
    layers = config.layer_count()
    width = config.positive_int("hidden_size")
    if config.states("dense_intermediate_size", "dense_mlp_idx"):
        raise config.unsupported("dense_intermediate_size", "", "state mlp_layer_types and both widths instead")
    if config.optional_int("num_mtp_layers"):
        raise config.unsupported("num_mtp_layers", config.raw("num_mtp_layers")[1], "these layers are not described")
    kinds = read_kinds(config, layers)
    networks = config.text_list("mlp_layer_types") or ["sparse"] * layers
    if len(networks) < layers:
        raise config.malformed("mlp_layer_types", f"{len(networks)} entries", f"one for each of {layers} layers")
    built: dict[str, FeedForward] = {
        name: _inkling_experts(config) if name == "sparse" else Dense().network(config) for name in set(networks)
    }
    parts: list[tuple[GroupedQueryAttention | Recurrence, FeedForward | None, int]] = []
    for layer, kind in enumerate(kinds):
        own = geometry(config, kind)
        reach = own.window or config.positive_int("rel_extent")
        mixer = attention(own, extra_matrices=own.relative * reach, vectors=2 * own.head_dim)
        parts.append((convolutions(own, key_value_parameters=2 * own.keys * own.kernel), None, 0))
        parts.append((mixer, built[networks[layer]], 2 * width + 1))  # one scale over the network
    return _anatomy(config, grouped(parts), 0)


def _inkling_experts(config: ConfigReader) -> MixtureOfExperts:
    """Experts and shared ones, which have rows in the router too."""
    if not config.boolean("shared_expert_sink", default=True):
        raise config.unsupported("shared_expert_sink", "false", "known with shared experts in the router")
    width, inner = config.positive_int("hidden_size"), config.positive_int("moe_intermediate_size")
    experts, shared = config.positive_int("n_routed_experts", at_most=65536), config.count("n_shared_experts")
    return MixtureOfExperts(
        num_experts=experts,
        num_experts_per_tok=config.positive_int("num_experts_per_tok", at_most=experts),
        expert_hidden_size=width,
        expert_intermediate_size=inner,
        shared_parameters=3 * width * inner * shared,
        router_parameters=(experts + shared) * width,
    )


# -- Inkling 2 ------------------------------------------------------------------------------------------------------


def inkling2_text(config: ConfigReader) -> Anatomy:
    """Inkling 2's language model: gates and sinks from the input, mixtures of earlier states before each part."""
    layers, width = config.layer_count(), config.positive_int("hidden_size")
    experts = Experts(count=("n_routed_experts",)).network(config)
    parts: list[tuple[GroupedQueryAttention | Recurrence, FeedForward | None, int]] = []
    for layer, kind in enumerate(read_kinds(config, layers)):
        own, is_full = geometry(config, kind), kind == FULL
        reach = own.window or config.positive_int("rel_extent")
        extra = width * own.heads * (own.head_dim + 1) + own.relative * reach
        mixer = attention(own, extra_matrices=extra, vectors=own.heads * (own.head_dim + own.relative))
        kernels = 2 * own.keys * own.kernel + (2 * width * own.kv_heads * own.kernel if is_full else 0)
        norms, queries = (4, 3) if is_full else (2, 1)
        mixtures = 1 + (queries if layer else 0)  # the first layer has no earlier state to mix
        parts.append((convolutions(own, key_value_parameters=kernels), None, 0))
        parts.append((mixer, experts, (norms + mixtures) * width))
    return _anatomy(config, grouped(parts), width)


INKLING: Final[Mapping[str, FamilyReader]] = {"inkling_text": inkling_text, "inkling2_text": inkling2_text}
