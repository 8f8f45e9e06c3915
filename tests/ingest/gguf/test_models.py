"""Headers as llama.cpp's converter writes them for real models, held against what those models are.

Keys: convert_hf_to_gguf.py, from the model's own config.json. Totals and caches: the model built with transformers
(../shared/facts/models_truth.tsv), where two of them also are the Hub's own totals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from ingest.errors import NotAGenerativeModel, UnsupportedArchitecture
from ingest.fetched_repo import RepoFile
from ingest.gguf.architectures import ARCHITECTURES
from ingest.gguf.files import Quantization
from ingest.gguf.header import GgufHeader
from ingest.gguf.model import model_from_gguf
from ingest.loaded_model import LoadedModel, Named


@dataclass(frozen=True)
class Fact:
    """A header's keys and what the model is: parameters, bf16 bytes of cache a token, of full windows, of states."""

    architecture: str
    keys: dict[str, Any]
    total: int
    cache_bytes_per_token: int
    active: int | None = None
    window_bytes: int = 0
    state_bytes: int = 0


def heads(count: int, kv: int | list[int], width: int) -> dict[str, Any]:
    named = {"attention.head_count": count, "attention.head_count_kv": kv}
    return {**named, "attention.key_length": width, "attention.value_length": width}


def shape(layers: int, hidden: int, network: int | list[int], vocab: int, context: int = 8192) -> dict[str, Any]:
    named = {"block_count": layers, "embedding_length": hidden, "feed_forward_length": network}
    return {**named, "vocab_size": vocab, "context_length": context}


def experts(count: int, used: int, width: int, **more: int) -> dict[str, Any]:
    named = {"expert_count": count, "expert_used_count": used, "expert_feed_forward_length": width}
    return {**named, **{f"expert_{key}": value for key, value in more.items()}}


DELTA = {"ssm.conv_kernel": 4, "ssm.state_size": 128, "ssm.group_count": 16, "ssm.time_step_rank": 32}
LATENT_V3 = {
    "attention.q_lora_rank": 1536,
    "attention.kv_lora_rank": 512,
    "attention.key_length": 576,
    "attention.value_length": 512,
    "attention.key_length_mla": 192,
    "attention.value_length_mla": 128,
    "rope.dimension_count": 64,
    "attention.head_count": 128,
    "attention.head_count_kv": 1,
}
NEMOTRON = "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME"

