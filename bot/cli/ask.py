"""`hubgauge "QUESTION"`: the whole answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bot.bootstrap import model_loader
from bot.cli.lines import STDIN, Json, each_line, echo_json, echo_report, fail, look, say_error
from bot.errors import USER_ERRORS, QuestionError

if TYPE_CHECKING:
    from bot.answer import Answer
    from bot.render.chart import Chart
    from estimator.anchor import Measurement


HERE: Final = "here"
"""`--chart` without a file: in the terminal."""


@click.command("ask", context_settings={"ignore_unknown_options": True})
@click.argument("question", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.option("--measured", metavar="FIGURE", help="Your own: 'tpot=23ms at 32', or the JSON of `vllm bench serve`.")
@click.option(
    "--chart",
    metavar="[FILE]",
    is_flag=False,
    flag_value=HERE,
    help="Step time against requests at once: below the answer, or into FILE.png or FILE.svg (extra [charts]).",
)
def command(question: tuple[str, ...], as_json: bool, measured: str | None, chart: str | None) -> None:
    """Answer QUESTION: will it fit, how fast, at what cost, and if not, what would?

    \b
    hubgauge "llama-3.1-70b fp8 on 2xH100 at 16K, 32 users"
    hubgauge "llama-3.1-8b on 1xH100 at 1K" --chart
    hubgauge ask - --json < questions.txt     # one question a line
    """
    from bot.answer import answer
    from bot.render.as_json import answer_json

    models = model_loader(allows_paths=True)

    try:
        own = _measured(measured)
        question, chart = _parted(question, chart)
    except USER_ERRORS as error:
        fail(error, as_json=as_json)

    def work(text: str) -> Json:
        return answer_json(answer(text, models, own))

    if chart is not None and (question == (STDIN,) or (as_json and chart == HERE)):
        raise click.UsageError("--chart is drawn for one question and for people: with --json name a FILE.")
    if question == (STDIN,):
        each_line(work)
    try:
        found = answer(" ".join(question), models, own)
    except USER_ERRORS as error:
        fail(error, as_json=as_json)
    if as_json:
        echo_json(answer_json(found))
    else:
        from bot.render.compose import compose

        echo_report(compose(found))
    if chart is not None:
        _draw(found, chart, as_json=as_json)


def _parted(question: tuple[str, ...], chart: str | None) -> tuple[tuple[str, ...], str | None]:
    """The question and where its chart goes: a word after `--chart` that names no picture belongs to the question."""
    if chart is None or chart == HERE:
        return question, chart
    from bot.render.picture import OTHER_SUFFIXES, SUFFIXES

    if chart.lower().endswith(SUFFIXES):
        return question, chart
    if chart.lower().endswith(OTHER_SUFFIXES):
        raise QuestionError(f"a chart is not written as {chart}", "name a file that ends in .png or .svg")
    return (chart, *question), HERE


def _draw(found: "Answer", where: str, *, as_json: bool) -> None:
    """The chart, below the answer or into a file; exit status 1 where a file was asked and none is written."""
    try:
        if where == HERE:
            from bot.render.chart_text import to_text

            click.echo("\n" + to_text(_chart(found), *look()))
        else:
            from bot.render.compose import heading
            from bot.render.picture import save

            save(_chart(found), heading(found.results[0].estimate), Path(where))
    except QuestionError as error:
        if where == HERE:
            say_error(error)
        else:
            fail(error, as_json=as_json)


def _chart(found: "Answer") -> "Chart":
    from bot.render.chart import roofline_chart

    chart = roofline_chart(found.results[0].estimate) if len(found.results) == 1 else None
    if chart is None:
        hint = "name one model and one machine that holds at least three requests of the context"
        raise QuestionError("there is no chart of this answer", hint)
    return chart


def _measured(text: str | None) -> "tuple[Measurement, ...]":
    if text is None:
        return ()
    from bot.measured import read_measured

    return read_measured(text, allows_paths=True)
