"""Files a reader can hold in mind, and nothing in them that belongs to one machine or runs a stranger's code."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import ROOT, kept_files, modules, relative

MOST_LINES = 450
LONGER: dict[str, str] = {}
"""Files of the packages above that, each with the reason."""

VAGUE = frozenset({"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py"})
STRANGERS_CODE = "trust_" + "remote_code"  # in two parts, so that this file does not hold it
MACHINE = re.compile(
    r"(?<![\w.~])(/wo" + r"rk/(main|shared)|/ro" + r"ot/[\w.]|/tmp/" + r"[A-Z]{3,}_|[A-Z]:\\Us" + r"ers\\)"
)
INDEX_HOST = re.compile("index-" + r"url|python" + r"hosted\.org|https?://[^\s\"']+/sim" + r"ple\b")
WATCHERS = {"tests/docker/test_docker_files.py": "looks for the same words in the image's files"}
NOQA = re.compile(r"#\s*(ruff: )?noqa\b")
NOQA_WITH_REASON = re.compile(r"# (ruff: )?noqa: [A-Z]+\d+(, [A-Z]+\d+)*( {2}# | - )\S")
IGNORE = re.compile(r"#\s*type:\s*ignore")
IGNORE_WITH_REASON = re.compile(r"# type: ignore\[[a-z-]+(, [a-z-]+)*\]  # \S")

EVERY_MODULE = pytest.mark.parametrize("path", modules(), ids=relative)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf8", errors="replace")


@EVERY_MODULE
def test_a_file_is_short_or_says_why_not(path: Path) -> None:
    lines = len(text_of(path).splitlines())
    if relative(path) in LONGER:
        assert lines > MOST_LINES, f"{relative(path)} is short by now: strike it from the list"
    else:
        assert lines <= MOST_LINES


@EVERY_MODULE
def test_a_file_is_named_for_what_is_in_it(path: Path) -> None:
    assert path.name not in VAGUE


@EVERY_MODULE
def test_a_module_opens_with_what_it_is(path: Path) -> None:
    assert text_of(path).startswith(('"""', 'r"""'))


def test_no_file_lets_strangers_run_code_or_names_a_machine_or_an_index() -> None:
    texts = {relative(path): text_of(path) for path in kept_files() if relative(path) not in WATCHERS}
    assert [name for name, text in texts.items() if STRANGERS_CODE in text and not name.endswith(".md")] == []
    assert [name for name, text in texts.items() if MACHINE.search(text)] == []
    assert [name for name, text in texts.items() if INDEX_HOST.search(text)] == []


def test_every_silenced_check_says_why() -> None:
    lines = [line for path in kept_files() if path.suffix == ".py" for line in text_of(path).splitlines()]
    silenced = [line for line in lines if "re.compile(" not in line]  # the patterns of this very file
    assert [line for line in silenced if NOQA.search(line) and not NOQA_WITH_REASON.search(line)] == []
    assert [line for line in silenced if IGNORE.search(line) and not IGNORE_WITH_REASON.search(line)] == []


def test_every_rule_left_out_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf8")
    rows = [line for line in text.splitlines() if re.match(r'\s+"[A-Z]+\d+",', line)]
    assert len(rows) > 10
    assert [line for line in rows if " # " not in line] == []


def test_no_lock_file_is_kept() -> None:
    kept = {path.name for path in kept_files()}
    assert not kept & {"poetry.lock", "uv.lock", "Pipfile.lock", "pdm.lock", "pylock.toml"}


def test_both_commands_are_one_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    assert project["scripts"]["hubgauge"] == project["scripts"]["hf-gauge"]


def test_the_licence_is_the_one_that_is_stated() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf8")
