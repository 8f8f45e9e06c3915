"""Why a set-up does not start, and the smallest change of flags that works.

as launched -> what an engine would meet: a card it does not run on, a split that does not divide, memory that is short
            -> changes of flags, from the gentlest: each estimated in full, the first that fits is the advice
            -> the asker's own launch line with that change in it

A line without a context opens the model's own maximum (vLLM), and its slots share one context (llama.cpp): both are
what people stumble on, so both are estimated as the engine would do it, and said.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from bot import humanize as say
from bot.flag_changes import Edits, candidates, of_context
from bot.launch import launch_commands
from bot.question.launch_lines import with_flags
from bot.question.query import Query
from estimator.dtypes import FORMATS
from estimator.errors import EstimatorError, IllegalLayout, ImpossibleValue
from estimator.estimation import Estimate, Request, estimate
from estimator.parallelism import Layout, cut_blocks
from estimator.rates import compute_path

_LAYERS_ON_CARD: Final = re.compile(r"(?:-ngl|--n-gpu-layers|--gpu-layers)[ =](\d{1,4})(?!\d)")
_DRAFTS: Final = re.compile(r"--spec|--draft|--num[-_]speculative|(?<!\S)-md ")
_TO_MAIN_MEMORY: Final = re.compile(r"--cpu-offload|--swap-space|--n-cpu-moe|-ncmoe|--override-tensor|(?<!\S)-ot ")
_STRETCHES: Final = re.compile(r"--hf[-_]overrides|rope|yarn|ALLOW\w*LONG")
_EAGER: Final = re.compile(r"--enforce[-_]eager|--disable[-_]cuda[-_]graph")


@dataclass(frozen=True, slots=True)
class Fix:
    """One change that works: in words, as an estimate, and as a launch line."""

    words: str
    found: Estimate
    command: str | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found out about a set-up. `asked` is None where no engine would start it; `obstacle` says why."""

    asked: Estimate | None
    obstacle: str | None
    causes: tuple[str, ...]
    fix: Fix | None

    @property
    def starts(self) -> bool:
        """Whether it should start as it is."""
        return self.asked is not None and starts(self.asked)


def diagnose(request: Request, query: Query) -> Diagnosis:
    """What stands in the way of a set-up and the gentlest change that works; raises where nothing can be estimated."""
    launched, said = as_launched(request, query)
    asked: Estimate | None = None
    obstacle: EstimatorError | None = _beyond_the_model(launched, query)
    first: Edits = {}
    if obstacle is not None:
        launched, first = _within_the_model(launched)
    try:
        asked = _startable(estimate(launched))
    except EstimatorError as error:
        obstacle = obstacle or error
    causes = [*said, *(_causes(asked) if asked else ())]
    works = asked is not None and starts(asked) and not first
    fix = None if works else next(_fixes(launched, asked, query, first), None)
    if obstacle is not None and fix is None:
        raise obstacle
    return Diagnosis(None if obstacle else asked, obstacle.message if obstacle else None, tuple(causes), fix)


def _beyond_the_model(launched: Request, query: Query) -> EstimatorError | None:
    """VLLM and SGLang refuse a context longer than the model's own, unless the line stretches its positions."""
    longest, asked = launched.spec.headline.max_position_embeddings, launched.load.context_tokens
    refuses = estimate_engine(launched) in {"vllm", "sglang"} and not _STRETCHES.search(query.launch or "")
    if longest is None or asked <= longest or not refuses:
        return None
    return ImpossibleValue(
        f"the engine refuses a context of {asked:,} tokens: the model's own maximum is {longest:,}",
        "stretching its positions (--hf-overrides, rope scaling) is the model card's business",
    )


def _within_the_model(launched: Request) -> tuple[Request, Edits]:
    longest = launched.spec.headline.max_position_embeddings
    assert longest is not None  # or nothing would be beyond it
    return replace(launched, load=of_context(launched.load, longest)), {"context": str(longest)}


def starts(found: Estimate) -> bool:
    """Whether an engine would start so: llama.cpp takes the cache of all its slots at once, others that of one."""
    if found.engine.name == "llama.cpp":
        return found.fits and found.max_concurrency >= (found.request.load.concurrency or 1)
    return found.fits


def _startable(found: Estimate) -> Estimate:
    """The estimate, or `IllegalLayout` where vLLM refuses what others run: experts whose scale blocks are cut."""
    cut = next(cut_blocks(found.request.spec, found.layout), None) if found.engine.name == "vllm" else None
    if cut is not None:
        raise IllegalLayout(
            f"{found.request.spec.repo_id} as {found.layout}: {cut}, vLLM among them", "spread the experts"
        )
    return found


