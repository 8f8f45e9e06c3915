"""The machines of a question: cards with counts, merged where one thing is named twice.

Raises nothing about missing models: that is the meaning's business. Impossible counts and cards that are not
known are returned as what they are, for the meaning to refuse by name.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Final

from bot.question.cards import MEMORY_OF_SPELLING, Atoms, cut, find_tpus, match_card, starts_card
from bot.question.counts import apply_loose_count, apply_machines, node_count
from bot.question.instances import find_instances
from bot.question.machines import GPUS_PER_SERVER, Found, Machines, is_unified
from bot.question.patterns import Pattern
from bot.question.query import HardwareRef
from bot.question.seats import Seat, read_seat
from bot.question.unknown_cards import Unknown, find_unknown
from bot.question.words import word_set
from estimator.gpus import GPUS, with_memory
from estimator.hardware import Gpu

_CPU: Final = Pattern(
    r"(?:on|using|with|use|用|纯|in)(?: an?| the| my| just| only)? ?cpus?(?![a-z])|(?<![a-z])cpu[- ](?:only|"
    r"inference)|only cpu|"
    r"no gpu|without (?:a )?gpu"
)
_DGX: Final = Pattern(r"(?:dgx|hgx) ?-?$")


def find_hardware(text: str, replica_gpus: int | None = None, count: int | None = 1) -> Machines:
    """Cards, counts and memories of a lower-case text in which models and formats are blanked.

    `replica_gpus` is what the named split spans: the count where the text gives none; else it is `count`, or one for
    a computer whose chip is its machine (a Mac, a Spark).
    """
    machines = Machines()
    found = _cards(text, machines)
    found.sort(key=lambda card: card.span)
    for card in found:
        machines.spans.append(card.span)
    cards = _without_cpus(found)
    for aside in (card for card in found if card not in cards):
        machines.processor, machines.processor_memory_gb = aside.gpu_id, aside.seat.memory_gb
    nodes = node_count(text, cards)
    apply_machines(text, cards, nodes, machines)
    apply_loose_count(text, cards, nodes, replica_gpus, count)
    for card in cards:
        _refuse_impossible(card, machines)
    machines.are_joined = any(
        left.gpu_id != right.gpu_id and "+" in text[left.span[1] - 1 : right.span[0]] for left, right in pairwise(cards)
    )
    machines.refs = _merged([_ref(card, machines) for card in cards], cards)
    if not machines.refs and not machines.unknown and "cpu" in text and _CPU.search(text):
        machines.refs.append(HardwareRef("cpu-desktop-ddr5"))
    return machines


def _cards(text: str, machines: Machines) -> list[Found]:
    found = [
        Found(gpu_id, text[span[0] : span[1]], Seat(0, 0, count=count), span)
        for gpu_id, count, span in [*find_tpus(text), *find_instances(text)]
    ]
    text = _blanked(text, [card.span for card in found])
    atoms = cut(text)
    at = 0
    while at < len(atoms) and len(found) <= LARGEST_LIST:
        card = _card_at(atoms, at, text, machines)
        if card:
            found.append(card)
            at = max(at + 1, card.seat.end)
        else:
            at += 1
    machines.mentions = len(found)
    for other in find_unknown(_blanked(text, [card.span for card in found])):
        machines.unknown.append(other)
        machines.spans.append(other.span)
    return found


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return text


def _card_at(atoms: Atoms, at: int, text: str, machines: Machines) -> Found | None:
    if not (starts_card(atoms.texts[at]) and _starts_there(atoms, at)):
        return None
    matched = match_card(atoms, at)
    if matched is None:
        return None
    gpu_id, name, end = matched
    if atoms.at(at).isdigit() and atoms.at(end) in _NOT_AFTER_NUMBER:
        return None
    if atoms.at(at - 1) == "apache":
        return None
    other = _another_chip(atoms, at, end)
    if other:
        span = (atoms.starts[at], atoms.ends[end - 1])
        machines.unknown.append(Unknown(other, span))
        machines.spans.append(span)
        return None
    seat = read_seat(atoms, at, end, is_unified=is_unified(GPUS[gpu_id]))
    if seat.memory_gb is None:
        seat.memory_gb = MEMORY_OF_SPELLING.get(name)
    gpu_id = _form_after(atoms, end, gpu_id, name)
    _apply_system(text[max(0, atoms.starts[at] - 8) : atoms.starts[at]], seat, name)
    span = (atoms.starts[seat.start], atoms.ends[seat.end - 1])
    return Found(gpu_id, name, seat, span, is_bare=name == name.split(" ")[0])


_NOT_AFTER_NUMBER: Final = word_set("token tokens tok ms mb gb users requests mhz context ctx % samples steps")


def _starts_there(atoms: Atoms, at: int) -> bool:
    """A name starts a word, or touches a count, an x or a sign before it: `8xh100`, `4A10`, `rocm/mi210`."""
    before = atoms.at(at - 1)
    if not atoms.is_glued(at) or not (before.isascii() and before.isalnum()):
        return not (atoms.is_glued(at) and before in {"=", ".", "_"} and atoms.at(at)[0].isdigit())
    if before[0].isdigit() or before in {"x", "g", "gb"}:
        return not (atoms.is_glued(at - 1) and atoms.at(at - 2)[-1:].isalpha() and atoms.at(at - 2) != "x")
    return False


def _another_chip(atoms: Atoms, at: int, end: int) -> str | None:
    """`3060 ti` or `laptop 5090` where the table has only the plain card: another chip, not a spelling."""
    following, before = atoms.at(end), atoms.at(at - 1)
    name = " ".join(atoms.texts[at:end])
    is_geforce = any(len(word) == 4 and word.isdigit() for word in atoms.texts[at:end])
    if following in {"ti", "super"} and is_geforce:
        return f"{name} {following}"
    if is_geforce and (
        following in {"laptop", "mobile", "笔"} or before in {"laptop", "mobile"} or _is_laptop(atoms, at)
    ):
        return f"laptop {name}"
    return None


def _is_laptop(atoms: Atoms, at: int) -> bool:
    return atoms.at(at - 1) in {"rtx", "geforce"} and atoms.at(at - 2) in {"laptop", "mobile"}


def _form_after(atoms: Atoms, end: int, gpu_id: str, name: str) -> str:
    """`A100 80GB PCIe`: the form factor may stand after the memory."""
    if " " in name and not name.endswith("gb"):
        return gpu_id
    for at in range(end, min(end + 5, len(atoms))):
        word = atoms.at(at)
        if word in {"pcie", "nvl"}:
            base = GPUS[gpu_id].id.split("-")[0]
            memory = gpu_id.rsplit("-", 1)[-1]
            for candidate in (f"{base}-{word}-{memory}", *(row for row in GPUS if row.startswith(f"{base}-{word}"))):
                if candidate in GPUS:
                    return candidate
        if not (word[:1].isdigit() or word in {"g", "gb", "(", "-", "gib"}):
            break
    return gpu_id


def _apply_system(before: str, seat: Seat, name: str) -> None:
    """A DGX or HGX is a server of eight, unless it is the small one or its cards are counted."""
    is_system = (_DGX.search(before) or name.startswith("dgx ")) and "spark" not in name
    if is_system and (seat.count is None or seat.count < GPUS_PER_SERVER):
        seat.count = (seat.count or 1) * GPUS_PER_SERVER


def _without_cpus(found: list[Found]) -> list[Found]:
    """CPUs are asides once a GPU is named."""
    gpus = [card for card in found if not card.gpu_id.startswith("cpu-")]
    return gpus or found


def _refuse_impossible(card: Found, machines: Machines) -> None:
    count, memory_gb = card.seat.count, card.seat.memory_gb
    if card.seat.is_fraction_sure:
        machines.impossible.append(f"{card.seat.fraction} x {card.typed}")
    elif card.seat.fraction is not None:
        machines.notes.append(
            f'"{card.seat.fraction} {card.typed}": no count of cards; {count or "any number"} is taken'
        )
    if count is not None and not 0 < count <= LARGEST_COUNT:
        machines.impossible.append(f"{count:,} x {card.typed}")
    if memory_gb is not None and not 0 < memory_gb < LARGEST_MEMORY_GB:
        machines.impossible_memories.append(f"{card.typed} with {memory_gb:,.10g} GB")


MODIFIED_GB: Final[Mapping[str, float]] = {"rtx-4090": 48, "rtx-4090-d": 48, "rtx-2080-ti": 22, "rtx-3080-10gb": 20}
"""Memories that dealers put on a card: beside the name they are each card's, not the sum of two.

