"""The composition root: settings are read and parts are joined here and nowhere else."""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import TYPE_CHECKING, TypeVar

from bot.answer import Answer, ModelSource, answer, answer_query
from bot.errors import USER_ERRORS
from bot.question import Query
from bot.render.report import Report, error_report
from bot.several import parse_several
from bot.turn import PatientModels, Turn
from ingest.loader import Loader, connect
from ingest.settings import read_settings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bot.http.product import Answered, Product
    from bot.render.chart import Chart
    from bot.settings import Settings as FrontSettings

T = TypeVar("T")


def model_loader(*, allows_paths: bool = False) -> Loader:
    """Models by name: the bundled catalogue first, then our cache and the Hub."""
    settings = read_settings(os.environ)
    return Loader(connect=lambda: connect(settings), allows_paths=allows_paths)


def asker(models: ModelSource) -> Callable[[str | Query], Report]:
    """A function from a question, as typed or as understood, to a report: an explained refusal is a report too."""
    from bot.render.compose import compose  # noqa: PLC0415  # fronts that print JSON do not need it

    def ask(question: str | Query) -> Report:
        try:
            found = answer(question, models) if isinstance(question, str) else answer_query(question, models)
            is_one = not isinstance(question, str) or len(parse_several(question)) == 1
            return replace(
                compose(found),
                query=found.query if is_one else None,
                charts=tuple(_charts(found)),
                is_private=_tells_of_private(found),
            )
        except USER_ERRORS as error:
            return error_report(error.message, error.hint, getattr(error, "suggestions", ()))

    return ask


def _tells_of_private(found: Answer) -> bool:
    models = [result.model for result in found.results] + [each.model for each in found.recommendations]
    return any(model.is_private for model in models)


def _charts(found: Answer) -> Iterator["Chart"]:
    """The picture of an answer about one model on one machine: the roofline where the arithmetic is asked."""
    from bot.render.chart import rate_chart, roofline_chart  # noqa: PLC0415  # as above

    if len(found.results) == 1 and found.query.intent in {"estimate", "explain"}:
        draw = roofline_chart if found.query.intent == "explain" else rate_chart
        chart = draw(found.results[0].estimate)
        if chart is not None:
            yield chart


def run_slack() -> None:
    """Answers on Slack over Socket Mode until told to stop; raises `SettingsError` for what is missing."""
    from bot.aside import Aside  # noqa: PLC0415  # fronts only
    from bot.settings import read_settings as read_front_settings  # noqa: PLC0415  # as above
    from bot.slack.socket import run  # noqa: PLC0415  # brings slack-bolt

    settings = read_front_settings(os.environ)
    with _watching(settings), Aside(computing) as aside:
        run(settings, aside.calling("ask"))


def _watching(settings: "FrontSettings") -> "AbstractContextManager[object]":
    """The watcher beside a front where that is asked for (HUBGAUGE_WATCH)."""
    if not settings.watches:
        return contextlib.nullcontext()
    from bot.watch.service import beside  # noqa: PLC0415  # as above

    return beside()


def http_product(models: ModelSource) -> "Product":
    """What the HTTP front answers with."""
    from bot.explore import explore_json  # noqa: PLC0415  # brings pydantic
    from bot.http.product import Product  # noqa: PLC0415  # as above
    from bot.render.as_json import answer_json, spec_json  # noqa: PLC0415  # as above
    from bot.structured import estimate_json_of  # noqa: PLC0415  # as above
    from bot.wanted import recommended  # noqa: PLC0415  # as above

    turn = Turn()
    models = PatientModels(models, turn)
    return Product(
        ask=turn.taking(asker(models)),
        ask_json=turn.taking(lambda question: answer_json(answer(question, models))),
        estimate_json=turn.taking(lambda asked: estimate_json_of(asked, models)),
        recommend_json=turn.taking(lambda asked: answer_json(recommended(asked, models))),
        explore_json=turn.taking(lambda asked: explore_json(asked, models)),
        spec_json=turn.taking(lambda name: spec_json(models.load(name))),
        known_models=models.known,
    )


def computing() -> "Product":
    """What the process aside answers with, objects written as JSON; its own logs begun."""
    from bot.http.product import written  # noqa: PLC0415  # fronts only
    from bot.logs import begin_logs  # noqa: PLC0415  # fronts only

    def writing(function: Callable[[T], "Answered"]) -> Callable[[T], bytes]:
        return lambda asked: written(function(asked))

    begin_logs(logging.WARNING)
    product = http_product(model_loader())
    return replace(
        product,
        ask_json=writing(product.ask_json),
        estimate_json=writing(product.estimate_json),
        recommend_json=writing(product.recommend_json),
        explore_json=writing(product.explore_json),
        spec_json=writing(product.spec_json),
    )


def run_http() -> None:
    """Answers over HTTP, Slack's events included, until told to stop."""
    from bot.http.serve import run  # noqa: PLC0415  # fronts only: brings FastAPI and uvicorn
    from bot.settings import read_settings as read_front_settings  # noqa: PLC0415  # as above

    settings = read_front_settings(os.environ)
    with _watching(settings), _answering(settings) as product:
        run(settings, product)


@contextlib.contextmanager
def _answering(settings: "FrontSettings") -> Iterator["Product"]:
    """What the HTTP front answers with, computed aside but for an API alone on a single core.

    There nobody waits for an acknowledgement, and a process aside costs a fifth of what the core answers.
    """
    from bot.aside import Aside, cores  # noqa: PLC0415  # fronts only
    from bot.http.product import Product  # noqa: PLC0415  # as above

    if not settings.has_signed_slack and cores() == 1:
        yield http_product(model_loader())
        return
    with Aside(computing) as aside:
        yield Product(**{field.name: aside.calling(field.name) for field in fields(Product)})


def run_mcp() -> None:
    """Answers as Model Context Protocol tools on standard input and output, until that is closed."""
    from bot.mcp.server import build  # noqa: PLC0415  # brings the SDK

    build(model_loader()).run("stdio")
