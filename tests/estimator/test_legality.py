"""Reasons against what engines say and do: each case names where it is known from."""

import pytest

from estimator.errors import IllegalLayout
from estimator.estimation import Estimate, Request, estimate
from estimator.gpus import GPUS
from estimator.legality import reasons, ruled_out
from estimator.parallelism import Layout
from estimator.workload import workload
from tests.estimator.models import bundled, llama


def asked(model: str, card: str, gpus: int, layout: Layout | None = None, weights: str | None = None) -> Estimate:
    return estimate(
        Request(spec=bundled(model), gpu=GPUS[card], gpus=gpus, layout=layout, weights=weights, load=workload())
    )


def about(found: Estimate, part: str) -> list[tuple[str, str]]:
    return [(reason.verdict, reason.text) for reason in reasons(found) if reason.about == part]


@pytest.mark.parametrize(
    ("card", "weights", "verdict", "word"),
    [
        ("h100-sxm-80gb", "fp8", "plain", "natively"),
        ("a100-sxm-80gb", "fp8", "costs", "weight-only"),  # Marlin: Ampere has no FP8 tensor cores
        ("h100-sxm-80gb", "int4", "costs", "weight-only"),
        ("b200-sxm", "nvfp4", "plain", "natively"),
        ("h100-sxm-80gb", "nvfp4", "costs", "weight-only"),
        ("t4", "bf16", "costs", "no bf16 rate"),  # Turing: vLLM asks for --dtype half
    ],
)
def test_a_format_is_native_or_weight_only_with_its_reason(card: str, weights: str, verdict: str, word: str) -> None:
    ((found, text),) = about(asked("meta-llama/Llama-3.1-8B-Instruct", card, 1, weights=weights), "format")
    assert found == verdict
    assert word in text


def test_few_kv_heads_are_held_several_times() -> None:
    # memory.md, section 2: KV bytes a rank are layers x 2 x max(kv_heads / TP, 1) x head_dim
    found = asked("Qwen/Qwen3-Next-80B-A3B-Instruct", "h100-sxm-80gb", 8, Layout(8))
    assert about(found, "KV heads") == [("costs", "2 KV heads over 8 ranks: each is held 4 times")]
    alone = asked("Qwen/Qwen3-Next-80B-A3B-Instruct", "h200-sxm-141gb", 2, Layout(2))
    assert found.memory.layout_bytes_per_token == alone.memory.layout_bytes_per_token


def test_a_latent_cache_is_whole_on_every_rank() -> None:
    # memory.md, section 2, fact 2: Kimi-K2 TP8 70,274 B against 70,272
    ((verdict, text),) = about(asked("deepseek-ai/DeepSeek-V3", "h200-sxm-141gb", 8, Layout(8)), "KV heads")
    assert verdict == "costs"
    assert "whole on each of 8 ranks" in text


def test_cut_fp8_blocks_are_refused() -> None:
    # vLLM: "output_size of gate's and up's weight = 192 is not divisible by weight quantization block_n = 128"
    model = "Qwen/Qwen3-235B-A22B-FP8"
    assert [verdict for verdict, _ in about(asked(model, "h200-sxm-141gb", 8, Layout(8)), "FP8 blocks")] == ["refused"]
    assert about(asked(model, "h200-sxm-141gb", 4, Layout(4)), "FP8 blocks") == []
    assert about(asked(model, "h200-sxm-141gb", 8, Layout(8, 1, 1, 8)), "FP8 blocks") == []


def test_degrees_that_do_not_divide_are_listed_with_every_reason() -> None:
    found = asked("meta-llama/Llama-3.1-8B-Instruct", "rtx-4090", 6)
    degrees = {degree.tensor: degree.reasons for degree in ruled_out(found)}
    assert set(degrees) == {3, 6}
    assert any("32 attention heads do not divide by 3" in reason for reason in degrees[3])
    assert any("14336 does not divide by 3" in reason for reason in degrees[3])


def test_a_vocabulary_that_does_not_divide_is_a_reason() -> None:
    spec = llama(heads=24, kv_heads=3, hidden_size=3072, intermediate_size=9216)
    with pytest.raises(IllegalLayout, match="vocabulary of 128,256 rows, padded, does not divide by 9"):
        estimate(Request(spec=spec, gpu=GPUS["h100-sxm-80gb"], gpus=9, layout=Layout(9), load=workload()))


def test_layers_that_do_not_divide_name_the_fullest_stage() -> None:
    found = asked("deepseek-ai/DeepSeek-V3", "h200-sxm-141gb", 16, Layout(8, 2))
    assert about(found, "layers") == [("costs", "61 layers over 2 stages: 31 on the fullest")]


def test_one_gpu_cuts_nothing() -> None:
    found = asked("meta-llama/Llama-3.1-8B-Instruct", "h100-sxm-80gb", 1)
    assert [reason.about for reason in reasons(found)] == ["format", "split"]
