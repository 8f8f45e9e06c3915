"""`hubgauge recommend "QUESTION"`: the machines that hold a model, in the order that matters to the asker."""

from dataclasses import replace
from typing import Final

import click

from bot.answer import PICK_ORDERS, Answer, answer_query
from bot.bootstrap import model_loader
from bot.cli.lines import STDIN, each_line, echo_json, echo_report, fail
from bot.errors import USER_ERRORS
from bot.question import parse
from bot.render.as_json import answer_json
from bot.render.compose import compose
from estimator.recommend import ORDERS

ORDER_NAMES: Final = tuple(dict.fromkeys((*ORDERS, *PICK_ORDERS)))


@click.command("recommend", context_settings={"ignore_unknown_options": True})
@click.argument("question", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--by", type=click.Choice(ORDER_NAMES), help="What to rank by: machines by cost, models by size unless said."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(question: tuple[str, ...], by: str | None, as_json: bool) -> None:
    """List the machines that hold the model of QUESTION, or the models that its machine holds, ranked.

    \b
    hubgauge recommend "qwen3-30b-a3b for 100 users at 25 tok/s"
    hubgauge recommend "kimi-k2 at 128k" --by gpus
    hubgauge recommend "what can I run on 2x4090 at 30 tok/s" --by speed
    """
    models = model_loader(allows_paths=True)

    def found(text: str) -> Answer:
        query = parse(text)
        return answer_query(replace(query, intent="recommend" if query.models else query.intent), models, order=by)

    if question == (STDIN,):
        each_line(lambda line: answer_json(found(line)))
    try:
        answered = found(" ".join(question))
    except USER_ERRORS as error:
        fail(error, as_json=as_json)
    if as_json:
        echo_json(answer_json(answered))
    else:
        echo_report(compose(answered))
