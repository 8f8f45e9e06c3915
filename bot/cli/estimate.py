"""`hubgauge estimate`: the structured way in, the same object as `POST /v1/estimate`."""

import click

from bot.bootstrap import model_loader
from bot.cli.lines import STDIN, each_line, echo_json, fail
from bot.errors import USER_ERRORS
from bot.structured import estimate_request_json


@click.command("estimate")
@click.argument("request")
@click.option("--json", "as_json", is_flag=True, help="Errors as JSON too; the output is JSON either way.")
def command(request: str, as_json: bool) -> None:
    """Estimate REQUEST, a JSON object (`hubgauge schema estimate-request`), or one a line with `-`.

    \b
    hubgauge estimate '{"model": "qwen3-32b", "hardware": "h100-sxm-80gb", "gpus": 1, "concurrency": 16}'
    """
    models = model_loader(allows_paths=True)
    if request == STDIN:
        each_line(lambda line: estimate_request_json(line, models))
    try:
        echo_json(estimate_request_json(request, models))
    except USER_ERRORS as error:
        fail(error, as_json=as_json)
