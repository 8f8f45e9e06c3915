"""The README shows what the program says, and names every command and variable."""

import os
import re
import subprocess
import sys
from pathlib import Path

from bot.cli.doctor import VARIABLES
from bot.cli.main import COMMANDS

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
COMMAND = str(Path(sys.executable).with_name("hubgauge"))


def test_the_answer_shown_is_the_answer_given() -> None:
    question = re.search(r'make ask Q="([^"]+)"', README)
    shown = re.search(r"```text\n(.*?)```", README, flags=re.DOTALL)
    assert question is not None
    assert shown is not None
    environ = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9"}
    found = subprocess.run([COMMAND, question[1]], capture_output=True, text=True, env=environ, timeout=60, check=True)
    missing = [line for line in shown[1].splitlines() if line not in found.stdout.splitlines()]
    assert not missing


def test_every_command_is_named() -> None:
    assert [name for name in COMMANDS if f"hubgauge {name}" not in README] == []


def test_every_variable_is_named() -> None:
    assert [name for name, _ in VARIABLES if name not in README] == []
