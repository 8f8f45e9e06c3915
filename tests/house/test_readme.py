"""The README names every command and variable; tests/docs runs its examples."""

from pathlib import Path

from bot.cli.main import COMMANDS
from bot.variables import VARIABLES

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_every_command_is_named() -> None:
    assert [name for name in COMMANDS if f"hubgauge {name}" not in README] == []


def test_every_variable_is_named() -> None:
    assert [variable.name for variable in VARIABLES if variable.name not in README] == []
