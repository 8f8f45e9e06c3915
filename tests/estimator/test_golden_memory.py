"""Memory on one GPU, against what vLLM printed when it started."""

import pytest

from estimator.dtypes import cache_bytes_per_element
from estimator.engine_settings import EngineSettings, engine_settings
from estimator.engines import engine_rules
from estimator.gpus import GPUS
from estimator.memory import MemoryEstimate, ModelMemory, memory_estimate
from estimator.parallelism import Layout
from estimator.units import GIB
from tests.estimator.models import bundled
from tests.facts.golden import Fact, facts

EVERY_LOG = pytest.mark.parametrize("fact", facts("memory_logs"), ids=lambda fact: fact.id)
H100 = GPUS["h100-sxm-80gb"]


def settings() -> EngineSettings:
    return engine_settings(
        engine_rules("vllm", "0.19.0"),
        (0, 19),
        H100.engine_memory_bytes,
        memory_fraction=0.95,
        max_num_seqs=1024,
        max_num_batched_tokens=8192,
    )


def memory_of(fact: Fact) -> MemoryEstimate:
    spec = bundled(fact["model"])
    return memory_estimate(
        ModelMemory(spec, spec.weights, settings(), fact["kv_cache"]),
        Layout(fact["tensor"], fact["pipeline"]),
        capacity_bytes=H100.engine_memory_bytes,
        context_tokens=fact["context_tokens"],
    )


@EVERY_LOG
def test_weights_of_a_rank_agree_with_the_log(fact: Fact) -> None:
    expected = pytest.approx(fact["weights_gib"], rel=fact["weights_tolerance"], abs=0.1)  # +0.03 GiB for any model
    assert memory_of(fact).weights_bytes / GIB == expected


@EVERY_LOG
def test_activation_peak_agrees_with_the_log(fact: Fact) -> None:
    expected = pytest.approx(fact["activation_gib"], rel=fact["activation_tolerance"])
    assert memory_of(fact).activation_bytes / GIB == expected


@EVERY_LOG
def test_tokens_of_the_pool_agree_with_the_log(fact: Fact) -> None:
    assert fact.allows(memory_of(fact).pool_tokens)


@pytest.mark.parametrize(
    ("gpu_id", "engine_gib"),
    [("h100-sxm-80gb", 79.19), ("l4", 22.1), ("rtx-4090", 23.6), ("a100-sxm-40gb", 39.5), ("h200-sxm-141gb", 139.8)],
)
def test_engines_see_less_than_the_label(gpu_id: str, engine_gib: float) -> None:
    # totals of 104 vLLM logs, memory.md section 2
    assert GPUS[gpu_id].engine_memory_bytes / GIB == pytest.approx(engine_gib, rel=0.005)


def test_fp8_halves_the_cache_exactly() -> None:
    # memory.md, section 2, fact 8; M017 and M018 print 952,032 and 476,000 tokens for one pool
    assert cache_bytes_per_element("fp8") * 2 == cache_bytes_per_element("bf16")


def test_sixteen_ranks_of_deepseek_v3_hold_the_whole_latent_each() -> None:
    # memory.md, section 2, fact 2: MLA is replicated on every tensor rank
    spec = bundled("deepseek-ai/DeepSeek-V3")
    found = [
        memory_estimate(
            ModelMemory(spec, spec.weights, settings(), "bf16"),
            Layout(tensor),
            capacity_bytes=GPUS["h200-sxm-141gb"].engine_memory_bytes,
            context_tokens=32768,
        ).layout_bytes_per_token
        for tensor in (1, 8, 16)
    ]
    assert found == [70272.0] * 3


def test_deepseek_r1_loads_more_than_its_share_of_bytes() -> None:
    # memory.md, section 3: 1.00 B a parameter over 8 ranks would be 78.1 GiB; logs print 79.4 to 83.9
    spec = bundled("deepseek-ai/DeepSeek-R1")
    found = memory_estimate(
        ModelMemory(spec, spec.weights, settings(), "bf16"),
        Layout(8),
        capacity_bytes=GPUS["h200-sxm-141gb"].engine_memory_bytes,
        context_tokens=8192,
    )
    assert 79.4 <= found.weights_bytes / GIB <= 83.9


def test_gpt_oss_loads_its_padded_experts() -> None:
    # memory.md, section 3: gpt-oss-20b 13.47 and 120b 64.38 GiB as loaded; the files weigh 5 to 6 % less
    for repo_id, gib in (("openai/gpt-oss-20b", 13.47), ("openai/gpt-oss-120b", 64.38)):
        spec = bundled(repo_id)
        found = memory_estimate(
            ModelMemory(spec, spec.weights, settings(), "bf16"),
            Layout(),
            capacity_bytes=H100.engine_memory_bytes,
            context_tokens=8192,
        )
        assert found.weights_bytes / GIB == pytest.approx(gib, rel=0.01)
