"""`hubgauge methods "QUESTION"`: all published methods beside the full estimate."""

import click

from bot import humanize as say
from bot.answer import Result, answer
from bot.bootstrap import model_loader
from bot.cli.lines import STDIN, Json, each_line, echo_json, fail
from bot.errors import USER_ERRORS, QuestionError
from bot.methods import Compared, compare
from bot.render.as_json import estimate_json
from bot.render.compose import heading
from bot.render.report import Notes, Report, Section, Table
from bot.render.text import to_text

SHOWN = (
    "weights",
    "kv_cache",
    "ttft",
    "prefill_latency",
    "latency_s",
    "token_latency",
    "crossover",
    "optimal",
    "bound",
    "tier",
)
"""Figures worth a line in the table, by the beginning of their keys; JSON has all of them."""


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
            sections = tuple(_section(result) for result in results(" ".join(question)))
            click.echo(to_text(Report(title="methods", sections=sections)))
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


def _section(result: Result) -> Section:
    found = result.estimate
    memory = found.memory
    own = (
        ("weights on the fullest GPU", say.gib(memory.weights_bytes)),
        ("cache of one request", say.gib(memory.sequence_bytes)),
        ("TTFT", say.seconds(found.ttft.value)),
        ("TPOT", say.seconds(found.tpot.value)),
        ("uncalibrated roofline TPOT", say.seconds(found.roofline_tpot_s)),
    )
    rows = compare(result)
    tables = (Table("hubgauge", own), *(Table(row.name, tuple(_rows(row))) for row in rows))
    notes = tuple(Notes(f"{row.name} is wrong where", row.where_wrong) for row in rows)
    verdict = "The whole estimate first, then each published method by its own formulas."
    return Section(heading=heading(found), mood="note", verdict=verdict, tables=tables, notes=notes)


def _rows(row: Compared) -> list[tuple[str, str]]:
    return [(key, _figure(value)) for key, value in row.figures.items() if key.startswith(SHOWN)]


def _figure(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:,.6g}" if isinstance(value, float | int) else str(value)
