"""Text to `Query`: the passes in order, then the questions that cannot be answered, refused by name.

    plain text -> flags -> models -> KV and weight formats -> splits and rates -> cards
    -> users, lengths, contexts -> intent

Each pass blanks what it has read, so that no later one reads it again.
"""

import re
from typing import Final

from bot.errors import QuestionError
from bot.question.aims import read_capacity, read_order
from bot.question.checks import (
    doubt_about,
    memory_named,
    no_model,
    notes_on,
    refuse_left_over,
    refuse_machines,
    refuse_numbers,
)
from bot.question.flags import Flags, read_flags
from bot.question.formats import best_format, find_formats, find_kv_format, unknown_formats
from bot.question.grammar import AFTER_CARDS, BEFORE_CARDS, read_numbers
from bot.question.hardware import find_hardware
from bot.question.intent import read_intent
from bot.question.launch_lines import launch_line
from bot.question.left_out import left_out
from bot.question.names import Name, find_names, named, unread_pairs
from bot.question.normalise import folded, plain
from bot.question.numbers import written_out
from bot.question.patterns import Pattern
from bot.question.query import Intent, Measured, ParallelRef, Query
from bot.question.readings import Readings
from bot.question.words import ENGINES, HELP_WORDS

_LEFT_OVER: Final = Pattern(r"[a-z]+|\d+|[^\x00-\x7f]+|\?")

WITHOUT_MODEL: Final[frozenset[Intent]] = frozenset({"pick", "explain", "card", "help", "methods"})
"""Intents that need no model."""


def parse(text: str) -> Query:
    """What a question asks, as typed by a person; nothing is resolved and nothing is fetched.

    Raises `QuestionError` for a question that cannot be answered: empty, too long, without a model where one is
    needed, a card that is not known, a count, context or load that cannot be.
    """
    query = parse_fragment(text)
    if query.models or query.intent in WITHOUT_MODEL:
        return query
    raise no_model(folded(plain(text)), query)


def parse_fragment(text: str, count: int | None = 1) -> Query:
    """What a text says even if it is no whole question ("and on H200?"): a missing model is no error here.

    `count` is how many cards are meant where the text does not say; None asks how many.
    Raises `QuestionError` as `parse` does for what is impossible or not known.
    """
    typed = plain(text)
    if not typed:
        raise QuestionError("the question is empty", "try: deepseek-v3 on 8xH100 fp8 at 32k")
    if _is_help(typed):
        return Query(intent="help")
    return _read(typed, count)


def _read(typed: str, count: int | None = 1) -> Query:
    flags, rest = read_flags(typed)
    lower = folded(rest)
    names, lower = _take_names(rest, lower, flags)
    pair_notes = [f'"{pair}": read as no model; if it is one, ask for it alone' for pair in unread_pairs(lower)]
    engine, lower = _take_engine(lower, flags)
    kv_cache, lower = _take_kv(lower)
    weights, lower, format_notes = _take_formats(lower)
    lower = written_out(lower)
    numbers = Readings()
    lower = read_numbers(lower, numbers.readers(), BEFORE_CARDS)
    parallel = _parallel(numbers, flags)
    machines = find_hardware(lower, parallel.gpus if parallel else None, count)
    refuse_machines(machines)
    rest = read_numbers(_blank(lower, machines.spans), numbers.readers(), AFTER_CARDS)
    refuse_numbers(numbers, flags)
    refuse_left_over(rest)
    names, name_weights, name_notes = _weights_of_names(_distinct(names))
    asked = folded(typed)
    intent = read_intent(
        asked,
        models=len(names),
        cards=len(machines.refs),
        is_bare=not re.search(r"[^\W_]", rest) and not machines.refs,
        words=frozenset(_LEFT_OVER.findall(rest)),
        asks_count=any(ref.count is None for ref in machines.refs),
        has_budget=numbers.max_usd_per_hour is not None,
        asks_member=len(names) == 1 and _is_asked_for(names[0].model, asked),
    )
    if intent == "recommend" and not machines.refs:
        numbers.take_results_as_wishes()
    notes = [
        *machines.notes,
        *format_notes,
        *name_notes,
        *pair_notes,
        *flags.notes,
        *numbers.notes,
        *notes_on(asked, rest, machines),
        *(() if flags.is_launch else left_out(asked, rest)),
    ]
    return Query(
        intent=intent,
        models=tuple(name.model for name in names),
        models_as_typed=tuple(name.typed for name in names),
        hardware=tuple(machines.refs),
        weights=_weights(flags, weights, name_weights, names),
        kv_cache=flags.kv_cache or kv_cache,
        context_tokens=flags.context or numbers.context,
        prompt_tokens=flags.prompt or numbers.prompt,
        output_tokens=flags.output or numbers.output,
        concurrency=flags.concurrency or numbers.concurrency,
        parallel=parallel,
        engine=engine,
        min_tokens_per_s=numbers.min_tokens_per_s,
        max_ttft_s=numbers.max_ttft_s,
        suggestions=tuple(dict.fromkeys(notes)),
        gpu_memory_utilization=flags.memory_fraction or numbers.memory_fraction,
        max_num_batched_tokens=flags.batched_tokens or numbers.batched_tokens,
        measured=Measured(numbers.tokens_per_s, numbers.ttft_s),
        fits_in_gb=memory_named(rest, machines),
        order=read_order(asked, intent),
        capacity=None if flags.is_launch else read_capacity(asked, intent),
        max_usd_per_hour=numbers.max_usd_per_hour,
        requests_per_s=numbers.requests_per_s,
        processor=machines.processor,
        launch=launch_line(typed) if flags.is_launch else None,
        system_memory_gb=(numbers.system_memory_gb or machines.processor_memory_gb) if machines.may_offload else None,
    )


