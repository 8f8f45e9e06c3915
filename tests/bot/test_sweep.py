"""The sweep as people see it: what it says agrees with the answer to the same question."""

import json

import pytest
from click.testing import CliRunner, Result

from bot.answer import answer
from bot.cli.main import program
from ingest.loader import Loader

MODELS = Loader()


def run(*words: str) -> Result:
    return CliRunner().invoke(program, ["sweep", *words])


def test_a_point_of_the_front_is_the_answer_to_its_load() -> None:
    swept = json.loads(run("llama-3.1-70b fp8 on 8xH100 tp8 at 16K", "--json").stdout)
    point = next(point for point in swept["front"] if point["concurrency"] == 8)
    (asked,) = answer("llama-3.1-70b fp8 on 8xH100 tp8 at 16K, 8 users", MODELS).results
    assert point["tpot_s"] == pytest.approx(asked.estimate.tpot.value)
    assert point["output_tokens_per_s"] == pytest.approx(asked.estimate.throughput.value)


def test_users_and_a_wish_are_answered_with_gpus() -> None:
    shown = run("llama-3.1-8b on h100 at 4k for 300 users at 30 tok/s")
    assert shown.exit_code == 0
    assert "For 300 users at once, 30 tokens/s each" in shown.stdout
    fleet = json.loads(run("llama-3.1-8b on h100 at 4k for 300 users at 30 tok/s", "--json").stdout)["fleet"]
    assert fleet["replicas"] * fleet["users_per_replica"] >= 300
    assert 1 / fleet["replica"]["tpot_s"] >= 30


def test_a_model_that_does_not_fit_has_no_front() -> None:
    shown = run("llama-3.1-70b bf16 on 1xH100")
    assert shown.exit_code == 0
    assert "does not fit" in shown.stdout


@pytest.mark.parametrize("question", ["llama-3.1-8b", "llama-3.1-8b and qwen3-32b on h100"])
def test_a_sweep_needs_one_model_and_one_machine(question: str) -> None:
    shown = run(question)
    assert shown.exit_code == 1
    assert "one model on one machine" in shown.stderr
