"""Gemma 3n: alternating updates over several copies of the state, low-rank residuals, per-layer inputs.

Traps, with their witnesses: the last `num_kv_shared_layers` have no k and v of their own and cache nothing (15 of 35);
`intermediate_size` is a list, one entry a layer; the per-layer embedding is 2.35e9 parameters on its own.
"""

from dataclasses import replace
from typing import Final

from estimator.attention import GroupedQueryAttention
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, grouped
from ingest.families.decoder import headline
from ingest.families.networks import Dense
from ingest.families.softmax import GroupedQuery, read_heads
from ingest.families.windows import patterned

ATTENTION: Final = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head")
NETWORK: Final = Dense()


def gemma3n_text(config: ConfigReader) -> Anatomy:
    """The language model of Gemma 3n."""
    head = headline(config)
    hidden_size, layers = head.hidden_size, head.num_hidden_layers
    windows = patterned(5)(config, layers)
    widths = config.int_of_layer("intermediate_size", layers=layers)
    if min(widths) < 1:
        raise config.malformed("intermediate_size", min(widths), "a positive width")
    first_shared = layers - config.count("num_kv_shared_layers", default=0)
    other = _per_layer_parts(config, hidden_size)
    stack = grouped(
        (
            _attention(config, windows[layer], shares=layer >= first_shared),
            NETWORK.of_width(config, widths[layer]),
            other,
        )
        for layer in range(layers)
    )
    inputs, copies = config.positive_int("hidden_size_per_layer_input"), config.positive_int("altup_num_inputs")
    embedding = head.vocab_size * hidden_size
    return Anatomy(
        headline=head,
        layers=stack,
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        per_layer_embedding_parameters=config.positive_int("vocab_size_per_layer_input") * layers * inputs,
        other_parameters=hidden_size
        + layers * inputs * hidden_size
        + inputs
        + 2 * (copies - 1) * hidden_size * hidden_size,
    )


def _per_layer_parts(config: ConfigReader, hidden_size: int) -> int:
    """Four norms, alternating updates, the low-rank residual, the per-layer input."""
    copies, rank = config.positive_int("altup_num_inputs", at_most=64), config.positive_int("laurel_rank")
    inputs = config.positive_int("hidden_size_per_layer_input")
    updates = 2 * hidden_size + copies * copies + copies * copies * copies + copies * hidden_size
    residual = 2 * hidden_size * rank + hidden_size
    return 4 * hidden_size + updates + residual + 2 * hidden_size * inputs + hidden_size


def _attention(config: ConfigReader, window: int | None, *, shares: bool) -> GroupedQueryAttention:
    own = ATTENTION.mixer(config, read_heads(config), window)
    if not shares:
        return own
    return replace(
        own,
        has_cache=False,
        has_key_projection=False,
        has_value_projection=False,
        vector_parameters=own.vector_parameters - own.head_dim,
    )