def as_launched(request: Request, query: Query) -> tuple[Request, tuple[str, ...]]:
    """The request as the engine would take the line, with its own defaults, and which those are."""
    name = estimate_engine(request)
    said: list[str] = []
    load, longest = request.load, request.spec.headline.max_position_embeddings
    if query.launch is not None and name != "llama.cpp":
        load = replace(load, concurrency=None)  # --max-num-seqs is a limit, not a load
        if request.layout is None:
            request = replace(request, layout=Layout())
            if request.gpus > 1:
                said.append(f"the line names no split: the engine uses one of the {request.gpus} GPUs")
    if name == "vllm" and query.context_tokens is None and longest and longest > load.context_tokens:
        load = of_context(load, longest)
        said.append(f"no --max-model-len is given: the engine opens the model's own maximum of {longest:,} tokens")
    slots = query.concurrency or 1
    if name == "llama.cpp" and query.launch is not None and query.context_tokens and slots > 1:
        load = of_context(load, max(1, query.context_tokens // slots))
        said.append(f"{slots} slots share the context: {load.context_tokens:,} tokens for each")
    said += _not_counted(query.launch or "", request.spec.headline.num_hidden_layers)
    seqs = query.concurrency if query.launch is not None and name != "llama.cpp" else None
    is_eager = query.launch is not None and bool(_EAGER.search(query.launch))
    return replace(request, load=load, max_num_seqs=seqs, is_eager=is_eager), tuple(said)


def _not_counted(launch: str, layers: int) -> Iterator[str]:
    """What the line asks for and the figures leave out."""
    on_card = _LAYERS_ON_CARD.search(launch)
    if on_card and int(on_card[1]) < layers:
        yield f"-ngl {on_card[1]} leaves layers in main memory: the figures are for all {layers} on the card"
    if _DRAFTS.search(launch):
        yield "speculative decoding is not counted: how many drafted tokens are kept depends on the texts"
    if _TO_MAIN_MEMORY.search(launch):
        yield "weights or cache moved to main memory are not counted: that starts where this does not, and is slower"


def estimate_engine(request: Request) -> str:
    """The engine that the request names, or that its card and weights call for."""
    if request.engine is not None:
        return request.engine
    stored = FORMATS.get(request.weights or request.spec.weights.name)
    is_local = request.gpu.architecture_class in {"apple", "cpu", "pascal"}
    return "llama.cpp" if is_local or (stored is not None and stored.kind == "gguf") else "vllm"


# -- causes ---------------------------------------------------------------------------------------------------------


def _causes(asked: Estimate) -> Iterator[str]:
    """Where the memory of the fullest GPU goes, then what is odd about format and split."""
    memory = asked.memory
    usable, weights = say.gib(memory.usable_bytes), say.gib(memory.weights_bytes)
    left = memory.usable_bytes - memory.weights_bytes - memory.activation_bytes - memory.overhead_bytes
    rest = f"activations {say.gib(memory.activation_bytes)}, the engine itself {say.gib(memory.overhead_bytes)}"
    one = f"one request of {asked.request.load.context_tokens:,} tokens needs {say.gib(memory.sequence_bytes)}"
    if memory.weights_bytes > memory.usable_bytes:
        yield f"the weights alone take {weights} of each GPU, which has {usable} to use: only another format helps"
    elif left <= 0:
        yield f"weights {weights}, {rest}: more than the {usable} to use, so nothing is left for the KV cache"
    elif not asked.fits:
        yield f"weights {weights}, {rest}: {say.gib(left)} are left for the KV cache, and {one}"
    else:
        yield (
            f"of {usable} to use, weights take {weights}, {rest}; the other {say.gib(left)} are reserved as KV cache "
            "at the start, however small the model: a full card is no fault"
        )
        yield f"{one}: {say.count(asked.max_concurrency)} such requests fit at once"
    path = compute_path(asked.request.gpu, asked.plan.name)
    if path.assumption:
        yield path.assumption
    idle = asked.request.gpus - asked.replicas * asked.layout.gpus
    if idle > 0:
        yield f"{idle} of {asked.request.gpus} GPUs have no work in this split"
    elif not asked.fits and asked.replicas > 1:
        yield f"each of {asked.replicas} replicas holds the whole model: a wider split would share it"


# -- changes --------------------------------------------------------------------------------------------------------


def _fixes(request: Request, asked: Estimate | None, query: Query, first: Edits) -> Iterator[Fix]:
    """Changes that work, from the gentlest; `first` are settings that every one of them needs."""
    least = (
        [(f"a context of {request.load.context_tokens:,}, the model's own maximum", request, first)] if first else []
    )
    for words, candidate, edits in (*least, *candidates(request, asked, query)):
        try:
            found = _startable(estimate(candidate))
        except EstimatorError:
            continue
        if starts(found):
            yield Fix(words, found, _command(found, query, {**_split_edits(request, found), **first, **edits}))


# -- the line -------------------------------------------------------------------------------------------------------


def _command(found: Estimate, query: Query, edits: Edits) -> str | None:
    """The asker's line with the change, or the whole command where none was pasted."""
    if query.launch is None:
        return next(iter(launch_commands(found).values()), None)
    slots = query.concurrency or 1
    context = edits.get("context")
    if found.engine.name == "llama.cpp" and context is not None:
        edits = {**edits, "context": str(int(context) * slots)}
    if found.layout.expert > 1 and not re.search(r"expert[-_]parallel|--ep(?:[-_]size)?[ =]", query.launch):
        edits = {**edits, "spread": ""}
    return with_flags(query.launch, found.engine.name, edits)


def _split_edits(request: Request, found: Estimate) -> Edits:
    """Degrees of the split where they are others than those of the line."""
    asked, layout = request.layout, found.layout
    if found.engine.name == "llama.cpp" or layout == asked:
        return {}
    tensor = layout.tensor * (1 if found.engine.name == "vllm" else layout.data)
    edits: dict[str, str | None] = {"tensor": str(tensor) if tensor > 1 or asked else None}
    if layout.pipeline > 1 or (asked is not None and asked.pipeline > 1):
        edits["pipeline"] = str(layout.pipeline)
    if layout.data > 1 or (asked is not None and asked.data > 1):
        edits["data"] = str(layout.data)
    return edits