Source: vllm#17327 and Hunyuan-A13B#9 (48 GB), Qwen3#389 (22 GB); the 3080 with 20 GB was sold to miners.
"""

LARGEST_MEMORY_GB: Final = 10_000
"""Of one card, in GB: more is no memory of a card."""

LARGEST_LIST: Final = 32
"""Mentions of cards in one question: a longer list is a table pasted in, not a question."""

LARGEST_COUNT: Final = 10_000
"""GPUs of one deployment: more is a slip, since the largest published replicas span hundreds."""


@lru_cache(maxsize=256)
def _sized(gpu_id: str, memory_gb: float) -> Gpu:
    """The row of that memory: looked for once, since a table pasted in names one card thirty times."""
    return with_memory(GPUS[gpu_id], memory_gb)


def _ref(card: Found, machines: Machines) -> HardwareRef:
    gpu, memory_gb = GPUS[card.gpu_id], card.seat.memory_gb
    count = card.seat.count
    if memory_gb is None or machines.impossible_memories:
        return HardwareRef(gpu.id, count)
    sized = _sized(gpu.id, memory_gb)
    is_modified = card.seat.memory_is_beside and MODIFIED_GB.get(gpu.id) == memory_gb
    if sized.id == gpu.id and not is_modified and _is_total(gpu, count, memory_gb, machines):
        return HardwareRef(gpu.id, count)
    if _is_as_reported(gpu, memory_gb):
        return HardwareRef(gpu.id, count)
    if memory_gb > 4 * gpu.sold_memory_gb and not is_unified(gpu):
        machines.notes.append(f"{memory_gb:g} GB is no memory of one {gpu.id}: left out")
        return HardwareRef(gpu.id, count)
    differs = sized.sold_memory_gb != GPUS[sized.id].sold_memory_gb
    return HardwareRef(sized.id, count, memory_gb if differs else None)


def _is_total(gpu: Gpu, count: int | None, memory_gb: float, machines: Machines) -> bool:
    """`2x4090, 48G`: the memory of all cards together, not of each."""
    if count is None or count < 2 or abs(memory_gb - count * gpu.sold_memory_gb) > 1:
        return False
    machines.notes.append(
        f"{memory_gb:g} GB read as all {count} cards together; "
        f"write {count}x {gpu.id} with {memory_gb:g}GB each otherwise"
    )
    return True


def _is_as_reported(gpu: Gpu, memory_gb: float) -> bool:
    """The figure that the driver prints for the card as sold: 44 of an A40's 48 GB."""
    driver = gpu.driver_memory_gib
    return driver is not None and driver - 1.01 <= memory_gb <= gpu.sold_memory_gb


def _merged(refs: list[HardwareRef], cards: list[Found]) -> list[HardwareRef]:
    """One entry for one thing named twice; two counts of one card are a comparison and stay."""
    merged: list[HardwareRef] = []
    counted: list[bool] = []
    for ref, card in zip(refs, cards, strict=True):
        is_counted = card.seat.count not in {None, 1}
        twin = next((at for at, other in enumerate(merged) if _is_same(other, ref)), None)
        if twin is None:
            merged.append(ref)
            counted.append(is_counted)
        elif merged[twin].count != ref.count and counted[twin] and is_counted:
            merged.append(ref)
            counted.append(True)
        else:
            best = merged[twin]
            count = ref.count if is_counted or best.count is None else best.count
            merged[twin] = HardwareRef(
                ref.id if card.seat.memory_gb else best.id, count, best.memory_gb or ref.memory_gb
            )
            counted[twin] = counted[twin] or is_counted
    return merged


def _is_same(left: HardwareRef, right: HardwareRef) -> bool:
    return left.id == right.id and (left.memory_gb == right.memory_gb or not (left.memory_gb and right.memory_gb))
