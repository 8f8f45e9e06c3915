"""The shapes of what the commands print and the HTTP API answers: pydantic models, for JSON Schema and OpenAPI alike.

They describe, they do not convert: answers are made in `bot.render`, and a test holds each against its model here. Keys
are fixed; more may come, so every object allows keys that it does not name.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """An object with at least these keys."""

    model_config = ConfigDict(extra="allow")


class Band(Shape):
    """A value with the low and high end of its 80 % band."""

    value: float
    low: float
    high: float


class Spread(Shape):
    """Prices of several offers."""

    low: float
    median: float
    high: float


class Split(Shape):
    """Degrees of parallelism; null where a question names none."""

    tensor: int | None
    pipeline: int | None
    data: int | None
    expert: int | None


# -- parse --------------------------------------------------------------------------------------------------------


class Card(Shape):
    """A kind of card that a question names; `count` is null where it is what is asked."""

    id: str
    count: int | None
    memory_gb: float | None


class Parsed(Shape):
    """What was understood of a question, nothing resolved yet."""

    intent: Literal["estimate", "recommend", "diagnose", "pick", "explain", "methods", "card", "help"]
    models: list[str]
    hardware: list[Card]
    weights: str | None
    kv_cache: str | None
    context_tokens: int | None
    prompt_tokens: int | None
    output_tokens: int | None
    concurrency: int | None
    parallel: Split | None
    engine: str | None
    min_tokens_per_s: float | None
    max_ttft_s: float | None
    suggestions: list[str]


# -- estimate -----------------------------------------------------------------------------------------------------


class Memory(Shape):
    """Memory of the fullest GPU."""

    capacity_bytes: int
    usable_bytes: int
    weights_bytes: int
    kv_pool_bytes: int
    activation_bytes: int
    overhead_bytes: int
    free_bytes: int


class Cache(Shape):
    """The KV cache: bytes as the engine bills them and as the layout needs them, and what the pool holds."""

    bytes_per_token_per_gpu: float
    layout_bytes_per_token_per_gpu: float
    pool_tokens: int
    max_concurrency: float | None
    max_context_tokens: int


class Times(Shape):
    """Time to first token, time per output token, and what takes most of a step."""

    ttft_s: Band
    tpot_s: Band
    bound: Literal["memory", "compute", "interconnect", "overhead"]


class Rates(Shape):
    """Output tokens per second of the whole machine."""

    output_tokens_per_s: Band
    per_gpu: float
    concurrency: float


class Costs(Shape):
    """Dollars; nulls where no price of the card is known."""

    usd_per_hour: Spread | None
    usd_per_mtok_output: Spread | None
    usd_per_mtok_input: Spread | None
    prices_as_of: str | None


class Energies(Shape):
    """A bound by rated power."""

    kilowatts: float
    kwh_per_mtok_output: float
    kwh_per_mtok_input: float


class LegalReason(Shape):
    """Whether card and split run it, in a sentence."""

    about: str
    verdict: str
    text: str


class RuledOut(Shape):
    """A tensor degree that cannot be, and why."""

    tensor: int
    reasons: list[str]


class Legality(Shape):
    """Why the split and the format are possible, and which splits are not."""

    reasons: list[LegalReason]
    ruled_out: list[RuledOut]


class Change(Shape):
    """A change that makes it fit."""

    change: str
    hardware: str
    gpus: int
    weights: str
    kv_cache: str
    context_tokens: int
    parallel: Split
    weights_bytes: int
    usable_bytes: int
    free_bytes: int
    max_concurrency: float | None
    tpot_s: Band
    usd_per_hour: Spread | None


class Estimated(Shape):
    """One model on one machine: fits or not, how fast, at what cost, and what would work instead."""

    fits: bool
    memory: Memory
    kv_cache: Cache
    latency: Times
    throughput: Rates
    sweet_spot_batch: int | None
    tier: Literal["consumer", "workstation", "infrastructure"]
    cost: Costs
    energy: Energies | None
    legality: Legality
    alternatives: list[Change]
    launch: dict[str, Any]
    parallel: Split
    assumptions: list[str]
    warnings: list[str]


class Result(Shape):
    """One model on one machine."""

    model: str
    hardware: str
    gpus: int
    estimate: Estimated


class Answered(Shape):
    """The whole answer to a question."""

    query: Parsed
    results: list[Result]
    recommendations: list[Result]


# -- spec ---------------------------------------------------------------------------------------------------------


class Parameters(Shape):
    """Counts; `total` is the sum of the parts from `embedding` to `other`."""

    total: int
    active: int
    active_without_embedding: int
    embedding: int
    per_layer_embedding: int
    output_head: int
    attention: int
    recurrent: int
    feed_forward: int
    vision: int
    audio: int
    other: int
    mtp: int
    checkpoint_total: int


class SpecCache(Shape):
    """What one sequence keeps, by how it grows."""

    bytes_per_token_bf16: int
    window_bytes_per_sequence_bf16: int
    state_bytes_per_sequence_bf16: int
    state_bytes_per_sequence_engine: int


class Weights(Shape):
    """Format and size of the checkpoint."""

    format: str
    bytes: int
    bytes_source: str


class Spec(Shape):
    """The normalized shape of a model."""

    repo_id: str
    revision: str | None
    model_type: str
    architecture: str | None
    hidden_size: int
    intermediate_size: int | None
    num_hidden_layers: int
    num_attention_heads: int | None
    num_key_value_heads: int | None
    head_dim: int | None
    vocab_size: int
    num_experts: int | None
    num_experts_per_tok: int | None
    max_position_embeddings: int | None
    tie_word_embeddings: bool
    parameters: Parameters
    kv_cache: SpecCache
    weights: Weights
    layers: list[dict[str, Any]]
    provenance: dict[str, Any]
    warnings: list[str]


# -- errors -------------------------------------------------------------------------------------------------------


class Fault(Shape):
    """What went wrong and what to try."""

    type: str
    message: str
    hint: str


class Failed(Shape):
    """What stands in the place of an answer."""

    error: Fault


class Problem(Shape):
    """An HTTP error as RFC 9457 has it; `error` is the object that the commands print."""

    type: str = Field(description="identifies the kind of problem, a URN", examples=["urn:hubgauge:error:UnknownModel"])
    title: str = Field(description="the status in words")
    status: int
    detail: str = Field(description="what was asked and where it went wrong")
    error: Fault
