"""The installed command from nothing to an answer, beside the quickest peer's bare help, turn by turn in one run."""

import compileall
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path

from tests.bench.timing import Row, milliseconds
from tests.house.tree import PACKAGES, ROOT

QUESTION = "llama-3.1-8b on 1xH100 at 8K"
PEER = "hf-mem==0.5.6"
PEER_PLACE = Path(tempfile.gettempdir()) / "hubgauge-peer"
ROUNDS = 11
GOAL_RATIO = 1.5
HEAVY = ("transformers", "torch", "slack_bolt", "matplotlib", "sqlalchemy", "pydantic", "huggingface_hub", "httpx2")
OFFLINE = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_DISABLE_TELEMETRY": "1"}

LOOK_INSIDE = f"""
import sys
from bot.cli.main import main
try:
    main([{QUESTION!r}])
except SystemExit as end:
    assert not end.code, end.code
sys.stderr.write(" ".join(name for name in {HEAVY!r} if name in sys.modules))
"""


def rows() -> Iterator[Row]:
    """Time of the question, its ratio to the peer, and what it imports; bytecode first, as an installer leaves it."""
    for package in PACKAGES:
        compileall.compile_dir(ROOT / package, quiet=2)
    ask = [_command(), QUESTION]
    peer = _peer()
    if peer is None:
        yield Row("start-up: a catalogued question", milliseconds(_alone_s(ask)), f"{PEER} could not be installed")
    else:
        yield from _beside(ask, [str(peer), "--help"])
    bare = _alone_s([sys.executable, "-c", "pass"])
    yield Row("start-up: Python alone", milliseconds(bare))
    yield _imports()


def _beside(ask: list[str], peer: list[str]) -> Iterator[Row]:
    _run_s(ask)
    _run_s(peer)
    pairs = [(_run_s(ask), _run_s(peer)) for _ in range(ROUNDS)]
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (milliseconds(statistics.median(side)) for side in zip(*pairs, strict=True))
    yield Row(
        "start-up: a catalogued question",
        ours,
        f"{theirs} hf-mem --help: ratio {ratio:.2f}",
        f"ratio {GOAL_RATIO}",
        ratio <= GOAL_RATIO,
    )
    least, theirs_least = (min(_processor_s(command) for _ in range(ROUNDS)) for command in (ask, peer))
    yield Row(
        "start-up: its least processor time, which a busy machine moves less",
        milliseconds(least),
        f"{milliseconds(theirs_least)} hf-mem --help: ratio {least / theirs_least:.2f}",
    )


def _imports() -> Row:
    seen = subprocess.run(
        [sys.executable, "-c", LOOK_INSIDE], capture_output=True, text=True, check=True, env=os.environ | OFFLINE
    )
    heavy = seen.stderr.split()
    return Row("start-up: heavy packages imported", " ".join(heavy) or "none", "", "none", not heavy)


def _command() -> str:
    beside = Path(sys.executable).with_name("hubgauge")
    return str(beside) if beside.exists() else shutil.which("hubgauge") or sys.exit("no hubgauge beside this Python")


def _peer() -> Path | None:
    """The peer's command, installed once in an environment outside the project; None where it cannot be."""
    done = PEER_PLACE / "ok"
    if not done.exists():
        venv.create(PEER_PLACE, with_pip=True, clear=True)
        pip = [str(PEER_PLACE / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", PEER]
        if subprocess.run(pip, capture_output=True, check=False).returncode:
            return None
        done.touch()
    return PEER_PLACE / "bin" / "hf-mem"


def _alone_s(command: list[str]) -> float:
    _run_s(command)
    return statistics.median(_run_s(command) for _ in range(ROUNDS))


def _processor_s(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run_s(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _run_s(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True, env=os.environ | OFFLINE, cwd=tempfile.gettempdir())
    return time.perf_counter() - start
