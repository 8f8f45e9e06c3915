"""One's own measurement: read as typed or from a benchmark's file, and what it does to the answer."""

import json
from pathlib import Path

import pytest

from bot.answer import answer
from bot.errors import QuestionError
from bot.measured import read_measured
from estimator.anchor import Measurement
from estimator.estimation import Estimate
from ingest.loader import Loader

MODELS = Loader()
QUESTION = "llama-3.1-70b fp8 on 4xH100: 1024 in, 512 out, {} users"


def found(users: int, *measured: Measurement) -> Estimate:
    (result,) = answer(QUESTION.format(users), MODELS, measured).results
    return result.estimate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tpot=23ms at 32", Measurement("tpot", 0.023, 32)),
        ("TTFT 1.2s @ 8", Measurement("ttft", 1.2, 8)),
        ("50 tok/s", Measurement("tpot", 0.02, 1)),
        ("itl: 12.5 ms", Measurement("tpot", 0.0125, 1)),
    ],
)
def test_a_typed_measurement_is_read_in_seconds(text: str, expected: Measurement) -> None:
    assert read_measured(text, allows_paths=False) == (expected,)


def test_the_file_of_a_vllm_benchmark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    file.write_text(json.dumps({"mean_tpot_ms": 21.0, "mean_ttft_ms": 400.0, "max_concurrency": 16}), encoding="utf-8")
    assert set(read_measured(str(file), allows_paths=True)) == {
        Measurement("tpot", 0.021, 16),
        Measurement("ttft", 0.4, 16),
    }


@pytest.mark.parametrize("text", ["", "fast", "tpot=fast", "0 tok/s", "missing.json"])
def test_what_is_no_measurement_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(QuestionError) as refusal:
        read_measured(text, allows_paths=True)
    assert "tpot=23ms" in refusal.value.hint


def test_the_answer_at_the_measured_load_is_what_was_measured() -> None:
    assert found(32, Measurement("tpot", 0.03, 32)).tpot.value == pytest.approx(0.03)


def test_other_loads_move_by_the_same_factor_and_the_answer_says_so() -> None:
    formula_at_32 = found(32, Measurement("tpot", 1.0, 32)).latency.tpot_s
    anchored = found(64, Measurement("tpot", 1.5 * formula_at_32, 32))
    assert anchored.tpot.value == pytest.approx(1.5 * anchored.latency.tpot_s)
    assert any("anchored on your" in said for said in anchored.assumptions)
