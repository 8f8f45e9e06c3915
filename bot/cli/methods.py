"""`hubgauge methods "QUESTION"`: all published methods beside the full estimate."""

import click

from bot.answer import Result, answer
from bot.bootstrap import model_loader
from bot.cli.lines import STDIN, Json, each_line, echo_json, echo_report, fail
from bot.errors import USER_ERRORS, QuestionError
from bot.methods import compare
from bot.render.as_json import estimate_json
from bot.render.compose import methods_section
from bot.render.report import Report


@click.command("methods", context_settings={"ignore_unknown_options": True})
@click.argument("question", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(question: tuple[str, ...], as_json: bool) -> None:
    """Put the four published methods beside the full estimate of QUESTION.

    The question must name a machine.
    """
    models = model_loader(allows_paths=True)

    def results(text: str) -> tuple[Result, ...]:
        found = answer(text, models).results
        if not found:
            raise QuestionError("the methods need a machine", "name one: `llama-3.1-8b on 1xH100 at 8K`")
        return found

    def work(text: str) -> Json:
        return {"results": [_json(result) for result in results(text)]}

    if question == (STDIN,):
        each_line(work)
    try:
        if as_json:
            echo_json(work(" ".join(question)))
        else:
            sections = tuple(methods_section(result) for result in results(" ".join(question)))
            echo_report(Report(title="methods", sections=sections))
    except USER_ERRORS as error:
        fail(error, as_json=as_json)


def _json(result: Result) -> Json:
    return {
        "model": result.model.name,
        "hardware": result.estimate.request.gpu.id,
        "gpus": result.estimate.request.gpus,
        "estimate": estimate_json(result.estimate, result.model, result.alternatives),
        "methods": {
            row.name: {
                "inputs": dict(row.inputs),
                "figures": dict(row.figures),
                "where_wrong": list(row.where_wrong),
            }
            for row in compare(result)
        },
    }
