"""`hubgauge "QUESTION"`: the whole answer."""

from typing import TYPE_CHECKING

import click

from bot.bootstrap import model_loader
from bot.cli.lines import STDIN, Json, each_line, echo_json, echo_report, fail
from bot.errors import USER_ERRORS

if TYPE_CHECKING:
    from estimator.anchor import Measurement


@click.command("ask", context_settings={"ignore_unknown_options": True})
@click.argument("question", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.option("--measured", metavar="FIGURE", help="Your own: 'tpot=23ms at 32', or the JSON of `vllm bench serve`.")
def command(question: tuple[str, ...], as_json: bool, measured: str | None) -> None:
    """Answer QUESTION: will it fit, how fast, at what cost, and if not, what would?

    \b
    hubgauge "llama-3.1-70b fp8 on 2xH100 at 16K, 32 users"
    hubgauge ask - --json < questions.txt     one question a line
    """
    from bot.answer import answer
    from bot.render.as_json import answer_json

    models = model_loader(allows_paths=True)

    try:
        own = _measured(measured)
    except USER_ERRORS as error:
        fail(error, as_json=as_json)

    def work(text: str) -> Json:
        return answer_json(answer(text, models, own))

    if question == (STDIN,):
        each_line(work)
    try:
        found = answer(" ".join(question), models, own)
    except USER_ERRORS as error:
        fail(error, as_json=as_json)
    if as_json:
        echo_json(answer_json(found))
        return
    from bot.render.compose import compose

    echo_report(compose(found))


def _measured(text: str | None) -> "tuple[Measurement, ...]":
    if text is None:
        return ()
    from bot.measured import read_measured

    return read_measured(text, allows_paths=True)
