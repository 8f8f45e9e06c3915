"""Towers as whole models carry them: the tower of a section and the projector to the language model's width."""

from collections.abc import Callable, Mapping
from typing import Final

from estimator.model_spec import Headline
from ingest.config_reader import ConfigReader
from ingest.families import towers
from ingest.families.towers import Tower, linear, norm

Encoder = Callable[[ConfigReader], int]

ENCODERS: Final[Mapping[str, Encoder]] = {
    "clip_vision_model": towers.clip,
    "siglip_vision_model": towers.siglip,
    "siglip": towers.siglip,
    "siglip2_vision_model": towers.siglip2,
    "pixtral": towers.pixtral,
    "idefics3_vision": towers.siglip,
    "smolvlm_vision": towers.siglip,
    "internvl_vision": towers.internvl,
    "qianfan_ocr_vision": towers.internvl,
    "intern_vit_6b": towers.internvl,
}
"""Towers by the model_type of their section."""


def alone(encoder: Encoder, *sections: str) -> Tower:
    """A tower whose section holds its own projector (Qwen)."""
    return lambda config, _language: encoder(config.section(*(sections or ("vision_config",))))


def any_encoder(config: ConfigReader) -> int:
    """The tower that the section names."""
    encoder = ENCODERS.get(config.model_type)
    if encoder is None:
        raise config.unsupported("model_type", config.model_type, "no such tower is known")
    return encoder(config)


def undescribed(config: ConfigReader, language: Headline) -> int:  # noqa: ARG001  # same question to each
    """Nothing counted, and said so: the config leaves the tower out."""
    config.trace.warn("the vision tower is not described in config.json and not counted")
    return 0


def gemma3_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP, a norm and one matrix."""
    vision = config.section("vision_config")
    width = vision.positive_int("hidden_size")
    return towers.siglip(vision) + linear(width, language.hidden_size, bias=False) + width


def llava_vision(config: ConfigReader, language: Headline) -> int:
    """A tower named in `vision_config` and two layers after it; several feature layers stand side by side."""
    vision = config.optional_section("vision_config")
    if vision is None:
        return undescribed(config, language)
    layers = config.optional_list("vision_feature_layer") if config.is_list("vision_feature_layer") else None
    width = vision.positive_int("hidden_size") * (len(layers) if layers else 1)
    bias = config.boolean("multimodal_projector_bias", default=True)
    out = language.hidden_size
    return any_encoder(vision) + linear(width, out, bias=bias) + linear(out, out, bias=bias)


def mistral3_vision(config: ConfigReader, language: Headline) -> int:
    """Pixtral, a norm, a merger of patches and two layers."""
    vision = config.section("vision_config")
    width, out = vision.positive_int("hidden_size"), language.hidden_size
    merge = config.positive_int("spatial_merge_size", default=2)
    bias = config.boolean("multimodal_projector_bias", default=False)
    projector = width + width * merge * merge * width + linear(width, out, bias=bias) + linear(out, out, bias=bias)
    return any_encoder(vision) + projector


def llama4_vision(config: ConfigReader, language: Headline) -> int:
    """Llama-4's tower and one matrix."""
    vision = config.optional_section("vision_config")
    if vision is None:
        return undescribed(config, language)
    return towers.llama4_vision(vision) + vision.positive_int("vision_output_dim") * language.hidden_size


def mllama_vision(config: ConfigReader, language: Headline) -> int:
    """Llama-3.2's tower and one layer."""
    vision = config.section("vision_config")
    return towers.mllama_vision(vision) + linear(vision.positive_int("vision_output_dim"), language.hidden_size)


def kimi_vision(config: ConfigReader, language: Headline) -> int:
    """MoonViT, a norm and two layers over 2 x 2 patches."""
    vision = config.section("vision_config")
    width = vision.positive_int("vt_hidden_size", "hidden_size")
    merge = towers.square(vision, "merge_kernel_size")
    wide = width * merge[0] * merge[1]
    return towers.kimi_vision(vision) + norm(width) + linear(wide, wide) + linear(wide, language.hidden_size)


def lfm2_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP 2 and two layers over unshuffled pixels, with a norm where the config says so."""
    vision = config.section("vision_config")
    factor, inner = config.positive_int("downsample_factor"), config.positive_int("projector_hidden_size")
    wide = vision.positive_int("hidden_size") * factor * factor
    bias = config.boolean("projector_bias", default=True)
    total = norm(wide) if config.boolean("projector_use_layernorm", default=True) else 0
    total += linear(wide, inner, bias=bias) + linear(inner, language.hidden_size, bias=bias)
    return any_encoder(vision) + total


def minicpmv_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP with a windowed merger inside, and mergers after."""
    vision = config.section("vision_config")
    width, inner = vision.positive_int("hidden_size"), vision.positive_int("intermediate_size")
    window = towers.square(vision, "window_kernel_size")
    wide = width * window[0] * window[1]
    inside = 4 * linear(width, width) + norm(width) + norm(wide)
    inside += linear(wide, window[0] * window[1] * inner) + linear(window[0] * window[1] * inner, width)
    merge = towers.square(config, "merge_kernel_size")
    merged, times = width * merge[0] * merge[1], config.positive_int("merger_times", default=1, at_most=16)
    total = times * (norm(merged) + linear(merged, merged)) + (times - 1) * linear(merged, width)
    return towers.siglip(vision) + inside + total + linear(merged, language.hidden_size)


