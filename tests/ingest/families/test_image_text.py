"""Rarer image-text models, each with what its class in transformers 5.23 holds when built on the meta device.

The totals count the parameters of `AutoModelForImageTextToText`'s class for that config, built without weights; none
is printed by the program.
"""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from estimator.model_spec import ModelSpec
from ingest.errors import UnsupportedArchitecture
from ingest.families.image_text import IMAGE_TEXT
from ingest.normalize import Normalized, normalize

CORPUS = os.environ.get("HUBGAUGE_CORPUS", "")


def read(config: dict[str, Any]) -> Normalized:
    return normalize(config, repo_id="acme/tiny")


def with_sections(model_type: str, *sections: str) -> dict[str, Any]:
    return {"model_type": model_type, **{section: {} for section in sections}}


TEXT, VISION, AUDIO = "text_config", "vision_config", "audio_config"

AT_DEFAULTS = [
    (with_sections("blip", TEXT, VISION), 223_971_644),
    (with_sections("blip-2", TEXT, VISION, "qformer_config"), 1_216_944_384),
    (with_sections("cosmos3_edge", TEXT, VISION), 2_435_616_496),
    (with_sections("cosmos3_omni", TEXT, VISION), 12_616_410_352),
    (with_sections("deepseek_vl_hybrid", TEXT, VISION, "high_res_vision_config"), 6_817_039_873),
    (with_sections("ernie4_5_vl_moe", TEXT, VISION), 29_399_294_336),
    (with_sections("florence2", TEXT, VISION), 497_761_280),
    (with_sections("gemma3n", TEXT, VISION, AUDIO), 7_818_517_072),  # with timm's MobileNetV5
    (with_sections("granite_docling", TEXT, VISION), 543_428_352),
    (with_sections("idefics2", TEXT, VISION, "perceiver_config"), 8_061_394_944),
    (with_sections("inkling_mm_model", TEXT, VISION, AUDIO), 1_740_191_689_202),
    (with_sections("instructblip", TEXT, VISION, "qformer_config"), 1_297_466_112),
    (with_sections("instructblipvideo", TEXT, VISION, "qformer_config"), 1_297_466_112),
    (with_sections("janus", TEXT, VISION, "vq_config"), 7_031_324_299),
    (with_sections("kosmos-2.5", TEXT, VISION), 1_374_646_272),
    (with_sections("minicpm_ocr", TEXT, VISION), 8_094_084_096),
    (with_sections("molmo2", TEXT, VISION, "adapter_config"), 8_694_602_192),
    (with_sections("muse_glimmer", TEXT, VISION), 29_776_626_688),
    (with_sections("muse_spark", TEXT, VISION, AUDIO), 822_036_513_792),
    (with_sections("ovis2", TEXT, VISION), 11_778_684_918),
    (with_sections("pix2struct", TEXT, VISION), 282_285_696),
    (with_sections("udop"), 742_440_960),
]

CHANGED: list[tuple[dict[str, Any], int]] = [
    (
        {
            "model_type": "janus",
            TEXT: {"model_type": "llama"},
            VISION: {"use_qk_norm": True, "attention_bias": False, "depth": 3},
            "vq_config": {"double_latent": True, "channel_multiplier": [1, 2, 2]},
        },
        6_987_272_331,
    ),
    (
        {"model_type": "granite_docling", "density_router_hidden_size": 256, TEXT: {}, VISION: {"scale_factor": 2}},
        496_372_738,
    ),
    (
        {
            "model_type": "got_ocr2",
            TEXT: {
                "model_type": "qwen2",
                "hidden_size": 1024,
                "num_attention_heads": 16,
                "num_key_value_heads": 16,
                "num_hidden_layers": 2,
            },
            VISION: {"global_attn_indexes": [2], "window_size": 7, "qkv_bias": False},
        },
        395_781_632,
    ),
    (
        {
            "model_type": "blip-2",
            TEXT: {"model_type": "opt"},
            VISION: {"qkv_bias": False},
            "qformer_config": {"num_hidden_layers": 7, "cross_attention_frequency": 3, "use_qformer_text_input": True},
        },
        1_204_367_232,
    ),
    (
        {
            "model_type": "ernie4_5_vl_moe",
            TEXT: {"num_hidden_layers": 3, "moe_intermediate_size": [256, 128], "moe_num_experts": 8, "use_bias": True},
            VISION: {},
        },
        1_236_184_608,
    ),
    (
        {
            "model_type": "mistral_large4",
            TEXT: {
                "num_hidden_layers": 4,
                "no_rope_layers": [1, 0, 0, 1],
                "indexer_types": ["full", "shared", "full", "shared"],
            },
            VISION: {"model_type": "pixtral"},
        },
        47_747_697_792,
    ),
    (
        {
            "model_type": "florence2",
            TEXT: {"model_type": "bart", "decoder_layers": 5},
            VISION: {
                "embed_dim": [64, 128],
                "depths": [2, 1],
                "patch_size": [7, 3],
                "patch_prenorm": [False, True],
            },
        },
        289_544_576,
    ),
    (
        {
            "model_type": "vision-encoder-decoder",
            "encoder": {"model_type": "vit", "hidden_size": 384, "num_attention_heads": 6, "intermediate_size": 1536},
            "decoder": {"model_type": "bert", "is_decoder": True, "add_cross_attention": True},
        },
        159_990_330,
    ),
    (
        {
            "model_type": "molmo2",
            "vit_config": {"num_hidden_layers": 27, "image_num_pos": 729, "image_patch_size": 14},
            "adapter_config": {"vit_layers": [-3, -9], "text_hidden_size": 4096, "intermediate_size": 12288},
            TEXT: {"hidden_size": 4096},
        },
        8_661_703_120,
    ),
]


