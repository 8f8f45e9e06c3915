"""Every model_type that is understood, and how its config is read.

Language models stand in `language`; here they meet their towers, beside encoders. A family of a known shape is one row.
"""

from collections.abc import Mapping
from typing import Final

from ingest.config_reader import ConfigReader
from ingest.families import projectors, towers
from ingest.families.anatomy import Anatomy, FamilyReader
from ingest.families.encoders import Bert
from ingest.families.image_text import IMAGE_TEXT
from ingest.families.language import LANGUAGE, STEP3
from ingest.families.multimodal import Multimodal, by_model_type
from ingest.families.projectors import alone
from ingest.families.speaking import SPEAKING

ANY_LANGUAGE: Final = by_model_type(LANGUAGE)


MINICPMV: Final[Mapping[float, str]] = {2.5: "llama", 2.6: "qwen2", 4.0: "llama", 4.5: "qwen3"}
"""The language model of each version of MiniCPM-V, whose config names none."""


def minicpmv_language(config: ConfigReader) -> Anatomy:
    """The language model that the version stands for."""
    version = config.number("version")
    if version not in MINICPMV:
        raise config.unsupported("version", version, f"known are {', '.join(map(str, MINICPMV))}")
    return LANGUAGE[MINICPMV[version]](config.as_type(MINICPMV[version]))


def _vision(language_type: str, tower: towers.Tower) -> Multimodal:
    """A language model of that type with a vision tower."""
    return Multimodal(language=LANGUAGE[language_type], language_type=language_type, vision=tower)


def _any(language_type: str, tower: towers.Tower) -> Multimodal:
    """Whatever language model the section names (of that type if it names none) with a vision tower."""
    return Multimodal(language=ANY_LANGUAGE, language_type=language_type, vision=tower)


