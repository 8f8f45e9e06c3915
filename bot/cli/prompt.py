"""`hubgauge` without words on a terminal: questions one after another, each able to lean on the one before.

    > llama-3.1-70b fp8 on 2xH100
    > and on H200?
    > why?

History is kept in the user's data folder, for its owner alone. Ctrl-C gives the line up, Ctrl-D or `exit` ends.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from bot.answer import ModelSource, answer_query
from bot.bootstrap import model_loader
from bot.cli.lines import echo_report, say_error
from bot.errors import USER_ERRORS
from bot.question import parse
from bot.question.query import Query
from bot.render.compose import compose
from bot.settings import data_dir
from bot.thread import follow_up

HISTORY_LINES: Final = 1000
PROMPT: Final = "> "
LEAVE: Final = frozenset({"exit", "quit", "bye", ":q", "q"})
NEW: Final = frozenset({"new", "reset", "clear"})
WELCOME: Final = 'Ask, for example: llama-3.1-70b fp8 on 2xH100 at 16K   ("help" for more, Ctrl-D to leave)'


def run() -> None:
    """Reads and answers until the end of input."""
    models = model_loader(allows_paths=True)
    click.echo(WELCOME, err=True)
    previous: Query | None = None
    folder = data_dir(os.environ)
    with _history(folder / "history") if folder else contextlib.nullcontext():
        for line in _lines():
            if line.lower() in NEW:
                previous = None
            elif line:
                previous = _answered(line, previous, models)


def _lines() -> Iterator[str]:
    while True:
        try:
            line = input(PROMPT).strip()
        except EOFError:
            click.echo(err=True)
            return
        except KeyboardInterrupt:
            click.echo(err=True)
            continue
        if line.lower() in LEAVE:
            return
        yield line


def _answered(line: str, previous: Query | None, models: ModelSource) -> Query | None:
    """Prints the answer; the question as it was understood, or the one before where it could not be answered."""
    try:
        query = parse(line) if previous is None else follow_up(previous, line)
        echo_report(compose(answer_query(query, models)))
    except USER_ERRORS as error:
        say_error(error)
        return previous
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        return previous
    return previous if query.intent == "help" else query


@contextlib.contextmanager
def _history(file: Path) -> Iterator[None]:
    """The lines typed before, where the terminal's library is there; what cannot be kept is no reason to stop."""
    try:
        import readline
    except ImportError:  # a Python built without it: lines still work
        yield
        return
    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    readline.set_history_length(HISTORY_LINES)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
            readline.write_history_file(file)
