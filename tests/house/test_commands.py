"""Every command is in the help, in the README, and can be asked for its own help."""

import importlib
import re

import click
import pytest
from click.testing import CliRunner

from bot.cli.main import COMMANDS, program
from tests.house.tree import ROOT

CONTRACT = {"ask", "parse", "spec", "estimate", "hardware", "method", "methods", "schema", "doctor", "slack", "serve"}
"""The commands that DESIGN, section 4, fixes and that are built so far."""
EVERY_COMMAND = pytest.mark.parametrize("name", sorted(COMMANDS))


def test_the_contracts_commands_exist() -> None:
    assert set(COMMANDS) >= CONTRACT


@EVERY_COMMAND
def test_a_command_has_a_help_line(name: str) -> None:
    assert re.fullmatch(r"\S.{8,78}[^.]", COMMANDS[name])


@EVERY_COMMAND
def test_a_command_lives_in_the_file_of_its_name(name: str) -> None:
    command = importlib.import_module(f"bot.cli.{name}").command
    assert isinstance(command, click.Command)
    assert command.help
    assert len(command.help) > 10


@EVERY_COMMAND
def test_a_command_prints_its_help_and_ends_well(name: str) -> None:
    shown = CliRunner().invoke(program, [name, "--help"])
    assert shown.exit_code == 0
    assert shown.stdout.startswith("Usage: ")


@EVERY_COMMAND
def test_a_command_is_documented_in_the_readme(name: str) -> None:
    rows = [line for line in (ROOT / "README.md").read_text(encoding="utf8").splitlines() if line.startswith("| `hub")]
    if not rows:
        pytest.skip("README.md has no table of commands yet")
    assert any(re.match(rf"\| .*`hubgauge {name}\b", row) for row in rows)


def test_the_readme_documents_no_command_that_does_not_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf8")
    named = set(re.findall(r"^\| `hubgauge ([a-z]+)\b", text, flags=re.MULTILINE))
    assert named <= set(COMMANDS)
