"""Text models with a tower beside them that image-text rows do not know: GIT, Emu 3, MOSS, Phi-4-multimodal."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from estimator.attention import GroupedQueryAttention
from estimator.model_spec import Headline, LayerGroup
from ingest.config_reader import ConfigReader
from ingest.families import towers
from ingest.families.anatomy import Anatomy, FamilyReader
from ingest.families.decoder import headline
from ingest.families.language import LANGUAGE
from ingest.families.multimodal import Multimodal, by_model_type, tied_as_stated
from ingest.families.networks import Dense
from ingest.families.towers import linear, norm
from ingest.families.variants import refuse_class

# -- GIT ------------------------------------------------------------------------------------------------------------


def git(config: ConfigReader) -> Anatomy:
    """GIT: BERT's layers as a decoder over image tokens and words, a head with biases, CLIP's tower."""
    head = headline(config)
    width = head.hidden_size
    heads = config.positive_int("num_attention_heads")
    mixer = GroupedQueryAttention(
        hidden_size=width,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=width // heads or 1,
        vector_parameters=4 * width,
    )
    network = Dense(is_gated=False, bias=True).network(config)
    embedding = head.vocab_size * width
    return Anatomy(
        headline=head,
        layers=(
            LayerGroup(
                count=head.num_hidden_layers, mixer=mixer, feed_forward=network, other_parameters=2 * norm(width)
            ),
        ),
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        output_head_vector_parameters=head.vocab_size,
        vision_parameters=git_vision(config, head),
        other_parameters=config.positive_int("max_position_embeddings") * width + norm(width),
    )


def git_vision(config: ConfigReader, language: Headline) -> int:
    """CLIP, one layer and a norm; one vector for each frame where it reads several."""
    vision = config.section("vision_config", model_type="git_vision_model")
    inner, out = vision.positive_int("hidden_size"), language.hidden_size
    frames = config.optional_int("num_image_with_embedding") or 0
    return towers.clip(vision) + linear(inner, out) + norm(out) + frames * inner


# -- Emu 3 and MOSS -------------------------------------------------------------------------------------------------


def emu3(config: ConfigReader) -> Anatomy:
    """Emu 3 as a language model over words and image codes; its image codec is not described."""
    refuse_class(config, "ForConditionalGeneration", "its image codec is not described")
    section = config.section("text_config", model_type="emu3_text_model")
    return tied_as_stated(LANGUAGE["emu3_text_model"](section), config, section)


def moss_audio(config: ConfigReader, language: Headline) -> int:
    """Whisper's encoder, two layers over merged frames, a norm."""
    audio, out = config.section("audio_config"), language.hidden_size
    bias = config.boolean("projector_bias", default=True)
    wide = audio.positive_int("hidden_size", "d_model") * config.positive_int("audio_merge_size", at_most=1024)
    return towers.whisper_encoder(audio) + linear(wide, out, bias=bias) + linear(out, out, bias=bias) + norm(out)


# -- Phi-4-multimodal -----------------------------------------------------------------------------------------------


def phi4_vision(config: ConfigReader, language: Headline) -> int:
    """SigLIP with its pooling head, two layers, two separators."""
    vision = config.section("vision_config", model_type="phi4_multimodal_vision")
    width, inner, out = (
        vision.positive_int("hidden_size"),
        vision.positive_int("intermediate_size"),
        language.hidden_size,
    )
    tower = towers.patches(vision, width) + towers.grid(vision) * width + norm(width)
    tower += towers.blocks(vision.layer_count(), width, inner)
    pooling = width + 4 * linear(width, width) + norm(width) + linear(width, inner) + linear(inner, width)
    return tower + pooling + linear(width, out) + linear(out, out) + 2 * width


