"""Launch commands: the estimate's own set-up, or the reason why there is none."""

import shlex

import pytest

from bot.answer import answer
from bot.launch import launch_commands, launch_obstacle, launch_title
from estimator.estimate import Estimate
from ingest.load import Loader

MODELS = Loader()


def found(question: str) -> Estimate:
    (result,) = answer(question, MODELS).results
    return result.estimate


def test_a_vllm_command_carries_the_split_the_context_and_the_share() -> None:
    estimate = found("llama-3.1-70b bf16 on 4xH100 tp4 at 16K")
    words = shlex.split(launch_commands(estimate)["vllm"])
    assert words[:3] == ["vllm", "serve", estimate.request.spec.repo_id]
    flags = dict(zip(words[3::2], words[4::2], strict=False))
    assert flags["--tensor-parallel-size"] == "4"
    assert flags["--max-model-len"] == "16384"
    assert flags["--gpu-memory-utilization"] == "0.9"


def test_fp8_of_16_bit_weights_is_made_while_loading() -> None:
    assert "--quantization fp8" in launch_commands(found("llama-3.1-8b fp8 on 1xH100"))["vllm"]


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("llama-3.1-8b int4 on 1xH100", "name a repository with int4"),
        ("deepseek-v3 bf16 on 32xH100", "name a repository with bf16"),
        ("llama-3.1-8b on 1xb200 at 1M", "refuses a context beyond the model's 131,072"),
        ("deepseek-v3 on 8xH100 FP8 at 32K", "does not fit"),
    ],
)
def test_no_command_is_given_that_would_start_something_else(question: str, reason: str) -> None:
    estimate = found(question)
    assert launch_commands(estimate) == {}
    assert reason in (launch_obstacle(estimate) or "")


def test_replicas_are_said() -> None:
    estimate = found("llama-3.1-8b on 8xH100 at 4K, 512 users")
    assert estimate.replicas > 1
    assert f"{estimate.replicas} of these" in launch_title(estimate)


def test_llama_cpp_is_told_its_slots_and_the_context_of_all_of_them() -> None:
    command = launch_commands(found("llama-3.1-8b q4_k_m on m4 max at 8k, 4 users"))["llama.cpp"]
    assert "--parallel 4" in command
    assert f"--ctx-size {4 * 8192}" in command
