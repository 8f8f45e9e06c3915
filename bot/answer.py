"""The whole product without a front in it: a question in, an answer out. Every front calls this and adds nothing.

question -> Query -> models loaded -> one estimate for each model and machine -> what would work instead
                                   -> or, where no machine is named, the machines that would hold it
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol, cast

from bot.diagnose import Diagnosis, as_launched, diagnose, starts
from bot.errors import QuestionError
from bot.expectation import Expectation, expectation
from bot.goals import goal_notes, is_affordable
from bot.prices import current_prices
from bot.question.query import HardwareRef, Query
from bot.several import parse_several
from estimator.anchor import Measurement
from estimator.dtypes import FORMATS
from estimator.errors import EstimatorError
from estimator.estimation import Estimate, Request, estimate, estimate_if_held
from estimator.gpus import GPUS, find_gpu, with_memory
from estimator.hardware import Gpu
from estimator.parallelism import Layout
from estimator.recommend import ORDERS, Alternative, Target, alternatives, offered_gpus, recommend
from estimator.workload import Workload, workload
from ingest.errors import AmbiguousModel, IngestError, UnknownModel
from ingest.loader import LoadedModel

if TYPE_CHECKING:
    from estimator.engines import EngineName

MOST_PAIRS: Final = 12
"""Models times machines of one question: beyond that nobody reads the answer."""

FORMAT_SUFFIXES: Final = (
    (
        re.compile(r"[-_.](gptq[-_]int4|awq[-_]int4|int4[-_]?awq|int4[-_]?gptq|awq|gptq|int4|4bit|w4a16|autoround)$"),
        "int4",
    ),
    (re.compile(r"[-_.](gptq[-_]int8|int8|w8a8|8bit)$"), "int8"),
    (re.compile(r"[-_.](fp8|fp8[-_]dynamic)$"), "fp8"),
    (re.compile(r"[-_.](nvfp4|fp4)$"), "nvfp4"),
    (re.compile(r"[-_.](bnb[-_]4bit|nf4)$"), "nf4"),
    (re.compile(r"[-_.](q[2-8]_[0-9k](?:_[sml])?)(?:[.-]gguf)?$"), None),
)
"""Endings of a model's name that say a format: tried as the second reading, when no such repository is known."""


MOST_PICKS: Final = 10
MOST_MACHINES: Final = 8
PICK_FORMATS: Final = (None, "fp8", "int4")
"""Formats in which a model is tried for a machine: its own, then half and a quarter of 16 bit."""


PICK_ORDERS: Final[Mapping[str, Callable[[Estimate], float]]] = {
    "size": lambda found: -found.request.spec.total_parameters,
    "speed": lambda found: found.tpot.value,
    "cost": lambda found: -found.throughput.value,
    "gpus": lambda found: -found.request.spec.total_parameters,
}
"""How models for one machine can be ranked: largest, soonest for each request, most tokens for the machine's price."""


class ModelSource(Protocol):
    """Where models come from: `ingest.loader.Loader`, or a stand-in of tests."""

    def known(self) -> Sequence[str]:
        """Ids of the models that are bundled."""

    def load(self, name: str) -> LoadedModel:
        """The model of that name; raises the `IngestError` tree."""


@dataclass(frozen=True, slots=True)
class Result:
    """One model on one machine; what was found out where it does not start, and how a measured figure compares."""

    model: LoadedModel
    estimate: Estimate
    alternatives: tuple[Alternative, ...] = ()
    notes: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = None
    expectation: Expectation | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Machines that hold one model, best first in that order."""

    model: LoadedModel
    machines: tuple[Estimate, ...]
    notes: tuple[str, ...] = ()
    order: str = "cost"


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that is to be said; empty where the question asked for help."""

    query: Query
    results: tuple[Result, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)
    order: str = "cost"


