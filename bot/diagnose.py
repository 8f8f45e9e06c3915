"""Why a set-up does not start, and the smallest change of flags that works.

as launched -> what an engine would meet: a card it does not run on, a split that does not divide, memory that is short
            -> changes of flags, from the gentlest: each estimated in full, the first that fits is the advice
            -> the asker's own launch line with that change in it

A line without a context opens the model's own maximum (vLLM), and its slots share one context (llama.cpp): both are
what people stumble on, so both are estimated as the engine would do it, and said.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bot import humanize as say
from bot.launch import launch_commands
from bot.question.launch_lines import with_flags
from bot.question.query import Query
from estimator.dtypes import FORMATS
from estimator.errors import EstimatorError, IllegalLayout
from estimator.estimate import Estimate, Request, estimate
from estimator.parallelism import Layout, cut_blocks
from estimator.rates import compute_path
from estimator.recommend import SHORTEST_USEFUL_CONTEXT_TOKENS
from estimator.workload import Workload

HIGHEST_SHARE: Final = 0.95
"""Of the memory for the engine: above it, cards that draw a screen or hold graphs outside the share run out."""
FEW_SEQUENCES: Final = 64
"""Enough for a small service; the sampler's buffer grows with it (estimator.memory, activation)."""
FEW_BATCHED_TOKENS: Final = 2048

_LAYERS_ON_CARD: Final = re.compile(r"(?:-ngl|--n-gpu-layers|--gpu-layers)[ =](\d{1,4})(?!\d)")
_DRAFTS: Final = re.compile(r"--spec|--draft|--num[-_]speculative|(?<!\S)-md ")
_TO_MAIN_MEMORY: Final = re.compile(r"--cpu-offload|--swap-space|--n-cpu-moe|-ncmoe|--override-tensor|(?<!\S)-ot ")
_EAGER: Final = re.compile(r"--enforce[-_]eager|--disable[-_]cuda[-_]graph")

