"""Derivations: what they show, put into their own formula, gives what they say and what the estimate says."""

import math
import re

import pytest

from estimator.estimation import Estimate, Request, estimate
from estimator.explain import Line, explain
from estimator.gpus import GPUS
from estimator.parallelism import Layout
from estimator.speculation import Speculation
from estimator.units import GIB
from estimator.workload import Workload, workload
from tests.estimator.models import bundled

LOAD = workload(prompt_tokens=2048, output_tokens=512, concurrency=8)
BURST = workload(prompt_tokens=2048, output_tokens=512, concurrency=64, arrival="burst", prefix_hit_fraction=0.5)


def asked(
    model: str, card: str, gpus: int = 8, load: Workload = LOAD, *, layout: Layout | None = None, drafts: int = 0
) -> Request:
    speculation = Speculation(drafts, 0.7) if drafts else None
    return Request(spec=bundled(model), gpu=GPUS[card], gpus=gpus, load=load, layout=layout, speculation=speculation)


REQUESTS = {
    "latent": asked("deepseek-ai/DeepSeek-V3", "h200-sxm-141gb"),
    "data ranks, burst": asked("deepseek-ai/DeepSeek-V3", "b200-sxm", load=BURST, layout=Layout(1, 1, 8, 8)),
    "drafts": asked("deepseek-ai/DeepSeek-V3", "h200-sxm-141gb", drafts=3),
    "mxfp4": asked("openai/gpt-oss-120b", "h100-sxm-80gb"),
    "dense, stages": asked("meta-llama/Llama-3.1-70B-Instruct", "h100-sxm-80gb", layout=Layout(2, 4)),
    "hybrid": asked("Qwen/Qwen3-Next-80B-A3B-Instruct", "h200-sxm-141gb"),
    "alone": asked("meta-llama/Llama-3.1-8B-Instruct", "h100-sxm-80gb", 1, workload(context_tokens=4096)),
    "amd": asked("meta-llama/Llama-3.1-8B-Instruct", "mi300x", 2),
    "apple": asked("meta-llama/Llama-3.1-8B-Instruct", "m3-ultra", 1),
}


@pytest.fixture(params=list(REQUESTS.values()), ids=list(REQUESTS))
def found(request: pytest.FixtureRequest) -> Estimate:
    asked_for: Request = request.param
    return estimate(asked_for)


def lines(found: Estimate) -> dict[str, Line]:
    return {line.symbol: line for part in explain(found) for line in part.lines}


def numbers(text: str) -> list[float]:
    return [float(word.replace(",", "")) for word in re.findall(r"\d[\d,]*\.?\d*", text)]


def worked_out(text: str) -> float:
    """An expression as a derivation writes it, in seconds where it has units: the reader's arithmetic."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    for unit, factor in (("GB/s", "* 1e9"), ("GB", "* 1e9"), ("ms", "* 1e-3"), ("us", "* 1e-6")):
        text = re.sub(rf"(?<=[\d)]) {unit}(?![a-z/])", f" {factor}", text)
    text = text.replace(" x ", " * ").replace("^", "**")
    assert re.fullmatch(r"[\d.\s()+*/e-]*", text.replace("sqrt", "")), text
    return float(eval(text, {"__builtins__": {}, "sqrt": math.sqrt}))  # noqa: S307  # digits and operators only


TIMES = ("t_W", "t_E", "t_KV", "t_C", "t_CE", "t_L", "t_0", "step", "check", "draft", "prefill", "TTFT")


def test_every_time_is_worked_out_from_what_is_shown(found: Estimate) -> None:
    shown, is_local = lines(found), found.engine.name == "llama.cpp"
    for symbol in (symbol for symbol in TIMES if symbol in shown):
        if symbol == "prefill" and is_local:
            continue  # a formula of its own, which the line names
        seconds = numbers(shown[symbol].result)[0] * 1e-3
        assert worked_out(shown[symbol].numbers) == pytest.approx(seconds, rel=2e-3, abs=2e-6), symbol
    assert worked_out(shown["TPOT"].numbers) == pytest.approx(found.latency.tpot_s * 1e3, rel=1e-4)
    assert numbers(shown["TTFT"].result)[0] == pytest.approx(found.latency.ttft_s * 1e3, abs=1e-3)


def test_corrections_lead_from_the_formula_to_the_answer(found: Estimate) -> None:
    shown = lines(found)
    for name, value in (("TPOT", found.tpot.value), ("TTFT", found.ttft.value - found.latency.queue_s)):
        line = shown.get(f"{name}, corrected")
        if line is not None:
            assert worked_out(line.numbers) == pytest.approx(value, rel=1e-4)


def test_rates_prices_and_energy_are_worked_out_from_what_is_shown(found: Estimate) -> None:
    shown = lines(found)
    if found.request.load.concurrency is not None:
        assert worked_out(shown["tokens/s"].numbers) == pytest.approx(found.throughput.value, rel=1e-4)
    input_s = worked_out(shown["s/prompt token"].numbers)
    assert input_s * 1e6 == pytest.approx(numbers(shown["s/prompt token"].result)[0], rel=1e-3, abs=1e-4)
    for symbol in ("$/Mtok out", "$/Mtok in", "kWh/Mtok out, at most", "kWh/Mtok in, at most"):
        if symbol in shown:
            result = numbers(shown[symbol].result)[0]
            assert worked_out(shown[symbol].numbers) == pytest.approx(result, rel=2e-3, abs=1e-3), symbol


def test_tokens_a_step_are_worked_out_from_what_is_shown() -> None:
    shown = lines(estimate(REQUESTS["drafts"]))["tokens a step"]
    assert worked_out(shown.numbers) == pytest.approx(2.533, abs=1e-3)


def test_the_pool_is_the_difference_that_is_shown(found: Estimate) -> None:
    shown = lines(found)["pool"]
    usable, *taken = numbers(shown.numbers)
    assert usable - sum(taken) == pytest.approx(found.memory.kv_pool_bytes / GIB, abs=0.03)
    assert numbers(shown.result)[0] == pytest.approx(found.memory.kv_pool_bytes / GIB, abs=0.01)


def test_every_line_has_a_formula_numbers_and_a_result(found: Estimate) -> None:
    for part in explain(found):
        assert part.lines
        assert all(line.formula and line.numbers and line.result for line in part.lines)
