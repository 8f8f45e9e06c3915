"""What one process answers in, once it runs: each beside a floor that no way of answering goes below."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from bot.answer import answer
from bot.bootstrap import asker
from bot.question import QuestionError, parse
from estimator.estimation import Request, estimate
from estimator.gpus import GPUS
from estimator.parallelism import Layout
from estimator.workload import workload
from ingest.catalogue import bundled_catalogue
from ingest.errors import UnsupportedArchitecture
from ingest.loader import Loader, model_from_config
from tests.bench.start_up import OFFLINE
from tests.bench.timing import Row, median_s, milliseconds
from tests.bot.question.test_typed import rows as rows_of

QUESTIONS = (
    ("it fits", "llama-3.1-8b on 1xH100 at 8K"),
    ("it does not fit, with what would", "deepseek-v3 on 8xH100 FP8 at 32K"),
    ("which machine", "what can run kimi-k2 at 128k?"),
)
GOAL_ANSWER_S = 5e-3
GOAL_PARSE_S = 300e-6
GOAL_ESTIMATE_S = 200e-6
GOAL_LINES_PER_S = 1500
REQUESTS = 4000


def rows() -> Iterator[Row]:
    """Answers, one estimate, the catalogue, and the lines of a script."""
    yield from _answers()
    yield _parse()
    yield _core()
    yield _catalogue()
    yield _lines("layout given", {"tensor": 8})
    yield _lines("layout searched", None)


def _answers() -> Iterator[Row]:
    models = Loader()
    ask = asker(models)
    for name, question in QUESTIONS:
        line = _catalogue_line(answer(question, models).query.models[0])
        floor, parsed = median_s(partial(json.loads, line), 200), median_s(partial(parse, question), 200)
        found = median_s(partial(ask, question), 200 if name == "it fits" else 40)
        is_goal = name != "which machine"
        yield Row(
            f"in process: a question, {name}",
            milliseconds(found),
            f"parse {milliseconds(parsed)}, {found / (parsed + floor):.1f} x parse + json.loads",
            milliseconds(GOAL_ANSWER_S) if is_goal else "",
            found <= GOAL_ANSWER_S if is_goal else None,
        )


def _parse() -> Row:
    """The project's own list of questions, each by itself: the median of their times, and the longest."""
    texts = [row.text for name in ("typed.txt", "typed_later.txt") for row in rows_of(name)]

    def read(text: str) -> None:
        with suppress(QuestionError):
            parse(text)

    times = sorted(median_s(partial(read, text), 5) for text in texts)
    found = times[len(times) // 2]
    floor = median_s(lambda: [text.lower().split() for text in texts], 20) / len(texts)
    return Row(
        f"in process: one of {len(texts)} questions read",
        milliseconds(found),
        f"longest {milliseconds(times[-1])}, {found / floor:.0f} x split into words",
        milliseconds(GOAL_PARSE_S),
        found <= GOAL_PARSE_S,
    )


def _catalogue_line(name: str) -> str:
    model = Loader().load(name)
    entry = bundled_catalogue().entry(model.name)
    assert entry is not None
    return json.dumps(entry.config)


def _core() -> Row:
    request = Request(
        spec=Loader().load("meta-llama/Llama-3.1-8B-Instruct").spec,
        gpu=GPUS["h100-sxm-80gb"],
        gpus=2,
        layout=Layout(2),
        load=workload(prompt_tokens=1024, output_tokens=256, concurrency=32),
    )
    found = median_s(lambda: estimate(request), 500)
    return Row(
        "in process: one estimate, layout given",
        milliseconds(found),
        "",
        milliseconds(GOAL_ESTIMATE_S),
        found <= GOAL_ESTIMATE_S,
    )


def _catalogue() -> Row:
    catalogue = bundled_catalogue()
    entries = [entry for repo_id in catalogue.repo_ids() if (entry := catalogue.entry(repo_id)) is not None]

    def read_all() -> None:
        for entry in entries:
            try:
                model_from_config(
                    entry.config,
                    entry.hf_quant_config,
                    repo_id=entry.repo_id,
                    revision=None,
                    asked=entry.repo_id,
                    source="bundled",
                    read_as="",
                )
            except UnsupportedArchitecture:
                continue  # said as what it is; as quick as the others

    text = [json.dumps(entry.config) for entry in entries]
    floor = median_s(lambda: [json.loads(line) for line in text], 20)
    found = median_s(read_all, 5, warm_up=1)
    return Row(
        f"in process: {len(entries)} bundled configs normalized",
        milliseconds(found),
        f"json.loads of all {milliseconds(floor)}: ratio {found / floor:.1f}",
    )


def _lines(name: str, split: dict[str, int] | None) -> Row:
    """`hubgauge estimate -` from a cold start, a request a line over four models on eight cards."""
    models = ("llama-3.1-8b", "gpt-oss-120b", "qwen3-32b", "llama-3.3-70b")
    machine = {"hardware": "h200-sxm-141gb", "gpus": 8, "parallel": split}
    asked = "\n".join(
        json.dumps({"model": models[i % 4], "context_tokens": 4096 + i, **machine}) for i in range(REQUESTS)
    )
    command = [str(Path(sys.executable).with_name("hubgauge")), "estimate", "-", "--json"]
    start = time.perf_counter()
    ended = subprocess.run(
        command,
        input=asked + "\n",
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | OFFLINE,
        cwd=tempfile.gettempdir(),
    )
    took = time.perf_counter() - start
    assert len(ended.stdout.splitlines()) == REQUESTS
    rate = REQUESTS / took
    return Row(
        f"`estimate -`: {REQUESTS:,} requests, start included, {name}",
        f"{rate:,.0f} requests/s",
        "",
        f"{GOAL_LINES_PER_S:,} requests/s" if split else "",
        rate >= GOAL_LINES_PER_S if split else None,
    )
