"""Vision and audio towers of rarer kinds, each counted from its own section.

SAM's windowed encoder, Janus's quantizer of images, RADIO, Muse's and LFM3's towers, ERNIE's, Ovis's, Molmo's.
"""

from itertools import pairwise
from math import log

from ingest.config_reader import MAX_LIST, ConfigReader
from ingest.families.towers import blocks, grid, linear, norm, patches, siglip, square

MAX_LEVELS = 64
"""More levels of resolution, or blocks in one, than any published quantizer has."""


def sam(config: ConfigReader) -> int:
    """SAM's encoder: relative positions as long as a window, or as the image in global layers; a neck."""
    width, heads = config.positive_int("hidden_size"), config.positive_int("num_attention_heads")
    inner = config.positive_int("mlp_dim", default=int(width * config.ratio("mlp_ratio", default=4)))
    layers, side = config.layer_count(), square(config, "image_size")[0] // square(config, "patch_size")[0]
    seen = {layer for layer in config.int_list("global_attn_indexes") or () if layer < layers}
    total = patches(config, width) + sam_neck(config)
    total += side * side * width if config.boolean("use_abs_pos", default=True) else 0
    total += blocks(layers, width, inner, qkv_bias=config.boolean("qkv_bias", default=True))
    if config.boolean("use_rel_pos", default=True):
        reach = len(seen) * (2 * side - 1) + (layers - len(seen)) * (2 * config.positive_int("window_size") - 1)
        total += 2 * reach * (width // heads)
    return total


def sam_neck(config: ConfigReader) -> int:
    """Two unbiased convolutions with a norm after each."""
    out = config.positive_int("output_channels")
    return config.positive_int("hidden_size") * out + 9 * out * out + 2 * norm(out)


def halvings(*widths: int) -> int:
    """Unbiased 3 x 3 convolutions from each width to the next."""
    return sum(9 * before * after for before, after in pairwise(widths))


def janus(config: ConfigReader) -> int:
    """Janus's tower: SigLIP with q/k norms over the whole width where the config wants them."""
    width = config.positive_int("hidden_size")
    bias, inner = config.boolean("attention_bias", default=True), int(width * config.ratio("mlp_ratio", default=4))
    extra = 2 * norm(width) if config.boolean("use_qk_norm", default=False) else 0
    stack = blocks(config.layer_count(), width, inner, qkv_bias=bias, extra=extra)
    return patches(config, width) + grid(config) * width + stack + norm(width)


def vector_quantizer(config: ConfigReader) -> int:
    """A convolutional encoder and decoder of images around a table of codes (VQ-16)."""
    base, latent, code = (
        config.positive_int("base_channels"),
        config.positive_int("latent_channels"),
        config.positive_int("embed_dim"),
    )
    factors = config.int_list("channel_multiplier") or []
    if not 0 < len(factors) <= MAX_LEVELS or min(factors) < 1:
        raise config.malformed("channel_multiplier", factors, "one factor from 1 a level")
    widths, repeats = [base * factor for factor in factors], config.positive_int("num_res_blocks", at_most=MAX_LEVELS)
    deepest, out = widths[-1], 2 * latent if config.boolean("double_latent", default=False) else latent
    middle = 2 * _residual(deepest, deepest) + _pixel_attention(deepest)
    down = linear(9 * config.positive_int("in_channels"), base) + middle + norm(deepest) + linear(9 * deepest, out)
    up = linear(9 * latent, deepest) + middle + norm(widths[0])
    up += linear(9 * widths[0], config.positive_int("out_channels"))
    down += sum(_level(before, after, repeats) for before, after in pairwise([base, *widths]))
    reverse = [deepest, *reversed(widths)]
    up += sum(_level(before, after, repeats + 1) for before, after in pairwise(reverse))
    down += repeats * _pixel_attention(deepest) + sum(linear(9 * width, width) for width in widths[:-1])
    up += (repeats + 1) * _pixel_attention(deepest) + sum(linear(9 * width, width) for width in widths[1:])
    codes = config.positive_int("num_embeddings") * code
    return down + up + codes + linear(latent, code) + linear(code, latent)


def _residual(before: int, after: int) -> int:
    shortcut = linear(before, after) if before != after else 0
    return norm(before) + linear(9 * before, after) + norm(after) + linear(9 * after, after) + shortcut


def _level(before: int, after: int, repeats: int) -> int:
    return _residual(before, after) + (repeats - 1) * _residual(after, after)


def _pixel_attention(width: int) -> int:
    return norm(width) + 4 * linear(width, width)


def granite_docling(config: ConfigReader) -> int:
    """SigLIP and a connector: a coarse route and, where the config wants it, one of half its scale."""
    width, out = config.positive_int("hidden_size"), config.positive_int("out_hidden_size")
    read = config.optional_list("deepstack_visual_indexes")
    factor, deep = config.positive_int("scale_factor"), 3 if read is None else len(read)  # silent: layers 3, 7, 10
    wides = [width * factor * factor]
    if config.boolean("use_fine_route", default=True):
        wides.append(width * (factor // 2) ** 2)
    routes = sum(wide * out + deep * (norm(wide) + linear(wide, out) + linear(out, out)) for wide in wides)
    return siglip(config) + norm(width) + routes + 2 * norm(out) + out * out


def ovis2(config: ConfigReader) -> int:
    """Ovis 2's tower: gated blocks with RMS norms, and a head over the visual words with a norm."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    bias, mlp_bias = config.boolean("qkv_bias", default=False), config.boolean("mlp_bias", default=False)
    words = config.positive_int("vocab_size") - config.count("num_visual_indicator_tokens")
    if words < 1:
        raise config.malformed("vocab_size", words, "more words than indicators")
    stride = config.positive_int("hidden_stride")
    stack = blocks(
        config.layer_count(),
        width,
        inner,
        gated=True,
        qkv_bias=bias,
        output_bias=bias,
        mlp_bias=mlp_bias,
        norm_bias=False,
    )
    return (
        patches(config, width)
        + grid(config) * width
        + 2 * width
        + stack
        + width * stride * stride * words
        + norm(words)
    )


def lfm3(config: ConfigReader) -> int:
    """LFM3's tower: gated convolutions over pixels between attention layers with q/k norms, no biases."""
    width, inner, layers = (
        config.positive_int("hidden_size"),
        config.positive_int("intermediate_size"),
        config.layer_count(),
    )
    kinds = config.text_list("layer_types")
    kinds = kinds or ["conv" if layer < 2 or layer % 2 else "full_attention" for layer in range(layers)]
    if len(kinds) < layers:
        raise config.malformed("layer_types", f"{len(kinds)} entries", f"one for each of {layers} layers")
    attending, heads = sum(kind != "conv" for kind in kinds[:layers]), config.positive_int("num_attention_heads")
    head_dim, kernel = width // heads, config.positive_int("conv_kernel_size")
    keys = config.positive_int("num_key_value_heads", default=heads) * head_dim
    attention = 2 * width * heads * head_dim + 2 * width * keys + 2 * head_dim
    convolution = 4 * width * width + width * kernel * kernel
    frames = config.positive_int("temporal_patch_size", default=1)
    total = attending * attention + (layers - attending) * convolution + layers * (3 * width * inner + 2 * width)
    return total + patches(config, width, bias=False, frames=frames) + width


def muse(config: ConfigReader) -> int:
    """Muse's tower: patches of several frames, a table of positions, norms before and after."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    positions = config.positive_int("pos_emb_height") * config.positive_int("pos_emb_width")
    total = patches(config, width, bias=False, frames=config.positive_int("patch_temporal")) + positions * width
    return total + blocks(config.layer_count(), width, inner) + 2 * norm(width)


def muse_audio(config: ConfigReader) -> int:
    """Muse's audio tower: levels that join frames into wider ones: depthwise convolutions, networks, RMS norms."""
    sizes, widths, depths = (config.int_list(key) or [] for key in ("patch_sizes", "hidden_sizes", "depths"))
    if not 0 < len(sizes) == len(widths) == len(depths):
        raise config.malformed("patch_sizes", sizes, "as many entries as hidden_sizes and depths")
    kernel, out = config.positive_int("conv_kernel_size"), config.positive_int("out_hidden_size")
    total, before = 0, 1
    for size, width, depth in zip(sizes, widths, depths, strict=True):
        block = width * kernel + 2 * width + linear(width, 4 * width) + linear(4 * width, width)
        total += linear(size * before, width) + width + depth * block
        before = width
    return total + before + linear(before, out) + out


def radio(config: ConfigReader) -> int:
    """RADIO: class and register tokens, patches of images and of video, layer scales."""
    width = config.positive_int("hidden_size")
    if config.boolean("use_swiglu_ffn", default=False):
        raise config.unsupported("use_swiglu_ffn", value=True, why="only towers without gated networks are known")
    patch, channels = square(config, "patch_size")[0], config.positive_int("num_channels", default=3)
    dim = patch * patch * channels
    frames = config.optional_int("video_temporal_patch_size") or 0
    side = config.positive_int("max_img_size") // patch
    tokens = side * side + config.count("num_cls_tokens") + config.count("num_registers")
    inner, bias = int(width * config.ratio("mlp_ratio", default=4)), config.boolean("qkv_bias", default=True)
    stack = blocks(config.layer_count(), width, inner, qkv_bias=bias, extra=2 * width)
    return dim * width * (1 + frames) + tokens * width + stack


def ernie(config: ConfigReader) -> int:
    """ERNIE-4.5-VL's tower: Qwen2-VL's blocks, one-frame patches, a norm after."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    return patches(config, width, bias=False) + blocks(config.layer_count("depth"), width, inner) + norm(width)


def molmo2(config: ConfigReader, layers: int) -> int:
    """Molmo 2's tower: SigLIP's blocks with heads of a stated width and no norm after."""
    width, inner, heads = (
        config.positive_int("hidden_size"),
        config.positive_int("intermediate_size"),
        config.positive_int("num_attention_heads"),
    )
    head_dim = config.positive_int("head_dim", default=width // heads or None)
    bias = config.boolean("attention_bias", default=True)
    stack = blocks(
        layers,
        width,
        inner,
        qkv_bias=bias,
        output_bias=bias,
        attention_width=heads * head_dim,
        kv_width=config.positive_int("num_key_value_heads", default=heads) * head_dim,
    )
    side = config.positive_int("image_patch_size" if config.states("image_patch_size") else "patch_size")
    image = config.int_list("image_default_input_size", "image_size") or [378, 378]
    places = (image[0] // side) * (image[-1] // side) or None
    positions = config.positive_int("image_num_pos", "num_position_embeddings", default=places)
    channels = config.positive_int("num_channels", default=3)
    return linear(channels * side * side, width) + positions * width + stack


def cosmos_edge(config: ConfigReader) -> int:
    """Cosmos 3 Edge's tower: SigLIP 2 without a pooling head."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    stack = blocks(config.layer_count(), width, inner)
    return (
        patches(config, width) + config.positive_int("num_patches", at_most=MAX_LIST**2) * width + stack + norm(width)
    )


def eva(config: ConfigReader, *, bias: bool = True) -> int:
    """BLIP's tower: a class token, learned positions, a norm after; patches of three channels whatever is stated."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    side = square(config, "patch_size")
    stack = blocks(config.layer_count(), width, inner, qkv_bias=bias)
    return linear(3 * side[0] * side[1], width) + width + (grid(config) + 1) * width + stack + norm(width)


def flattened(config: ConfigReader, inner: int, head_dim: int, places: int) -> int:
    """Pix2Struct's encoder: flattened patches with a row and a column each, gated blocks without biases."""
    width, heads = config.positive_int("hidden_size"), config.positive_int("num_attention_heads")
    stack = blocks(
        config.layer_count(),
        width,
        inner,
        gated=True,
        qkv_bias=False,
        output_bias=False,
        mlp_bias=False,
        norm_bias=False,
        attention_width=heads * head_dim,
    )
    return linear(config.positive_int("patch_embed_hidden_size"), width) + 2 * places * width + stack + width


def vit(config: ConfigReader) -> int:
    """ViT with its pooler: a class token, learned positions, a norm after."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    stack = blocks(config.layer_count(), width, inner, qkv_bias=config.boolean("qkv_bias", default=True))
    pooler = linear(width, config.positive_int("pooler_output_size", default=width))
    return patches(config, width) + width + (grid(config) + 1) * width + stack + norm(width) + pooler


def davit(config: ConfigReader) -> int:
    """DaViT: stages of a convolution, then blocks that attend over windows and over channels."""
    widths, depths, sides = (config.int_list(key) or [] for key in ("embed_dim", "depths", "patch_size"))
    first = config.optional_list("patch_prenorm") or []
    if not 0 < len(widths) == len(depths) == len(sides) == len(first):
        raise config.malformed("embed_dim", widths, "as many entries as depths, patch_size and patch_prenorm")
    ratio, bias = config.ratio("mlp_ratio", default=4), config.boolean("qkv_bias", default=True)
    total, before = 0, config.positive_int("in_channels", default=3)
    for width, depth, side, has_norm_first in zip(widths, depths, sides, first, strict=True):
        depthwise = 2 * linear(9, 1) * width
        block = blocks(2, width, int(width * ratio), qkv_bias=bias, extra=depthwise)
        total += linear(before * side * side, width) + norm(before if has_norm_first else width) + depth * block
        before = width
    return total


def inkling2(config: ConfigReader) -> int:
    """Inkling 2's tower: a class token with a place of its own, layer scales, two layers over merged patches."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    merge, side = config.positive_int("spatial_merge_size"), config.positive_int("posemb_grid_size")
    wide, bias = config.positive_int("projection_hidden_dim"), config.boolean("projector_bias", default=False)
    stack = blocks(config.layer_count(), width, inner, extra=2 * width)
    merger = linear(width * merge * merge, wide, bias=bias) + linear(
        wide, config.positive_int("text_hidden_size"), bias=bias
    )
    return patches(config, width, bias=False) + (2 + side * side) * width + norm(width) + stack + merger


def folded(config: ConfigReader, out: int) -> int:
    """Inkling's tower: matrices that fold pixels into ever larger patches, space first, then time, norms between.

    The sizes that a layer may reach are the prime factors of the patch, largest first; each layer takes the one
    nearest to an even growth, on a logarithmic scale, from one pixel to the whole patch.
    """
    channels = config.positive_int("num_channels", default=3)
    layers = config.layer_count("num_hidden_layers", "n_layers")
    scales = [(1, channels), *_folds(config, channels)]
    if layers < len(scales):
        raise config.unsupported("num_hidden_layers", layers, f"known are at least {len(scales)} layers here")
    even = log(scales[-1][0] * channels) / layers
    steps = [_nearest(scales, even * layer) for layer in range(layers + 1)]
    path = [scales[0], *(scales[step] for step in steps[1:-1]), scales[-1]]
    total = out
    for layer, ((pixels, width), (larger, wider)) in enumerate(pairwise(path)):
        is_last = layer == layers - 1
        after = out if is_last else wider
        total += width * (larger // pixels) * after + (0 if is_last else after)
    return total


def _nearest(scales: list[tuple[int, int]], wanted: float) -> int:
    """The scale whose pixels are nearest to that logarithm, the first of equals."""
    distances = [abs(wanted - log(pixels)) for pixels, _ in scales]
    return distances.index(min(distances))


def _folds(config: ConfigReader, channels: int) -> list[tuple[int, int]]:
    """Pixels in a patch, and channels that hold them, after each fold."""
    side, frames = 1, 1
    folds = []
    for factor in _prime_factors(config.positive_int("patch_size", at_most=MAX_LIST)):
        side *= factor
        folds.append((side * side, 64 * -(-side * side * channels // 64)))
    for factor in _prime_factors(config.positive_int("temporal_patch_size", at_most=MAX_LIST)):
        frames *= factor
        folds.append((side * side * frames, 64 * side * side * channels * frames))
    return folds


def _prime_factors(number: int) -> list[int]:
    """The prime factors, largest first."""
    factors, divisor = [], 2
    while number > 1:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1
    return factors[::-1]
