"""Gemma 3n's towers: MobileNetV5, named and not described, and a conformer; both give soft tokens to an embedder."""

from typing import Final

from estimator.model_spec import Headline
from ingest.config_reader import ConfigReader

MOBILENET_V5: Final = 294_126_912
"""Parameters of timm's `mobilenetv5_300m_enc`, built on the meta device by timm 1.0 and transformers 5.23."""
KERNELS: Final = [[3, 3], [3, 3]]
STRIDES: Final = [[2, 2], [2, 2]]


def gemma3n_vision(config: ConfigReader, language: Headline) -> int:
    """MobileNetV5 and the embedder of what it gives."""
    vision = config.section("vision_config", model_type="gemma3n_vision")
    named = vision.text("architecture", default="mobilenetv5_300m_enc")
    if named != "mobilenetv5_300m_enc" or vision.states("model_args"):
        raise vision.unsupported("architecture", named, "no such tower is known")
    return MOBILENET_V5 + embedder(vision, language.hidden_size)


def gemma3n_audio(config: ConfigReader, language: Headline) -> int:
    """The conformer and the embedder of what it gives."""
    audio = config.section("audio_config", model_type="gemma3n_audio")
    return conformer(audio) + embedder(audio, language.hidden_size)


def embedder(config: ConfigReader, out: int) -> int:
    """A table of hard tokens, a norm for hard and one for soft tokens, one matrix."""
    width = config.positive_int("hidden_size")
    return (config.positive_int("vocab_size") + 2 + out) * width


def conformer(config: ConfigReader) -> int:
    """Two convolutions that halve the mel bins; layers of two networks, attention and a light convolution.

    Attention has relative positions and a scale for each element of a head.
    """
    width, kernel = config.positive_int("hidden_size"), config.positive_int("conf_conv_kernel_size")
    heads, channels = config.positive_int("conf_num_attention_heads"), config.int_list("sscp_conv_channel_size")
    for key, known in (("sscp_conv_kernel_size", KERNELS), ("sscp_conv_stride_size", STRIDES)):
        if config.states(key) and config.raw(key)[1] != known:
            raise config.unsupported(key, config.raw(key)[1], f"known is {known}")
    if channels is None or len(channels) != 2:
        raise config.missing("sscp_conv_channel_size")
    first, second = channels
    bins = (config.positive_int("input_feat_size") + 3) // 4
    total = 9 * first + first + 9 * first * second + second + second * bins * width
    networks = 2 * (8 * width * width + 2 * width)
    attention = 5 * width * width + width // heads + 2 * width
    convolution = 3 * width * width + width * kernel + 2 * width
    return total + config.layer_count("conf_num_hidden_layers") * (networks + attention + convolution + width)