def _is_help(typed: str) -> bool:
    words = re.findall(r"[\w?-]+", typed.lower())
    return 0 < len(words) <= 2 and all(word in HELP_WORDS or word in {"me", "please", "there"} for word in words)


# models


def _take_names(typed: str, lower: str, flags: Flags) -> tuple[list[Name], str]:
    names = find_names(typed, lower)
    lower = _blank(lower, [(name.start, name.end) for name in names])
    if flags.model:
        served = named(f"{flags.model}@{flags.revision}" if flags.revision and "/" in flags.model else flags.model)
        names = [served, *names]
    return names, lower


def _distinct(names: list[Name]) -> list[Name]:
    """One entry for a model named twice: with and without its owner, or first in full and then by its family."""
    kept: list[Name] = []
    for name in names:
        twin = next((at for at, other in enumerate(kept) if _is_same(other, name)), None)
        if twin is None:
            kept.append(name)
        elif len(name.model) > len(kept[twin].model):
            kept[twin] = name
    return kept


def _is_same(left: Name, right: Name) -> bool:
    if left.weights and right.weights and left.weights != right.weights:
        return False
    return _is_same_model(left.model, right.model)


def _is_same_model(left: str, right: str) -> bool:
    short, long = sorted((_bare(left), _bare(right)), key=len)
    if short == long:
        return "/" not in left or "/" not in right or left == right
    return long.startswith(short) and not re.search(r"\d", short)


def _is_asked_for(model: str, asked: str) -> bool:
    """Whether a family without number or size is what a model is asked of: `which qwen`, `the largest gemma`."""
    if not model.isalpha():
        return False
    found = re.search(
        rf"(?:which|what|best|largest|biggest|strongest|any|哪个|哪些|什么样?的?)(?: [a-z]+)? ?{model}(?![a-z0-9])",
        asked,
    )
    return found is not None


def _bare(model: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", model.partition("@")[0].rpartition("/")[2])


def _weights_of_names(names: list[Name]) -> tuple[list[Name], str | None, list[str]]:
    """Formats that were part of names: one for all goes to `weights`, different ones stay in the names."""
    formats = {name.weights for name in names if not name.has_owner or name.weights}
    notes = [note for name in names if (note := doubt_about(name.model, is_known_family=name.is_known_family))]
    if len(formats) <= 1:
        return names, next(iter(formats), None), notes
    models = [name.model for name in names]
    kept = [
        name
        if name.weights is None or name.has_owner
        else Name(name.start, name.end, name.typed, f"{name.model}-{name.weights}", None, name.is_known_family)
        for name in names
    ]
    return (kept if len(set(models)) < len(models) or None not in formats else names), _only(formats), notes


def _only(formats: set[str | None]) -> str | None:
    stated = [name for name in formats if name]
    return stated[0] if len(stated) == 1 else None


# formats


_ENGINE: Final = Pattern(
    rf"(?<![a-z0-9])(?:{'|'.join(re.escape(name) for name in sorted(ENGINES, key=len, reverse=True))})(?![a-z])"
)


def _take_engine(lower: str, flags: Flags) -> tuple[str | None, str]:
    found = list(_ENGINE.finditer(lower))
    if not found:
        return flags.engine, lower
    return flags.engine or ENGINES[found[0][0]], _blank(lower, [each.span() for each in found])


def _take_kv(lower: str) -> tuple[str | None, str]:
    kv_cache, span = find_kv_format(lower)
    return kv_cache, _blank(lower, [span]) if span else lower


def _take_formats(lower: str) -> tuple[list[str], str, list[str]]:
    found = find_formats(lower)
    lower = _blank(lower, [span for _, span in found])
    notes = [
        f'"{word}": no weight format of that name; did you mean {nearest}?' for word, nearest in unknown_formats(lower)
    ]
    names = list(dict.fromkeys(name for name, _ in found))
    if len(names) > 1 and best_format(names) is not None and len({_family(name) for name in names}) > 1:
        notes.append(
            f"several weight formats are named ({', '.join(names)}); {best_format(names)} is taken, ask for each"
        )
    return names, lower, notes


def _family(name: str) -> str:
    return re.sub(r"[^0-9]", "", name)[:1]


def _weights(flags: Flags, stated: list[str], from_name: str | None, names: list[Name]) -> str | None:
    if flags.quantization:
        return flags.quantization
    word = best_format(stated)
    if word or from_name:
        return word or from_name
    if flags.dtype and not any(_has_quant(name.model) for name in names):
        return flags.dtype
    return None


def _has_quant(model: str) -> bool:
    return bool(re.search(r"awq|gptq|int[48]|[48]-?bit|fp8|fp4|w\da\d|gguf|bnb", model))


# splits


def _parallel(numbers: Readings, flags: Flags) -> ParallelRef | None:
    tensor = flags.tensor or numbers.split.get("tensor")
    data = flags.data or numbers.split.get("data")
    expert = flags.expert or numbers.split.get("expert")
    if flags.spreads_experts and expert is None and tensor:
        expert = tensor * (data or 1)
    parallel = ParallelRef(tensor, flags.pipeline or numbers.split.get("pipeline"), data, expert)
    return None if parallel == ParallelRef() else parallel


def _blank(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return text
