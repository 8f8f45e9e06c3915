"""What cannot be answered, refused by name; what was not understood, quoted back with the nearest reading."""

import re
from collections.abc import Mapping
from typing import Final

from bot.errors import QuestionError
from bot.question.cards import near_cards
from bot.question.flags import Flags
from bot.question.hardware import LARGEST_COUNT, Machines
from bot.question.query import Query
from bot.question.readings import Readings
from bot.question.words import FAMILIES, MODELS_BY_SIZE, TRAINING, UNMODELLED_ENGINES
from estimator.gpus import GPUS

LARGEST_CONTEXT_TOKENS: Final = 100 * 1024 * 1024
"""Ten times the longest context that any model on the Hub states (10 M): more is a slip."""

LARGEST_CONCURRENCY: Final = 10_000_000
"""Requests in flight, beyond the traffic of the largest services."""

LARGEST_SPLIT: Final = LARGEST_COUNT

_SIZE: Final = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?b)(?![a-z0-9])")
_UNNAMED: Final = re.compile(
    r"(?<![a-z0-9.])(?:(\d{1,3})(?: ?[x*] ?| ))?(\d{1,3}) ?(?:g|gb|gib) ?(?:of )?(?:的)?(?:vram|gpus?|显存|显卡|card|"
    r"cards|卡|nvidia)(?![a-z])"
)
_WORD: Final = re.compile(r"(?<![a-z0-9])[a-z]{4,}(?:\.\d+|\d+(?:\.\d+)?)?(?![a-z])")
SEVERAL: Final[Mapping[str, tuple[str, ...]]] = {
    "rtx 6000": ("rtx-6000-ada", "rtx-pro-6000-blackwell-ws", "rtx-a6000"),
    "rtx6000": ("rtx-6000-ada", "rtx-pro-6000-blackwell-ws", "rtx-a6000"),
    "rtx 5000": ("rtx-5000-ada", "rtx-pro-5000-blackwell-48gb", "rtx-a5000"),
    "rtx 4000": ("rtx-4000-ada", "rtx-pro-4000-blackwell", "rtx-a4000"),
}
"""Names that several generations carry: asked back, not guessed."""

_LAPTOP_HINT: Final = (
    "a laptop card is another chip with less memory and bandwidth; give the desktop card that is nearest"
)


def refuse_machines(machines: Machines) -> None:
    """Raises `QuestionError` for impossible counts, and for a card that is not known where no other is named."""
    if machines.impossible:
        raise QuestionError(
            f"{machines.impossible[0]}: a count of cards must lie between 1 and {LARGEST_COUNT:,}",
            "give the number of GPUs, e.g. 8xH100",
        )
    notes = [_unknown_card(word) for word in machines.unknown]
    if machines.unknown and not machines.refs:
        word = machines.unknown[0]
        near = SEVERAL.get(word) or near_cards(word)
        hint = _LAPTOP_HINT if word.startswith("laptop") else "`hubgauge hardware` lists the cards that are known"
        raise QuestionError(
            f'"{word}" is no card that is known here', f"did you mean {_or(near)}?" if near else hint, near
        )
    machines.notes.extend(notes)


def refuse_numbers(numbers: Readings, flags: Flags) -> None:
    """Raises `QuestionError` for contexts, lengths, loads and splits of zero, below zero or absurd."""
    context = flags.context or numbers.context
    for what, value, most in (
        ("context", context, LARGEST_CONTEXT_TOKENS),
        ("prompt length", flags.prompt or numbers.prompt, LARGEST_CONTEXT_TOKENS),
        ("output length", flags.output or numbers.output, LARGEST_CONTEXT_TOKENS),
        ("number of concurrent requests", flags.concurrency or numbers.concurrency, LARGEST_CONCURRENCY),
        *((f"{kind} parallel degree", degree, LARGEST_SPLIT) for kind, degree in numbers.split.items()),
    ):
        if value is not None and not 0 < value <= most:
            raise QuestionError(f"a {what} of {value:,} cannot be", f"give a number between 1 and {most:,}")


def no_model(text: str, query: Query) -> QuestionError:
    """The error for a question without a model: what was there instead, and names that would do."""
    size = _SIZE.search(text)
    slips = _family_slips(text)
    machine = f" on {_machine(query)}" if query.hardware else ""
    if slips:
        typed, family = slips[0]
        return QuestionError(f'"{typed}" is no model that is known here', f"did you mean {family}?", (family,))
    if size:
        likely = MODELS_BY_SIZE.get(size[1], ())
        hint = f"name the model, for example {_or(likely) or 'llama-3.3-70b-instruct'}"
        return QuestionError(f'"{size[1]}" is a size, not a model: no family is named', hint, _asked(likely, machine))
    if query.hardware:
        known = f"{_machine(query)} is understood, but no model is named"
        return QuestionError(known, f"try: llama-3.1-8b{machine}, or: which model can run{machine}?")
    hint = "name a model and a machine, for example: qwen3-32b on 2xH100 at 32k"
    return QuestionError(f'no model in "{text[:80]}"', f"{hint}; `help` shows more")


