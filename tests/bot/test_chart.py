"""What is plotted agrees with the answer that it stands below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.answer import answer
from bot.bootstrap import asker, model_loader
from bot.question import parse
from bot.render.chart import at_load, rate_chart, roofline_chart
from bot.render.described import described

if TYPE_CHECKING:
    from estimator.estimation import Estimate

models = model_loader()
SMALL = "llama-3.1-8b on 1xH100 at 512"


def estimated(question: str) -> Estimate:
    return answer(question, models).results[0].estimate


def test_a_step_is_never_sooner_than_the_roofline_allows() -> None:
    chart = roofline_chart(estimated(SMALL))
    assert chart is not None
    expected, reading, computing = (line.values for line in chart.lines)
    assert all(step > max(pair) for step, *pair in zip(expected, reading, computing, strict=True))
    for values in (expected, reading, computing):
        assert list(values) == sorted(values)


def test_the_lines_cross_where_the_answer_says_that_they_do() -> None:
    """Twice the cards' rate of bytes for each product moves the crossing; the words must agree with the lines."""
    found = estimated("llama-3.1-8b on 1xH100 at 128")
    chart = roofline_chart(found)
    assert chart is not None
    _, reading, computing = (line.values for line in chart.lines)
    crossed = [int(load) for load, *pair in zip(chart.categories, reading, computing, strict=True) if pair[1] > pair[0]]
    spot = found.sweet_spot.batch
    assert spot is not None
    assert all(load >= spot for load in crossed)
    assert f"{spot:,}" in chart.says


def test_no_crossing_is_said_in_words() -> None:
    found = estimated(SMALL)
    chart = roofline_chart(found)
    assert chart is not None
    assert found.sweet_spot.batch is None
    assert "never meet" in chart.says


def test_the_first_and_last_point_are_the_answers_own_figures() -> None:
    found = estimated("llama-3.1-8b on 1xH100 at 8K")
    chart = rate_chart(found)
    assert chart is not None
    assert chart.lines[0].values[0] == at_load(found, 1).throughput.value
    last = at_load(found, int(found.max_concurrency))
    assert chart.lines[0].values[-1] == pytest.approx(last.throughput.value)
    assert len(set(chart.categories)) == len(chart.categories) == len(chart.lines[0].values)


@pytest.mark.parametrize("question", ["deepseek-v3 on 8xH100 fp8 at 32k", "bge-large-en-v1.5 on 1xL4"])
def test_what_does_not_fit_or_does_not_generate_has_no_chart(question: str) -> None:
    found = estimated(question)
    assert roofline_chart(found) is None
    assert rate_chart(found) is None


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("llama-3.1-8b on 1xH100", "Throughput against latency"),
        ("explain llama-3.1-8b on 1xH100", "One decode step, by requests at once"),
    ],
)
def test_an_answer_carries_its_chart_and_its_query(question: str, title: str) -> None:
    report = asker(models)(question)
    assert [chart.title for chart in report.charts] == [title]
    assert report.query == parse(question)


@pytest.mark.parametrize("question", ["llama-3.1-8b on H100 vs H200", "help", "cheapest way to run llama-3.1-8b"])
def test_other_answers_carry_none(question: str) -> None:
    assert asker(models)(question).charts == ()


def test_several_questions_at_once_have_no_one_query_to_carry_on() -> None:
    report = asker(models)("can qwen3-32b run on a 4090? and which GPU for llama-3.1-70b?")
    assert len(report.sections) == 2
    assert report.query is None


@pytest.mark.parametrize(
    "question",
    [
        "deepseek-v3 on 8×H100 FP8 at 32K",
        "llama-3.3-70b awq on 2x4090, 16k context, 4 users",
        "qwen3-32b on h100: 1024 in, 256 out, 64 concurrent",
        "llama-3.3-70b fp8 on 2xH100 vs 2xH200",
        "qwen3-32b vs gemma-3-27b on 1xH100",
        "how many b200 for deepseek-v3 nvfp4",
        "what can I run on a 4090",
        "explain llama-3.1-8b on 1xH100",
        "cheapest way to run qwen3-32b",
        "which GPUs for qwen3-32b at 16k",
        "qwen3-32b fp8 tp4 pp2 on 8xH100 sglang kv fp8",
        "deepseek-v3",
        "llama-3.1-8b on 4090 48GB",
        "mistralai/Mistral-7B-v0.1 at 5000 tokens on l4",
    ],
)
def test_a_query_in_one_line_reads_back_as_itself(question: str) -> None:
    query = parse(question)
    assert parse(described(query)) == query
