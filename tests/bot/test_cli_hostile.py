"""The installed command against hostile input, closed streams and an environment that is set wrongly."""

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cli import lines
from bot.errors import QuestionError
from bot.render.report import Notes, Report, Section, Table
from bot.render.text import to_text
from bot.render.visible import visible, visible_json
from tests.hub import faults
from tests.hub.fixture_repos import QWEN3_0_6B
from tests.hub.loopback import LoopbackHub

COMMAND = Path(sys.executable).with_name("hubgauge")
NOBODY = "http://127.0.0.1:9"
QUESTION = "llama-3.1-8b on 1xH100"


def environ(**changes: str | bytes) -> dict[str, Any]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUBGAUGE_"))}
    return {**kept, "HF_ENDPOINT": NOBODY, "HF_HUB_DISABLE_TELEMETRY": "1", **changes}


def run(*arguments: str | bytes, stdin: bytes | None = None, **changes: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [COMMAND, *arguments], input=stdin, capture_output=True, env=environ(**changes), timeout=60, check=False
    )


def shell(line: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """A line of a shell in which `hubgauge` is the installed command; what it says stays on stderr."""
    return subprocess.run(
        ["bash", "-c", line.replace("hubgauge", f"'{COMMAND}'")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environ(**changes),
        timeout=60,
        check=False,
    )


def objects(found: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in found.stdout.splitlines()]


# -- streams --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["spec", "estimate"])
def test_a_hostile_line_does_not_lose_the_lines_after_it(command: str) -> None:
    names = ["~nosuchuser/x", "/" + "a" * 5000, "/etc/a\0b", "qwen3-8b"]
    texts = names if command == "spec" else [json.dumps({"model": name, "hardware": "h100"}) for name in names]
    found = run(command, "-", stdin="\n".join(texts).encode())
    assert [("error" in one) for one in objects(found)] == [True, True, True, False]
    assert {one["error"]["type"] for one in objects(found)[:3]} <= {"NoConfig", "RequestError"}
    assert found.returncode == 1


def test_a_fault_of_ours_is_one_lines_error_and_its_traceback_goes_to_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(line: str) -> dict[str, Any]:
        if line == "bad":
            raise KeyError("hf_secret")
        return {"line": line}

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"good\nbad\ngood\n")))
    with pytest.raises(SystemExit) as ended:
        lines.each_line(work)
    said = capsys.readouterr()
    answers = [json.loads(line) for line in said.out.splitlines()]
    assert ended.value.code == 1
    assert answers[0] == answers[2] == {"line": "good"}
    assert answers[1]["error"]["type"] == "InternalError"
    assert "KeyError" in answers[1]["error"]["message"]
    assert "report" in answers[1]["error"]["hint"]
    assert "hf_secret" not in said.out
    assert "Traceback" in said.err


def test_every_line_has_an_answer_the_blank_and_the_endless_too() -> None:
    found = run("parse", "-", stdin=b"phi-4 on t4\n\n  \n" + b"a" * (2**20 + 5) + b"\nphi-4 on l4\n")
    answers = objects(found)
    assert [("error" in one) for one in answers] == [False, True, True, True, False]
    assert "empty" in answers[1]["error"]["message"]
    assert "longer" in answers[3]["error"]["message"]
    assert found.returncode == 1


@pytest.mark.parametrize("line", ["hubgauge 'help' >&-", "hubgauge --help >&-", "hubgauge hardware >&-"])
def test_a_closed_output_is_one_line_on_stderr(line: str) -> None:
    found = shell(line)
    assert found.returncode == 1
    assert found.stderr.splitlines() == ["hubgauge: standard output is closed"]


@pytest.mark.parametrize("command", [f"'{QUESTION}'", f"'{QUESTION}' --json", "hardware", "--help", "parse phi-4"])
def test_a_full_disk_is_one_line_on_stderr(command: str) -> None:
    found = shell(f"hubgauge {command} > /dev/full")
    assert found.returncode == 1
    assert len(found.stderr.splitlines()) == 1
    assert "No space left" in found.stderr


