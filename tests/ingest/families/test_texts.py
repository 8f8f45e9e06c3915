"""Text types beside the known families, against the classes of transformers 5.23 built on the meta device.

Each total is the sum over `named_parameters()` of the class at its own defaults with the keys shown, each second
number the sum over its persistent buffers; caches are those of a forward pass.
"""

from typing import Any

import pytest

from ingest.errors import NotAGenerativeModel, UnsupportedArchitecture
from ingest.normalize import Normalized, normalize

BUILT: list[tuple[str, str, dict[str, Any], int, int]] = [
    ("bart", "BartForConditionalGeneration", {}, 406_291_456, 50_265),
    ("bart", "BartModel", {}, 406_291_456, 0),
    ("bart", "BartForSequenceClassification", {}, 407_344_131, 0),
    ("bart", "BartForCausalLM", {}, 254_084_096, 0),
    ("mbart", "MBartForConditionalGeneration", {}, 406_295_552, 50_265),
    ("marian", "MarianMTModel", {}, 414_307_328, 58_101),
    ("pegasus", "PegasusForConditionalGeneration", {}, 406_287_360, 50_265),
    ("bigbird_pegasus", "BigBirdPegasusForConditionalGeneration", {"use_bias": True}, 577_088_512, 96_103),
    ("bigbird_pegasus", "BigBirdPegasusForCausalLM", {}, 469_630_976, 0),
    ("blenderbot", "BlenderbotForConditionalGeneration", {}, 2_696_268_800, 8_008),
    ("blenderbot-small", "BlenderbotSmallForConditionalGeneration", {}, 85_113_344, 50_265),
    ("plbart", "PLBartForConditionalGeneration", {}, 139_220_736, 50_005),
    ("prophetnet", "ProphetNetForConditionalGeneration", {}, 391_321_600, 0),
    ("trocr", "TrOCRForCausalLM", {"layernorm_embedding": False}, 253_559_808 - 2 * 1024, 0),
    ("electra", "ElectraForPreTraining", {}, 13_549_057, 0),
    ("electra", "ElectraModel", {}, 13_483_008, 0),
    ("ernie", "ErnieForMaskedLM", {"use_task_id": True}, 109_516_602, 0),
    ("rembert", "RemBertForMaskedLM", {}, 993_263_548, 0),
    ("roc_bert", "RoCBertModel", {"enable_shape": False}, 124_088_832, 0),
    ("roformer", "RoFormerForMaskedLM", {"embedding_size": 384}, 104_996_048, 0),
    ("xlm", "XLMModel", {"n_langs": 15}, 667_119_616, 0),
    ("xlnet", "XLNetLMHeadModel", {}, 360_300_800, 0),
    ("xmod", "XmodForMaskedLM", {"adapter_layer_norm": True}, 116_624_442, 0),
    ("cpmant", "CpmAntForCausalLM", {"prompt_types": 3, "segment_types": 5, "num_hidden_layers": 3}, 830_931_744, 0),
    ("diffllama", "DiffLlamaForCausalLM", {"attention_bias": True, "num_key_value_heads": 8}, 1_104_304_128, 0),
    ("gpt_neox_japanese", "GPTNeoXJapaneseForCausalLM", {}, 2_598_837_760, 0),
    ("jetmoe", "JetMoeForCausalLM", {"num_local_experts": 4, "num_experts_per_tok": 1}, 2_230_093_824, 0),
    ("moshi", "MoshiForCausalLM", {}, 6_839_083_008, 0),
    ("axk2", "AXK2ForCausalLM", {}, 20_314_494_976, 6_016),
    ("hy_v4", "HYV4ForCausalLM", {"num_hidden_layers": 7, "attention_bias": True}, 11_263_944_753, 1_536),
    ("dots3_note_text", "Dots3NoteForCausalLM", {}, 279_551_718_016, 11_520),
    ("inkling2_text", "Inkling2ForCausalLM", {"num_hidden_layers": 14}, 174_481_374_720, 5_376),
    ("zamba", "ZambaForCausalLM", {}, 7_232_490_496, 0),
    ("hrm_text", "HrmTextForCausalLM", {}, 1_447_822_848, 0),
    ("git", "GitForCausalLM", {"vision_config": {}}, 176_619_066, 0),
]


def read(model_type: str, architecture: str | None, **keys: Any) -> Normalized:
    architectures = [architecture] if architecture else None
    config = {"model_type": model_type, "architectures": architectures, **keys}
    return normalize(config, repo_id="acme/example")


@pytest.mark.parametrize(("model_type", "architecture", "keys", "parameters", "buffers"), BUILT, ids=str)
def test_a_class_has_the_parameters_that_transformers_builds(
    model_type: str, architecture: str, keys: dict[str, Any], parameters: int, buffers: int
) -> None:
    spec = read(model_type, architecture, **keys).spec
    assert spec.total_parameters == parameters
    assert spec.buffer_parameters == buffers