def gemma4_vision(config: ConfigReader, language: Headline) -> int:
    """Gemma 4's tower and one matrix, where the model has one."""
    vision = config.optional_section("vision_config")
    if vision is None:
        return 0
    return towers.gemma4_vision(vision) + vision.positive_int("hidden_size") * language.hidden_size


def gemma4_audio(config: ConfigReader, language: Headline) -> int:
    """Gemma 4's conformer and one matrix, where the model has one."""
    audio = config.optional_section("audio_config")
    if audio is None:
        return 0
    return towers.gemma4_audio(audio) + audio.positive_int("output_proj_dims") * language.hidden_size


def gemma4_buffers(config: ConfigReader, language: Headline) -> int:  # noqa: ARG001  # same question to each
    """Four bounds for each clipped matrix (7 a vision layer, 10 an audio layer); a scale and shift of the output."""
    total = 0
    vision, audio = config.optional_section("vision_config"), config.optional_section("audio_config")
    if vision is not None:
        total += 28 * vision.layer_count() if vision.boolean("use_clipped_linears", default=False) else 0
        total += 2 * vision.positive_int("hidden_size") if vision.boolean("standardize", default=False) else 0
    if audio is not None:
        total += 40 * audio.layer_count() if audio.boolean("use_clipped_linears", default=False) else 0
    return total


def voxtral_audio(config: ConfigReader, language: Headline) -> int:
    """Whisper's encoder and two layers over four frames at once (as wide as its networks)."""
    audio = config.section("audio_config")
    wide, out = audio.positive_int("intermediate_size"), language.hidden_size
    return towers.whisper_encoder(audio) + wide * out + out * out


def qwen2_audio(config: ConfigReader, language: Headline) -> int:
    """Whisper's encoder and one layer."""
    audio = config.section("audio_config")
    return towers.whisper_encoder(audio) + linear(audio.positive_int("d_model", "hidden_size"), language.hidden_size)


def omni_audio(config: ConfigReader, language: Headline) -> int:
    """Whisper's encoder without stored positions, one layer, and two marker tokens."""
    audio = config.section("audio_config")
    width, out = audio.positive_int("d_model", "hidden_size"), language.hidden_size
    positions = audio.positive_int("max_source_positions") * width
    return towers.whisper_encoder(audio) - positions + linear(width, out) + 2 * out


def llava_next_vision(config: ConfigReader, language: Headline) -> int:
    """As LLaVA, and one learned vector for the end of an image row."""
    return llava_vision(config, language) + language.hidden_size


def vipllava_vision(config: ConfigReader, language: Headline) -> int:
    """A tower of which several layers are read side by side, a norm over them, two layers."""
    vision, out = config.section("vision_config"), language.hidden_size
    layers = config.optional_list("vision_feature_layers") if config.is_list("vision_feature_layers") else None
    wide = vision.positive_int("hidden_size") * (len(layers) if layers else 1)
    return any_encoder(vision) + norm(wide) + linear(wide, out) + linear(out, out)


def internvl_vision(config: ConfigReader, language: Headline) -> int:
    """InternViT, a norm over unshuffled pixels, two layers."""
    vision, out = config.section("vision_config"), language.hidden_size
    scale = round(1 / min(1.0, max(0.125, config.number("downsample_ratio", default=0.5))))
    wide = vision.positive_int("hidden_size") * scale * scale
    return any_encoder(vision) + norm(wide) + linear(wide, out) + linear(out, out)


