"""Bytes of bundled models as stored, against sizes that others have published or engines have printed."""

from dataclasses import replace

import pytest

from estimator.model_spec import ModelSpec
from estimator.quantization import requantize
from estimator.units import GB, GIB
from ingest.catalogue import bundled_catalogue
from ingest.normalize import normalize
from ingest.quantization_config import read_weight_plan


def bundled(repo_id: str) -> ModelSpec:
    entry = bundled_catalogue().entry(repo_id)
    assert entry is not None
    spec = normalize(entry.config, repo_id=repo_id).spec
    layers = spec.headline.num_hidden_layers
    read = read_weight_plan(entry.config, entry.hf_quant_config, repo_id=repo_id, num_hidden_layers=layers)
    return replace(spec, weights=read.plan, cache_format=read.cache_format)


@pytest.mark.parametrize(
    ("repo_id", "published_bytes"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", 16_060_522_496),
        ("google/gemma-3-27b-it", 54_864_813_280),
        ("openai/gpt-oss-120b", 65_248_815_744),
    ],
)
def test_stored_bytes_are_those_of_the_checkpoint(repo_id: str, published_bytes: int) -> None:
    """Bytes of the safetensors files: ../shared/research/peers.md, "Weights / parameters"; gpt-oss: hf-mem issue 60."""
    assert round(bundled(repo_id).weight_bytes()) == published_bytes


def test_deepseek_v3_weighs_what_its_fp8_files_do() -> None:
    """688,574,839,360 bytes with multi-token prediction, whose 13.5e9 parameters are apart (peers.md, configs.md)."""
    main_bytes = bundled("deepseek-ai/DeepSeek-V3").weight_bytes()
    assert 671 * GB < main_bytes < 690 * GB
    assert 688_574_839_360 - main_bytes == pytest.approx(13.5e9, rel=0.2)


def test_llama_3_3_70b_in_fp8_weighs_what_its_conversion_does() -> None:
    """RedHatAI's FP8-dynamic: 72,669,806,592 bytes (peers.md)."""
    spec = bundled("meta-llama/Llama-3.3-70B-Instruct")
    assert spec.weight_bytes(requantize(spec, "fp8")) == pytest.approx(72_669_806_592, rel=0.001)


def test_phi_4_in_int4_weighs_what_vllm_loaded() -> None:
    """AutoRound GPTQ, 8.5107 GiB: run M173 of ../shared/facts/memory_truth.tsv."""
    spec = bundled("microsoft/phi-4")
    assert spec.weight_bytes(requantize(spec, "int4")) == pytest.approx(8.5107 * GIB, rel=0.003)


def test_an_nvfp4_deepseek_has_0_59_bytes_per_parameter() -> None:
    """NVFP4 R1: ../shared/research/memory.md, section 3; printed to two digits."""
    spec = bundled("deepseek-ai/DeepSeek-R1")
    assert spec.weight_bytes(requantize(spec, "nvfp4")) / spec.total_parameters == pytest.approx(0.59, abs=0.015)


def test_an_nvfp4_checkpoint_carries_an_fp8_cache() -> None:
    """nvidia/Qwen3-235B-A22B-NVFP4: kv_cache_quant_algo FP8."""
    assert bundled("nvidia/Qwen3-235B-A22B-NVFP4").cache_format == "fp8"