@pytest.mark.parametrize("command", ["ask", "parse", "spec", "estimate"])
def test_a_closed_input_is_one_message(command: str) -> None:
    found = shell(f"hubgauge {command} - <&-")
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.startswith("hubgauge: ")
    assert "Traceback" not in found.stderr


def test_nothing_is_said_where_stderr_is_closed_and_the_answers_stay_clean() -> None:
    assert shell("hubgauge parse 'h100' 2>&-").stdout == ""


def test_ctrl_c_between_two_lines_ends_with_130_and_one_line() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([COMMAND, "parse", "-"], stdin=pipe, stdout=pipe, stderr=pipe, env=environ()) as started:
        assert started.stdin is not None
        assert started.stdout is not None
        started.stdin.write(b"phi-4 on t4\n")
        started.stdin.flush()
        assert started.stdout.readline()
        started.send_signal(signal.SIGINT)
        said = started.communicate(timeout=30)[1].decode()
    assert started.returncode == 130
    assert said.splitlines() == ["hubgauge: interrupted"]


@pytest.mark.parametrize("pause_s", [0.02, 0.06, 0.12])
def test_ctrl_c_while_the_program_is_read_shows_nothing_of_it(pause_s: float) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([COMMAND, "ask", "-"], stdin=pipe, stdout=pipe, stderr=pipe, env=environ()) as started:
        time.sleep(pause_s)
        started.send_signal(signal.SIGINT)
        said = started.communicate(timeout=30)[1].decode()
    assert "bot/" not in said


# -- strangers' text ------------------------------------------------------------------------------------------------


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A model whose folder and class are named to act on a terminal."""
    folder = tmp_path / "a\x1b[31m\nfits" / "\x9b1m\u202eodel"
    folder.mkdir(parents=True)
    named = {**QWEN3_0_6B, "architectures": ["Qwen3ForCausalLM\x1b]0;owned\x07", "\ud800"]}
    (folder / "config.json").write_text(json.dumps(named))
    return folder


def on_terminal(*arguments: str) -> str:
    """What a terminal receives."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([COMMAND, *arguments], stdout=theirs, stderr=theirs, stdin=theirs, env=environ()) as started:
        os.close(theirs)
        said = b"".join(_read(ours))
        started.wait(timeout=60)
    os.close(ours)
    return said.decode(errors="surrogateescape")


def _read(ours: int) -> Iterator[bytes]:
    while True:
        try:
            found = os.read(ours, 65_536)
        except OSError:
            return  # Linux says EIO at the end
        if not found:
            return
        yield found


OWN_COLOURS = ("\x1b[0m", "\x1b[1m", "\x1b[31m\x1b[1m", "\x1b[32m\x1b[1m", "\x1b[36m\x1b[1m")


def without_own_colours(text: str) -> str:
    for colour in sorted(OWN_COLOURS, key=len, reverse=True):
        text = text.replace(colour, "")
    return text


def test_no_control_character_of_a_stranger_reaches_the_terminal(stranger: Path) -> None:
    for arguments in (
        ("spec", str(stranger)),
        ("spec", str(stranger), "--json"),
        ("spec", str(stranger / "\x1b[2Jnone")),
        ("estimate", '{"model": "qwen3-8b", "hardware": "h100", "\\u001b[31mkey": 1}'),
        ("estimate", json.dumps({"model": str(stranger), "hardware": "h100"})),
    ):
        said = without_own_colours(on_terminal(*arguments)).replace("\r\n", "\n")
        assert said.strip()
        assert not set(said) & set("\x1b\x07\x9b\u202e\r"), arguments


def test_a_cell_with_a_new_line_stays_one_row() -> None:
    table = Table("t", (("a\nFits", "1\x1b[31m"), ("b", "2")))
    section = Section("h\x1b]0;\x07", "note", "v\x9b", (table,), (Notes("n", ("l\u202e",)),), (("vllm", "serve \x1b"),))
    said = to_text(Report("t", (section,), ("foot\x1b",)))
    assert "a\\x0aFits" in said
    assert all(char == "\n" or char.isprintable() for char in said)


def test_printable_text_is_shown_as_it_is() -> None:
    assert visible("8× H100 显存 ≥ 80") == "8× H100 显存 ≥ 80"
    assert visible("a\x1b\n\x85\u2066") == r"a\x1b\x0a\x85\u2066"


