"""A line that does not start: why, and the smallest change that does. On bundled models, without a Hub."""

import re

import pytest

from bot.answer import Answer, Result, answer
from bot.errors import QuestionError
from bot.question import parse
from bot.question.launch_lines import launch_line, with_flags
from bot.render.compose import compose
from bot.several import parse_several
from estimator.errors import EstimatorError
from ingest.loader import Loader


@pytest.fixture(scope="module")
def models() -> Loader:
    return Loader()


def only(question: str, models: Loader) -> Result:
    (result,) = answer(question, models).results
    return result


def verdict(found: Answer) -> str:
    return compose(found).sections[0].verdict


FAILING = (
    "vllm serve meta-llama/Llama-3.1-8B-Instruct --port 8000 on 1xL4",
    "vllm serve Qwen/Qwen3-32B --tensor-parallel-size 2 --max-model-len 131072 on 2xL40S",
    "vllm serve meta-llama/Llama-3.3-70B-Instruct -tp 2 --max-model-len 8192 on 2xA6000",
    "vllm serve Qwen/Qwen3-32B -tp 3 on 3xL40S",
    "vllm serve Qwen/Qwen3-235B-A22B-FP8 --tensor-parallel-size=8 on 8xH100",
    "vllm serve google/gemma-3-27b-it on 2xL40S",
    "vllm serve google/gemma-3-27b-it --kv-cache-dtype q8_0 -tp 2 on 2xL40S",
    "llama-server -m ./models/Qwen3-30B-A3B-Q4_K_M.gguf -c 131072 -ngl 99 -np 4 on a 3090",
    "python -m sglang.launch_server --model-path Qwen/Qwen3-32B --tp 3 --trust-remote-code on 4xL40S",
)


@pytest.mark.parametrize("question", FAILING)
def test_the_corrected_line_starts_on_the_same_machine(question: str, models: Loader) -> None:
    found = only(question, models)
    assert found.diagnosis is not None
    assert not found.diagnosis.starts
    assert found.diagnosis.fix is not None
    command = found.diagnosis.fix.command
    assert command is not None
    machine = question.rsplit(" on ", 1)[1]
    again = only(f"{command} on {machine}", models)
    assert again.diagnosis is not None
    assert again.diagnosis.starts, again.diagnosis


def test_the_askers_other_flags_stay_in_their_order(models: Loader) -> None:
    line = "vllm serve Qwen/Qwen3-32B --port 8001 -tp 2 --max-model-len 400000 --api-key x --seed 7"
    found = only(f"{line} on 2xL40S OOM", models).diagnosis
    assert found is not None
    assert found.fix is not None
    assert found.fix.command is not None
    kept = [word for word in line.split() if word != "400000"]
    assert [word for word in found.fix.command.split() if word in kept] == kept


def test_without_a_context_the_engine_opens_the_models_own(models: Loader) -> None:
    found = only("vllm serve meta-llama/Llama-3.1-8B-Instruct on 1xL4", models)
    assert found.estimate.request.load.context_tokens == 131_072  # max_position_embeddings of its config.json
    assert found.diagnosis is not None
    assert any("131,072" in cause for cause in found.diagnosis.causes)
    assert found.diagnosis.fix is not None
    assert "--max-model-len" in (found.diagnosis.fix.command or "")


def test_a_context_beyond_the_models_own_is_refused_as_the_engine_refuses_it(models: Loader) -> None:
    line = "vllm serve Qwen/Qwen3-32B -tp 4 --max-model-len 131072"
    found = only(f"{line} on 4xH100", models).diagnosis
    assert found is not None
    assert "40,960" in (found.obstacle or "")  # max_position_embeddings of its config.json
    assert found.fix is not None
    assert found.fix.command == line.replace("131072", "40960")
    stretched = only(f"{line} --rope-scaling yarn on 4xH100", models).diagnosis
    assert stretched is not None
    assert stretched.starts


def test_the_slots_of_llama_server_share_one_context(models: Loader) -> None:
    found = only("llama-server -m ./Qwen3-30B-A3B-Q4_K_M.gguf -c 65536 -np 4 on a 4090", models)
    assert found.estimate.request.load.context_tokens == 16_384


def test_heads_that_do_not_divide_are_the_reason(models: Loader) -> None:
    found = answer("vllm serve Qwen/Qwen3-32B -tp 3 on 3xL40S", models)
    assert "cannot be split as TP3" in verdict(found)  # 64 heads, 151,936 rows padded to 64s: neither is three-fold


def test_cut_scale_blocks_of_experts_are_the_reason_and_spreading_them_the_way(models: Loader) -> None:
    found = only("vllm serve Qwen/Qwen3-235B-A22B-FP8 -tp 8 on 8xH100", models).diagnosis
    assert found is not None
    assert "1536 / 8" in (found.obstacle or "")  # moe_intermediate_size over 8: 192 rows, blocks of 128
    assert found.fix is not None
    assert "--enable-expert-parallel" in (found.fix.command or "")


