"""How commands read and write: one item or one a line, text or JSON, errors as they stand.

With `-` the items come from standard input, one a line, and each answer is one JSON line in the same order, flushed as
it is made; a line's failure is that line's error object, and the exit status is 1 at the end.
"""

import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn

import click

from bot.errors import USER_ERRORS, error_json

STDIN: Final = "-"
MOST_LINE_CHARACTERS: Final = 2**20
"""A line beyond this is refused as a line: nothing a person or script asks is that long."""

Json = dict[str, Any]


def echo_json(value: Json) -> None:
    """One object, indented for a person, on one line for a pipe."""
    indent = 2 if sys.stdout.isatty() else None
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent))


def fail(error: Exception, *, as_json: bool) -> NoReturn:
    """Says what was asked, where it went wrong and what to try; exit status 1."""
    if as_json:
        echo_json(error_json(error))
    else:
        click.echo(click.style("hubgauge: ", bold=True) + str(getattr(error, "message", error)), err=True)
        for suggestion in getattr(error, "suggestions", ()):
            click.echo(f"  did you mean: {suggestion}", err=True)
        if hint := getattr(error, "hint", ""):
            click.echo(f"  {hint}", err=True)
    sys.exit(1)


def each_line(work: Callable[[str], Json]) -> NoReturn:
    """Answers every line of standard input; exit status 1 if any failed."""
    has_failed = False
    for line in _lines():
        found = _one(work, line)
        has_failed = has_failed or "error" in found
        click.echo(json.dumps(found, ensure_ascii=False))
    sys.exit(1 if has_failed else 0)


def _lines() -> Iterator[str]:
    stream = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
    while line := stream.readline(MOST_LINE_CHARACTERS + 1):
        if len(line) > MOST_LINE_CHARACTERS:
            while line and not line.endswith("\n"):
                line = stream.readline(MOST_LINE_CHARACTERS)
            yield ""
        elif line.strip():
            yield line.rstrip("\r\n")


def _one(work: Callable[[str], Json], line: str) -> Json:
    try:
        return work(line)
    except USER_ERRORS as error:
        return error_json(error)
