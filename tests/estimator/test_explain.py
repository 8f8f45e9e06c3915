"""Derivations: what they show, put into their own formula, gives what they say and what the estimate says."""

import re

import pytest

from estimator.estimate import Estimate, Request, estimate
from estimator.explain import Line, explain
from estimator.gpus import GPUS
from estimator.units import GIB
from estimator.workload import workload
from tests.estimator.models import bundled


@pytest.fixture(params=["deepseek-ai/DeepSeek-V3", "openai/gpt-oss-120b", "meta-llama/Llama-3.1-8B-Instruct"])
def found(request: pytest.FixtureRequest) -> Estimate:
    load = workload(prompt_tokens=2048, output_tokens=512, concurrency=8)
    spec = bundled(request.param)
    return estimate(Request(spec=spec, gpu=GPUS["h200-sxm-141gb"], gpus=8, load=load, uses_offsets=False))


def lines(found: Estimate) -> dict[str, Line]:
    return {line.symbol: line for part in explain(found) for line in part.lines}


def numbers(text: str) -> list[float]:
    return [float(word.replace(",", "")) for word in re.findall(r"\d[\d,]*\.?\d*", text)]


def test_the_pool_is_the_difference_that_is_shown(found: Estimate) -> None:
    shown = lines(found)["pool"]
    usable, *taken = numbers(shown.numbers)
    assert usable - sum(taken) == pytest.approx(found.memory.kv_pool_bytes / GIB, abs=0.03)
    assert numbers(shown.result)[0] == pytest.approx(found.memory.kv_pool_bytes / GIB, abs=0.01)


def test_time_per_token_is_redone_from_what_is_shown(found: Estimate) -> None:
    shown = lines(found)["TPOT"]
    step_ms, batch, data, prefill_ms, output = numbers(shown.numbers)
    assert step_ms + batch / data * prefill_ms / output == pytest.approx(found.tpot.value * 1e3, rel=1e-3)


def test_reading_weights_is_redone_from_what_is_shown(found: Estimate) -> None:
    shown = lines(found)["t_W"]
    size_gb, bandwidth_gb_per_s, efficiency = numbers(shown.numbers)
    assert size_gb / (bandwidth_gb_per_s * efficiency) * 1e3 == pytest.approx(numbers(shown.result)[0], rel=5e-3)


def test_the_step_is_the_one_that_was_estimated(found: Estimate) -> None:
    assert numbers(lines(found)["step"].result)[0] == pytest.approx(found.latency.step.total_s * 1e3, rel=1e-3)


def test_every_line_has_a_formula_numbers_and_a_result(found: Estimate) -> None:
    for part in explain(found):
        assert part.lines
        assert all(line.formula and line.numbers and line.result for line in part.lines)
