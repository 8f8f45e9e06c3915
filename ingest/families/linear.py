"""Recurrent mixers as configs describe them: gated delta nets, Mamba-2, short convolutions.

Each function fills a `Recurrence` with the counts of the published layer; states are elements of one sequence.
"""

from typing import Final

from estimator.attention import Mixer
from estimator.recurrence import Recurrence
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import LayerMixers, MixerReader, by_kind
from ingest.families.softmax import GroupedQuery, read_heads
from ingest.families.windows import layer_types, window_of

LINEAR: Final = frozenset({"linear_attention", "linear", "mamba", "mamba2", "conv", "short_conv", "recurrent"})


def gated_delta_net(config: ConfigReader) -> Recurrence:
    """Qwen3-Next's gated delta rule: q, k, v, z and two gates a head; a short convolution over q, k, v."""
    hidden_size = config.positive_int("hidden_size")
    key_heads, value_heads = config.positive_int("linear_num_key_heads"), config.positive_int("linear_num_value_heads")
    key_dim, value_dim = config.positive_int("linear_key_head_dim"), config.positive_int("linear_value_head_dim")
    kernel = config.positive_int("linear_conv_kernel_dim")
    keys, values = key_heads * key_dim, value_heads * value_dim
    channels = 2 * keys + values
    projections = hidden_size * (channels + values + 2 * value_heads) + values * hidden_size
    return Recurrence(
        kind="gated_delta_net",
        matrix_parameters=projections + channels * kernel,
        vector_parameters=2 * value_heads + value_dim,
        recurrent_state_elements=value_heads * key_dim * value_dim,
        conv_state_elements=channels * kernel,
        num_heads=key_heads,
    )


def interval_types(config: ConfigReader, layers: int) -> list[str]:
    """As `layer_types` says; else every `full_attention_interval`-th layer is softmax attention (Qwen3-Next: 4)."""
    if config.text_list("layer_types"):
        return layer_types(config, layers)
    every = config.positive_int("full_attention_interval", default=4)
    return ["linear_attention" if (layer + 1) % every else "full_attention" for layer in range(layers)]


def delta_hybrid(attention: GroupedQuery) -> MixerReader:
    """Gated delta layers between layers of that softmax attention."""

    def mixers(config: ConfigReader) -> LayerMixers:
        kinds = interval_types(config, config.layer_count())

        def build(kind: str) -> Mixer:
            if kind in LINEAR:
                return gated_delta_net(config)
            return attention.mixer(config, read_heads(config), window_of(config, kind))

        return by_kind(kinds, build)

    return mixers
