"""The process that computes aside: what it says is what this process would, and no end of it loses a question."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.aside import Aside, AsideEndedError
from bot.bootstrap import _answering, computing
from bot.errors import QuestionError
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
QUESTIONS = (
    "deepseek-v3 on 8xH100 fp8 at 32K",
    "llama-3.1-8b on 1xH100 at 8K",
    "why does llama-3.1-8b on 1xH100 take 30 ms a token?",
    "methods deepseek-v3 on 8xH200",
    "llama-3.1-8b vs qwen3-8b on 1x4090",
    "how many b200 for deepseek-v3 nvfp4",
    "what can run on 2x4090",
    "vllm serve meta-llama/Llama-3.1-70B-Instruct -tp 2 on 2xH100",
    "llama-3.1-70b fp8 on 4xH100, 32 users, I measure 40 ms a token",
    "help",
    "no-such-org/no-such-model on 1xH100",
    "",
)


@dataclass
class Known:
    """What the process of these tests answers with."""

    pid: Callable[[], int]
    fail: Callable[[str], None]
    die: Callable[[str], int]
    whole: Callable[[str], object]
    slow: Callable[[float], float]


def known() -> Known:
    """Made in the process aside."""

    def fail(text: str) -> None:
        raise QuestionError(f"{text} is nothing", "try this", ("that",))

    def die(unless: str) -> int:
        if not (unless and Path(unless).exists()):
            if unless:
                Path(unless).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return 7

    def slow(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    return Known(os.getpid, fail, die, lambda _: lambda: None, slow)


@pytest.fixture
def process() -> Iterator[Aside]:
    """A process aside."""
    with Aside(known) as found:
        yield found


def test_it_computes_in_another_process(process: Aside) -> None:
    assert process.calling("pid")() != os.getpid()


def test_a_refusal_comes_with_all_that_it_says(process: Aside) -> None:
    with pytest.raises(QuestionError) as refused:
        process.calling("fail")("x")
    error = refused.value
    assert (error.message, error.hint, error.suggestions) == ("x is nothing", "try this", ("that",))


def test_several_wait_at_once(process: Aside) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(process.calling("slow"), [0.5] * 8)) == [0.5] * 8
    assert time.monotonic() - began < 3.0  # one after another would take four


def test_what_a_killed_process_had_begun_is_asked_of_the_next(process: Aside, tmp_path: Path) -> None:
    before = process.calling("pid")()
    with ThreadPoolExecutor(4) as pool:
        others = [pool.submit(process.calling("slow"), 0.3) for _ in range(3)]
        assert process.calling("die")(str(tmp_path / "died")) == 7
        assert [other.result() for other in others] == [0.3] * 3
    assert process.calling("pid")() != before


def test_a_question_that_kills_it_twice_is_given_up_and_others_go_on(process: Aside) -> None:
    with pytest.raises(AsideEndedError):
        process.calling("die")("")
    assert process.calling("pid")() != os.getpid()


def broken() -> Known:
    """What cannot even be made."""
    raise RuntimeError


def test_one_that_cannot_begin_is_said_and_not_started_again_and_again(capfd: pytest.CaptureFixture[str]) -> None:
    with Aside(broken) as process:
        with pytest.raises(AsideEndedError):
            process.calling("pid")()
        time.sleep(1.0)
    assert capfd.readouterr().err.count("Traceback") in {2, 3}  # at the start, and twice for the question at most


def test_an_outcome_that_cannot_travel_is_said_so(process: Aside) -> None:
    with pytest.raises(TypeError, match="cannot be sent"):
        process.calling("whole")("x")


def test_a_closed_one_refuses_and_leaves_nothing_behind() -> None:
    with Aside(known) as process:
        pid = process.calling("pid")()
    with pytest.raises(AsideEndedError):
        process.calling("pid")()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_it_ends_with_a_front_that_is_killed() -> None:
    code = (
        "import time\n"
        "from bot.aside import Aside\n"
        "from tests.bot.test_aside import known\n"
        "with Aside(known) as aside:\n"
        "    print(aside.calling('pid')(), flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as front:
        assert front.stdout is not None
        pid = int(front.stdout.readline())
        front.kill()
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and _state(pid) != "Z":
        assert time.monotonic() < until
        time.sleep(0.05)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def test_it_answers_as_this_process_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    here = computing()
    with Aside(computing) as there:
        for question in QUESTIONS:
            assert there.calling("ask")(question) == here.ask(question)
        assert there.calling("known_models")() == here.known_models()
        assert there.calling("spec_json")("deepseek-v3") == here.spec_json("deepseek-v3")


@pytest.mark.parametrize(("number", "secret", "is_aside"), [(1, None, False), (2, None, True), (1, "secret", True)])
def test_an_api_alone_on_one_core_computes_in_its_own_process(
    monkeypatch: pytest.MonkeyPatch, number: int, secret: str | None, is_aside: bool
) -> None:
    monkeypatch.setattr("bot.aside.cores", lambda: number)
    settings = Settings(database_url="unused", slack_bot_token=secret, slack_signing_secret=secret)
    with _answering(settings) as product:
        assert isinstance(product.spec_json("deepseek-v3"), bytes) == is_aside
