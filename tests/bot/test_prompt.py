"""The prompt on a real terminal: questions that lean on one another, history, the keys that shells know."""

import os
import pty
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("hubgauge")
PATIENCE_S = 30.0


class Terminal:
    """The program at the other end of a pseudo-terminal."""

    def __init__(self, home: Path) -> None:
        self.master, far = pty.openpty()
        environ = {"HF_ENDPOINT": "http://127.0.0.1:9", "HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
        environ |= {"TERM": "dumb", "COLUMNS": "100", "PATH": os.environ["PATH"]}
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
        self.process = subprocess.Popen(
            [COMMAND], stdin=far, stdout=far, stderr=far, env=environ, start_new_session=True, close_fds=True
        )
        signal.signal(signal.SIGINT, before)
        os.close(far)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def wait_for(self, text: str) -> str:
        """What came until this text, which is taken off."""
        self._read_until(text, PATIENCE_S)
        assert text in self.seen, self.seen
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def _read_until(self, text: str, patience_s: float) -> None:
        until = time.monotonic() + patience_s
        while text not in self.seen and time.monotonic() < until:
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.master, 65536).decode(errors="replace")
                except OSError:  # the other end is closed
                    break

    def ask(self, line: str) -> str:
        """Types a line and returns all until the next prompt."""
        self.type(line + "\r")
        self.wait_for(line)
        return self.wait_for("\n> ")

    def interrupt(self) -> None:
        """Presses Ctrl-C until the next prompt: the line editor misses one that falls between two of its waits."""
        for _ in range(int(PATIENCE_S)):
            self.process.send_signal(signal.SIGINT)
            self._read_until("> ", 2.0)
            if "> " in self.seen:
                break
        self.wait_for("> ")

    def end(self) -> int:
        code = self.process.wait(PATIENCE_S)
        os.close(self.master)
        return code


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    terminal.wait_for("> ")
    yield terminal
    if terminal.process.poll() is None:
        terminal.process.kill()
        terminal.end()


def test_a_question_leans_on_the_one_before(terminal: Terminal) -> None:
    assert "Does not fit" in terminal.ask("deepseek-v3 on 8xH100 fp8 at 32k")
    answer = terminal.ask("and on H200?")
    assert "8× h200-sxm-141gb" in answer
    assert "Fits" in answer
    assert "pool" in terminal.ask("why?")


def test_a_fault_keeps_the_question_before_it(terminal: Terminal) -> None:
    terminal.ask("llama-3.1-8b on 1xH100")
    assert "hubgauge:" in terminal.ask("acme/nothing on 1xH100 at 8K")
    assert "llama" in terminal.ask("at 16k").lower()


def test_control_c_gives_up_the_line_and_control_d_ends_well(terminal: Terminal, tmp_path: Path) -> None:
    terminal.ask("llama-3.1-8b on 1xH100")
    terminal.type("half a line")
    terminal.wait_for("half a line")
    terminal.interrupt()
    terminal.type("\x04")
    assert terminal.end() == 0
    history = tmp_path / "data" / "hubgauge" / "history"
    assert "llama-3.1-8b on 1xH100" in history.read_text(encoding="utf-8")
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


def test_exit_ends_well(terminal: Terminal) -> None:
    terminal.type("exit\r")
    assert terminal.end() == 0
