"""On which machines and at which context a scan sizes its models: what the user typed, read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.answer import machine
from bot.errors import QuestionError
from bot.question import parse
from bot.question.numbers import amount
from bot.question.query import HardwareRef
from estimator.dtypes import FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from estimator.hardware import Gpu

OWN: Final = "own"
MOST_MACHINES: Final = 64
DEFAULT_MACHINES: Final = ("1x rtx-4090", "1x h100-sxm-80gb", "8x h100-sxm-80gb")


@dataclass(frozen=True, slots=True)
class Machine:
    """A card and how many of it; `memory_gb` where it is another than the card is sold with."""

    id: str
    gpus: int
    memory_gb: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What each model is sized for. `weights` None is the checkpoint's own format; `context_tokens` None the usual."""

    machines: tuple[Machine, ...]
    weights: tuple[str | None, ...] = (None,)
    context_tokens: int | None = None
    concurrency: int | None = None


def read_plan(on: Sequence[str], weights: Sequence[str], context: str | None, concurrency: int | None = None) -> Plan:
    """The plan that these words spell; raises `QuestionError` naming the word that is none."""
    machines = tuple(dict.fromkeys(found for text in on or DEFAULT_MACHINES for found in _machines(text)))
    if len(machines) > MOST_MACHINES:
        raise QuestionError(f"{len(machines)} machines are too many", f"at most {MOST_MACHINES}")
    formats = tuple(dict.fromkeys(_format(word) for text in weights or (OWN,) for word in text.split(",")))
    return Plan(machines, formats, _context(context), concurrency)


def gpu_of(asked: Machine) -> Gpu:
    """The card of a machine, with the memory it was given."""
    return machine(HardwareRef(asked.id, asked.gpus, asked.memory_gb))


def _machines(text: str) -> list[Machine]:
    """The machines of a text as questions name them: by way of a question with a model in it."""
    found = parse(f"llama-3.1-8b on {text}").hardware
    if not found or any(ref.count is None for ref in found):
        raise QuestionError(
            f"{text!r} is no machine that is known", "name a card and a count: 8xH100; see `hubgauge hardware`"
        )
    return [Machine(ref.id, ref.count or 1, ref.memory_gb) for ref in found]


def _format(word: str) -> str | None:
    name = word.strip().lower()
    if name == OWN:
        return None
    if name not in FORMATS:
        raise QuestionError(f"{word!r} is no weight format", f"`own` or one of {', '.join(FORMATS)}")
    return name


def _context(text: str | None) -> int | None:
    tokens = amount(text.lower()) if text else None
    if text and (tokens is None or tokens <= 0):
        raise QuestionError(f"{text!r} is no context", "a number of tokens: 8192, 32K, 1M")
    return tokens