FACTS = {
    "Llama-3.1-8B": Fact(
        "llama",
        {"block_count": 32, "embedding_length": 4096, "feed_forward_length": 14336, "vocab_size": 128256}
        | {"attention.head_count": 32, "attention.head_count_kv": 8, "rope.dimension_count": 128},
        total=8_030_261_248,
        cache_bytes_per_token=131_072,
    ),
    "Mixtral-8x7B": Fact(
        "llama",
        {**shape(32, 4096, 14336, 32000), **heads(32, 8, 128), "expert_count": 8, "expert_used_count": 2},
        total=46_702_792_704,
        active=12_879_925_248,
        cache_bytes_per_token=131_072,
    ),
    "Qwen3-0.6B, tied": Fact(
        "qwen3",
        {**shape(28, 1024, 3072, 151936), **heads(16, 8, 128)},
        total=596_049_920,
        cache_bytes_per_token=114_688,
    ),
    "Qwen2.5-7B, q/k/v biases": Fact(
        "qwen2",
        {**shape(28, 3584, 18944, 152064), "attention.head_count": 28, "attention.head_count_kv": 4},
        total=7_615_616_512,
        cache_bytes_per_token=57_344,
    ),
    "Qwen3-30B-A3B": Fact(
        "qwen3moe",
        {**shape(48, 2048, 6144, 151936), **heads(32, 4, 128), **experts(128, 8, 768)},
        total=30_532_122_624,
        active=3_353_032_704,
        cache_bytes_per_token=98_304,
    ),
    "Qwen3-Next-80B-A3B": Fact(
        "qwen3next",
        shape(48, 2048, 5120, 151936)
        | heads(16, 2, 256)
        | experts(512, 10, 512, shared_feed_forward_length=512)
        | {**DELTA, "ssm.inner_size": 4096},
        total=79_674_391_296,
        active=3_874_929_408,
        cache_bytes_per_token=24_576,
        state_bytes=40_108_032,
    ),
    "Qwen3.5-9B, its text": Fact(
        "qwen35",
        shape(32, 4096, 12288, 248320) | heads(16, 4, 256) | {**DELTA, "ssm.inner_size": 4096},
        total=9_409_813_744 - 456_010_480,  # less the vision tower, which lies in a file apart
        cache_bytes_per_token=32_768,
        state_bytes=26_738_688,
    ),
    "gemma-2-9b": Fact(
        "gemma2",
        shape(42, 3584, 14336, 256000) | heads(16, 8, 256) | {"attention.sliding_window": 4096},
        total=9_241_705_984,
        cache_bytes_per_token=172_032,
        window_bytes=172_032 * 4096,
    ),
    "gemma-3-1b": Fact(
        "gemma3",
        shape(26, 1152, 6912, 262144) | heads(4, 1, 256) | {"attention.sliding_window": 512},
        total=999_885_952,
        cache_bytes_per_token=4_096,
        window_bytes=22_528 * 512,
    ),
    "gpt-oss-20b": Fact(
        "gpt-oss",
        shape(24, 2880, 2880, 201088) | heads(64, 8, 64) | experts(32, 4, 2880) | {"attention.sliding_window": 128},
        total=20_914_757_184,
        active=4_187_440_704,
        cache_bytes_per_token=24_576,
        window_bytes=24_576 * 128,
    ),
    "DeepSeek-V3": Fact(
        "deepseek2",
        shape(61, 7168, 18432, 129280, 163840)
        | LATENT_V3
        | experts(256, 8, 2048, shared_count=1, gating_func=2)
        | {"leading_dense_block_count": 3},
        total=671_026_404_352,
        active=37_552_282_624,
        cache_bytes_per_token=70_272,
    ),
    "DeepSeek-V2-Lite, no query latent": Fact(
        "deepseek2",
        shape(27, 2048, 10944, 102400)
        | {key: value for key, value in LATENT_V3.items() if "q_lora" not in key}
        | experts(64, 6, 1408, shared_count=2, gating_func=1)
        | {"leading_dense_block_count": 1, "attention.head_count": 16},
        total=15_706_484_224,
        active=2_661_150_208,
        cache_bytes_per_token=31_104,
    ),
    "GLM-4.5, a layer of prediction among its blocks": Fact(
        "glm4moe",
        shape(93, 5120, 12288, 151552)
        | heads(96, 8, 128)
        | experts(160, 8, 1536, shared_count=1)
        | {"leading_dense_block_count": 3, "nextn_predict_layers": 1},
        total=352_797_814_784,
        active=33_632_251_904,
        cache_bytes_per_token=376_832,
    ),
    "phi-4": Fact(
        "phi3",
        {**shape(40, 5120, 17920, 100352), "attention.head_count": 40, "attention.head_count_kv": 10},
        total=14_659_507_200,
        cache_bytes_per_token=204_800,
    ),
    "LFM2-1.2B": Fact(
        "lfm2",
        shape(16, 2048, 8192, 65536)
        | {"attention.head_count": 32, "shortconv.l_cache": 3}
        | {"attention.head_count_kv": [8 if layer in {2, 5, 8, 10, 12, 14} else 0 for layer in range(16)]},
        total=1_170_340_608,
        cache_bytes_per_token=12_288,
        state_bytes=122_880,
    ),
    "granite-4-8b-dense-hybrid": Fact(
        "granitehybrid",
        shape(40, 4096, 12800, 100352)
        | {"attention.head_count": 32, "attention.head_count_kv": [8] * 40}
        | {"ssm.conv_kernel": 4, "ssm.state_size": 256, "ssm.group_count": 1, "ssm.time_step_rank": 128}
        | {"ssm.inner_size": 8192},
        total=8_380_551_168,
        cache_bytes_per_token=163_840,
    ),
    "Nemotron-3-Nano-30B-A3B": Fact(
        "nemotron_h_moe",
        shape(52, 2688, [1856 if kind == "E" else 0 for kind in NEMOTRON], 131072)
        | heads(32, [2 if kind == "*" else 0 for kind in NEMOTRON], 128)
        | experts(128, 6, 1856, shared_count=1, shared_feed_forward_length=3712)
        | {"ssm.conv_kernel": 4, "ssm.state_size": 128, "ssm.group_count": 8, "ssm.time_step_rank": 64}
        | {"ssm.inner_size": 4096},
        total=31_577_937_344,
        active=3_580_073_408,
        cache_bytes_per_token=6_144,
        state_bytes=25_247_744,
    ),
}
GEMMA_E2B = [int((layer + 1) % 5 != 0) for layer in range(35)]
GEMMA_26B = [int((layer + 1) % 6 != 0) for layer in range(30)]
FACTS |= {
    "gemma-4-E2B, its text": Fact(
        "gemma4",
        shape(35, 1536, [6144] * 15 + [12288] * 20, 262144)
        | heads(8, 1, 512)
        | {"attention.key_length_swa": 256, "attention.sliding_window": 512, "attention.shared_kv_layers": 20}
        | {"attention.sliding_window_pattern": GEMMA_E2B, "embedding_length_per_layer_input": 256},
        total=5_104_297_504 - 167_364_608 - 304_824_608 - 3_538_944,  # less its towers and their projectors
        cache_bytes_per_token=6_144,
        window_bytes=12_288 * 512,
    ),
    "gemma-4-26B-A4B, its text": Fact(
        "gemma4",
        shape(30, 2816, 2112, 262144)
        | heads(16, [8 if slides else 2 for slides in GEMMA_26B], 512)
        | {"attention.key_length_swa": 256, "attention.sliding_window": 1024}
        | {"attention.sliding_window_pattern": GEMMA_26B}
        | experts(128, 8, 704),
        total=25_805_933_872 - 569_548_080 - 3_244_032,
        cache_bytes_per_token=20_480,
        window_bytes=204_800 * 1024,
    ),
}
NAMED = Named("maker/model-GGUF", "maker/model-GGUF", "hub", "maker/model-GGUF", "f" * 40)


