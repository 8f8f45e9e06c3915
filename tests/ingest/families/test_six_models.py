"""Six well-known models, each with what its makers or a measured engine say of it."""

import json
import os
from pathlib import Path

import pytest

from estimator.model_spec import ModelSpec
from ingest.normalize import normalize

CORPUS = os.environ.get("HUBGAUGE_CORPUS", "")
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS, reason="HUBGAUGE_CORPUS names no corpus of real configs"),
]


def spec_of(repo: str) -> ModelSpec:
    config = json.loads((Path(CORPUS) / "hub" / repo / "config.json").read_text(encoding="utf8"))
    return normalize(config, repo_id=repo).spec


# Totals: `safetensors.total` of the Hub's API. KV bytes of one more token in bf16, the growing layers alone:
# 2 (k, v) x KV heads x head width x layers x 2 B, as PagedAttention lays it out (arXiv:2309.06180); MLA: (512 + 64) x
# 61 x 2 B (DeepSeek-V3 report, arXiv:2412.19437). gemma-3-27b: 10 of 62 layers are global; gpt-oss: 18 of 36;
# Qwen3-Next: 12 of 48 (model cards).
FACTS = [
    ("meta-llama/Llama-3.1-8B", 8_030_261_248, 131_072),
    ("meta-llama/Llama-3.1-70B", 70_553_706_496, 327_680),
    ("openai/gpt-oss-120b", 116_829_156_672, 36_864),
    ("google/gemma-3-27b-it", 27_432_406_640, 81_920),
    ("Qwen/Qwen3-Next-80B-A3B-Instruct", 81_324_862_720, 24_576),
    ("deepseek-ai/DeepSeek-V3", 684_531_386_000 - 41_540_496, 70_272),  # less the fp8 scales among the stored values
]


@pytest.mark.parametrize(("repo", "stored_parameters", "kv_bytes_per_token"), FACTS, ids=str)
def test_the_checkpoint_and_the_cache_are_as_published(
    repo: str, stored_parameters: int, kv_bytes_per_token: int
) -> None:
    spec = spec_of(repo)
    assert spec.checkpoint_parameters == stored_parameters
    assert 2 * spec.cache_elements_per_token == kv_bytes_per_token


def test_gpt_oss_counts_as_its_makers_count_without_the_embedding() -> None:
    spec = spec_of("openai/gpt-oss-120b")
    assert spec.active_parameters_without_embedding == pytest.approx(5.13e9, rel=1e-3)  # model card: 5.13B active
    assert spec.active_parameters == pytest.approx(5.71e9, rel=1e-3)  # the input embedding included


def test_deepseek_v3_activates_37_billion_of_671() -> None:
    spec = spec_of("deepseek-ai/DeepSeek-V3")
    assert spec.total_parameters == pytest.approx(671e9, rel=1e-3)  # arXiv:2412.19437, abstract
    assert spec.active_parameters == pytest.approx(37e9, rel=2e-2)  # "37B activated"; 37.55e9 with the embedding
    assert spec.mtp_parameters == pytest.approx(14e9, rel=5e-2)  # README: 14B of the Multi-Token Prediction module


def test_windows_and_states_stand_apart_from_the_growing_cache() -> None:
    gemma, oss, qwen = (spec_of(repo) for repo in (FACTS[3][0], FACTS[2][0], FACTS[4][0]))
    assert 2 * gemma.window_elements_per_sequence == 52 * 1024 * 2 * 16 * 128 * 2  # 52 local layers of 1,024 tokens
    assert 2 * oss.window_elements_per_sequence == 18 * 128 * 2 * 8 * 64 * 2  # 18 layers of 128 tokens
    assert qwen.recurrent_state_elements == 36 * 32 * 128 * 128  # 36 layers, 32 heads of 128 x 128
