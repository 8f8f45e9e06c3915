"""Every example of README, CONTRIBUTING and docs is run, or held against the files it names, or said not to be."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
import yaml

from bot.bootstrap import asker
from ingest.loader import Loader
from tests.bot.slack.local_slack import free_port
from tests.docs.held import wrong_setting
from tests.docs.not_run import NOT_RUN
from tests.docs.pages import FORMULA, JSON, OURS, PYTHON, SHELL, SLACK, YAML, Example, examples, pages, questions
from tests.docs.running import READERS_FILES, Place, wrong, wrong_message, wrong_python
from tests.house.tree import relative
from tests.hub.fixture_repos import fixture_repos
from tests.hub.loopback import LoopbackHub

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY_PAGE = pytest.mark.parametrize("page", pages(), ids=relative)


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    with LoopbackHub(*fixture_repos()) as found:
        yield found.url


@pytest.fixture(scope="module")
def server(hub: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `hubgauge serve` as a reader starts it."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    place = Place(tmp_path_factory.mktemp("server"), hub, address)
    command = [str(Path(sys.executable).with_name("hubgauge")), "serve"]
    log = (place.folder / "log").open("wb")
    with log, subprocess.Popen(command, env=place.environ() | {"HUBGAUGE_PORT": str(port)}, stderr=log) as process:
        try:
            _wait_for(address)
            yield address
        finally:
            process.terminate()


def _wait_for(address: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            httpx2.get(f"{address}/readyz", trust_env=False)
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("hubgauge serve does not listen")


@pytest.fixture
def place(tmp_path: Path, hub: str, server: str) -> Place:
    """Where a reader tries a page."""
    if shutil.which("curl") is None:
        pytest.skip("no curl here, which examples of the pages call")
    for name, text in READERS_FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return Place(tmp_path, hub, server)


def of_kind(page: Path, kind: str) -> list[Example]:
    return [example for example in examples(page) if example.kind == kind]


def is_named_not_run(example: Example) -> bool:
    return " ".join(example.words) in NOT_RUN and not example.shown


@pytest.mark.enable_socket
@EVERY_PAGE
def test_every_command_of_a_page_works_and_says_what_is_shown(page: Path, place: Place) -> None:
    told = {}
    for example in of_kind(page, SHELL):
        if is_named_not_run(example) or wrong_setting(example.text) == "":
            continue
        if said := wrong(example, place):
            told[example.place] = said
    assert not told, "\n\n".join(f"{place}\n{said}" for place, said in told.items())


@EVERY_PAGE
def test_no_command_hides_in_a_formula(page: Path) -> None:
    blocks = re.findall(rf"```{FORMULA}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [line for block in blocks for line in block.splitlines() if OURS.match(line.strip())] == []


@pytest.mark.enable_socket
@EVERY_PAGE
def test_every_message_of_a_page_is_understood(page: Path, place: Place) -> None:
    assert [said for example in of_kind(page, SLACK) if (said := wrong_message(example.text, place))] == []


@EVERY_PAGE
def test_the_python_of_a_page_says_what_is_printed(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    if texts := [example.text for example in of_kind(page, PYTHON)]:
        assert wrong_python(texts, relative(page)) == ""


@EVERY_PAGE
def test_the_data_of_a_page_can_be_read(page: Path) -> None:
    for example in of_kind(page, JSON):
        assert json.loads(example.text)
    for example in of_kind(page, YAML):
        assert list(yaml.safe_load_all(example.text))


@EVERY_PAGE
def test_no_example_is_of_a_kind_that_nothing_reads(page: Path) -> None:
    kinds = {SHELL, PYTHON, JSON, YAML, SLACK}
    assert [example.place for example in examples(page) if example.kind not in kinds] == []


@EVERY_PAGE
def test_every_question_of_a_page_is_answered(page: Path) -> None:
    ask = asker(Loader())
    reports = {question: ask(question) for question in questions(page)}
    assert [question for question, report in reports.items() if report.sections[0].mood == "error"] == []


def test_what_is_said_not_to_be_run_is_in_a_page() -> None:
    shown = {" ".join(example.words) for page in pages() for example in of_kind(page, SHELL)}
    assert [command for command in NOT_RUN if command not in shown] == []


def test_there_are_examples_of_every_kind_to_run() -> None:
    found = [example for page in pages() for example in examples(page)]
    assert sum(example.kind == SHELL for example in found) > 40
    assert sum(example.text.count(">>>") for example in found) > 20
    assert sum(bool(example.shown) for example in found) > 1
    assert sum(len(questions(page)) for page in pages()) > 25
