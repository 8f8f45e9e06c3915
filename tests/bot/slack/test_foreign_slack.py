"""The bot as its own process against a Slack that nobody here wrote, over Socket Mode and over signed HTTP."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from sqlalchemy import create_engine, text

from tests.bot.slack.local_slack import APP_TOKEN, BOT_TOKEN, SECRET, LocalSlack, eventually, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

BOT = """
import sys, time
from bot.render.report import Report, Section, error_report
from bot.settings import read_settings

def ask(question):
    if "slow" in question:
        time.sleep(1)
    if "qwem" in question:
        return error_report("There is no model qwem.", "did you mean qwen?")
    return Report(question, (Section("Llama on 1× H100", "yes", "Fits: " + question),))

import os
settings = read_settings(os.environ)
if sys.argv[1] == "slack":
    from bot.slack.socket import run
    run(settings, ask)
else:
    from bot.http.serve import run
    from tests.bot.http.stand_in import product
    run(settings, product(ask=ask))
"""
ROOT = Path(__file__).parents[3]
QUESTION = "llama-3.1-8b on 1xH100 &amp; 8K"


@contextlib.contextmanager
def bot(slack: LocalSlack, tmp_path: Path, front: str, port: int = 0) -> Iterator[subprocess.Popen[str]]:
    environ = {
        "PATH": "/usr/bin:/bin",
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": slack.api_url,
        "HUBGAUGE_DATABASE_URL": f"sqlite:///{tmp_path / 'bot.db'}",
        "HUBGAUGE_PORT": str(port),
        "HUBGAUGE_HEALTH_PORT": os.environ.get("HUBGAUGE_HEALTH_PORT", ""),
    }
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", BOT, front]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            _, logged = process.communicate(timeout=30)
        finally:
            process.kill()
    assert "Traceback" not in logged, logged
    assert "unclosed" not in logged.lower(), logged
    assert not [secret for secret in (BOT_TOKEN, APP_TOKEN, SECRET, "llama") if secret in logged]
    assert process.returncode in {0, -signal.SIGTERM, -signal.SIGKILL}


@pytest.fixture(params=["slack", "serve"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalSlack]:
    """A workspace whose bot listens, over a socket and over HTTP in turn."""
    port = free_port()
    address = "" if request.param == "slack" else f"http://127.0.0.1:{port}/slack/events"
    with LocalSlack(tmp_path, address) as slack, bot(slack, tmp_path, request.param, port):
        eventually(slack.is_connected if request.param == "slack" else lambda: _listens(port))
        yield slack


def _listens(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def test_mention_message_and_command_are_answered_where_they_were_asked(workspace: LocalSlack) -> None:
    asked = workspace.say(workspace.channel, f"<@{workspace.bot}> {QUESTION}")
    eventually(lambda: len(workspace.answers(workspace.channel)) == 1)
    inside = workspace.say(workspace.channel, f"<@{workspace.bot}> and 2xH100?", thread_ts=asked)
    eventually(lambda: len(workspace.answers(workspace.channel)) == 2)
    assert [answer["thread_ts"] for answer in workspace.answers(workspace.channel)] == [asked, asked]
    assert inside != asked

    direct = workspace.say(workspace.conversation, QUESTION)
    eventually(lambda: len(workspace.answers(workspace.conversation)) == 1)
    assert workspace.answers(workspace.conversation)[0]["thread_ts"] == direct

    workspace.command(f"share {QUESTION}")
    eventually(lambda: len(workspace.answers(workspace.channel)) == 3)
    mentioned, _, commanded = workspace.answers(workspace.channel)
    assert "ephemeral_to" not in commanded
    answers = (mentioned, commanded, workspace.answers(workspace.conversation)[0])
    assert len({answer["blocks"][0].pop("block_id") for answer in answers}) == 3  # the mark of each
    assert answers[0]["blocks"] == answers[1]["blocks"] == answers[2]["blocks"]
    assert "Fits: llama-3.1-8b" in mentioned["text"]


def test_private_answers_and_errors_of_a_command_are_for_the_asker_alone(workspace: LocalSlack) -> None:
    for count, question in enumerate((QUESTION, "qwem-9 on 1xH100"), start=1):
        workspace.command(question)
        eventually(lambda: len(workspace.answers(workspace.channel)) == count)  # noqa: B023  # runs within this turn
    assert [answer["ephemeral_to"] for answer in workspace.answers(workspace.channel)] == [workspace.person] * 2


def test_an_edit_is_not_answered_again(workspace: LocalSlack) -> None:
    asked = workspace.say(workspace.conversation, QUESTION)
    eventually(lambda: len(workspace.answers(workspace.conversation)) == 1)
    workspace.edit(workspace.conversation, asked, "2xH100")
    workspace.say(workspace.conversation, "8xH100")
    eventually(lambda: len(workspace.answers(workspace.conversation)) == 2)
    assert "8xH100" in workspace.answers(workspace.conversation)[-1]["text"]


def test_two_replicas_that_hear_the_same_event_answer_once(tmp_path: Path) -> None:
    with LocalSlack(tmp_path) as slack:
        with bot(slack, tmp_path, "slack"), bot(slack, tmp_path, "slack"):
            eventually(lambda: slack.is_connected(sockets=2))
            for number in range(5):
                slack.say(slack.conversation, f"question {number}")
            eventually(lambda: len(slack.answers(slack.conversation)) >= 5)
        # both drained on their way out: a second answer would be there by now
        threads = [answer["thread_ts"] for answer in slack.answers(slack.conversation)]
    assert len(threads) == len(set(threads)) == 5


def test_a_question_whose_bot_was_killed_is_answered_by_the_next(tmp_path: Path) -> None:
    with LocalSlack(tmp_path) as slack:
        with bot(slack, tmp_path, "slack") as process:
            eventually(slack.is_connected)
            slack.say(slack.conversation, "slow question")
            eventually(lambda: '"kind":"ack"' in slack.log())
            process.kill()
            process.wait()
        assert slack.answers(slack.conversation) == []
        engine = create_engine(f"sqlite:///{tmp_path / 'bot.db'}")
        with engine.begin() as connection:
            connection.execute(text("UPDATE work SET not_before = 0"))  # two minutes later
        engine.dispose()
        with bot(slack, tmp_path, "slack"):
            eventually(lambda: len(slack.answers(slack.conversation)) == 1)


def test_a_stopped_bot_answers_first_what_it_has_heard(tmp_path: Path) -> None:
    with LocalSlack(tmp_path) as slack:
        with bot(slack, tmp_path, "slack") as process:
            eventually(slack.is_connected)
            slack.say(slack.conversation, "slow question")
            eventually(lambda: '"kind":"ack"' in slack.log())
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)
        assert len(slack.answers(slack.conversation)) == 1


def test_a_bot_on_a_socket_says_how_it_is_where_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("HUBGAUGE_HEALTH_PORT", str(port))
    with LocalSlack(tmp_path) as slack, bot(slack, tmp_path, "slack"):
        eventually(lambda: _listens(port), 40)
        slack.say(slack.conversation, QUESTION)
        eventually(lambda: len(slack.answers(slack.conversation)) == 1)
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            assert http.get("/healthz").json() == {"status": "ok"}
            assert http.get("/readyz").json() == {"status": "ready", "slack": True}
            assert 'hubgauge_slack_events_total{outcome="new"} 1.0' in http.get("/metrics").text


def test_a_bot_whose_socket_is_down_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("HUBGAUGE_HEALTH_PORT", str(port))
    with contextlib.ExitStack() as stack:
        slack = LocalSlack(tmp_path)
        with slack:
            stack.enter_context(bot(slack, tmp_path, "slack"))
            eventually(lambda: _listens(port), 40)
        eventually(lambda: "socket" in httpx2.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).text, 30)


def test_missing_tokens_are_named_before_anything_is_opened() -> None:
    command = [sys.executable, "-c", BOT, "slack"]
    done = subprocess.run(command, env={"HOME": "/nonexistent"}, capture_output=True, text=True, check=False)
    assert "SettingsError: SLACK_BOT_TOKEN is not set" in done.stderr
