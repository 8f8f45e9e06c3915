"""Recurrent mixers as configs describe them: gated delta nets, Mamba-2, short convolutions.

Each function fills a `Recurrence` with the counts of the published layer; states are elements of one sequence.
"""

from collections.abc import Callable
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


def mamba2(config: ConfigReader) -> Recurrence:
    """Mamba-2 as Nemotron-H, Granite and Bamba have it: one projection to z, x, B, C and dt; a grouped state.

    Inner width = heads x head width; the convolution runs over x, B and C.
    """
    hidden_size = config.positive_int("hidden_size")
    heads = config.positive_int("mamba_num_heads", "mamba_n_heads", "num_heads", at_most=65536)
    groups = config.positive_int("mamba_n_groups", "n_groups", default=1)
    state = config.positive_int("mamba_d_state", "ssm_state_size", "state_size")
    kernel = config.positive_int("mamba_d_conv", "conv_kernel")
    inner = heads * _mamba_head_dim(config, hidden_size, heads)
    channels = inner + 2 * groups * state
    projection = inner + channels + heads
    biases = channels if config.boolean("mamba_conv_bias", "use_conv_bias", default=True) else 0
    if config.boolean("mamba_proj_bias", "use_bias", default=False):
        biases += projection + hidden_size
    return Recurrence(
        kind="mamba2",
        matrix_parameters=hidden_size * projection + channels * kernel + inner * hidden_size,
        vector_parameters=biases + 3 * heads + inner,
        recurrent_state_elements=inner * state,
        conv_state_elements=channels * kernel,
        num_heads=heads,
    )


def _mamba_head_dim(config: ConfigReader, hidden_size: int, heads: int) -> int:
    """The stated head width; where it is "auto" or silent, expand x hidden_size / heads."""
    _, stated = config.raw("mamba_head_dim", "mamba_d_head")
    if not isinstance(stated, str):
        derived = config.positive_int("mamba_expand", "expand", default=2) * hidden_size // heads or None
        return config.positive_int("mamba_head_dim", "mamba_d_head", default=derived)
    return max(1, config.positive_int("mamba_expand", "expand", default=2) * hidden_size // heads)


def short_conv(config: ConfigReader) -> Recurrence:
    """LFM2's gated short convolution: three gates in, one out, a kernel of a few tokens."""
    hidden_size, kernel = config.positive_int("hidden_size"), config.positive_int("conv_L_cache")
    biases = 5 * hidden_size if config.boolean("conv_bias", default=False) else 0
    return Recurrence(
        kind="short_conv",
        matrix_parameters=4 * hidden_size * hidden_size + hidden_size * kernel,
        vector_parameters=biases,
        conv_state_elements=hidden_size * kernel,
    )


def hybrid(recurrent: Callable[[ConfigReader], Recurrence], attention: GroupedQuery) -> MixerReader:
    """Layers of that recurrence and of that attention, as `layer_types` says."""

    def mixers(config: ConfigReader) -> LayerMixers:
        def build(kind: str) -> Mixer:
            if kind in LINEAR:
                return recurrent(config)
            return attention.mixer(config, attention.heads(config), window_of(config, kind))

        return by_kind(layer_types(config, config.layer_count()), build)

    return mixers


def mamba1(config: ConfigReader) -> Recurrence:
    """Mamba as published (and Falcon-Mamba): a selective state of `state_size` for each inner channel."""
    return _selective(config, has_norms=False)


def jamba_mamba(config: ConfigReader) -> Recurrence:
    """Mamba with norms on dt, B and C (Jamba)."""
    return _selective(config, has_norms=True)


def _selective(config: ConfigReader, *, has_norms: bool) -> Recurrence:
    hidden_size = config.positive_int("hidden_size")
    state, kernel = (
        config.positive_int("state_size", "mamba_d_state"),
        config.positive_int("conv_kernel", "mamba_d_conv"),
    )
    inner = config.positive_int("expand", "mamba_expand") * hidden_size
    rank = _time_step_rank(config, hidden_size)
    matrices = 2 * hidden_size * inner + inner * (rank + 2 * state) + rank * inner + inner * hidden_size
    biases = inner + (inner if config.boolean("use_conv_bias", "mamba_conv_bias", default=True) else 0)
    biases += 2 * inner + hidden_size if config.boolean("use_bias", "mamba_proj_bias", default=False) else 0
    return Recurrence(
        kind="mamba",
        matrix_parameters=matrices + inner * kernel,
        vector_parameters=biases + inner * state + inner + ((rank + 2 * state) if has_norms else 0),
        recurrent_state_elements=inner * state,
        conv_state_elements=inner * kernel,
    )


def _time_step_rank(config: ConfigReader, hidden_size: int) -> int:
    """The stated rank of dt; "auto" or silence is hidden_size / 16, rounded up."""
    derived = -(-hidden_size // 16)
    if isinstance(config.raw("time_step_rank", "mamba_dt_rank")[1], str):
        return derived
    return config.positive_int("time_step_rank", "mamba_dt_rank", default=derived)


def delta_attention(config: ConfigReader, *, full_rank: bool = False) -> Recurrence:
    """Kimi Delta Attention: a decay for each channel, its gates through a waist of one head's width or of full rank."""
    inner = config.optional_section("linear_attn_config") or config
    hidden_size = config.positive_int("hidden_size")
    heads = inner.positive_int("linear_num_heads", "num_heads", at_most=65536)
    head_dim = inner.positive_int("linear_head_dim", "head_dim")
    kernel = inner.positive_int("linear_conv_kernel_dim", "short_conv_kernel_size")
    width = heads * head_dim
    gate = hidden_size * width if full_rank else hidden_size * head_dim + head_dim * width
    gates = 2 * gate + hidden_size * heads
    return Recurrence(
        kind="kimi_delta_attention",
        matrix_parameters=4 * hidden_size * width + gates + 3 * width * kernel,
        vector_parameters=width + heads + head_dim,
        recurrent_state_elements=heads * head_dim * head_dim,
        conv_state_elements=3 * width * kernel,
        num_heads=heads,
    )


def lightning(config: ConfigReader) -> Recurrence:
    """MiniMax's lightning attention: q, k, v, an output gate and a norm; a state of head x head."""
    heads = read_heads(config)
    width = heads.num_attention_heads * heads.head_dim
    return Recurrence(
        kind="lightning_attention",
        matrix_parameters=5 * heads.hidden_size * width,
        vector_parameters=width,
        recurrent_state_elements=width * heads.head_dim,
        num_heads=heads.num_attention_heads,
    )


def rg_lru(config: ConfigReader) -> Recurrence:
    """RecurrentGemma's gated linear recurrence: two branches, a short convolution, gates in blocks of one head."""
    hidden_size = config.positive_int("hidden_size")
    width = config.positive_int("lru_width", default=hidden_size)
    heads, kernel = config.positive_int("num_attention_heads", at_most=65536), config.positive_int("conv1d_width")
    block = width // heads
    return Recurrence(
        kind="rg_lru",
        matrix_parameters=3 * hidden_size * width + width * kernel + 2 * heads * block * block,
        vector_parameters=2 * width + hidden_size + width + width + 2 * heads * block,
        recurrent_state_elements=width,
        conv_state_elements=width * (kernel - 1),
        num_heads=heads,
    )
