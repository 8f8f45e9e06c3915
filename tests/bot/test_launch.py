"""Launch commands: the estimate's own set-up, or the reason why there is none."""

import json
import shlex
from dataclasses import replace

import pytest

from bot.answer import answer
from bot.launch import launch_commands, launch_obstacle, launch_title
from estimator.estimation import Estimate, estimate
from estimator.parallelism import Layout
from estimator.speculation import Speculation
from ingest.loader import Loader

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


@pytest.mark.parametrize(
    "question",
    [
        "llama-3.1-70b bf16 on 4xH100 tp4 at 16K",
        "llama-3.1-8b fp8 on 1xH100 at 8K kv fp8",
        "qwen3-30b-a3b on 2xA100 tp2 at 32K",
        "llama-3.1-70b on 8xH100 tp4 pp2 at 8K sglang",
        "mixtral-8x7b on 4xH100 tp4 at 8K trtllm",
    ],
)
def test_a_command_read_back_is_the_same_set_up(question: str) -> None:
    first = found(question)
    (command,) = launch_commands(first).values()
    again = found(f"{command} on {first.request.gpus}x {first.request.gpu.id}")
    assert (again.layout, again.plan.name, again.cache_format) == (first.layout, first.plan.name, first.cache_format)
    assert again.request.load.context_tokens == first.request.load.context_tokens
    assert again.memory.weights_bytes == first.memory.weights_bytes
    if first.engine.name == "vllm":  # the other engines' shares mean another thing in a question
        assert again.memory == first.memory


def with_drafts(question: str, speculation: Speculation) -> Estimate:
    return estimate(replace(found(question).request, speculation=speculation))


def test_drafts_are_told_to_each_engine_in_its_words() -> None:
    # vllm serve --help: --speculative-config takes JSON; sglang launch_server --help: --speculative-*
    question = "deepseek-v3 on 8xH200 tp8 at 8K"
    vllm = shlex.split(launch_commands(with_drafts(question, Speculation(3, 0.8)))["vllm"])
    config = json.loads(vllm[vllm.index("--speculative-config") + 1])
    assert config == {"method": "mtp", "num_speculative_tokens": 3}
    sglang = launch_commands(with_drafts(f"{question} sglang", Speculation(3, 0.8)))["sglang"]
    assert "--speculative-algorithm EAGLE --speculative-num-steps 3" in sglang
    assert "--speculative-num-draft-tokens 4" in sglang
    assert "in a file" in (launch_obstacle(with_drafts(f"{question} trtllm", Speculation(3, 0.8))) or "")


def test_a_model_without_a_drafting_layer_has_no_command_to_draft_with_it() -> None:
    drafted = with_drafts("llama-3.1-8b on 1xH100", Speculation(3, 0.8))
    assert "name an EAGLE head" in (launch_obstacle(drafted) or "")
    assert "ngram" in launch_commands(with_drafts("llama-3.1-8b on 1xH100", Speculation(3, 0.8, "lookup")))["vllm"]


def test_vllm_spreads_experts_over_all_ranks_or_none() -> None:
    request = found("qwen3-30b-a3b on 4xH100 tp4").request
    halves = estimate(replace(request, layout=Layout(4, 1, 1, 2)))
    assert "over all 4 ranks" in (launch_obstacle(halves) or "")


def test_tensorrt_llm_is_told_the_estimated_pool_as_a_share_of_what_is_free() -> None:
    estimate_ = found("llama-3.1-8b on 1xH100 at 8K trtllm")
    words = shlex.split(launch_commands(estimate_)["trtllm"])
    share = float(words[words.index("--kv_cache_free_gpu_memory_fraction") + 1])
    memory = estimate_.memory
    free = memory.capacity_bytes - memory.weights_bytes - memory.activation_bytes - memory.overhead_bytes
    assert share * free == pytest.approx(memory.kv_pool_bytes, rel=0.02)
    assert words[words.index("--max_num_tokens") + 1] == str(estimate_.settings.max_num_batched_tokens)