def header(architecture: str, keys: dict[str, Any]) -> GgufHeader:
    values = {f"{architecture}.{key}": value for key, value in keys.items()}
    return GgufHeader({"general.architecture": architecture, **values}, None)


def loaded(fact: Fact, size_bytes: int | None = None, label: str = "Q4_K_M") -> LoadedModel:
    files = Quantization(label, (RepoFile("model.gguf", size_bytes),))
    return model_from_gguf(header(fact.architecture, fact.keys), files, NAMED, stated_parameters=fact.total)


@pytest.mark.parametrize("name", FACTS)
def test_a_header_gives_the_model_that_it_was_made_from(name: str) -> None:
    fact, spec = FACTS[name], loaded(FACTS[name]).spec
    assert spec.total_parameters == fact.total
    assert 2 * spec.cache_elements_per_token == fact.cache_bytes_per_token
    assert 2 * spec.window_elements_per_sequence == fact.window_bytes
    assert 2 * (spec.recurrent_state_elements + spec.conv_state_elements) == fact.state_bytes
    if fact.active is not None:
        assert spec.active_parameters == fact.active


@pytest.mark.parametrize("name", FACTS)
def test_the_plan_weighs_what_the_files_weigh(name: str) -> None:
    size_bytes = int(FACTS[name].total * 4.8944 / 8)  # llama.cpp, tools/quantize: Q4_K_M of Llama-3.1-8B
    spec = loaded(FACTS[name], size_bytes).spec
    assert spec.checkpoint_bytes == size_bytes
    assert spec.weight_bytes(with_mtp=True) == pytest.approx(size_bytes, rel=1e-9)
    assert (spec.weights.name, spec.weights.default.format.kind) == ("q4_k_m", "gguf")


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("UD-Q4_K_XL", "q4_k_m"),
        ("IQ4_XS", "iq4_xs"),
        ("Q6_K", "q6_k"),
        ("BF16", "bf16"),
        ("MXFP4", "mxfp4"),
        ("Q2_K_L", "q2_k"),
    ],
)
def test_a_label_names_the_format_that_it_varies(label: str, name: str) -> None:
    spec = loaded(FACTS["gpt-oss-20b"], 12 * 10**9, label).spec
    assert spec.weights.name == name
    assert spec.weights.default.format.kind == "gguf"