def test_json_says_the_same_in_printable_characters() -> None:
    value = {"k\x9b": "\x1b\x7f\u202e\u2028 × 显"}
    written = visible_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(written) == value
    assert written.isprintable()
    assert "× 显" in written


def test_a_lone_surrogate_is_replaced_on_the_way_out(stranger: Path) -> None:
    found = run("spec", str(stranger), "--json")
    assert found.returncode == 0
    assert json.loads(found.stdout)["hidden_size"] == QWEN3_0_6B["hidden_size"]


@pytest.mark.parametrize("arguments", [("parse",), ("parse", "--json"), (), ("--json",), ("spec",), ("spec", "--json")])
def test_arguments_that_are_no_utf_8_end_without_a_traceback(arguments: tuple[str, ...]) -> None:
    found = run(*arguments, b"foo\xff/b\xfear-7b on h100")
    assert b"Traceback" not in found.stderr
    assert found.returncode in {0, 1}
    found.stdout.decode()


def test_an_output_of_another_alphabet_is_no_error() -> None:
    found = run("deepseek-v3 on 8xH100", PYTHONIOENCODING="ascii")
    assert found.returncode == 0
    assert found.stderr == b""


# -- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("llama-3.1-8b on h100",), ("zorgmodel-7b on h100",), ("doctor",)])
def test_a_token_of_any_bytes_ends_without_a_traceback(arguments: tuple[str, ...]) -> None:
    found = run(*arguments, HF_TOKEN=b"hf_\xff\xfe")
    assert b"Traceback" not in found.stderr
    assert found.returncode == (0 if "llama" in arguments[0] else 1)


def doctor(**changes: Any) -> tuple[int, dict[str, dict[str, str]], str]:
    found = run("doctor", "--json", **changes)
    said = json.loads(found.stdout)
    assert said["ok"] is (found.returncode == 0)
    text = run("doctor", **changes).stdout.decode()
    return found.returncode, {finding["name"]: finding for finding in said["findings"]}, text


def test_a_hub_that_is_set_and_out_of_reach_is_no_setting_that_works() -> None:
    code, findings, text = doctor()
    assert code == 1
    assert findings["hub"]["state"] == "fails"
    assert "All that is set works" not in text


def test_a_token_that_the_hub_refuses_is_no_setting_that_works(loopback_hub: LoopbackHub) -> None:
    loopback_hub.fail(faults.status(401, X_Error_Message="Invalid credentials in Authorization header"))
    code, findings, text = doctor(HF_ENDPOINT=loopback_hub.url, HF_TOKEN="hf_refused")
    assert code == 1
    assert findings["hub"]["state"] == "fails"
    assert "HF_TOKEN" in findings["hub"]["said"]
    assert "hf_refused" not in text
    assert "All that is set works" not in text


def test_a_hub_that_answers_works_and_its_password_is_not_shown(loopback_hub: LoopbackHub) -> None:
    host = loopback_hub.url.partition("//")[2]
    code, findings, text = doctor(HF_ENDPOINT=f"http://user:pass@{host}")
    assert code == 0
    assert findings["hub"]["state"] == "works"
    assert "pass@" not in text


def test_a_cache_that_is_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in ("file", "file/below"):
        code, findings, _ = doctor(HUBGAUGE_CACHE_DIR=str(tmp_path / folder), HF_HUB_OFFLINE="1")
        assert code == 1
        assert findings["cache"]["state"] == "fails"


# -- words ----------------------------------------------------------------------------------------------------------


def test_json_may_stand_before_the_command() -> None:
    assert run("--json", "spec", "qwen3-8b").stdout == run("spec", "qwen3-8b", "--json").stdout
    assert run("--json", QUESTION).stdout == run("ask", QUESTION, "--json").stdout


def test_a_near_name_is_offered_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        lines.fail(QuestionError("no h1000", "did you mean h100?", ("h100", "h200")), as_json=False)
    said = capsys.readouterr().err
    assert said.count("h100?") == 1
    assert said.count("did you mean: h100") == 0
    assert said.count("did you mean: h200") == 1