def notes_on(text: str, rest: str, machines: Machines) -> list[str]:
    """Remarks that go with an answer: training, other engines, cards known by memory only, slips."""
    notes = []
    if _trains(text):
        notes.append("training and fine-tuning are not estimated; this is about inference")
    engine = next((word for word in UNMODELLED_ENGINES if re.search(rf"(?<![a-z0-9]){word}(?![a-z0-9])", text)), None)
    if engine:
        notes.append(f"{engine} has no model of its own here; the default engine is assumed")
    unnamed = None if machines.refs else _UNNAMED.search(rest)
    if unnamed:
        notes.append(_cards_of_memory(unnamed))
    notes += [f'"{typed}": did you mean {family}?' for typed, family in _family_slips(rest)]
    if not machines.refs and "laptop" not in rest:
        notes += [note for word, note in _VAGUE if re.search(rf"(?<![a-z]){word}(?![a-z])", rest)]
    return notes


def doubt_about(model: str, *, is_known_family: bool) -> str | None:
    """The remark on a model's name that looks like a slip or has no known family; None for all others."""
    slip = re.match(r"([a-z]+)\.(\d)(\d)(?!\d)", model)
    if slip:
        return f'"{model}": did you mean {slip[1]}{slip[2]}.{slip[3]}?'
    if is_known_family or "/" in model:
        return None
    letters = re.match(r"[a-z]+", model)
    family = _family_near(letters[0]) if letters else None
    if letters and family:
        return f'"{model}": no family of that name is known; did you mean {family}{model[letters.end() :]}?'
    return f'"{model}": no family of that name is known here; it is searched for as typed'


_VAGUE: Final = (
    ("macbook", 'which chip is in the MacBook? for example "m4 pro 48gb"'),
    ("mac studio", 'which chip is in the Mac Studio? for example "m3 ultra 512gb"'),
    ("mac mini", 'which chip is in the Mac mini? for example "m4 pro 64gb"'),
    ("jetson", "which Jetson? for example agx orin 64gb, orin nx, thor"),
    ("ascend", "which Ascend? for example 910b, 910c"),
    ("昇腾", "which Ascend? for example 910b, 910c"),
    ("tpu", "which TPU? for example v5e-8, v6e-4"),
    ("rtx", "which RTX card? for example rtx 4090"),
)


def _trains(text: str) -> bool:
    words = [word for word in TRAINING if word in text]
    return any(not word.isascii() or re.search(rf"(?<![a-z-]){re.escape(word)}(?![a-z])", text) for word in words)


def _unknown_card(word: str) -> str:
    near = near_cards(word)
    return f'"{word}": no such card is known; {"did you mean " + _or(near) + "?" if near else "left out"}'


def _cards_of_memory(found: re.Match[str]) -> str:
    memory_gb = float(found[2])
    rows = [gpu.id for gpu in GPUS.values() if gpu.sold_memory_gb == memory_gb and gpu.vendor in {"NVIDIA", "AMD"}]
    named = _or(tuple(rows[:4])) or "rtx-4090 48gb"
    return f"a card known by its memory only ({memory_gb:g} GB): name it for speeds, for example {named}"


def _family_slips(text: str) -> list[tuple[str, str]]:
    """Words one letter away from a family, where they stand with a version or a size."""
    slips = []
    for found in _WORD.finditer(text):
        letters = found[0].rstrip("0123456789.")
        following = re.match(r"[-_ ]?(?:v|r)?\d+(?:\.\d+)?b?(?![a-z0-9%])", text[found.end() : found.end() + 10])
        if letters in FAMILIES or not (following or len(found[0]) > len(letters)):
            continue
        family = _family_near(letters)
        if family:
            slips.append((found[0], family))
    return slips


def _family_near(word: str) -> str | None:
    if len(word) < 4:
        return None
    for family in FAMILIES:
        if (
            abs(len(family) - len(word)) <= 1
            and family[0] == word[0]
            and len(family) > 3
            and _is_one_edit(word, family)
        ):
            return family
    return None


def _is_one_edit(left: str, right: str) -> bool:
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    left, right = left[start:], right[start:]
    swapped = len(left) > 1 and left[:2] == right[1::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]


def _machine(query: Query) -> str:
    return " and ".join(f"{ref.count}x {ref.id}" if ref.count else ref.id for ref in query.hardware)


def _asked(models: tuple[str, ...], machine: str) -> tuple[str, ...]:
    return tuple(f"{model}{machine}" for model in models)


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(names)
