"""Models for a machine: ranked as asked, none that misses the wish."""

from dataclasses import replace
from itertools import pairwise

import pytest

from bot.answer import Answer, answer_query
from bot.errors import QuestionError
from bot.question import parse
from bot.render.compose import compose
from ingest.loader import Loader

MODELS = Loader()


def picked(question: str, order: str | None) -> Answer:
    return answer_query(replace(parse(question), order=None), MODELS, order=order)


@pytest.mark.parametrize(("order", "word"), [(None, "largest"), ("size", "largest"), ("speed", "fastest")])
def test_models_stand_in_the_order_asked_for(order: str | None, word: str) -> None:
    found = picked("what can I run on 1xL4 at 20 tok/s", order)
    assert f"Models that fit, {word} first" in compose(found).sections[0].tables[0].title
    for one, other in pairwise(result.estimate for result in found.results):
        if order == "speed":
            assert one.tpot.value <= other.tpot.value
        else:
            assert one.request.spec.total_parameters >= other.request.spec.total_parameters


def test_every_model_fits_and_reaches_the_wish() -> None:
    found = picked("what can I run on 1xL4 at 20 tok/s", None)
    assert found.results
    assert all(result.estimate.fits and 1 / result.estimate.tpot.value >= 20 for result in found.results)


def test_a_wish_that_no_model_reaches_is_said() -> None:
    with pytest.raises(QuestionError, match="no bundled model"):
        picked("what can I run on 1xL4 at 90000 tok/s", None)