def answer(question: str, models: ModelSource, measured: tuple[Measurement, ...] = ()) -> Answer:
    """The answer to a question, or to several in one message, as a person types them.

    Raises one of `bot.errors.USER_ERRORS` with what to try.

    `measured` are figures of the asker's own set-up, which the answer is anchored on.
    """
    answers = [answer_query(query, models, measured) for query in parse_several(question)]
    first = answers[0]
    if len(answers) == 1:
        return first
    return Answer(
        first.query,
        tuple(result for each in answers for result in each.results),
        tuple(found for each in answers for found in each.recommendations),
        tuple(dict.fromkeys(note for each in answers for note in each.notes)),
    )


def answer_query(
    query: Query, models: ModelSource, measured: tuple[Measurement, ...] = (), *, order: str | None = None
) -> Answer:
    """The answer to a question already understood; `order` ranks machines that are recommended, else the question."""
    order = order or query.order
    if query.intent == "help":
        return Answer(query)
    if query.intent == "pick" and query.hardware and _is_family(query.models):
        rank = PICK_ORDERS[order or "size"]
        picks = sorted(_picks(query, models), key=lambda pick: rank(pick.estimate))
        if not picks:
            raise QuestionError("no bundled model fits there and reaches the wish", "ask for less, or a larger machine")
        return Answer(query, results=tuple(picks[:MOST_PICKS]), notes=query.suggestions, order=order or "size")
    if not query.models:
        raise QuestionError("no model is named", "name one: `llama-3.1-8b on 1xH100`", query.suggestions)
    loaded = [load_model(name, query, models) for name in _typed_names(query)]
    if query.fits_in_gb is not None and not query.hardware:
        query = replace(query, hardware=(HardwareRef(card_with(query.fits_in_gb), 1, query.fits_in_gb),))
    if not query.hardware or query.intent in {"recommend", "pick"} or any(ref.count is None for ref in query.hardware):
        return Answer(
            query,
            recommendations=tuple(_recommendation(*pair, query, order or "cost") for pair in loaded),
            notes=query.suggestions,
        )
    if len(loaded) * len(query.hardware) > MOST_PAIRS:
        raise QuestionError(
            f"{len(loaded)} models on {len(query.hardware)} machines are too many at once",
            f"ask for at most {MOST_PAIRS} pairs",
        )
    pairs = ((model, weights, ref) for model, weights in loaded for ref in query.hardware)
    results = tuple(_result(model, weights, ref, query, measured) for model, weights, ref in pairs)
    return Answer(query, results=results, notes=query.suggestions)


def _typed_names(query: Query) -> Sequence[str]:
    """Names as typed where the parser kept them (the Hub minds no case, paths do)."""
    return query.models_as_typed if len(query.models_as_typed) == len(query.models) else query.models


# -- models ---------------------------------------------------------------------------------------------------------


def load_model(name: str, query: Query, models: ModelSource) -> tuple[LoadedModel, str | None]:
    """The model and the weight format asked of it; a format in the name is the second reading of an unknown name."""
    try:
        return models.load(_with_label(name, query)), query.weights
    except (UnknownModel, AmbiguousModel) as error:
        for stripped, weights in _without_format(name):
            try:
                model = models.load(stripped)
            except IngestError:
                continue
            said = f"no repository named {name} is known: read as {stripped} in {weights}"
            noted = replace(model, warnings=(*model.warnings, said))
            return noted, query.weights or weights
        raise error from None


def _with_label(name: str, query: Query) -> str:
    """`org/name:Q8_0` where a GGUF type is asked of a repository: it may hold several files."""
    asked = FORMATS.get(query.weights or "")
    is_file = asked is not None and asked.kind == "gguf" and "/" in name and ":" not in name
    return f"{name}:{asked.name.upper()}" if asked is not None and is_file else name


def _without_format(name: str) -> Iterator[tuple[str, str]]:
    for pattern, weights in FORMAT_SUFFIXES:
        match = pattern.search(name.lower())
        if match and "/" not in name:
            yield name[: match.start()], weights or match[1].lower()


# -- requests -------------------------------------------------------------------------------------------------------