def phi4_audio(config: ConfigReader, language: Headline) -> int:
    """A conformer behind strided convolutions; a pair of layers for speech and one for speech beside images."""
    audio, out = config.section("audio_config", model_type="phi4_multimodal_audio"), language.hidden_size
    width = audio.positive_int("hidden_size")
    buckets = audio.positive_int("bias_max_distance") * (1 if audio.boolean("bias_symmetric", default=False) else 2)
    total = _phi4_subsampling(audio, width) + buckets * audio.positive_int("num_attention_heads")
    total += audio.layer_count("num_blocks", "num_hidden_layers") * _phi4_block(audio, width)
    up = linear(width * audio.positive_int("downsample_rate", at_most=64), out)
    return total + 2 * (up + linear(out, out))


def _phi4_subsampling(audio: ConfigReader, width: int) -> int:
    """As many convolutions as halve the time: the first from one channel, the others apart by channel."""
    halvings = audio.positive_int("time_reduction", at_most=1024).bit_length() - 1
    channels, bins = audio.positive_int("nemo_conv_channels"), audio.positive_int("input_size")
    for _ in range(halvings):
        bins = (bins - 1) // 2 + 1
    total = linear(9, channels) + (halvings - 1) * (linear(9, channels) + linear(channels, channels))
    return total + linear(channels * audio.positive_int("nemo_final_size", default=bins), width)


def _phi4_block(audio: ConfigReader, width: int) -> int:
    """Two half networks, attention, a convolution, a norm for each and one after."""
    inner, point = audio.positive_int("intermediate_size"), audio.positive_int("ext_pw_out_channel")
    network = norm(width) + linear(width, 2 * inner) + linear(inner, width)
    attention = 4 * linear(width, width) + norm(width)
    deep = width * audio.positive_int("depthwise_multiplier", at_most=64)
    separable = linear(audio.positive_int("kernel_size", at_most=1024), deep)
    separable += linear(deep, audio.positive_int("depthwise_separable_out_channel"))
    convolution = norm(width) + linear(width, 2 * point) + 2 * point + separable + linear(width, point)
    return 2 * network + attention + convolution + norm(width)


def phi4_multimodal(config: ConfigReader) -> Anatomy:
    """Phi-4-multimodal: Phi-3's layers at the top of the file, with towers for images and speech."""
    read = LANGUAGE["phi3"](config)
    return replace(
        read,
        vision_parameters=phi4_vision(config, read.headline),
        audio_parameters=phi4_audio(config, read.headline),
        buffer_parameters=read.buffer_parameters
        + 2 * config.section("audio_config", model_type="phi4_multimodal_audio").positive_int("input_size"),
    )


# -- Gemma 4 without encoders ---------------------------------------------------------------------------------------


def gemma4_patches(config: ConfigReader, language: Headline) -> int:
    """Raw pixels of merged patches through one layer, a table of positions for each side, one matrix."""
    vision = config.optional_section("vision_config", model_type="gemma4_unified_vision")
    if vision is None:
        return 0
    side = vision.positive_int("patch_size", at_most=4096) * vision.positive_int("pooling_kernel_size", at_most=64)
    pixels, width = 3 * side * side, vision.positive_int("mm_embed_dim")
    positions = 2 * vision.positive_int("mm_posemb_size") * width
    total = norm(pixels) + linear(pixels, width) + 2 * norm(width) + positions
    return total + vision.positive_int("output_proj_dims") * language.hidden_size


def gemma4_sound(config: ConfigReader, language: Headline) -> int:
    """Raw samples through one matrix."""
    audio = config.optional_section("audio_config", model_type="gemma4_unified_audio")
    if audio is None:
        return 0
    return audio.positive_int("audio_embed_dim", "output_proj_dims", "hidden_size") * language.hidden_size


SPEAKING: Final[Mapping[str, FamilyReader]] = {
    "emu3": emu3,
    "gemma4_unified": Multimodal(
        language=LANGUAGE["gemma4_unified_text"],
        language_type="gemma4_unified_text",
        vision=gemma4_patches,
        audio=gemma4_sound,
    ),
    "git": git,
    "moss_transcribe_diarize": Multimodal(language=by_model_type(LANGUAGE), language_type="qwen3", audio=moss_audio),
    "phi4_multimodal": phi4_multimodal,
}
