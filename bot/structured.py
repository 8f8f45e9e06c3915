"""The structured door: a JSON request of a script or the HTTP API, validated once, then estimated.

Unknown keys are refused by name: a misspelt `concurency` would otherwise be a silent default.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bot.answer import ModelSource
from bot.errors import BotError
from bot.numbers import A_NUMBER
from bot.prices import current_prices
from bot.render.as_json import estimate_json
from estimator.anchor import Anchored, Measurement
from estimator.engines import EngineName
from estimator.estimation import Request, estimate
from estimator.gpus import find_gpu, with_memory
from estimator.hardware import Gpu
from estimator.model_spec import ModelSpec
from estimator.parallelism import Layout
from estimator.recommend import alternatives
from estimator.speculation import MOST_DRAFTED_TOKENS, Drafter, Speculation
from estimator.workload import MOST_CONCURRENCY, MOST_GPUS, MOST_TOKENS, workload
from ingest.loader import LoadedModel

Tokens = Annotated[int, Field(gt=0, le=MOST_TOKENS), A_NUMBER]
Degree = Annotated[int, Field(gt=0, le=MOST_GPUS), A_NUMBER]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2048)]


DRAFTERS: Final[Mapping[str, Drafter]] = {"mtp": "layer", "eagle": "layer", "eagle3": "layer", "ngram": "lookup"}
"""Who drafts, by the words of vLLM's `--speculative-config`; any other word names a model."""


class RequestError(BotError):
    """A structured request that is not one; each fault is named by its key."""


class Parallel(BaseModel):
    """The split of one replica; degrees left out are 1."""

    model_config = ConfigDict(extra="forbid")

    tensor: Degree | None = None
    pipeline: Degree | None = None
    data: Degree | None = None
    expert: Degree | None = None


class Measured(BaseModel):
    """A figure of the user's own stack, in seconds, with so many requests in flight."""

    model_config = ConfigDict(extra="forbid")

    tpot_s: Annotated[float, Field(gt=0, lt=86_400), A_NUMBER] | None = None
    ttft_s: Annotated[float, Field(gt=0, lt=86_400), A_NUMBER] | None = None
    concurrency: Annotated[int, Field(gt=0, le=MOST_CONCURRENCY), A_NUMBER] = 1


class Speculative(BaseModel):
    """Tokens drafted in a step, the chance that each is kept after those before it, and who drafts."""

    model_config = ConfigDict(extra="forbid")

    tokens: Annotated[int, Field(gt=0, le=MOST_DRAFTED_TOKENS), A_NUMBER]
    acceptance: Annotated[float, Field(ge=0, le=1), A_NUMBER]
    draft: Name = "mtp"


class EstimateRequest(BaseModel):
    """What `hubgauge estimate` and `POST /v1/estimate` take. Nulls leave the choice to the estimator."""

    model_config = ConfigDict(extra="forbid")

    model: Name
    hardware: Name
    memory_gb: Annotated[float, Field(gt=0, le=1e5), A_NUMBER] | None = None
    gpus: Degree = 1
    parallel: Parallel | None = None
    weights: Name | None = None
    kv_cache: Name | None = None
    context_tokens: Tokens | None = None
    prompt_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    concurrency: Annotated[int, Field(gt=0, le=MOST_CONCURRENCY), A_NUMBER] | None = None
    engine: EngineName | None = None
    engine_version: Name | None = None
    engine_date: Annotated[str, StringConstraints(pattern=r"^20\d\d(-?(0[1-9]|1[0-2])(-?\d{1,2})?)?$")] | None = None
    arrival: Literal["steady", "burst"] | None = None
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1), A_NUMBER] | None = None
    max_num_batched_tokens: Tokens | None = None
    max_num_seqs: Annotated[int, Field(gt=0, le=MOST_CONCURRENCY), A_NUMBER] | None = None
    measured: Measured | None = None
    speculative: Speculative | None = None
    prefix_cache_hit_fraction: Annotated[float, Field(ge=0, le=1), A_NUMBER] | None = None


