"""How commands read and write: one item or one a line, text or JSON, errors as they stand.

With `-` the items come from standard input, one a line, and each answer is one JSON line in the same order, flushed as
it is made; a line's failure, a fault of ours included, is that line's error object, and the exit status is 1 at the
end.
"""

import io
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from bot.errors import USER_ERRORS, QuestionError, error_json
from bot.render.visible import visible, visible_json

if TYPE_CHECKING:
    from bot.render.report import Report
    from bot.render.text import Style

STDIN: Final = "-"
MOST_COLUMNS: Final = 120
"""Sentences beyond this are hard to read, however wide the terminal."""
PIPED_COLUMNS: Final = 100
MOST_LINE_CHARACTERS: Final = 2**20
"""A line beyond this is refused as a line: nothing a person or script asks is that long."""

Json = dict[str, Any]


def echo_json(value: Json) -> None:
    """One object, indented for a person, on one line for a pipe."""
    indent = 2 if sys.stdout.isatty() else None
    click.echo(_written(value, indent))


def _written(value: Json, indent: int | None = None) -> str:
    return visible_json(json.dumps(value, ensure_ascii=False, indent=indent))


def echo_report(report: "Report") -> None:
    """The report in the terminal's width and colours; plain, with whole tables, when piped."""
    from bot.render.text import to_text

    style, width = look()
    click.echo(to_text(report, style, width, folds_tables=sys.stdout.isatty()))


def look() -> "tuple[Style, int]":
    """How the output is coloured and how wide it is: plain when piped, or where NO_COLOR is set (no-color.org)."""
    from bot.render.text import plain

    if not sys.stdout.isatty():
        return plain, PIPED_COLUMNS
    width = min(shutil.get_terminal_size().columns, MOST_COLUMNS)
    return plain if os.environ.get("NO_COLOR") else click.style, width


def fail(error: Exception, *, as_json: bool) -> NoReturn:
    """Says what was asked, where it went wrong and what to try; exit status 1."""
    if as_json:
        echo_json(error_json(error))
    else:
        say_error(error)
    sys.exit(1)


def say_error(error: Exception) -> None:
    """The error in words, with what to try, on stderr."""
    hint = getattr(error, "hint", "")
    click.echo(click.style("hubgauge: ", bold=True) + visible(str(getattr(error, "message", error))), err=True)
    for suggestion in getattr(error, "suggestions", ()):
        if suggestion not in hint:  # which says "did you mean" itself
            click.echo(f"  did you mean: {visible(suggestion)}", err=True)
    if hint:
        click.echo(f"  {visible(hint)}", err=True)


def each_line(work: Callable[[str], Json]) -> NoReturn:
    """Answers every line of standard input; exit status 1 if any failed."""
    has_failed = False
    for line in _lines():
        written, failed = _one(work, line)
        has_failed = has_failed or failed
        click.echo(written)
    sys.exit(1 if has_failed else 0)


def _lines() -> Iterator[str | None]:
    """The lines of standard input, blank ones too, for answers are counted by lines; None for one that is too long."""
    if sys.stdin is None:
        fail(QuestionError("standard input is closed", "pipe one item a line into it"), as_json=False)
    stream = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
    while line := stream.readline(MOST_LINE_CHARACTERS + 1):
        if len(line) > MOST_LINE_CHARACTERS:
            while line and not line.endswith("\n"):
                line = stream.readline(MOST_LINE_CHARACTERS)
            yield None
        else:
            yield line.rstrip("\r\n")


def _one(work: Callable[[str], Json], line: str | None) -> tuple[str, bool]:
    """The answer to a line as it is written, and whether it is a failure."""
    try:
        return _written(work(_checked(line))), False
    except USER_ERRORS as error:
        return _written(error_json(error)), True
    except Exception as error:  # noqa: BLE001  # one line's fault must not lose the lines after it
        if sys.stderr is not None:
            traceback.print_exc()
        return _written(_fault(error)), True


def _checked(line: str | None) -> str:
    if line is None:
        raise QuestionError(
            f"the line is longer than the {MOST_LINE_CHARACTERS:,} characters that are read", "write one item a line"
        )
    if not line.strip():
        raise QuestionError("the line is empty", "write one item a line")
    return line


def _fault(error: Exception) -> Json:
    """A bug's object: its kind alone, for a message may repeat what it was about; the rest is on stderr."""
    message = f"hubgauge failed on this line ({type(error).__name__}); the traceback is on stderr"
    return {"error": {"type": "InternalError", "message": message, "hint": "report it with the line and the traceback"}}
