"""`hubgauge explain "QUESTION"`: the derivation of each figure."""

from dataclasses import asdict

import click

from bot.answer import Result, answer
from bot.bootstrap import model_loader
from bot.cli.lines import STDIN, Json, each_line, echo_json, echo_report, fail
from bot.errors import USER_ERRORS, QuestionError
from bot.render.compose import explained_section
from bot.render.report import Report
from estimator.explain import explain


@click.command("explain", context_settings={"ignore_unknown_options": True})
@click.argument("question", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(question: tuple[str, ...], as_json: bool) -> None:
    """Show how each figure of QUESTION comes about: formula, numbers put in, result.

    The question must name a machine.
    """
    models = model_loader(allows_paths=True)

    def results(text: str) -> tuple[Result, ...]:
        found = answer(text, models).results
        if not found:
            raise QuestionError("a derivation needs a machine", "name one: `llama-3.1-8b on 1xH100 at 8K`")
        return found

    def work(text: str) -> Json:
        return {"results": [_json(result) for result in results(text)]}

    if question == (STDIN,):
        each_line(work)
    try:
        if as_json:
            echo_json(work(" ".join(question)))
        else:
            sections = tuple(explained_section(result) for result in results(" ".join(question)))
            echo_report(Report(title="explain", sections=sections))
    except USER_ERRORS as error:
        fail(error, as_json=as_json)


def _json(result: Result) -> Json:
    found = result.estimate
    return {
        "model": result.model.name,
        "hardware": found.request.gpu.id,
        "gpus": found.request.gpus,
        "derivations": [asdict(part) for part in explain(found)],
        "assumptions": list(found.assumptions),
    }