def estimate_request_json(text: str, models: ModelSource) -> dict[str, Any]:
    """The contract's estimate object for a request as JSON text; raises one of the user errors."""
    try:
        asked = EstimateRequest.model_validate_json(text)
    except ValidationError as error:
        raise RequestError(_faults(error), "see `hubgauge schema estimate-request`") from None
    return estimate_json_of(asked, models)


def estimate_json_of(asked: EstimateRequest, models: ModelSource) -> dict[str, Any]:
    """The contract's estimate object for a validated request; raises one of the user errors."""
    model, request = load_request(asked, models)
    found = estimate(request)
    return estimate_json(found, model, alternatives(found))


def load_request(asked: EstimateRequest, models: ModelSource) -> tuple[LoadedModel, Request]:
    """The model of a validated request, and the estimator's request; raises one of the user errors."""
    model = models.load(asked.model)
    draft = asked.speculative.draft if asked.speculative else None
    spec = None if draft is None or draft.lower() in DRAFTERS else models.load(draft).spec
    return model, to_request(asked, model.spec, spec)


def to_request(asked: EstimateRequest, spec: ModelSpec, draft: ModelSpec | None = None) -> Request:
    """The estimator's request for a validated one and its loaded model, and the model that drafts where one does."""
    return Request(
        spec=spec,
        gpu=_card(asked.hardware, asked.memory_gb),
        load=workload(
            context_tokens=asked.context_tokens,
            prompt_tokens=asked.prompt_tokens,
            output_tokens=asked.output_tokens,
            concurrency=asked.concurrency,
            arrival=asked.arrival,
            prefix_hit_fraction=asked.prefix_cache_hit_fraction,
        ),
        gpus=asked.gpus,
        layout=_layout(asked.parallel),
        weights=asked.weights.lower() if asked.weights else None,
        cache_format=asked.kv_cache.lower() if asked.kv_cache else None,
        engine=asked.engine,
        engine_version=asked.engine_version,
        date=_decimal_year(asked.engine_date),
        memory_fraction=asked.gpu_memory_utilization,
        prices=current_prices(),
        max_num_batched_tokens=asked.max_num_batched_tokens,
        max_num_seqs=asked.max_num_seqs,
        measured=_measurements(asked.measured),
        speculation=_speculation(asked.speculative, draft),
    )


def _speculation(asked: Speculative | None, draft: ModelSpec | None) -> Speculation | None:
    if asked is None:
        return None
    return Speculation(asked.tokens, asked.acceptance, draft or DRAFTERS.get(asked.draft.lower(), "layer"))


def _measurements(measured: Measured | None) -> tuple[Measurement, ...]:
    if measured is None:
        return ()
    values: tuple[tuple[Anchored, float | None], ...] = (("tpot", measured.tpot_s), ("ttft", measured.ttft_s))
    return tuple(Measurement(name, value, measured.concurrency) for name, value in values if value is not None)


@lru_cache(maxsize=256)
def _card(name: str, memory_gb: float | None) -> Gpu:
    gpu = find_gpu(name)
    return gpu if memory_gb is None else with_memory(gpu, memory_gb)


def _layout(parallel: Parallel | None) -> Layout | None:
    if parallel is None:
        return None
    degrees = (parallel.tensor, parallel.pipeline, parallel.data, parallel.expert)
    return Layout(*(degree or 1 for degree in degrees))


def _decimal_year(date: str | None) -> float | None:
    """The year and month of a date, with or without dashes; the middle of a year that stands alone."""
    if date is None:
        return None
    digits = date.replace("-", "")
    return int(digits[:4]) + ((int(digits[4:6]) - 1) / 12 if len(digits) > 4 else 0.5)


def _faults(error: ValidationError) -> str:
    """Each fault by its key: `context_tokens: Input should be greater than 0`."""
    shown = [f"{'.'.join(str(key) for key in fault['loc']) or 'request'}: {fault['msg']}" for fault in error.errors()]
    return "; ".join(shown[:5])
