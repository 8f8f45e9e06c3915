"""Machines for a model from structured input: what `POST /v1/recommend` takes, as a query already understood."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.answer import Answer, ModelSource, answer_query
from bot.numbers import A_NUMBER
from bot.question.query import HardwareRef, Query
from bot.structured import Name, Tokens
from estimator.engines import EngineName
from estimator.gpus import find_gpu
from estimator.workload import MOST_CONCURRENCY

MOST_CARDS: Final = 32
FASTEST_TOKENS_PER_S: Final = 1e6
"""No stream of one request is as fast; beyond it a wish is a slip."""


class RecommendRequest(BaseModel):
    """A model and a load; nulls leave the choice to the estimator, `hardware` null tries every card with a price."""

    model_config = ConfigDict(extra="forbid")

    model: Name
    hardware: Annotated[list[Name], Field(min_length=1, max_length=MOST_CARDS)] | None = None
    weights: Name | None = None
    kv_cache: Name | None = None
    context_tokens: Tokens | None = None
    prompt_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    concurrency: Annotated[int, Field(gt=0, le=MOST_CONCURRENCY), A_NUMBER] | None = None
    engine: EngineName | None = None
    min_tokens_per_s: Annotated[float, Field(gt=0, le=FASTEST_TOKENS_PER_S), A_NUMBER] | None = None
    max_ttft_s: Annotated[float, Field(gt=0, lt=86_400), A_NUMBER] | None = None
    max_usd_per_hour: Annotated[float, Field(gt=0, le=1e9), A_NUMBER] | None = None
    by: Literal["cost", "gpus", "speed"] = "cost"


def recommended(asked: RecommendRequest, models: ModelSource) -> Answer:
    """The machines that hold it, best first; raises one of `bot.errors.USER_ERRORS`."""
    cards = tuple(HardwareRef(find_gpu(name).id, None) for name in asked.hardware or ())
    query = Query(
        intent="recommend",
        models=(asked.model,),
        models_as_typed=(asked.model,),
        hardware=cards,
        weights=asked.weights.lower() if asked.weights else None,
        kv_cache=asked.kv_cache.lower() if asked.kv_cache else None,
        context_tokens=asked.context_tokens,
        prompt_tokens=asked.prompt_tokens,
        output_tokens=asked.output_tokens,
        concurrency=asked.concurrency,
        engine=asked.engine,
        min_tokens_per_s=asked.min_tokens_per_s,
        max_ttft_s=asked.max_ttft_s,
        max_usd_per_hour=asked.max_usd_per_hour,
    )
    return answer_query(query, models, order=asked.by)