def type_of(value: object) -> str:
    return str(value["model_type"]) if isinstance(value, dict) else ""


@pytest.mark.parametrize(("config", "parameters"), AT_DEFAULTS, ids=type_of)
def test_a_silent_config_holds_what_its_class_builds(config: dict[str, Any], parameters: int) -> None:
    assert read(config).spec.total_parameters == parameters


@pytest.mark.parametrize(("config", "parameters"), CHANGED, ids=type_of)
def test_a_changed_shape_holds_what_its_class_builds(config: dict[str, Any], parameters: int) -> None:
    assert read(config).spec.total_parameters == parameters


def test_experts_of_image_tokens_stand_among_the_vision_parameters() -> None:
    spec = read(with_sections("ernie4_5_vl_moe", TEXT, VISION)).spec
    one_expert = 3 * 2560 * 512  # gate, up and down of 64 experts in 27 of 28 layers; a router row and a correction
    square, wide = 5120 * 5120 + 5120, 10240 * 5120 + 5120  # the resampler over 2 x 2 patches, then over 2 frames
    resampler = 3 * square + wide + 4 * 5120 + 5120 * 2560 + 2560 + 2560
    assert spec.vision_parameters == 630_433_280 + resampler + 27 * 64 * (one_expert + 2560 + 1)
    assert spec.routed_parameters == 27 * 64 * 3 * 2560 * 1536


def test_layers_without_rotary_positions_cache_the_latent_alone() -> None:
    spec = read(with_sections("mistral_large4", TEXT, VISION)).spec
    assert spec.cache_elements_per_token == 54 * (512 + 64) + 18 * 512 + 72 * 128  # latents, rotary keys, index keys


def test_a_prompt_that_stays_beside_a_window_is_told() -> None:
    read_as = read({"model_type": "unlimited_ocr", TEXT: {}, VISION: {"sam_config": {}, "encoder_config": {}}})
    assert read_as.spec.window_elements_per_sequence == 12 * 2 * 10 * 128 * 128  # layers, k and v, heads, width, tokens
    assert any("whole prompt" in warning for warning in read_as.warnings)


@pytest.mark.parametrize("model_type", ["blip", "florence2", "pix2struct", "udop"])
def test_a_decoder_that_reads_an_encoder_says_what_else_it_keeps(model_type: str) -> None:
    sections = () if model_type == "udop" else (TEXT, VISION)
    assert any("cross-attention" in warning for warning in read(with_sections(model_type, *sections)).warnings)


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"model_type": "mistral_large4", TEXT: {"num_hidden_layers": 2, "kv_source_layers": [0, 0]}, VISION: {}},
        "kv_source",
    ),
    ({"model_type": "vision-encoder-decoder", "encoder": {"model_type": "donut-swin"}, "decoder": {}}, "donut-swin"),
    ({"model_type": "gemma3n", TEXT: {}, VISION: {"architecture": "resnet50"}, AUDIO: {}}, "resnet50"),
    ({"model_type": "blip", TEXT: {"is_decoder": False}, VISION: {}}, "is_decoder"),
    ({"model_type": "inkling_mm_model", TEXT: {}, VISION: {"num_hidden_layers": 4}, AUDIO: {}}, "num_hidden_layers"),
]


@pytest.mark.parametrize(("config", "named"), REFUSED, ids=type_of)
def test_a_shape_that_is_not_known_is_refused_by_its_key(config: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedArchitecture, match=named):
        read(config)


def sweep() -> list[dict[str, str]]:
    if not CORPUS:
        return []
    with (Path(CORPUS) / "facts" / "sweep_truth.tsv").open(encoding="utf8") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        return [row for row in rows if row["ok"] == "1" and row["model_type"] in IMAGE_TEXT]


def of_sweep(row: dict[str, str]) -> ModelSpec:
    path = Path(CORPUS) / "sweep" / f"{row['model_type']}.json"
    return normalize(json.loads(path.read_text(encoding="utf8")), repo_id=row["model_type"]).spec


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="HUBGAUGE_CORPUS names no corpus of real configs")
@pytest.mark.parametrize("row", sweep(), ids=lambda row: row["model_type"])
def test_each_type_is_exact_to_the_parameter_and_to_the_byte_of_cache(row: dict[str, str]) -> None:
    spec = of_sweep(row)
    assert spec.total_parameters == int(row["total"])
    if row["kv_source"] != "none":  # some classes cannot run without an image
        assert 2 * spec.cache_elements_per_token == int(row["kv_bytes_tok_bf16_full"])
    windows = {mixer.window_tokens for group in spec.layers if (mixer := group.mixer) and mixer.window_tokens}
    assert windows == {int(width) for width in row["windows"].split(",") if width}
    if row["state_bytes_bf16"] and "inkling" not in row["model_type"]:  # measured in 11 of Inkling's 66 layers only
        assert 2 * (spec.recurrent_state_elements + spec.conv_state_elements) == int(row["state_bytes_bf16"])
