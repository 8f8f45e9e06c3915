"""docs/engines.md, from the rows of the engines."""

from typing import Final

from estimator.engines import ENGINES, NEWEST, Engine

HEADER: Final = """# Engines

Written by `make pages` from the rows of `estimator/engines.py`: how an engine spends memory, from a version on. Name
one in a question (`vllm 0.19`, `sglang`); of others it is said that they are not modelled
([What can be asked](questions.md#names)).

- *share*: of the card's memory, where no `gpu-memory-utilization` is named.
- *k*: the factor of the sampler's part of the activations ([Activations](method/activations.md)).
- *outside*: GiB outside PyTorch's allocator, by tensor degree.
- *graphs*: whether CUDA graphs count in the budget; *windows*: whether a sliding layer is billed as if it held the
  whole context; *groups*: whether layers are padded into equal groups.

| engine | from | share | k | outside, GiB | graphs | windows | groups | rests on |
|---|---|---|---|---|---|---|---|---|"""


def page() -> str:
    """The whole page."""
    newest = ", ".join(f"{name} {version}" for name, version in NEWEST.items())
    return "\n".join([HEADER, *map(_row, ENGINES), "", f"Taken where no version is named: {newest}."]) + "\n"


def _row(engine: Engine) -> str:
    outside = ", ".join(f"TP{degree} {gib:g}" for degree, gib in engine.non_torch_gib.items())
    since = "any" if engine.since == (0, 0) else ".".join(map(str, engine.since))
    answers = (engine.graphs_in_budget, engine.bills_windows_in_full, engine.pads_layer_groups)
    said = " | ".join("yes" if each else "no" for each in answers)
    return (
        f"| {engine.name} | {since} | {engine.memory_fraction:g} | {engine.sampler_factor:g} | {outside} | {said} | "
        f"{engine.source} |"
    )
