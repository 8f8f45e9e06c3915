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
    if len(sides) not in {1, 2} or min(sides) < 1:  # one side for both, or height and width
        raise config.malformed(keys[0], sides, "one side or two")
    return sides[0], sides[-1]


def grid(config: ConfigReader) -> int:
    """Patches of one image."""
    image, patch = square(config, "image_size"), square(config, "patch_size")
    return (image[0] // patch[0]) * (image[1] // patch[1])


def siglip(config: ConfigReader) -> int:
    """SigLIP: biased blocks, learned positions, a norm after, and a pooling head where the config wants one."""
    width = config.positive_int("hidden_size")
    stack = blocks(config.layer_count(), width, config.positive_int("intermediate_size"))
    return patches(config, width) + grid(config) * width + stack + norm(width) + siglip_head(config)


def siglip_head(config: ConfigReader) -> int:
    """SigLIP's attention pooling: a probe, an attention, a norm, a network."""
    if not config.boolean("vision_use_head", default=False):
        return 0
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    return width + 4 * linear(width, width) + norm(width) + linear(width, inner) + linear(inner, width)


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


def clip(config: ConfigReader) -> int:
    """CLIP: a class token, learned positions, norms before and after."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    positions = (grid(config) + 1) * width
    return (
        width + positions + patches(config, width, bias=False) + blocks(config.layer_count(), width, inner) + 4 * width
    )


def siglip2(config: ConfigReader) -> int:
    """SigLIP 2 with flexible sizes: a table of `num_patches` positions."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    stack = blocks(config.layer_count(), width, inner)
    return (
        patches(config, width) + config.positive_int("num_patches") * width + stack + norm(width) + siglip_head(config)
    )


def pixtral(config: ConfigReader) -> int:
    """Pixtral: RMS norms, gated networks, no biases, rotary positions."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    stack = blocks(
        config.layer_count(),
        width,
        inner,
        gated=True,
        qkv_bias=False,
        output_bias=False,
        mlp_bias=False,
        norm_bias=False,
    )
    return patches(config, width, bias=False) + width + stack


def qwen2_vision(config: ConfigReader) -> int:
    """Qwen2-VL's tower: `embed_dim` wide, its `hidden_size` is the language model's."""
    width = config.positive_int("embed_dim")
    inner = int(width * config.ratio("mlp_ratio", default=4))
    total = patches(config, width, bias=False, frames=square(config, "temporal_patch_size")[0])
    total += blocks(config.layer_count("depth"), width, inner)
    merge = config.positive_int("spatial_merge_size")
    return total + qwen_merger(width, merge, config.positive_int("hidden_size"), norm_bias=True)


def qwen2_5_vision(config: ConfigReader) -> int:
    """Qwen2.5-VL's tower: gated networks with biases and RMS norms; EXAONE-4.5's has fewer KV heads."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    heads = config.positive_int("num_heads", "num_attention_heads")
    kv_width = config.positive_int("num_key_value_heads", default=heads) * (width // heads or 1)
    total = patches(config, width, bias=False, frames=square(config, "temporal_patch_size")[0])
    total += blocks(config.layer_count("depth"), width, inner, gated=True, norm_bias=False, kv_width=kv_width)
    merge, out = config.positive_int("spatial_merge_size"), config.positive_int("out_hidden_size")
    return total + qwen_merger(width, merge, out, norm_bias=False)


def glm4v_vision(config: ConfigReader) -> int:
    """GLM-4V's tower: blocks with networks of the output width, a downsampling convolution, a gated merger."""
    width, out = config.positive_int("hidden_size"), config.positive_int("out_hidden_size")
    merge, context = config.positive_int("spatial_merge_size"), config.positive_int("intermediate_size")
    bias = config.boolean("attention_bias", default=False)
    total = patches(config, width, frames=square(config, "temporal_patch_size")[0]) + grid(config) * width
    total += blocks(
        config.layer_count("depth"),
        width,
        out,
        gated=True,
        qkv_bias=bias,
        output_bias=False,
        mlp_bias=False,
        norm_bias=False,
    )
    total += 2 * width + linear(width * merge * merge, out)
    return total + linear(out, out, bias=False) + norm(out) + 3 * out * context


def kimi_vision(config: ConfigReader) -> int:
    """MoonViT: interpolated learned positions, a norm after."""
    width = config.positive_int("vt_hidden_size", "hidden_size")
    inner = config.positive_int("vt_intermediate_size", "intermediate_size")
    layers = config.layer_count("vt_num_hidden_layers", "num_hidden_layers")
    side = config.positive_int("init_pos_emb_height", "pos_emb_height")
    positions = side * config.positive_int("init_pos_emb_width", "pos_emb_width") * width
    return patches(config, width) + positions + blocks(layers, width, inner) + norm(width)


def llama4_vision(config: ConfigReader) -> int:
    """Llama-4's tower: a class token, a pixel-shuffle adapter of two matrices."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    adapter = config.positive_int("projector_input_dim")
    total = width + (grid(config) + 1) * width + patches(config, width, bias=False) + 2 * norm(width)
    total += blocks(config.layer_count(), width, inner)
    return total + inner * adapter + adapter * config.positive_int("projector_output_dim")


def mllama_vision(config: ConfigReader) -> int:
    """Llama-3.2's tower: tiles with embeddings of their own, local and gated global layers, q to o unbiased."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    tiles, positions = config.positive_int("max_num_tiles"), grid(config) + 1
    ratios = len(config.optional_list("supported_aspect_ratios") or ()) or tiles * 2
    total = width + patches(config, width, bias=False) + positions * width + 3 + 2 * norm(width)
    total += (ratios + 1) * tiles * positions * width + 2 * (ratios + 1) * tiles * width
    local, gated = config.layer_count(), config.count("num_global_layers", at_most=2048)
    total += blocks(local, width, inner, qkv_bias=False, output_bias=False)
    return total + blocks(gated, width, inner, qkv_bias=False, output_bias=False, extra=2)


def gemma4_vision(config: ConfigReader) -> int:
    """Gemma 4's tower: two tables of positions, gated blocks of four norms with q/k norms, no biases."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    heads = config.positive_int("num_attention_heads")
    head_dim = config.positive_int("head_dim", default=width // heads or None)
    kv_width = config.positive_int("num_key_value_heads", default=heads) * head_dim
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
        kv_width=kv_width,
        extra=2 * width + 2 * head_dim,
    )
    positions = 2 * config.positive_int("position_embedding_size") * width
    return positions + patches(config, width, bias=False) + stack


def whisper_encoder(config: ConfigReader) -> int:
    """Whisper's encoder: two convolutions, learned positions, blocks without a bias on k."""
    width = config.positive_int("d_model", "hidden_size")
    inner = config.positive_int("encoder_ffn_dim", "intermediate_size")
    layers = config.layer_count("encoder_layers", "num_hidden_layers")
    total = linear(3 * config.positive_int("num_mel_bins"), width) + linear(3 * width, width)
    total += config.positive_int("max_source_positions") * width
    return total + blocks(layers, width, inner, key_bias=False) + norm(width)


def gemma4_audio(config: ConfigReader) -> int:
    """Gemma 4's conformer: two networks, attention with relative positions, a light convolution in each layer."""
    width, kernel = config.positive_int("hidden_size"), config.positive_int("conv_kernel_size")
    channels = config.int_list("subsampling_conv_channels") or [128, 32]
    if len(channels) != 2 or min(channels) < 1:
        raise config.malformed("subsampling_conv_channels", channels, "two widths")
    first, second = channels
    heads = config.positive_int("num_attention_heads")
    total = 9 * first + first + 9 * first * second + second + (second * 32) * width
    networks = 2 * (8 * width * width + 2 * width)
    attention = 5 * width * width + width // heads + 2 * width
    convolution = 3 * width * width + width * kernel + 2 * width
    total += config.layer_count() * (networks + attention + convolution + width)
    return total + linear(width, config.positive_int("output_proj_dims"))


def internvl(config: ConfigReader) -> int:
    """InternViT: a class token, learned positions, layer scales; q/k norms and a last norm where the config says so."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    bias = config.boolean("attention_bias", "qkv_bias", default=False)
    has_norms = config.boolean("use_qk_norm", "qk_normalization", default=False)
    rms = config.text("norm_type", default="layer_norm") == "rms_norm"
    extra = 2 * width + (2 * width if has_norms else 0)
    total = width + (grid(config) + 1) * width + patches(config, width)
    total += blocks(config.layer_count(), width, inner, qkv_bias=bias, norm_bias=not rms, extra=extra)
    return total + (0 if config.boolean("use_mean_pooling", default=True) else norm(width))


def glm_ocr_vision(config: ConfigReader) -> int:
    """GLM-OCR's tower: biased gated blocks with q/k norms, no learned positions, a merger three times as wide."""
    width, inner = config.positive_int("hidden_size"), config.positive_int("intermediate_size")
    out, merge = config.positive_int("out_hidden_size"), config.positive_int("spatial_merge_size")
    heads = config.positive_int("num_heads")
    bias = config.boolean("attention_bias", default=True)
    total = patches(config, width, frames=square(config, "temporal_patch_size")[0])
    total += blocks(
        config.layer_count("depth"),
        width,
        inner,
        gated=True,
        qkv_bias=bias,
        output_bias=bias,
        mlp_bias=bias,
        norm_bias=False,
        extra=2 * (width // heads),
    )
    context = out * config.positive_int("in_channels", default=3)
    return (
        total
        + width
        + linear(width * merge * merge, out)
        + linear(out, out, bias=False)
        + norm(out)
        + 3 * out * context
    )


def step3_vision(config: ConfigReader) -> int:
    """Step-3.7's tower: layer scales, and two convolutions that halve each side and double the width.

    Networks are `mlp_ratio` times as wide as the tower; `intermediate_size` is what that comes to.
    """
    width = config.positive_int("hidden_size")
    stated = config.positive_int("intermediate_size")
    inner = int(width * config.ratio("mlp_ratio")) if config.states("mlp_ratio") else stated
    total = patches(config, width, bias=False) + grid(config) * width + norm(width)
    total += blocks(config.layer_count(), width, inner, extra=2 * width)
    return total + linear(9 * width, 2 * width) + linear(18 * width, 4 * width)
