"""Layers that run several times with one set of weights: Zamba's shared blocks, HRM's two stacks.

Each run has a cache of its own, the weights are counted once. A decode step reads them once for every run, which
no count here shows: the reading is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import DenseFeedForward
from estimator.model_spec import LayerGroup
from estimator.recurrence import Recurrence
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, FamilyReader, grouped
from ingest.families.decoder import headline
from ingest.families.linear import mamba1
from ingest.families.networks import Dense
from ingest.families.remote import refuse_if
from ingest.families.softmax import GroupedQuery, read_heads

HYBRID: Final = "hybrid"


def without_weights(mixer: GroupedQueryAttention) -> GroupedQueryAttention:
    """The same attention with a cache of its own and the weights of another layer."""
    return replace(
        mixer,
        extra_matrix_parameters=-mixer.query_and_output_parameters,  # counted where the weights stand
        has_key_projection=False,
        has_value_projection=False,
        vector_parameters=0,
    )


def warn_of_runs(config: ConfigReader, what: str, runs: int) -> None:
    """Say what the counts leave out."""
    config.trace.warn(f"{what} run {runs} times for each token: memory counts them once, and so do the times given")


# -- Zamba ----------------------------------------------------------------------------------------------------------


def zamba_kinds(config: ConfigReader, layers: int) -> Sequence[str]:
    """As `layers_block_type` says; else the third layer and each `attn_layer_period`-th after it are hybrid."""
    kinds = config.text_list("layers_block_type", "layer_types")
    if kinds is None:
        if config.optional_int("attn_layer_period") is None:
            raise config.missing("layers_block_type")
        period, offset = config.positive_int("attn_layer_period"), config.count("attn_layer_offset")
        kinds = ["mamba", "mamba", HYBRID]
        kinds += [HYBRID if layer % period == offset else "mamba" for layer in range(layers - 3)]
    if len(kinds) < layers:
        raise config.malformed("layers_block_type", f"{len(kinds)} entries", f"one for each of {layers} layers")
    return kinds[:layers]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class Shared:
    """A block that hybrid layers share: attention over state and embedding side by side, and a network."""

    attention: GroupedQueryAttention
    network: DenseFeedForward
    norms: int


def read_shared(config: ConfigReader) -> Shared:
    """The shared block; its attention is twice as wide as the model at its input."""
    width, heads = config.positive_int("hidden_size"), config.positive_int("num_attention_heads")
    wide = config.optional_int("attention_hidden_size") or 2 * width
    head_dim = config.optional_int("attention_head_dim") or 2 * width // heads or 1
    kv_heads = config.positive_int("num_key_value_heads", default=heads)
    inputs = heads * head_dim + 2 * kv_heads * head_dim
    return Shared(
        attention=GroupedQueryAttention(
            hidden_size=width,
            num_attention_heads=heads,
            num_key_value_heads=kv_heads,
            head_dim=head_dim,
            extra_matrix_parameters=(wide - width) * inputs,
        ),
        network=Dense(size=("intermediate_size",), default_factor=4).network(config),
        norms=wide + width,
    )


def zamba(config: ConfigReader) -> Anatomy:
    """Zamba: Mamba in every layer; one block of attention and network before some of them."""
    return _zamba(config, mamba1(config), blocks=1, per_run=0)


def zamba2(config: ConfigReader) -> Anatomy:
    """Zamba 2: Mamba-2 in every layer; blocks take turns, with low-rank adapters of their own for each run."""
    refuse_if(config, "add_bias_linear")
    width, rank = config.positive_int("hidden_size"), config.positive_int("adapter_rank")
    inner = config.positive_int("intermediate_size", default=4 * width)
    adapters = width * rank + 2 * rank * inner
    if config.boolean("use_shared_attention_adapter", default=False):
        adapters += 3 * 2 * 2 * width * rank
    blocks = config.positive_int("num_mem_blocks", at_most=64)
    return _zamba(config, zamba2_mamba(config), blocks=blocks, per_run=adapters)


def _zamba(config: ConfigReader, mamba: Recurrence, *, blocks: int, per_run: int) -> Anatomy:
    head, shared = headline(config, tied_default=True), read_shared(config)
    width, layers = head.hidden_size, head.num_hidden_layers
    runs = sum(kind == HYBRID for kind in zamba_kinds(config, layers))
    blocks = min(blocks, runs)
    groups = [LayerGroup(count=layers, mixer=mamba, feed_forward=None, other_parameters=width)]
    if runs:
        groups.append(
            LayerGroup(count=blocks, mixer=shared.attention, feed_forward=shared.network, other_parameters=shared.norms)
        )
    if runs > blocks:
        again = without_weights(shared.attention)
        groups.append(LayerGroup(count=runs - blocks, mixer=again, feed_forward=None))
        warn_of_runs(config, f"{blocks} shared blocks" if blocks > 1 else "the shared block's layers", runs)
    embedding = head.vocab_size * width
    return Anatomy(
        headline=replace(
            head, num_key_value_heads=shared.attention.num_key_value_heads, head_dim=shared.attention.head_dim
        ),
        layers=tuple(groups),
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=width + runs * (width * width + per_run),
    )


def zamba2_mamba(config: ConfigReader) -> Recurrence:
    """Mamba-2 with `n_mamba_heads` heads, its convolution biased."""
    width, heads = config.positive_int("hidden_size"), config.positive_int("n_mamba_heads", at_most=65536)
    state, kernel = config.positive_int("mamba_d_state"), config.positive_int("mamba_d_conv")
    inner = config.positive_int("mamba_expand") * width
    channels = inner + 2 * config.positive_int("mamba_ngroups") * state
    return Recurrence(
        kind="mamba2",
        matrix_parameters=width * (inner + channels + heads) + channels * kernel + inner * width,
        vector_parameters=channels + 3 * heads + inner,
        recurrent_state_elements=inner * state,
        conv_state_elements=channels * kernel,
        num_heads=heads,
    )


# -- HRM ------------------------------------------------------------------------------------------------------------

HRM_ATTENTION: Final = GroupedQuery(
    qkv_bias="attention_bias", output_bias="attention_bias", is_gated=True, gate_bias=True
)


def hrm_text(config: ConfigReader) -> Anatomy:
    """HRM-Text: a fast stack that runs `L_cycles` times for each of `H_cycles` runs of a slow one; norms weigh nothing.

    `num_hidden_layers` counts the runs where `num_layers_per_stack` is stated, else the layers of one stack.
    """
    rounds = config.positive_int("H_cycles", at_most=256) * (config.positive_int("L_cycles", at_most=256) + 1)
    stated = config.layer_count()
    stack = config.layer_count("num_layers_per_stack", default=stated)
    head = headline(config, layers=stack * rounds)
    mixer = HRM_ATTENTION.mixer(config, read_heads(config), None)
    network = Dense(bias="mlp_bias").network(config)
    layers = [(mixer, network, 0)] * (2 * stack)
    again = LayerGroup(count=stack * rounds - 2 * stack, mixer=without_weights(mixer), feed_forward=None)
    if again.count:
        warn_of_runs(config, "the layers of the two stacks", rounds)
    embedding = head.vocab_size * head.hidden_size
    return Anatomy(
        headline=head,
        layers=(*grouped(layers), again) if again.count else grouped(layers),
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=head.hidden_size,
    )


REUSED: Final[Mapping[str, FamilyReader]] = {
    "hrm_text": hrm_text,
    "zamba": zamba,
    "zamba2": zamba2,
}
