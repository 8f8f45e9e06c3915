"""Changes of flags that may make a set-up start, from the gentlest to the harshest.

A candidate is a change in words, the request as changed, and the settings of the launch line that it sets. Whether it
works is for the estimate to say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from bot import humanize as say
from bot.question.query import Query
from estimator.errors import EstimatorError
from estimator.estimation import Estimate, Request, estimate
from estimator.recommend import SHORTEST_USEFUL_CONTEXT_TOKENS
from estimator.workload import Workload

HIGHEST_SHARE: Final = 0.95
"""Of the memory for the engine: above it, cards that draw a screen or hold graphs outside the share run out."""
FEW_SEQUENCES: Final = 64
"""Enough for a small service; the sampler's buffer grows with it (estimator.memory, activation)."""
FEW_BATCHED_TOKENS: Final = 2048

Edits = Mapping[str, str | None]
"""Settings by meaning, as `bot.question.launch_lines` spells them; None takes one out, an empty text is a switch."""

Candidate = tuple[str, Request, Edits]


def candidates(request: Request, asked: Estimate | None, query: Query) -> Iterator[Candidate]:
    """The split, the share, buffers, the context, the cache, the weights: in the order in which they hurt."""
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
        load = of_context(base.load, longest)
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


def of_context(load: Workload, context_tokens: int) -> Workload:
    """The load in another context: requests that no longer fit in it are cut in proportion."""
    share = min(1.0, context_tokens / (load.prompt_tokens + load.output_tokens))
    output = max(1, int(load.output_tokens * share))
    prompt = max(1, min(load.prompt_tokens, context_tokens - output))
    said = tuple(line for line in load.assumptions if not line.startswith("context of "))
    context = max(context_tokens, prompt + output)
    return replace(load, context_tokens=context, prompt_tokens=prompt, output_tokens=output, assumptions=said)
