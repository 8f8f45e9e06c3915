"""One question, three fronts, one set of numbers: the terminal, JSON, and Slack through a real `hubgauge serve`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from bot import humanize as say
from tests.bot.slack.local_slack import free_port
from tests.bot.slack.payloads import SECRET, mention, signed
from tests.bot.slack.web_api import WebApi

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = str(Path(sys.executable).with_name("hubgauge"))
OFFLINE = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_DISABLE_TELEMETRY": "1"}
QUESTIONS = (
    "deepseek-v3 on 8×H100 FP8 at 32K",
    "deepseek-v3 on 8xH200 FP8 at 32K",
    "gpt-oss-120b on 1xH100, 4 users at 8k",
)


def terminal(*arguments: str) -> str:
    environ = {**os.environ, **OFFLINE}
    found = subprocess.run([COMMAND, *arguments], capture_output=True, text=True, env=environ, timeout=60, check=True)
    return found.stdout


@contextmanager
def serving(api: WebApi, database: Path) -> Iterator[str]:
    """A real `hubgauge serve` whose Web API is the scripted one."""
    port = free_port()
    environ = {
        **os.environ,
        **OFFLINE,
        "SLACK_BOT_TOKEN": "xoxb-test",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": api.url,
        "HUBGAUGE_DATABASE_URL": f"sqlite:///{database}",
        "HUBGAUGE_PORT": str(port),
    }
    with subprocess.Popen([COMMAND, "serve"], env=environ, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def _wait_until_ready(address: str) -> None:
    for _ in range(100):
        try:
            if httpx2.get(f"{address}/readyz", trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("hubgauge serve did not get ready in ten seconds")


def slack_text(address: str, api: WebApi, question: str, number: int) -> str:
    """All words of the blocks that Slack was given for the question."""
    body, headers = signed(mention(event_id=f"Ev{number}", ts=f"151544952{number}.000016", text=question))
    reply = httpx2.post(f"{address}/slack/events", content=body, headers=headers, trust_env=False)
    assert reply.status_code == 200
    for _ in range(100):
        if len(api.posted()) > number:
            return " ".join(_words(api.posted()[number].arguments["blocks"]))
        time.sleep(0.1)
    raise AssertionError("Slack got no answer in ten seconds")


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _words(json.loads(value)) if value.startswith("[{") else (value,)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _words(each)
    elif isinstance(value, list):
        for each in value:
            yield from _words(each)


def figures(estimate: dict[str, Any]) -> list[str]:
    """The figures of the JSON answer in the words that people get."""
    memory, shown = estimate["memory"], [say.gib(estimate["memory"]["usable_bytes"])]
    shown.append(say.gib(memory["weights_bytes"]))
    if not estimate["fits"]:
        offered = [say.seconds(change["tpot_s"]["value"]) for change in estimate["alternatives"]]
        return [*shown, say.gib(memory["shortfall_bytes"]), *offered]
    times = [say.seconds(estimate["latency"][name]["value"]) for name in ("ttft_s", "tpot_s")]
    rate = say.rate(estimate["throughput"]["output_tokens_per_s"]["value"])
    return [*shown, *times, rate, say.usd(estimate["cost"]["usd_per_hour"]["median"])]


@pytest.fixture
def web_api() -> Iterator[WebApi]:
    """A Web API that records what it is told."""
    with WebApi() as api:
        yield api


def test_the_terminal_slack_and_json_give_the_same_numbers(web_api: WebApi, tmp_path: Path) -> None:
    with serving(web_api, tmp_path / "bot.db") as address:
        for number, question in enumerate(QUESTIONS):
            estimate = json.loads(terminal(question, "--json"))["results"][0]["estimate"]
            printed, posted = terminal(question), slack_text(address, web_api, question, number)
            for figure in figures(estimate):
                assert figure in printed, (question, figure)
                assert figure in posted, (question, figure)
            verdict = "Fits" if estimate["fits"] else "Does not fit"
            assert re.search(rf"\b{verdict}\b", printed)
            assert re.search(rf"\b{verdict}\b", posted)