def cohere2_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP and a gated pair of layers over unshuffled pixels."""
    vision, inner = config.section("vision_config"), config.positive_int("alignment_intermediate_size")
    factor = config.positive_int("downsample_factor")
    wide = vision.positive_int("hidden_size") * factor * factor
    return any_encoder(vision) + linear(wide, inner) + linear(inner // 2, language.hidden_size)


def aya_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP, a norm and a gated pair of layers over unshuffled pixels."""
    vision, factor = config.section("vision_config"), config.positive_int("downsample_factor", default=2)
    wide = vision.positive_int("hidden_size") * factor * factor
    inner = config.positive_int("alignment_intermediate_size", default=language.hidden_size)
    return any_encoder(vision) + norm(wide) + linear(wide, inner) + linear(inner // 2, language.hidden_size)


def paligemma_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP and one layer."""
    vision = config.section("vision_config")
    return any_encoder(vision) + linear(vision.positive_int("hidden_size"), language.hidden_size)


def idefics3_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP without a pooling head and one matrix over unshuffled pixels."""
    vision, factor = config.section("vision_config"), config.positive_int("scale_factor")
    wide = vision.positive_int("hidden_size") * factor * factor
    return any_encoder(vision) + linear(wide, language.hidden_size, bias=False)


def deepseek_vl_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP and two layers."""
    vision, out = config.section("vision_config"), language.hidden_size
    return any_encoder(vision) + linear(vision.positive_int("hidden_size"), out) + linear(out, out)


def step3_vision(config: ConfigReader, language: Headline) -> int:
    """Step-3.7's tower and one matrix, where the config describes it."""
    vision = config.optional_section("vision_config")
    if vision is None:
        return undescribed(config, language)
    bias = config.boolean("projector_bias", default=False)
    return towers.step3_vision(vision) + linear(4 * vision.positive_int("hidden_size"), language.hidden_size, bias=bias)


def fuyu_vision(config: ConfigReader, language: Headline) -> int:
    """No tower: patches go through one layer."""
    side, channels = config.positive_int("patch_size"), config.positive_int("num_channels", default=3)
    return linear(side * side * channels, language.hidden_size)


def phi3_vision(config: ConfigReader, language: Headline) -> int:
    """CLIP ViT-L/14 at 336 pixels, named and not described; two layers over 2 x 2 patches, two separators."""
    processor = config.section("img_processor")
    if processor.text("model_name", default="") != "openai/clip-vit-large-patch14-336":
        raise processor.unsupported("model_name", processor.raw("model_name")[1], "no such tower is known")
    clip = 1024 + 577 * 1024 + 3 * 14 * 14 * 1024 + towers.blocks(24, 1024, 4096) + 4 * 1024
    wide, out = 4 * processor.positive_int("image_dim_out"), language.hidden_size
    return clip + linear(wide, out) + linear(out, out) + 2 * wide


def minicpmv_resampler(config: ConfigReader, language: Headline) -> int:
    """SigLIP and a resampler: `query_num` queries that attend to the patches once."""
    vision, out = config.section("vision_config"), language.hidden_size
    width = vision.positive_int("hidden_size")
    queries = config.positive_int("query_num") * out
    attention = linear(out, 3 * out) + linear(out, out)
    return any_encoder(vision) + queries + width * out + attention + 3 * norm(out) + out * out


def minimax_m3_vision(config: ConfigReader, language: Headline) -> int:
    """A tower with two-frame patches, two layers, and two more over merged patches."""
    vision = config.optional_section("vision_config")
    if vision is None:
        return undescribed(config, language)
    width, out = vision.positive_int("hidden_size"), language.hidden_size
    inner, frames = config.positive_int("projector_hidden_size"), towers.square(vision, "temporal_patch_size")[0]
    merge = vision.positive_int("spatial_merge_size")
    total = towers.patches(vision, width, bias=False, frames=frames) + norm(width)
    total += towers.blocks(vision.layer_count(), width, vision.positive_int("intermediate_size"))
    total += linear(width, inner) + linear(inner, out)
    return total + linear(out * merge * merge, inner) + linear(inner, out)


def paddleocr_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP, a norm and two layers over merged patches."""
    vision = config.section("vision_config")
    width, merge = vision.positive_int("hidden_size"), vision.positive_int("spatial_merge_size")
    wide = width * merge * merge
    return towers.siglip(vision) + norm(width) + linear(wide, wide) + linear(wide, language.hidden_size)


def qwen3_omni_audio(config: ConfigReader, language: Headline) -> int:  # noqa: ARG001  # same question to each
    """Three strided convolutions over mel bins, blocks, two layers."""
    audio = config.section("audio_config")
    width, inner, channels = (
        audio.positive_int("d_model"),
        audio.positive_int("encoder_ffn_dim"),
        audio.positive_int("downsample_hidden_size"),
    )
    bins = -(-audio.positive_int("num_mel_bins") // 8)
    total = linear(9, channels) + 2 * linear(9 * channels, channels) + channels * bins * width
    total += towers.blocks(audio.layer_count("encoder_layers"), width, inner) + norm(width)
    return total + linear(width, width) + linear(width, audio.positive_int("output_dim"))


def video_llama_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP with rotary positions, and two layers."""
    vision, out = config.section("vision_config"), language.hidden_size
    width, inner = vision.positive_int("hidden_size"), vision.positive_int("intermediate_size")
    tower = towers.patches(vision, width) + towers.blocks(vision.layer_count(), width, inner) + norm(width)
    return tower + linear(width, out) + linear(out, out)


def aria_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP, and queries that attend to it: two attentions' worth of projections, norms, a gated pair of layers."""
    vision, out = config.section("vision_config"), language.hidden_size
    width = vision.positive_int("hidden_size")
    queries = config.positive_int("max_value_projector_patch_to_query_dict") * width
    attention = 3 * width * width + linear(width, 3 * width) + 2 * linear(width, width) + 2 * norm(width)
    return any_encoder(vision) + queries + attention + norm(width) + width * out + out * out


def hyperclovax_vision(config: ConfigReader, language: Headline) -> int:
    """Qwen2.5-VL's tower and one layer."""
    vision = config.section("vision_config")
    return towers.qwen2_5_vision(vision) + linear(vision.positive_int("out_hidden_size"), language.hidden_size)