def machine(ref: HardwareRef) -> Gpu:
    """The card that is meant, with the memory that the question gives it."""
    gpu = GPUS.get(ref.id) or find_gpu(ref.id)
    return gpu if ref.memory_gb is None else with_memory(gpu, ref.memory_gb)


def card_with(memory_gb: float) -> str:
    """The card that stands for one known by its memory only: the least that holds so much, fabric and all apart."""
    known = sorted(COMMON_CARDS.items())
    return next((card for size, card in known if size >= memory_gb), known[-1][1])


COMMON_CARDS: Final[Mapping[float, str]] = {
    8: "rtx-3070",
    10: "rtx-3080-10gb",
    12: "rtx-3060-12gb",
    16: "rtx-4080",
    20: "rtx-4000-ada",
    24: "rtx-4090",
    32: "rtx-5090",
    48: "l40s",
    80: "h100-sxm-80gb",
    96: "rtx-pro-6000-blackwell-server",
    141: "h200-sxm-141gb",
    192: "b200-sxm",
    288: "b300-sxm",
}
"""The card that people mostly mean by a memory size, by how often questions name each (questions.md, section 2)."""


def load_of(query: Query, model: LoadedModel) -> Workload:
    """The workload of the question; a model that reads less than the usual context is asked for all it reads."""
    return workload(
        context_tokens=query.context_tokens,
        prompt_tokens=query.prompt_tokens,
        output_tokens=query.output_tokens,
        concurrency=query.concurrency,
        longest_context_tokens=model.spec.headline.max_position_embeddings,
    )


