"""`hubgauge sweep "QUESTION"`: throughput against latency over loads and splits, and the most that a machine holds."""

import click

from bot.bootstrap import model_loader
from bot.cli.lines import STDIN, each_line, echo_json, echo_report, fail
from bot.errors import USER_ERRORS
from bot.render.sweep import sweep_json, sweep_report
from bot.sweep import swept


@click.command("sweep", context_settings={"ignore_unknown_options": True})
@click.argument("question", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(question: tuple[str, ...], as_json: bool) -> None:
    """Show what the machine of QUESTION gives the model at every load: the front of throughput against latency.

    \b
    hubgauge sweep "llama-3.1-70b fp8 on 8xH100, 2048 in, 512 out"
    hubgauge sweep "qwen3-32b on 4xH100 for 200 users at 25 tok/s"
    """
    models = model_loader(allows_paths=True)
    if question == (STDIN,):
        each_line(lambda line: sweep_json(swept(line, models)))
    try:
        found = swept(" ".join(question), models)
    except USER_ERRORS as error:
        fail(error, as_json=as_json)
    if as_json:
        echo_json(sweep_json(found))
    else:
        echo_report(sweep_report(found))
