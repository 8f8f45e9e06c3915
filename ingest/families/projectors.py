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
    "siglip2_vision_model": towers.siglip2,
    "pixtral": towers.pixtral,
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
    layers = config.int_list("vision_feature_layer") if config.is_list("vision_feature_layer") else None
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
    vision = config.section("vision_config", model_type="minicpmv4_6_vision")
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