FLAN_T5_BASE = {
    "vocab_size": 32128,
    "d_model": 768,
    "d_kv": 64,
    "d_ff": 2048,
    "num_layers": 12,
    "num_decoder_layers": 12,
    "num_heads": 12,
    "feed_forward_proj": "gated-gelu",
    "relative_attention_num_buckets": 32,
}


@pytest.mark.parametrize(
    ("model_type", "architecture", "tied", "parameters"),
    [
        ("t5", "T5ForConditionalGeneration", True, 222_903_552),
        ("t5", "T5ForConditionalGeneration", False, 222_903_552 + 32128 * 768),  # the head stands in the file
        ("t5", "T5EncoderModel", True, 109_628_544),
        ("umt5", "UMT5ForConditionalGeneration", True, 222_912_000),  # a table of distances in each layer
    ],
)
def test_t5_is_read_as_the_halves_that_its_class_has(
    model_type: str, architecture: str, tied: bool, parameters: int
) -> None:
    spec = read(model_type, architecture, tie_word_embeddings=tied, **FLAN_T5_BASE).spec
    assert spec.total_parameters == parameters
    assert spec.generates == architecture.endswith("Generation")


def test_the_cache_of_an_encoder_decoder_grows_by_self_attention_alone_and_the_rest_is_told() -> None:
    whole = read("bart", "BartForConditionalGeneration")
    assert 2 * whole.spec.cache_elements_per_token == 49_152  # forward pass of the decoder
    assert any("cross-attention keeps 49,152 B" in warning for warning in whole.warnings)


def test_a_file_that_names_no_class_is_read_as_the_decoder_alone_and_says_so() -> None:
    alone = read("bart", None)
    assert alone.spec.total_parameters == 254_084_096  # AutoModelForCausalLM
    assert any("decoder alone" in warning for warning in alone.warnings)


def test_an_encoder_has_no_decode() -> None:
    assert not read("electra", "ElectraForMaskedLM").spec.generates
    assert not read("bart", "BartForSequenceClassification").spec.generates


@pytest.mark.parametrize(
    ("model_type", "runs", "kv_bytes_per_token"),
    [("zamba", 13, 386_048), ("zamba2", 9, 184_320), ("hrm_text", 8, 786_432)],  # caches of forward passes
)
def test_a_layer_that_runs_again_keeps_a_cache_for_each_run_and_its_weights_once(
    model_type: str, runs: int, kv_bytes_per_token: int
) -> None:
    kinds = {"layers_block_type": [*["mamba"] * 45, *["hybrid"] * 9]} if model_type == "zamba2" else {}
    given = read(model_type, None, **kinds)
    assert 2 * given.spec.cache_elements_per_token == kv_bytes_per_token
    assert any(f"run {runs} times" in warning for warning in given.warnings)


def test_latents_in_a_window_stop_growing() -> None:
    spec = read("dots3_note_text", "Dots3NoteForCausalLM").spec
    assert 2 * spec.cache_elements_per_token == 18_304  # 13 layers, forward pass
    assert 2 * spec.window_elements_per_sequence == 71_808 * 512  # 33 layers
    grown = spec.stored_cache_elements(2048) - spec.stored_cache_elements(1024)
    assert grown == 1024 * spec.cache_elements_per_token
    windowed = next(group.mixer for group in spec.layers if group.mixer and group.mixer.window_tokens)
    assert windowed.read_elements(100) == windowed.stored_elements(100) < windowed.stored_elements(10**6)
    assert windowed.prefill_flops(4096) < 2 * windowed.prefill_flops(2304)  # no longer quadratic


def test_gemma_4_without_encoders_has_a_layer_for_pixels_and_a_matrix_for_sound() -> None:
    both = read("gemma4_unified", None, text_config={"layer_types": LAYERS}, vision_config={}, audio_config={}).spec
    neither = read("gemma4_unified", None, text_config={"layer_types": LAYERS}).spec
    assert neither.total_parameters == 3_010_758_400
    assert both.total_parameters == 3_056_257_024


LAYERS = [*["sliding_attention"] * 5, "full_attention"] * 5


@pytest.mark.parametrize(
    ("model_type", "architecture", "key"),
    [
        ("bart", "BartForQuestionAnswering", "architectures"),
        ("blenderbot", None, "architectures"),
        ("blt", "BltForCausalLM", "model_type"),
        ("electra", "ElectraForMultipleChoice", "architectures"),
        ("moshi", "MoshiForConditionalGeneration", "architectures"),
        ("t5", None, "architectures"),
        ("dots3_note", "Dots3NoteForConditionalGeneration", "architectures"),
        ("deepseek_v2", "DeepseekV2ForCausalLM", "num_experts_per_tok"),  # the class's default is null
    ],
)
def test_a_class_that_is_not_described_is_refused_by_its_key(
    model_type: str, architecture: str | None, key: str
) -> None:
    with pytest.raises(UnsupportedArchitecture, match=f"acme/example: .*{key}"):
        read(model_type, architecture)


def test_a_music_generator_is_named_as_one() -> None:
    with pytest.raises(NotAGenerativeModel, match="music generator"):
        read("musicgen", "MusicgenForConditionalGeneration")