Edits = Mapping[str, str | None]


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
    obstacle: EstimatorError | None = None
    try:
        asked = _startable(estimate(launched))
    except EstimatorError as error:
        obstacle = error
    causes = [*said, *(_causes(asked) if asked else ())]
    fix = None if asked and starts(asked) else next(_fixes(launched, asked, query), None)
    if obstacle is not None and fix is None:
        raise obstacle
    return Diagnosis(asked, obstacle.message if obstacle else None, tuple(causes), fix)


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
        load = _of_context(load, longest)
        said.append(f"no --max-model-len is given: the engine opens the model's own maximum of {longest:,} tokens")
    slots = query.concurrency or 1
    if name == "llama.cpp" and query.launch is not None and query.context_tokens and slots > 1:
        load = _of_context(load, max(1, query.context_tokens // slots))
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


def _of_context(load: Workload, context_tokens: int) -> Workload:
    """The load in another context: requests that no longer fit in it are cut in proportion."""
    share = min(1.0, context_tokens / (load.prompt_tokens + load.output_tokens))
    output = max(1, int(load.output_tokens * share))
    prompt = max(1, min(load.prompt_tokens, context_tokens - output))
    said = tuple(line for line in load.assumptions if not line.startswith("context of "))
    context = max(context_tokens, prompt + output)
    return replace(load, context_tokens=context, prompt_tokens=prompt, output_tokens=output, assumptions=said)


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


def _fixes(request: Request, asked: Estimate | None, query: Query) -> Iterator[Fix]:
    for words, candidate, edits in _candidates(request, asked, query):
        try:
            found = _startable(estimate(candidate))
        except EstimatorError:
            continue
        if starts(found):
            yield Fix(words, found, _command(found, query, {**_split_edits(request, found), **edits}))


Candidate = tuple[str, Request, Edits]


def _candidates(request: Request, asked: Estimate | None, query: Query) -> Iterator[Candidate]:
    """Changes from the gentlest to the harshest: the split, the share, buffers, the context, the cache, the weights."""
    if asked is None:
        yield from _legal(request, query)
        return
    base = replace(request, layout=asked.layout)
    wide = replace(request, layout=None)
    context_was_said = query.context_tokens is not None
    if request.layout is not None and asked.layout.gpus < request.gpus:
        yield "the split over all GPUs", wide, {}
    yield from _of_one_setting(base, asked)
    if not context_was_said:
        yield from _shorter(base, "a shorter context")
    yield from _smaller_cache(base, asked)
    tight, edits = _tight(base, asked)
    yield "a larger share and smaller buffers", tight, edits
    for words, candidate, more in _smaller_cache(tight, asked):
        yield f"{words}, a larger share and smaller buffers", candidate, {**edits, **more}
    for words, candidate, more in (*_shorter(base, "a shorter context"), *_shorter(tight, "a shorter context")):
        yield words, candidate, {**(edits if candidate.memory_fraction == tight.memory_fraction else {}), **more}
    if request.layout is not None:
        yield "another split of the same GPUs", wide, {}
        yield from _shorter(wide, "another split and a shorter context")
    yield from _smaller_weights(base, asked, {})
    yield from _smaller_weights(tight, asked, edits)
    yield from _without_graphs(tight, asked, edits)


def _legal(request: Request, query: Query) -> Iterator[Candidate]:
    """Where no engine would start it: another split, the cache as the engine has it, the weights as they are stored."""
    free, asked = replace(request, layout=None), request.layout
    if asked is not None and asked.expert == 1:
        spread = replace(request, layout=replace(asked, expert=asked.stage_gpus))
        yield "the experts spread whole over the GPUs", spread, {"spread": ""}
    yield "a split that divides the model", free, {}
    yield from _shorter(free, "a split that divides the model and a shorter context")
    if request.cache_format is not None:
        yield "the engine's own cache format", replace(free, cache_format=None), {"kv_cache": None}
    if query.weights is not None:
        plain = replace(free, weights=None, cache_format=None)
        yield "the weights as they are stored", plain, {"quantization": None, "kv_cache": None}
        yield from _shorter(plain, "the weights as they are stored and a shorter context")


def _of_one_setting(base: Request, asked: Estimate) -> Iterator[Candidate]:
    settings = asked.settings
    if asked.engine.name == "llama.cpp":
        return
    if settings.memory_fraction < HIGHEST_SHARE:
        share = {"memory_fraction": f"{HIGHEST_SHARE:g}"}
        yield f"{HIGHEST_SHARE:.0%} of the memory for the engine", replace(base, memory_fraction=HIGHEST_SHARE), share
    if settings.max_num_seqs > FEW_SEQUENCES:
        few = {"concurrency": str(FEW_SEQUENCES)}
        yield f"at most {FEW_SEQUENCES} requests at once", replace(base, max_num_seqs=FEW_SEQUENCES), few


def _tight(base: Request, asked: Estimate) -> tuple[Request, Edits]:
    """The largest share that is safe, and small buffers."""
    settings = asked.settings
    if asked.engine.name == "llama.cpp":
        return base, {}
    share = max(settings.memory_fraction, HIGHEST_SHARE)
    seqs = min(settings.max_num_seqs, FEW_SEQUENCES)
    batched = min(settings.max_num_batched_tokens, FEW_BATCHED_TOKENS)
    tight = replace(base, memory_fraction=share, max_num_seqs=seqs, max_num_batched_tokens=batched)
    return tight, {"memory_fraction": f"{share:g}", "concurrency": str(seqs), "batched_tokens": str(batched)}


def _smaller_cache(base: Request, asked: Estimate) -> Iterator[Candidate]:
    if asked.cache_format in {"bf16", "fp16"} and asked.engine.name != "trtllm":
        name = "q8_0" if asked.engine.name == "llama.cpp" else "fp8"
        yield f"the KV cache in {name}", replace(base, cache_format=name), {"kv_cache": name}


def _shorter(base: Request, words: str) -> Iterator[Candidate]:
    """The longest context that fits, in whole K; nothing where not even a short one does."""
    try:
        found = estimate(base)
    except EstimatorError:
        return
    longest = found.max_context_tokens // 1024 * 1024
    if SHORTEST_USEFUL_CONTEXT_TOKENS <= longest < base.load.context_tokens:
        load = _of_context(base.load, longest)
        yield f"{words}, {say.tokens(longest)}", replace(base, load=load), {"context": str(longest)}


_MADE_WHILE_LOADING: Final = " (best of a repository that holds them; made while loading, 16 bit is read first)"


def _smaller_weights(tight: Request, asked: Estimate, edits: Edits) -> Iterator[Candidate]:
    """FP8 made of 16-bit weights while loading: the one format that a flag alone brings."""
    if asked.plan.name not in {"bf16", "fp16"} or asked.engine.name not in {"vllm", "sglang"}:
        return
    small = replace(tight, weights="fp8")
    said = {**edits, "quantization": "fp8"}
    yield f"FP8 weights{_MADE_WHILE_LOADING}", small, said
    for words, candidate, more in _shorter(small, f"FP8 weights{_MADE_WHILE_LOADING} and a shorter context"):
        yield words, candidate, {**said, **more}


def _without_graphs(tight: Request, asked: Estimate, edits: Edits) -> Iterator[Candidate]:
    """The last resort on the same card: no CUDA graphs, which costs speed."""
    if asked.engine.name != "vllm" or tight.is_eager:
        return
    said = {**edits, "eager": ""}
    eager = replace(tight, is_eager=True)
    yield "no CUDA graphs, which slows decoding", eager, said
    for words, candidate, more in _smaller_cache(eager, asked):
        yield f"no CUDA graphs and {words}", candidate, {**said, **more}
        for shorter, short, rest in _shorter(candidate, f"no CUDA graphs, {words} and a shorter context"):
            yield shorter, short, {**said, **more, **rest}


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