FAMILIES: Final[Mapping[str, FamilyReader]] = {
    **LANGUAGE,
    **SPEAKING,
    **IMAGE_TEXT,
    "aria": _vision("aria_text", projectors.aria_vision),
    "aya_vision": _any("cohere2", projectors.aya_vision),
    "cohere2_vision": _any("cohere2", projectors.cohere2_vision),
    "deepseek_vl": _any("llama", projectors.deepseek_vl_vision),
    "fuyu": _any("persimmon", projectors.fuyu_vision),
    "glm46v": _any("glm4v_text", alone(towers.glm4v_vision)),
    "glm4v_moe": _vision("glm4v_moe_text", alone(towers.glm4v_vision)),
    "glmga": _any("glm4v_text", alone(towers.glm4v_vision)),
    "glm_ocr": _vision("glm_ocr_text", alone(towers.glm_ocr_vision)),
    "idefics3": _any("llama", projectors.idefics3_vision),
    "internvl_chat": _any("internlm2", projectors.internvl_vision),  # InternVL2-2B: 2,205,754,368
    "internvl": _any("qwen2", projectors.internvl_vision),
    "lighton_ocr": _any("qwen3", projectors.mistral3_vision),
    "llava_next": _any("llama", projectors.llava_next_vision),
    "llava_next_video": _any("llama", projectors.llava_next_vision),
    "llava_onevision": _any("qwen2", projectors.llava_next_vision),
    "minicpmv": Multimodal(language=minicpmv_language, vision=projectors.minicpmv_resampler),  # 2.6: 8,099,175,152
    "phi3_v": Multimodal(language=LANGUAGE["phi3_v"], vision=projectors.phi3_vision),  # Phi-3-vision: 4,146,621,440
    "paddleocr_vl": _vision("paddleocr_vl_text", projectors.paddleocr_vision),
    "qwen3_omni_moe_thinker": Multimodal(
        language=LANGUAGE["qwen3_omni_moe_text"],
        language_type="qwen3_omni_moe_text",
        vision=alone(towers.qwen3_vision),
        audio=projectors.qwen3_omni_audio,
    ),
    "paligemma": _any("gemma", projectors.paligemma_vision),
    "shieldgemma2": _vision("gemma3_text", projectors.gemma3_vision),
    "smolvlm": _any("llama", projectors.idefics3_vision),
    "video_llama_3": _any("qwen2", projectors.video_llama_vision),
    "vipllava": _any("llama", projectors.vipllava_vision),
    "bert": Bert(),
    "camembert": Bert(classifier_is_deep=True),
    "data2vec-text": Bert(classifier_is_deep=True),
    "megatron-bert": Bert(),
    "roberta-prelayernorm": Bert(classifier_is_deep=True, other_norms=2),
    "exaone4_5": _vision("exaone4_5_text", alone(towers.qwen2_5_vision)),
    "gemma3": _vision("gemma3_text", projectors.gemma3_vision),
    "gemma4": Multimodal(
        language=LANGUAGE["gemma4_text"],
        language_type="gemma4_text",
        vision=projectors.gemma4_vision,
        audio=projectors.gemma4_audio,
        buffers=projectors.gemma4_buffers,
    ),
    "glm4v": _vision("glm4v_text", alone(towers.glm4v_vision)),
    "kimi_k25": Multimodal(language=ANY_LANGUAGE, language_type="deepseek_v3", vision=projectors.kimi_vision),
    "lfm2_vl": Multimodal(language=ANY_LANGUAGE, language_type="lfm2", vision=projectors.lfm2_vision),
    "llama4": _vision("llama4_text", projectors.llama4_vision),
    "llava": Multimodal(language=ANY_LANGUAGE, language_type="llama", vision=projectors.llava_vision),
    "hyperclovax_vision_v2": _any("hyperclovax", projectors.hyperclovax_vision),
    "minicpmv4_7": Multimodal(language=ANY_LANGUAGE, language_type="qwen3_5_text", vision=projectors.minicpmv_vision),
    "qianfan_ocr": _any("qwen3", projectors.internvl_vision),
    "minicpmv4_6": Multimodal(language=ANY_LANGUAGE, language_type="qwen3_5_text", vision=projectors.minicpmv_vision),
    "minimax_m3_vl": _vision("minimax_m3_vl_text", projectors.minimax_m3_vision),
    "mistral3": Multimodal(language=ANY_LANGUAGE, language_type="mistral", vision=projectors.mistral3_vision),
    "mllama": _vision("mllama_text_model", projectors.mllama_vision),
    "qwen2_5_omni_thinker": Multimodal(
        language=LANGUAGE["qwen2_5_omni_text"],
        language_type="qwen2_5_omni_text",
        vision=alone(towers.qwen2_5_vision),
        audio=projectors.omni_audio,
    ),
    "qwen2_5_vl": _vision("qwen2_5_vl_text", alone(towers.qwen2_5_vision)),
    "qwen2_audio": Multimodal(language=ANY_LANGUAGE, language_type="qwen2", audio=projectors.qwen2_audio),
    "qwen2_vl": _vision("qwen2_vl_text", alone(towers.qwen2_vision)),
    "qwen3_5": _vision("qwen3_5_text", alone(towers.qwen3_vision)),
    "qwen3_5_moe": _vision("qwen3_5_moe_text", alone(towers.qwen3_vision)),
    "qwen3_vl": _vision("qwen3_vl_text", alone(towers.qwen3_vision)),
    "qwen3_vl_moe": _vision("qwen3_vl_moe_text", alone(towers.qwen3_vision)),
    "roberta": Bert(classifier_is_deep=True),
    "step3p7": Multimodal(language=STEP3, language_type="step3p5", vision=projectors.step3_vision),
    "voxtral": Multimodal(language=ANY_LANGUAGE, language_type="llama", audio=projectors.voxtral_audio),
    "xlm-roberta": Bert(classifier_is_deep=True),
}

OTHER_KINDS: Final[Mapping[str, str]] = {
    "clip": "a pair of image and text encoders",
    "clip_vision_model": "an image encoder",
    "clip_text_model": "a text encoder of a pair",
    "siglip": "a pair of image and text encoders",
    "siglip_vision_model": "an image encoder",
    "vit": "an image encoder",
    "dinov2": "an image encoder",
    "musicgen": "a music generator of three parts (text encoder, decoder, audio codec)",
    "musicgen_melody": "a music generator of three parts (text encoder, decoder, audio codec)",
    "wav2vec2": "a speech encoder",
    "hubert": "a speech encoder",
    "qwen3_omni_moe": "a speaking model of three parts (thinker, talker, code2wav); its thinker alone can be sized",
    "qwen2_5_omni": "a speaking model of three parts (thinker, talker, token2wav); its thinker alone can be sized",
}
"""Models of another kind, and what they are."""