def test_a_line_without_a_split_uses_one_card_of_several(models: Loader) -> None:
    found = only("vllm serve google/gemma-3-27b-it on 2xL40S", models).diagnosis
    assert found is not None
    assert any("one of the 2 GPUs" in cause for cause in found.causes)
    assert found.fix is not None
    assert "--tensor-parallel-size 2" in (found.fix.command or "")


def test_a_full_card_with_a_small_model_is_explained(models: Loader) -> None:
    found = answer("llama-3.1-8b OOM on A100 80GB?", models)
    assert "should start" in verdict(found)
    diagnosis = found.results[0].diagnosis
    assert diagnosis is not None
    assert any("reserved as KV cache" in cause for cause in diagnosis.causes)


def test_where_no_flag_helps_it_is_said_and_another_machine_offered(models: Loader) -> None:
    found = answer("deepseek-v3 OOM on 8xA100 40GB", models)
    assert "No flag alone" in verdict(found)
    assert found.results[0].alternatives


def test_an_engine_that_does_not_run_on_the_card_is_an_explained_refusal(models: Loader) -> None:
    with pytest.raises(EstimatorError) as refused:
        answer("vllm serve Qwen/Qwen3-8B on m2 ultra", models)
    assert "llama.cpp" in refused.value.hint


def test_a_line_without_a_card_is_shown_the_cards_on_which_it_starts(models: Loader) -> None:
    (found,) = answer("vllm serve Qwen/Qwen3-32B -tp 2 --max-model-len 16384", models).recommendations
    assert found.machines
    assert {machine.request.gpus for machine in found.machines} == {2}
    assert any("names no card" in note for note in found.notes)


# -- is mine normal? ------------------------------------------------------------------------------------------------


def test_a_measured_rate_is_set_against_the_band_and_never_a_wish(models: Loader) -> None:
    expected = only("llama-3.1-8b on h100", models).estimate.tpot.inverse
    for rate, word in ((expected.low / 2, "less than"), (expected.value, "normal"), (expected.high * 2, "more than")):
        found = answer(f"llama-3.1-8b on h100 gives me {rate:.1f} tok/s, is that normal?", models)
        assert found.query.min_tokens_per_s is None
        assert word in verdict(found)


def test_a_shortfall_names_what_the_line_itself_shows(models: Loader) -> None:
    line = "vllm serve meta-llama/Llama-3.1-8B-Instruct --enforce-eager --max-model-len 8192 on h100"
    own = only(f"{line}, I only get 40 tok/s", models).expectation
    assert own is not None
    assert own.place == "below"
    assert "CUDA graphs are off" in own.causes[0]


def test_tensor_parallel_over_pcie_is_named(models: Loader) -> None:
    own = only("I only get 9 tok/s with qwen3-32b awq on 4x4090", models).expectation
    assert own is not None
    assert any("NVLink" in cause for cause in own.causes)


def test_a_rate_of_all_requests_together_is_compared_with_the_machine(models: Loader) -> None:
    whole = only("llama-3.1-8b on h100 with 64 users", models).estimate.throughput
    own = only(f"llama-3.1-8b on h100 with 64 users, I get {whole.value:.0f} tok/s, normal?", models).expectation
    assert own is not None
    assert own.place == "within"
    assert "64 requests together" in own.sentence


# -- side by side, most, budgets, several ---------------------------------------------------------------------------


def test_several_machines_begin_with_a_table(models: Loader) -> None:
    report = compose(answer("llama-3.1-70b on 4xh100 vs 2xh200 vs 1xl4", models))
    (table,) = report.sections[0].tables
    assert [row[1] for row in table.rows] == ["yes", "yes", "no"]
    assert len(report.sections) == 4


def test_the_most_that_is_asked_leads(models: Loader) -> None:
    users = answer("how many users can 4xH100 serve with llama-3.3-70b fp8 at 16k?", models)
    held = int(users.results[0].estimate.max_concurrency)
    assert verdict(users).startswith(f"{held} requests")
    context = answer("max context for llama-3.1-8b on a 4090", models)
    assert verdict(context).startswith(f"{context.results[0].estimate.max_context_tokens:,} tokens")


def test_a_budget_is_kept(models: Loader) -> None:
    (found,) = answer("what can run llama-3.3-70b for under $5/hour?", models).recommendations
    assert found.machines
    assert all(machine.cost and machine.cost.usd_per_hour.median <= 5 for machine in found.machines)
    (none,) = answer("what can run llama-3.3-70b for under $0.10/hour?", models).recommendations
    assert not none.machines
    assert "cheapest" in none.notes[0]


def test_requests_per_second_are_held_against_the_throughput(models: Loader) -> None:
    found = only("llama-3.1-8b on a10g for 500 requests per second, 500 in 200 out", models)
    assert any("misses the wish of 500" in note for note in found.notes)