def layout_of(query: Query, gpus: int) -> Layout | None:
    """The split that the question names; degrees it leaves out follow from the number of GPUs."""
    asked = query.parallel
    if asked is None:
        return None
    named = (asked.tensor, asked.pipeline, asked.data)
    if not any(named):
        return None if asked.expert is None else Layout(gpus, 1, 1, asked.expert)
    pipeline, data = asked.pipeline or 1, asked.data or 1
    tensor = asked.tensor or max(1, gpus // (pipeline * data))
    return Layout(tensor, pipeline, data, asked.expert or 1)


def request_of(
    model: LoadedModel, weights: str | None, ref: HardwareRef, query: Query
) -> tuple[Request, tuple[str, ...]]:
    """The structured request of one model on one machine, and what had to be said about it."""
    gpus, notes = ref.count or 1, []
    if query.fits_in_gb is not None:
        notes.append(
            f"only the memory is known: {ref.id} stands for a card with {query.fits_in_gb:g} GB, speeds are its own"
        )
    split = query.parallel.gpus if query.parallel else 1
    if split > gpus:
        notes.append(f"{split} GPUs, as the split asks for ({gpus} named)")
        gpus = split
    request = Request(
        spec=model.spec,
        gpu=machine(ref),
        load=load_of(query, model),
        gpus=gpus,
        layout=layout_of(query, gpus),
        weights=weights,
        cache_format=query.kv_cache,
        engine=cast("EngineName | None", query.engine),
        memory_fraction=query.gpu_memory_utilization,
        prices=current_prices(),
        max_num_batched_tokens=query.max_num_batched_tokens,
    )
    return request, tuple(notes)


def _result(
    model: LoadedModel, weights: str | None, ref: HardwareRef, query: Query, measured: tuple[Measurement, ...]
) -> Result:
    if query.launch is not None or query.intent == "diagnose":
        return _diagnosed(model, weights, ref, query)
    request, notes = request_of(model, weights, ref, query)
    found = estimate(replace(request, measured=measured))
    return Result(
        model, found, alternatives(found), (*notes, *goal_notes(found, query)), None, expectation(found, query)
    )


def _diagnosed(model: LoadedModel, weights: str | None, ref: HardwareRef, query: Query) -> Result:
    """What stands in the way of a set-up; where it cannot start at all, the figures are those of what would."""
    request, notes = request_of(model, weights, ref, query)
    found = diagnose(request, query)
    shown = found.asked or (found.fix.found if found.fix else None)
    assert shown is not None  # diagnose raises where neither is
    changes = () if found.fix else alternatives(shown)
    said = (*notes, *goal_notes(shown, query))
    return Result(model, shown, changes, said, found, expectation(shown, query))


def _picks(query: Query, models: ModelSource) -> Iterator[Result]:
    """The bundled models that the machine holds and the wish admits, each in the best format that does."""
    family = query.models[0] if query.models else ""
    loaded = {model.spec.total_parameters: model for model in _generative(models, family)}
    target = Target(min_tokens_per_s=query.min_tokens_per_s, max_ttft_s=query.max_ttft_s)
    for model in loaded.values():
        for weights in (query.weights,) if query.weights else PICK_FORMATS:
            request, notes = request_of(model, weights, query.hardware[0], query)
            held = _held(request)
            if held is not None and target.is_met(held):
                yield Result(model, held, (), notes)
                break


def _is_family(models: tuple[str, ...]) -> bool:
    """No model, or the bare name of a family: `which qwen`."""
    return not models or (len(models) == 1 and models[0].isalpha())


def _generative(models: ModelSource, family: str) -> Iterator[LoadedModel]:
    for name in models.known():
        if family not in name.lower():
            continue
        try:
            model = models.load(name)
        except IngestError:
            continue  # bundled for its name only: its shape is not understood yet
        if model.spec.generates:
            yield model


def _held(request: Request) -> Estimate | None:
    try:
        return estimate_if_held(request)
    except EstimatorError:
        return None  # a card that cannot run this format holds no model in it


def _recommendation(model: LoadedModel, weights: str | None, query: Query, order: str) -> Recommendation:
    cards = [machine(ref) for ref in query.hardware] or offered_gpus()
    if query.launch is not None and not query.hardware:
        return Recommendation(model, tuple(_starting(model, weights, query)), (_ADD_THE_CARD,), order)
    request = Request(
        spec=model.spec,
        gpu=cards[0],
        load=load_of(query, model),
        weights=weights,
        cache_format=query.kv_cache,
        engine=cast("EngineName | None", query.engine),
        memory_fraction=query.gpu_memory_utilization,
        prices=current_prices(),
    )
    target = Target(min_tokens_per_s=query.min_tokens_per_s, max_ttft_s=query.max_ttft_s)
    most = len(cards) if query.max_usd_per_hour is not None else MOST_MACHINES
    machines = recommend(request, cards, target, order=order, limit=most)
    affordable = tuple(found for found in machines if is_affordable(found, query))
    notes = tuple(_recommendation_notes(machines, affordable, query))
    return Recommendation(model, affordable[:MOST_MACHINES], notes, order)


_ADD_THE_CARD: Final = "the line names no card: on these it starts as it is; add yours to have the line itself checked"


def _starting(model: LoadedModel, weights: str | None, query: Query) -> list[Estimate]:
    """The cards on which a pasted line starts as it is, in the number that its split spans, cheapest first."""
    found = []
    for gpu in offered_gpus():
        request, _ = request_of(model, weights, HardwareRef(gpu.id), query)
        try:
            at = estimate(as_launched(request, query)[0])
        except EstimatorError:
            continue
        if starts(at):
            found.append(at)
    return sorted(found, key=ORDERS["cost"])[:MOST_MACHINES]


def _recommendation_notes(
    machines: tuple[Estimate, ...], affordable: tuple[Estimate, ...], query: Query
) -> Iterator[str]:
    if not machines:
        yield "no machine tried holds this load and reaches the wish"
    elif not affordable:
        priced = [found.cost.usd_per_hour.median for found in machines if found.cost]
        least = f"; the cheapest that holds it costs ${min(priced):.2f}" if priced else ""
        yield f"none costs at most ${query.max_usd_per_hour:g} an hour in the median{least}"
    if machines and query.requests_per_s is not None:
        yield "requests per second are compared on one machine: name it, or say how many are in flight"
