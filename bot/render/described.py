"""A query in one line, as a person would type it: for a list of what was asked, and for a form to start from.

What the line says, `parse` reads back as the same query (a test holds it to that); wishes, splits and engines are said
in words of their own.
"""

from collections.abc import Iterator

from bot.question.query import HardwareRef, Query
from estimator.units import KIB

MOST_CHARACTERS = 200
WISHES = {"cost": "cheapest GPUs for", "speed": "fastest GPUs for", "gpus": "fewest GPUs for", None: "which GPUs for"}


def described(query: Query) -> str:
    """The query in one line: model, machine, format, context, load."""
    if query.launch is not None:
        return _cut(query.launch)
    models = " vs ".join(query.models_as_typed or query.models)
    machines = " vs ".join(machine_words(ref) for ref in query.hardware)
    said = f"{models} on {machines}" if models and machines else models or machines
    if query.intent in {"explain", "methods"}:
        said = f"{query.intent} {said}"
    elif query.intent == "recommend":
        said = f"{WISHES[query.order]} {said}" if not machines else f"how many {machines} for {models}"
    elif query.intent == "pick":
        said = f"what can I run on {machines}"
    elif query.intent == "help":
        said = "help"
    return _cut(" ".join((said, *_details(query))).strip())


def machine_words(ref: HardwareRef) -> str:
    """A machine as it is typed: 8x h100-sxm-80gb."""
    memory = f" {ref.memory_gb:g}GB" if ref.memory_gb is not None else ""
    return f"{ref.id}{memory}" if ref.count is None else f"{ref.count}x {ref.id}{memory}"


def context_words(tokens: int) -> str:
    """A context as it is typed: 32k, or the plain number where it is no whole K."""
    return f"{tokens // KIB}k" if tokens % KIB == 0 else str(tokens)


def _details(query: Query) -> Iterator[str]:
    if query.weights:
        yield f"in {query.weights}"
    if query.kv_cache:
        yield f"kv {query.kv_cache}"
    if query.context_tokens:
        yield f"at {context_words(query.context_tokens)} context"
    if query.prompt_tokens:
        yield f"{query.prompt_tokens} in"
    if query.output_tokens:
        yield f"{query.output_tokens} out"
    if query.concurrency:
        yield f"{query.concurrency} users"
    for name, degree in _degrees(query):
        yield f"{name}{degree}"
    if query.engine:
        yield query.engine


def _degrees(query: Query) -> Iterator[tuple[str, int]]:
    split = query.parallel
    if split is None:
        return
    named = (("tp", split.tensor), ("pp", split.pipeline), ("dp", split.data), ("ep", split.expert))
    yield from ((name, degree) for name, degree in named if degree is not None)


def _cut(line: str) -> str:
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 1] + "…"