@pytest.mark.parametrize("stated", [9_000_000_000, 8_035_000_000])
def test_a_total_that_the_shape_does_not_explain_is_said(stated: int) -> None:
    fact = FACTS["Llama-3.1-8B"]
    one = Quantization("Q4_K_M", (RepoFile("x.gguf", 5 * 10**9),))
    model = model_from_gguf(header("llama", fact.keys), one, NAMED, stated_parameters=stated)
    assert any(f"{stated:,}" in said for said in model.warnings)


def test_a_head_that_may_be_tied_is_said_where_nothing_tells() -> None:
    fact = FACTS["Qwen3-0.6B, tied"]
    model = model_from_gguf(header("qwen3", fact.keys), Quantization("Q8_0", (RepoFile("x.gguf", 10**9),)), NAMED)
    assert any("output head" in said for said in model.warnings)


def test_files_converted_before_latent_caches_are_told_apart() -> None:
    fact = FACTS["DeepSeek-V3"]
    old = {key: value for key, value in fact.keys.items() if "_mla" not in key}
    old |= {"attention.key_length": 192, "attention.value_length": 128, "attention.head_count_kv": 128}
    model = loaded(Fact("deepseek2", old, fact.total, 0))
    assert model.spec.total_parameters == fact.total
    assert any("latent" in said for said in model.warnings)


@pytest.mark.parametrize(
    ("architecture", "error"),
    [("rwkv7", UnsupportedArchitecture), ("clip", NotAGenerativeModel), ("", UnsupportedArchitecture)],
)
def test_an_architecture_that_is_not_read_is_refused_by_its_name(architecture: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=architecture or "general.architecture"):
        model_from_gguf(header(architecture, shape(2, 64, 128, 100)), Quantization("Q4_K_M", ()), NAMED)


def test_layers_that_differ_are_refused_by_key_where_they_are_not_known() -> None:
    keys = FACTS["Llama-3.1-8B"].keys | {"attention.head_count_kv": [8, 4] * 16}
    with pytest.raises(UnsupportedArchitecture, match=r"llama\.attention\.head_count_kv"):
        model_from_gguf(header("llama", keys), Quantization("Q4_K_M", ()), NAMED)


def test_a_layer_of_llama_nemotron_may_lack_either_part() -> None:
    keys = shape(3, 64, [512, 0, 256], 100) | {"attention.head_count": [4, 4, 0], "attention.head_count_kv": [2, 1, 0]}
    spec = model_from_gguf(header("deci", keys), Quantization("Q4_K_M", ()), NAMED, stated_parameters=1).spec
    attention = (2 * 64 * 64 + 2 * 64 * 32) + (2 * 64 * 64 + 2 * 64 * 16)  # q and o whole; k and v of 2 and of 1 head
    assert spec.attention_parameters == attention
    assert spec.feed_forward_parameters == 3 * 64 * (512 + 256)
    assert spec.cache_elements_per_token == 2 * 16 * (2 + 1)


def test_every_architecture_names_a_family_that_is_read() -> None:
    from ingest.families.table import FAMILIES

    assert {row.model_type for row in ARCHITECTURES.values()} <= FAMILIES.keys()
