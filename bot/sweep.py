"""What a machine can do with a model over all loads: the front, the most of each kind, and the cards for many users."""

from dataclasses import dataclass, replace
from typing import Final

from bot.answer import ModelSource, load_model, machine, request_of
from bot.errors import QuestionError
from bot.question import parse
from bot.question.query import Query
from estimator.fleet import Fleet, smallest_fleet
from estimator.layout_choice import cuts_of
from estimator.recommend import Target
from estimator.setup import Request
from estimator.sweep import Point, doublings, front, longest_held, most_at_once, most_held, sweep
from ingest.loader import LoadedModel

SHORTEST_CONTEXT_TOKENS: Final = 1024
LONGEST_CONTEXT_TOKENS: Final = 2**20
"""Contexts of the table where the model states no maximum."""
MOST_SWEPT: Final = 2**14
"""Requests at once beyond which no engine batches: vLLM and SGLang admit 1,024 and 2,048 a rank."""


@dataclass(frozen=True, slots=True)
class Swept:
    """All of it for one model on one machine.

    `at_once` has the most requests for each context, `longest` the longest context for each number of requests.
    """

    model: LoadedModel
    request: Request
    points: tuple[Point, ...]
    front: tuple[Point, ...]
    at_once: tuple[tuple[int, int], ...]
    longest: tuple[tuple[int, int], ...]
    fleet: Fleet | None
    query: Query


def swept(question: str, models: ModelSource) -> Swept:
    """The sweep of a question that names one model and one machine; raises one of `bot.errors.USER_ERRORS`."""
    query = parse(question)
    if len(query.models) != 1 or len(query.hardware) != 1:
        raise QuestionError("a sweep is of one model on one machine", "name both: `llama-3.1-70b fp8 on 4xH100 at 16K`")
    model, weights = load_model((query.models_as_typed or query.models)[0], query, models)
    request, _ = request_of(model, weights, query.hardware[0], query)
    load = replace(request.load, concurrency=1)
    cuts = cuts_of(replace(request, load=load))
    most = min(MOST_SWEPT, most_at_once(cuts, load))
    points = sweep(request, doublings(most)) if most else ()
    return Swept(
        model=model,
        request=request,
        points=points,
        front=front(points),
        at_once=tuple((context, most_held(cuts, context)) for context in _contexts(request)),
        longest=tuple((users, longest_held(cuts, users)) for users in doublings(max(most, 1))),
        fleet=_fleet(request, query),
        query=query,
    )


def _contexts(request: Request) -> list[int]:
    most = request.spec.headline.max_position_embeddings or LONGEST_CONTEXT_TOKENS
    return [context for context in doublings(most) if context >= min(SHORTEST_CONTEXT_TOKENS, most)]


def _fleet(request: Request, query: Query) -> Fleet | None:
    """The cards for the users of the question; None where it names no number of them."""
    if query.concurrency is None:
        return None
    target = Target(min_tokens_per_s=query.min_tokens_per_s, max_ttft_s=query.max_ttft_s)
    return smallest_fleet(replace(request, gpu=machine(query.hardware[0])), query.concurrency, target)
