"""Vision and audio towers: how many parameters stand beside the language model.

A tower is a stack of encoder blocks behind a patch embedding; a projector carries its output to the language
model's width. Only counts matter here: towers cost memory, they hold no cache.

    block = 4 H^2 (q, k, v, o) + 2 or 3 H F (network) + norms + biases
"""

from collections.abc import Callable

from estimator.model_spec import Headline
from ingest.config_reader import ConfigReader

Tower = Callable[[ConfigReader, Headline], int]
"""Parameters of a tower and its projector, from the whole config and the language model's headline."""


def linear(inputs: int, outputs: int, *, bias: bool = True) -> int:
    """A matrix and its bias."""
    return inputs * outputs + (outputs if bias else 0)


def norm(width: int, *, bias: bool = True) -> int:
    """A LayerNorm (weight and bias) or, without bias, an RMSNorm."""
    return width * (2 if bias else 1)


def blocks(
    count: int,
    width: int,
    inner: int,
    *,
    gated: bool = False,
    qkv_bias: bool = True,
    key_bias: bool = True,
    output_bias: bool = True,
    mlp_bias: bool = True,
    norm_bias: bool = True,
    attention_width: int | None = None,
    kv_width: int | None = None,
    extra: int = 0,
) -> int:
    """`count` encoder blocks of that width, `extra` parameters (q/k norms, layer scales) in each."""
    queries = attention_width or width
    keys = kv_width or queries
    attention = linear(width, queries, bias=qkv_bias) + linear(width, keys, bias=qkv_bias and key_bias)
    attention += linear(width, keys, bias=qkv_bias) + linear(queries, width, bias=output_bias)
    network = (2 if gated else 1) * linear(width, inner, bias=mlp_bias) + linear(inner, width, bias=mlp_bias)
    return count * (attention + network + 2 * norm(width, bias=norm_bias) + extra)


def patches(config: ConfigReader, width: int, *, bias: bool = True, frames: int = 1) -> int:
    """The convolution that turns a patch (of `frames` images) into a token."""
    channels = config.positive_int("num_channels", "in_channels", "in_chans", default=3)
    patch = square(config, "patch_size", "spatial_patch_size")
    return linear(channels * frames * patch[0] * patch[1], width, bias=bias)


def square(config: ConfigReader, *keys: str, default: int | None = None) -> tuple[int, int]:
    """A size stated as one number or as two."""
    sides = config.int_list(*keys) if config.is_list(*keys) else None
    if sides is None:
        side = config.positive_int(*keys, default=default)
        return side, side
    if len(sides) == 1:
        return sides[0], sides[0]
    if len(sides) != 2 or min(sides) < 1:  # height and width
        raise config.malformed(keys[0], sides, "one side or two")
    return sides[0], sides[1]


def grid(config: ConfigReader) -> int:
    """Patches of one image."""
    image, patch = square(config, "image_size"), square(config, "patch_size")
    return (image[0] // patch[0]) * (image[1] // patch[1])


def siglip(config: ConfigReader) -> int:
    """SigLIP: biased blocks, learned positions, a norm after (and a pooling head where the class has one)."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    stack = blocks(config.layer_count(), width, inner)
    total = patches(config, width) + grid(config) * width + stack + norm(width)
    if config.boolean("vision_use_head", default=False):
        attention = 4 * linear(width, width)
        total += width + attention + norm(width) + linear(width, inner) + linear(inner, width)
    return total


def qwen_merger(width: int, merge: int, out: int, *, norm_bias: bool, norm_width: int | None = None) -> int:
    """Qwen's patch merger: a norm and two layers over merge x merge patches."""
    wide = width * merge * merge
    return norm(norm_width or width, bias=norm_bias) + linear(wide, wide) + linear(wide, out)


def qwen3_vision(config: ConfigReader) -> int:
    """Qwen3-VL's and Qwen3.5's tower: learned positions, two-frame patches, a merger, deep-stack mergers."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    out, merge = config.positive_int("out_hidden_size"), config.positive_int("spatial_merge_size")
    total = patches(config, width, frames=square(config, "temporal_patch_size", default=2)[0])
    total += config.positive_int("num_position_embeddings") * width
    total += blocks(config.layer_count("depth"), width, inner)
    total += qwen_merger(width, merge, out, norm_bias=True)
    deep = len(config.optional_list("deepstack_visual_indexes") or ())
    return total + deep * qwen_merger(width, merge, out, norm_bias=True, norm_width=width * merge * merge)
