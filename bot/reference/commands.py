"""docs/commands.md, from the commands themselves."""

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Final

import click

from bot.cli.main import COMMANDS

HEADER: Final = """# Commands

Written by `make pages` from the commands themselves. `hubgauge "QUESTION"` is `hubgauge ask`; `hf-gauge` is the same
program. `--json` prints one JSON object; `-` in place of an item reads one from each line of standard input. Exit
status: 0 answered (also "does not fit"), 1 cannot be answered, 2 wrong usage, 130 interrupted.
"""


def page() -> str:
    """The whole page."""
    sections = ("\n".join(_section(f"hubgauge {name}", _command(name), 2)) for name in COMMANDS)
    return HEADER + "\n" + "\n".join(sections)


def _command(name: str) -> click.Command:
    found: click.Command = importlib.import_module(f"bot.cli.{name}").command
    return found


def _section(name: str, command: click.Command, level: int) -> Iterator[str]:
    yield f"{'#' * level} {name}\n"
    usage = " ".join(command.collect_usage_pieces(click.Context(command)))
    yield f"`{name} {usage}`\n"
    yield _said(command.help or "") + "\n"
    rows = [row for parameter in command.params if (row := _row(parameter))]
    if rows:
        yield from ("| option | is |", "|---|---|", *rows, "")
    if isinstance(command, click.Group):
        for below, each in command.commands.items():
            yield from _section(f"{name} {below}", each, level + 1)


def _said(text: str) -> str:
    """A help text as Markdown: what is not to be wrapped is a block of its own."""
    paragraphs = [
        paragraph.strip("\n") for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text.split("\f", maxsplit=1)[0]))
    ]
    return "\n\n".join(_verbatim(each) if each.startswith("\b") else _plain(each) for each in paragraphs)


def _verbatim(paragraph: str) -> str:
    lines = "\n".join(line.strip() for line in paragraph.splitlines()[1:])
    return f"```\n{lines}\n```"


def _plain(paragraph: str) -> str:
    return " ".join(paragraph.split()).replace("<", "&lt;")


def _row(parameter: click.Parameter) -> str:
    record = parameter.get_help_record(click.Context(click.Command("none")))
    if record is None:
        return ""
    name, said = (" ".join(part.split()).replace("|", "\\|") for part in record)
    return f"| `{name}` | {said.replace('<', '&lt;')} |"