def test_offload_is_a_bound_by_the_bandwidth_of_main_memory(models: Loader) -> None:
    found = only("deepseek-r1 q4_k_m on a 4090 with 512GB of RAM", models)
    (note,) = [note for note in found.notes if "bound" in note]
    rate = re.search(r"about ([\d.]+) tokens/s", note)
    assert rate
    # 37 B of 671 B active (its card); the 404 GB file of the Hub less the card's 25 GB; 89.6 GB/s of two DDR5 channels
    assert float(rate[1]) == pytest.approx(89.6 / ((404 - 25) * 37 / 671), rel=0.05)
    too_small = only("deepseek-r1 q4_k_m on a 4090 with 64GB of RAM", models)
    assert any("does not fit either" in note for note in too_small.notes)


def test_a_processor_named_beside_brings_its_own_bandwidth(models: Loader) -> None:
    found = only("deepseek-r1 q4_k_m on a 4090 with an EPYC 9654 and 768GB of RAM", models)
    (note,) = [note for note in found.notes if "bound" in note]
    assert "461 GB/s" in note  # twelve channels of DDR5-4800: 12 x 38.4


@pytest.mark.parametrize(
    ("flags", "word"),
    [("-ngl 20", "main memory"), ("--spec-draft-n-max 4", "speculative"), ("--n-cpu-moe 10", "main memory")],
)
def test_what_the_figures_leave_out_of_a_line_is_said(flags: str, word: str, models: Loader) -> None:
    found = only(f"llama-server -m ./Qwen3-30B-A3B-Q4_K_M.gguf -c 8192 {flags} on a 4090", models).diagnosis
    assert found is not None
    assert any(word in cause for cause in found.causes)


def test_several_questions_are_answered_each(models: Loader) -> None:
    found = answer("can qwen3-32b run on a 4090 in int4? and which gpu for llama-3.1-8b at 32k?", models)
    assert len(found.results) == 1
    assert len(found.recommendations) == 1


def test_parts_that_lean_on_the_first_keep_what_they_say() -> None:
    first, cheaper = parse_several("Does llama-3.1-8b run on a T4? How many users at 4k? And what would be cheaper?")
    assert (first.capacity, first.context_tokens) == ("users", 4096)
    assert (cheaper.intent, cheaper.models) == ("recommend", first.models)


def test_three_questions_of_one_model_in_chinese() -> None:
    asked = parse_several("qwen3.5 397b的模型，8卡a800（80G）够吗，推理至少需要什么显卡呢，8卡4090够吗")
    assert [query.intent for query in asked] == ["estimate", "recommend", "estimate"]
    assert {query.models for query in asked} == {("qwen3.5-397b",)}
    assert [ref.id for query in asked for ref in query.hardware] == ["a800-sxm-80gb", "rtx-4090"]


def test_one_question_in_several_breaths_stays_one(models: Loader) -> None:
    found = answer("qwen3-32b on a 4090? at 4k? int4?", models)
    assert len(found.results) == 1
    assert found.query.weights == "int4"


def test_one_of_a_family_is_picked(models: Loader) -> None:
    found = answer("which qwen fits on a 4090?", models)
    assert found.results
    assert all("qwen" in result.estimate.request.spec.repo_id.lower() for result in found.results)


# -- the line -------------------------------------------------------------------------------------------------------

LINES = (
    ("OOM: vllm serve a/b-7b -tp 2 --port 1 please help", "vllm serve a/b-7b -tp 2 --port 1"),
    ("`CUDA_VISIBLE_DEVICES=0 vllm serve a/b-7b \\\n  --max-model-len 8192` on a 4090",
     "CUDA_VISIBLE_DEVICES=0 vllm serve a/b-7b --max-model-len 8192"),
    ("python3 -m vllm.entrypoints.openai.api_server --model=a/b-7b --port=1 on 2xT4",
     "python3 -m vllm.entrypoints.openai.api_server --model=a/b-7b --port=1"),
    ("docker run --gpus all -p 1:1 vllm/vllm-openai:v0.9 --model a/b-7b on 1xL40S",
     "docker run --gpus all -p 1:1 vllm/vllm-openai:v0.9 --model a/b-7b"),
    ("./build/bin/llama-server -m ./b-7b-Q4_K_M.gguf -c 8192 on a 3090",
     "./build/bin/llama-server -m ./b-7b-Q4_K_M.gguf -c 8192"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "line"), LINES)
def test_the_line_is_taken_out_of_the_sentence(text: str, line: str) -> None:
    assert parse(text).launch == line


def test_a_question_without_a_line_has_none() -> None:
    assert parse("llama-3.1-8b on h100 with vllm").launch is None
    assert launch_line("what does vllm serve do?") is None


def test_a_flag_is_changed_as_it_is_spelled_and_added_where_it_is_missing() -> None:
    line = "vllm serve m --max_model_len=9 -tp 2 --quantization awq"
    changed = with_flags(line, "vllm", {"context": "8", "quantization": None, "memory_fraction": "0.95", "eager": ""})
    assert changed == "vllm serve m --max_model_len=8 -tp 2 --gpu-memory-utilization 0.95 --enforce-eager"


def test_too_many_questions_at_once_are_refused(models: Loader) -> None:
    with pytest.raises(QuestionError):
        answer("? ".join(f"qwen3-{size}b on {size}xh100" for size in (1, 2, 3, 4, 5, 6, 7, 8)) + "?", models)
