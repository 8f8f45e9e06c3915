"""Completion as shells ask for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("hubgauge")


def offered(*words: str) -> list[str]:
    """What the program offers bash for the last word."""
    environ = {"_HUBGAUGE_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(["hubgauge", *words])}
    environ |= {"COMP_CWORD": str(len(words)), "PATH": os.environ["PATH"], "HF_ENDPOINT": "http://127.0.0.1:9"}
    found = subprocess.run([COMMAND], env=environ, capture_output=True, text=True, timeout=30, check=False)
    return [line.partition(",")[2] for line in found.stdout.splitlines()]


def test_commands_cards_methods_and_models_are_offered() -> None:
    assert offered("est") == ["estimate"]
    assert "h100-sxm-80gb" in offered("hardware", "h100")
    assert offered("method", "roof") == ["roofline"]
    assert "deepseek-ai/DeepSeek-V3" in offered("spec", "deepseek-v3")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_it_can_read(shell: str) -> None:
    script = subprocess.run([COMMAND, "completion", shell], capture_output=True, text=True, timeout=30, check=True)
    assert "_HUBGAUGE_COMPLETE" in script.stdout
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here to read its script")
    subprocess.run([program, "-n", "-c", script.stdout], timeout=30, check=True)
