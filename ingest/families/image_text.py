"""Image-text models beyond those in `table`: each a language model with a tower of `more_projectors`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ingest.config_reader import ConfigReader
from ingest.families import more_languages, more_projectors, more_towers, projectors, qformers, towers
from ingest.families.anatomy import Anatomy, FamilyReader
from ingest.families.crossing import CROSSING
from ingest.families.gemma3n_towers import gemma3n_audio, gemma3n_vision
from ingest.families.inkling import INKLING
from ingest.families.language import LANGUAGE
from ingest.families.multimodal import Multimodal, by_model_type, no_tower
from ingest.families.projectors import alone
from ingest.families.seq2seq import SEQ2SEQ
from ingest.families.towers import Tower

SECTIONS_ALONE: Final[Mapping[str, FamilyReader]] = {
    "cosmos3_edge_text": more_languages.COSMOS_EDGE,
    "ernie4_5_vl_moe_text": more_languages.ERNIE_VL,
    "granite_docling_text": more_languages.GRANITE_DOCLING,
    "mistral_large4_text": more_languages.MISTRAL_LARGE4,
    "molmo2_text": more_languages.molmo2_text,
    "muse_glimmer_text": more_languages.MUSE_GLIMMER,
    "muse_spark_text": more_languages.MUSE_SPARK,
    "unlimited_ocr_text": more_languages.unlimited_ocr_text,
}
"""Language models that are only ever a section of another."""

READ: Final = by_model_type({**LANGUAGE, **INKLING, **SECTIONS_ALONE, "t5": SEQ2SEQ["t5"]})


def _of(language_type: str, vision: Tower, audio: Tower = no_tower) -> Multimodal:
    """A language model, of that type where the section names none, with a vision tower."""
    return Multimodal(language=READ, language_type=language_type, vision=vision, audio=audio)


def untied(read: FamilyReader) -> FamilyReader:
    """The same model with a head of its own, whatever the config says: its class ties nothing."""

    def whole(config: ConfigReader) -> Anatomy:
        anatomy = read(config)
        head = replace(anatomy.headline, tie_word_embeddings=False)
        return replace(anatomy, headline=head, output_head_parameters=head.vocab_size * head.hidden_size)

    return whole


def ovis2(config: ConfigReader) -> Anatomy:
    """Ovis 2: a head of its own has the rows and the width that the top of the config states."""
    anatomy = OVIS2(config)
    if anatomy.headline.tie_word_embeddings:
        return anatomy
    head = config.positive_int("vocab_size") * config.positive_int("hidden_size")
    return replace(anatomy, output_head_parameters=head)


OVIS2: Final = _of("qwen2", more_projectors.ovis2_vision)

IMAGE_TEXT: Final[Mapping[str, FamilyReader]] = {
    **CROSSING,
    "blip-2": _of("opt", qformers.blip2_vision),
    "cosmos3_edge": untied(_of("cosmos3_edge_text", more_projectors.cosmos_edge_vision)),
    "cosmos3_omni": _of("qwen3_vl_text", alone(towers.qwen3_vision)),
    "deepseek_vl_hybrid": _of("llama", more_projectors.deepseek_vl_hybrid_vision),
    "ernie4_5_vl_moe": _of("ernie4_5_vl_moe_text", more_projectors.ernie_vision),
    "gemma3n": _of("gemma3n_text", gemma3n_vision, gemma3n_audio),
    "got_ocr2": _of("qwen2", more_projectors.got_ocr_vision),
    "granite_docling": _of("granite_docling_text", more_projectors.granite_docling_vision),
    "idefics2": _of("mistral", more_projectors.idefics2_vision),
    "inkling2": untied(_of("inkling2_text", alone(more_towers.inkling2))),
    "inkling_mm_model": untied(_of("inkling_text", more_projectors.inkling_vision, more_projectors.inkling_audio)),
    "instructblip": _of("opt", qformers.instructblip_vision),
    "instructblipvideo": _of("opt", qformers.instructblip_vision),
    "janus": _of("llama", more_projectors.janus_vision),
    "lfm3_vl": _of("lfm3", more_projectors.lfm3_vision),
    "minicpm_ocr": _of("qwen3_5_text", projectors.minicpmv_vision),
    "mistral_large4": _of("mistral_large4_text", projectors.mistral3_vision),
    "molmo2": untied(_of("molmo2_text", more_projectors.molmo2_vision)),
    "muse_glimmer": _of("muse_glimmer_text", more_projectors.muse_vision),
    "muse_spark": untied(_of("muse_spark_text", more_projectors.muse_vision, more_projectors.muse_audio)),
    "nemotron_h_omni": untied(_of("nemotron_h", more_projectors.nemotron_omni_vision, more_projectors.no_sound)),
    "ovis2": ovis2,
    "pp_chart2table": _of("qwen2", more_projectors.got_ocr_vision),
    "unlimited_ocr": _of("unlimited_ocr_text", more_projectors.unlimited_ocr_vision),
    "video_llava": _of("llama", more_projectors.video_llava_vision),
}
