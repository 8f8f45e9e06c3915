"""`hubgauge parse`: what is understood of a question, without network."""

import click

from bot.cli.lines import STDIN, each_line, echo_json, fail
from bot.errors import BotError
from bot.question import parse


@click.command("parse", context_settings={"ignore_unknown_options": True})
@click.argument("question", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="One JSON object (errors too); the output is JSON either way.")
def command(question: tuple[str, ...], as_json: bool) -> None:
    """Show what is understood of QUESTION, or of each line of standard input with `-`."""
    if question == (STDIN,):
        each_line(lambda line: parse(line).to_json())
    try:
        echo_json(parse(" ".join(question)).to_json())
    except BotError as error:
        fail(error, as_json=as_json)
