"""What cannot be answered, refused by name; what was not understood, quoted back with the nearest reading."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from bot.errors import QuestionError
from bot.question.cards import near_cards
from bot.question.flags import Flags
from bot.question.hardware import LARGEST_COUNT, LARGEST_LIST, LARGEST_MEMORY_GB
from bot.question.machines import Machines
from bot.question.patterns import Pattern
from bot.question.query import Query
from bot.question.readings import Readings
from bot.question.words import FAMILIES, MODELS_BY_SIZE, TRAINING, UNMODELLED_ENGINES, word_set
from estimator.gpus import GPUS

LARGEST_CONTEXT_TOKENS: Final = 100 * 1024 * 1024
"""Ten times the longest context that any model on the Hub states (10 M): more is a slip."""

LARGEST_CONCURRENCY: Final = 10_000_000
"""Requests in flight, beyond the traffic of the largest services."""

LARGEST_SPLIT: Final = LARGEST_COUNT

_SIZE: Final = Pattern(r"(?<![a-z0-9.])(\d+(?:\.\d+)?b)(?![a-z0-9])")
_WORDS: Final = Pattern(r"[a-z][a-z0-9-]*|昇腾")
_UNNAMED: Final = Pattern(
    r"(?<![a-z0-9.])(?:(\d{1,3})(?: ?[x*] ?| ))?(\d{1,7}(?:\.\d)?) ?(?:g|gb|gib) ?(?:of )?(?:的)?(?:vram|gpus?|显存|"
    r"显卡|cards?|卡|nvidia)(?![a-z])|"
    r"(?<![a-z])(?:on|in|into|inside|within|with|under|fits?|have|got)(?: an?| my| only| just)*"
    r" (?:(\d{1,3}) ?[x*] ?)?(\d{1,7}(?:\.\d)?) ?(?:g|gb|gib)(?![a-z])(?! (?:of )?(?:ram|ddr|system))"
)
_WORD: Final = Pattern(r"(?<![a-z0-9])[a-z]{4,}(?:\.\d+|\d+(?:\.\d+)?)?(?![a-z])")
SEVERAL: Final[Mapping[str, tuple[str, ...]]] = {
    "rtx 6000": ("rtx-6000-ada", "rtx-pro-6000-blackwell-ws", "rtx-a6000"),
    "rtx6000": ("rtx-6000-ada", "rtx-pro-6000-blackwell-ws", "rtx-a6000"),
    "rtx 5000": ("rtx-5000-ada", "rtx-pro-5000-blackwell-48gb", "rtx-a5000"),
    "rtx 4000": ("rtx-4000-ada", "rtx-pro-4000-blackwell", "rtx-a4000"),
}
"""Names that several generations carry: asked back, not guessed."""

_OFFLOADS: Final = Pattern(
    r"offload|ktransformers|(?:gpu|\d{4}) ?\+ ?(?:a )?cpu|system (?:memory|ram)|"
    r"(?<!\d)\d{1,4} ?gb? ?(?:of )?(?:ddr\d? )?ram(?![a-z])|内存 ?\d"
)
_LAPTOP_HINT: Final = (
    "a laptop card is another chip with less memory and bandwidth; give the desktop card that is nearest"
)


def refuse_machines(machines: Machines) -> None:
    """Raises `QuestionError` for impossible counts, and for a card that is not known where no other is named."""
    if machines.mentions > LARGEST_LIST:
        raise QuestionError(f"more than {LARGEST_LIST} cards are named", "compare a few at a time")
    if machines.impossible:
        raise QuestionError(
            f"{machines.impossible[0]}: a count of cards must lie between 1 and {LARGEST_COUNT:,}",
            "give the number of GPUs, e.g. 8xH100",
        )
    if machines.impossible_memories:
        raise QuestionError(
            f"{machines.impossible_memories[0]} cannot be",
            "give the memory of one card, e.g. h100 80gb, or leave it out",
        )
    notes = [_unknown_card(other.word) for other in machines.unknown]
    sure = [other.word for other in machines.unknown if other.is_sure]
    if sure and not machines.refs:
        word = sure[0]
        near = SEVERAL.get(word) or near_cards(word)
        hint = _LAPTOP_HINT if word.startswith("laptop") else "`hubgauge hardware` lists the cards that are known"
        raise QuestionError(
            f'"{word}" is no card that is known here', f"did you mean {_or(near)}?" if near else hint, near
        )
    machines.notes.extend(notes)


def refuse_numbers(numbers: Readings, flags: Flags) -> None:
    """Raises `QuestionError` for contexts, lengths, loads and splits of zero, below zero or absurd."""
    if numbers.impossible:
        raise QuestionError(
            f'"{numbers.impossible[0]}" cannot be', "give a time or a rate above 0, a share between 0 and 1"
        )
    context = flags.context or numbers.context
    for what, value, most in (
        ("context", context, LARGEST_CONTEXT_TOKENS),
        ("prompt length", flags.prompt or numbers.prompt, LARGEST_CONTEXT_TOKENS),
        ("output length", flags.output or numbers.output, LARGEST_CONTEXT_TOKENS),
        ("number of concurrent requests", flags.concurrency or numbers.concurrency, LARGEST_CONCURRENCY),
        *((f"{kind} parallel degree", degree, LARGEST_SPLIT) for kind, degree in numbers.split.items()),
    ):
        if value is not None and not 0 < value <= most:
            article = "an" if what.startswith("o") else "a"
            raise QuestionError(
                f"{article} {what} of {_said(value)} cannot be", f"give a number between 1 and {most:,}"
            )


def refuse_left_over(rest: str) -> None:
    """Raises `QuestionError` for a number that no rule takes, negative or broken, before the unit of a count."""
    found = _IMPOSSIBLE.search(rest) if _has_any(rest, _IMPOSSIBLE_MARKS) else None
    if found:
        raise QuestionError(f'"{" ".join(found[0].split())}" cannot be', "give a whole number above 0")


def _has_any(text: str, marks: tuple[str, ...]) -> bool:
    """A cheap look before a long search."""
    for mark in marks:  # noqa: SIM110  # a plain loop is twice as fast, and every question asks
        if mark in text:
            return True
    return False


_IMPOSSIBLE_MARKS: Final = ("-", ".", "zero", "inf", "nan", "\u221e")
_OFFLOAD_MARKS: Final = ("offload", "ktrans", "+", "system", "ram", "\u5185\u5b58")
_PART_MARKS: Final = ("half", "quarter", "third", "1/", "\u534a", "mig", "vgpu", "g.")
_COUNTED: Final = (
    r"(?:users?|people|clients?|sessions?|requests?|concurrent|gpus|cards|chips|nodes|machines|servers)(?![a-z])"
)
_IMPOSSIBLE: Final = Pattern(
    rf"(?<![^\s(=:])-\d[\d.,]* ?(?:{_COUNTED}|gpu(?![a-z])|tokens?(?![a-z])|tok/s|tps(?![a-z]))|"
    rf"(?<![\w.$/-])\d+\.\d+ ?(?:x |concurrent )?{_COUNTED}|"
    r"(?<![\w.$/-])\d+\.\d+ ?tokens?(?![a-z])(?! ?(?:/|per|a |each))|"
    r"(?<![a-z])(?:tp|pp|dp|ep)(?:[-_ ]?size)? ?[=:] ?-\d+|"
    r"(?<=  )[x*] ?(?:-\d+|\d+\.\d+)(?![\w%])|"  # after a card, which is blank by now
    rf"(?<![\w.$/-])zero (?:{_COUNTED}|tokens?(?![a-z]))|"
    rf"(?<![a-z])(?:infinit[ey]|infinity|inf|nan|∞) (?:{_COUNTED}|tokens?(?![a-z])|context)"
)


def _said(value: int) -> str:
    return f"{value:,}" if abs(value) < 10**15 else f"{value:.0e}"


def memory_named(rest: str, machines: Machines) -> float | None:
    """The memory in GB that the text names without a card, of all cards together; raises for none and for absurd."""
    found = _UNNAMED.search(rest) if not machines.refs and "g" in rest else None
    if found is None:
        return None
    memory_gb = float(found[2] or found[4]) * int(found[1] or found[3] or 1)
    if not 0 < memory_gb < LARGEST_COUNT * LARGEST_MEMORY_GB or float(found[2] or found[4]) >= LARGEST_MEMORY_GB:
        raise QuestionError(f'"{found[0].strip()}": no card has that memory', "give the memory in GB, e.g. 24gb")
    return memory_gb


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
    words = frozenset(_WORDS.findall(text))
    if _trains(text, words):
        notes.append("training and fine-tuning are not estimated; this is about inference")
    engine = next(iter(sorted(UNMODELLED_ENGINES & words)), None)
    if engine:
        notes.append(f"{engine} has no model of its own here; the default engine is assumed")
    if machines.are_joined:
        notes.append("unlike cards in one machine: each is answered by itself; tensor parallel needs equal cards")
    if (
        _has_any(text, _OFFLOAD_MARKS)
        and _OFFLOADS.search(text)
        and any(GPUS[ref.id].vendor != "Apple" for ref in machines.refs)
    ):
        notes.append("layers or experts in system memory get a bound, no estimate; the cards' own memory counts")
    unnamed = _UNNAMED.search(rest) if not machines.refs and "g" in rest else None
    if unnamed:
        notes.append(_cards_of_memory(unnamed))
    notes += [f'"{typed}": did you mean {family}?' for typed, family in _family_slips(rest)]
    notes += [
        f'"engine {word}": no engine of that name is known; the default engine is assumed'
        for word in (_ENGINE.findall(rest) if "engine" in rest else ())
        if word not in _NO_ENGINES
    ]
    notes += [f"{found[0]}: not understood, left out" for found in _LONG_NUMBER.finditer(rest)]
    if not (machines.refs or machines.unknown):
        notes += [
            f'"{place}": no card of that name is known; no machine is assumed'
            for found in _PLACE.finditer(rest)
            if (place := found[1] or found[2]) not in _NO_PLACES
        ]
    if not machines.refs:
        notes += [note for word, note in _VAGUE if word in words]
    if machines.refs and "laptop" in words and not machines.may_be_unified:
        notes.append(f"{_LAPTOP_HINT}; the desktop card is answered")
    if machines.refs and _has_any(text, _PART_MARKS):
        notes += [note for pattern, note in _PARTS_OF_CARDS if pattern.search(text)]
    return notes


_PARTS_OF_CARDS: Final = (
    (
        Pattern(
            r"(?<![a-z])(?:half|quarter|third) (?:of )?(?:an?|one|the) |(?<![\d.])1/[2-8] (?:of )?(?:an?|one|the) |半张"
        ),
        '"half" or another part of a card is not estimated: whole cards are answered',
    ),
    (
        Pattern(r"(?<![a-z])(?:mig|vgpu|[1-7]g\.\d{1,3}gb)(?![a-z])"),
        "a MIG slice or vGPU is not estimated: the whole card is answered",
    ),
)
"""Shares of a card, by the words that ask for one."""


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


_ENGINE: Final = Pattern(r"(?<![a-z])engine(?: is| named| called)?[ :=]+([a-z][a-z0-9._-]+)")
_NO_ENGINES: Final = word_set(
    "for on to at in with is and or version that which does args config core can would memory settings options "
    "support process failed error crashed initialization startup the it be of as from will was has should could "
    "do i we you if when not use using needs need running runs type name side level please vs"
)
_LONG_NUMBER: Final = Pattern(r"(?<![\w.,/:-])\d{13,}(?![\w.,/:-])")
_PLACE: Final = Pattern(
    r"(?<![a-z])on (?:(?:an?|my|the|our|one|some) )+([a-z]{3,20})(?= ?$| ?[,;.?!]| at | with | in | for )|"
    r"(?<![a-z])on ([a-z]{4,20})(?= ?$)"
)
_NO_PLACES: Final = word_set(
    "gpu gpus card cards machine machines server servers laptop computer single mac macbook studio mini imac cloud "
    "node cluster desktop workstation system box rig setup device hub same average fly budget cpu other chip host "
    "hardware edge premise prem prompt model models market side way linux windows macos docker kubernetes ubuntu "
    "wsl aws azure runpod colab kaggle premises production jetson tpu ascend laptops demand long short large small"
)


_VAGUE: Final = (
    ("macbook", 'which chip is in the MacBook? for example "m4 pro 48gb"'),
    ("studio", 'which chip is in the Mac Studio? for example "m3 ultra 512gb"'),
    ("mini", 'which chip is in the Mac mini? for example "m4 pro 64gb"'),
    ("jetson", "which Jetson? for example agx orin 64gb, orin nx, thor"),
    ("ascend", "which Ascend? for example 910b, 910c"),
    ("昇腾", "which Ascend? for example 910b, 910c"),
    ("tpu", "which TPU? for example v5e-8, v6e-4"),
    ("rtx", "which RTX card? for example rtx 4090"),
    ("laptop", "which chip is in the laptop? for example m3 max 64gb, or the memory of its card: 8gb vram"),
    ("notebook", "which chip is in the notebook? for example m3 max 64gb, or the memory of its card: 8gb vram"),
    ("colab", "which GPU of Colab? for example t4 (the free one), l4 or a100 40gb"),
    ("kaggle", "which GPU of Kaggle? for example 2x t4"),
    ("aws", "which instance of AWS? for example g6e.12xlarge or p5.48xlarge"),
    ("ec2", "which instance of EC2? for example g6e.12xlarge or p5.48xlarge"),
    ("azure", "which machine of Azure? for example Standard_ND96isr_H100_v5"),
    ("gcp", "which machine of Google Cloud? for example a3-highgpu-8g"),
    ("runpod", "which GPU of RunPod? for example 2x rtx 4090"),
)


_TRAINING_WORDS: Final = frozenset(word for word in TRAINING if word.isascii() and " " not in word)
_TRAINING_PHRASES: Final = tuple(word for word in TRAINING if word not in _TRAINING_WORDS)


def _trains(text: str, words: frozenset[str]) -> bool:
    if not words.isdisjoint(_TRAINING_WORDS):
        return True
    return any(phrase in text for phrase in _TRAINING_PHRASES)


def _unknown_card(word: str) -> str:
    near = near_cards(word)
    return f'"{word}": no such card is known; {"did you mean " + _or(near) + "?" if near else "left out"}'


def _cards_of_memory(found: re.Match[str]) -> str:
    memory_gb = float(found[2] or found[4])
    rows = [gpu for gpu in GPUS.values() if gpu.sold_memory_gb == memory_gb and gpu.vendor in {"NVIDIA", "AMD"}]
    fastest = sorted(rows, key=lambda gpu: -gpu.memory_gb_per_s)
    named = _or(tuple(gpu.id for gpu in fastest[:4])) or f"rtx-3060-12gb {memory_gb:g}gb"
    return f"a card known by its memory only ({memory_gb:g} GB): name it for speeds, for example {named}"


def _family_slips(text: str) -> list[tuple[str, str]]:
    """Words one letter away from a family, where they stand with a version or a size."""
    slips: dict[str, str] = {}
    seen: set[str] = set()
    for found in _WORD.finditer(text):
        letters = found[0].rstrip("0123456789.")
        if found[0] in seen or letters in FAMILIES:
            continue
        following = _VERSION_AFTER.match(text, found.end())
        if following or len(found[0]) > len(letters):
            seen.add(found[0])
            family = _family_near(letters)
            if family:
                slips[found[0]] = family
    return list(slips.items())


_VERSION_AFTER: Final = Pattern(r"[-_ ]?(?:v|r|\d{1,2}x)?\d{1,4}(?:\.\d)?b?(?![a-z0-9%])")


def _family_near(word: str) -> str | None:
    if len(word) < 4:
        return None
    return next((family for family in _families_by_letter().get(word[0], ()) if _is_one_edit(word, family)), None)


@cache
def _families_by_letter() -> dict[str, list[str]]:
    """Families of four letters and more: a slip in the first letter is not looked for."""
    by_letter: dict[str, list[str]] = {}
    for family in sorted(FAMILIES):
        if len(family) > 3:
            by_letter.setdefault(family[0], []).append(family)
    return by_letter


def _is_one_edit(left: str, right: str) -> bool:
    if abs(len(left) - len(right)) > 1:
        return False
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
