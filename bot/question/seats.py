"""What stands around a card's name: how many, with how much memory, in how many machines.

Counts have many seats (`8xH100`, `H100 *2`, `4卡H20`, `two A6000s`, `A100-80GB:8`, `2x8 H100`); a number with `G`
is a memory, never a count (`8x24G的4090` is eight cards of 24 GB).
"""

from dataclasses import dataclass
from typing import Final

from bot.question.cards import Atoms
from bot.question.words import NUMBER_WORDS, word_set

_MEMORY_UNITS: Final = frozenset({"g", "gb", "gib", "gig", "gigs"})
_SIGNS: Final = frozenset({"x", "*"})
_MEASURES: Final = frozenset("卡张块个片枚颗")
_SKIP_BEFORE: Final = word_set(
    "nvidia tesla geforce gtx rtx quadro amd instinct radeon apple huawei ascend intel arc gpu gpus of mac studio "
    "macbook mini google aws card cards chip chips graphics x new used 的 华 为 昇 腾 英 伟 达 苹 果 显"
) | {'"', "'", "(", "["}
_SKIP_AFTER: Final = word_set(
    "s gpu gpus card cards graphics nvidia sxm pcie nvlink hbm hbm3 2 3 3e e developer kit edition blackwell "
    "ampere workstation server mac mini studio macbook pro chip laptop gen vram memory variant version desktop "
    "based 的 显 存 机 器 服 务 版 版本 卡"
) | {"'", "(", ")", "[", "]", "-", "~", "/"}
_LEAD_TO_MEMORY: Final = frozenset({"with", "w", "each", "and", "has", "having", "of", ",", "+", "every", "单", "每"})
_MAIN_MEMORY: Final = frozenset(
    {"ram", "ddr", "dram", "内", "system", "disk", "ssd", "nvme", "swap", "host", "cpu", "主", "硬"}
)
_CARD_MEMORY: Final = frozenset({"vram", "显", "each", "hbm", "gddr", "gpu"})
_NO_COUNT_BEFORE: Final = word_set(
    "at version v cuda driver port batch bs size step layers layer python ubuntu torch rocm vllm sglang seed "
    "level pcie gen tp pp ep dp top q gb g k"
)


@dataclass(slots=True, eq=False, repr=False)
class Seat:
    """A card's place with what was read around it."""

    start: int
    end: int
    count: int | None = None
    memory_gb: float | None = None
    memory_is_beside: bool = False
    machines: int = 1
    fraction: str | None = None
    is_fraction_sure: bool = False


def read_seat(atoms: Atoms, start: int, end: int, *, is_unified: bool) -> Seat:
    """Count, memory and machines around the name that spans those atoms.

    On chips with unified memory (Apple, Spark, Jetson) RAM is the memory of the card.
    """
    seat = Seat(start, end)
    _read_before(atoms, seat)
    _read_after(atoms, seat, is_unified=is_unified)
    return seat


def whole(text: str) -> int | None:
    """A whole number as typed, thousands separators allowed, or None."""
    digits = text.replace(",", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def _read_before(atoms: Atoms, seat: Seat) -> None:
    at = seat.start - 1
    glued = atoms.is_glued(seat.start)
    while at >= 0:
        word = atoms.at(at)
        if word in _MEMORY_UNITS and whole(atoms.at(at - 1)) is not None and seat.memory_gb is None:
            seat.memory_gb, seat.memory_is_beside = float(atoms.at(at - 1).replace(",", "")), True
            at -= 2
        elif _is_skipped(atoms, at):
            at -= 1
        else:
            break
        glued = False
    _count_before(atoms, seat, at, glued=glued)


def _is_skipped(atoms: Atoms, at: int) -> bool:
    """Vendors and small words before a name; an x after a number is a count's, `(8x)` included."""
    word = atoms.at(at)
    if word == ")":
        return atoms.at(at - 1) in _SIGNS
    return word in _SKIP_BEFORE and not (word == "x" and _number_at(atoms, at - 1) is not None)


def _count_before(atoms: Atoms, seat: Seat, at: int, *, glued: bool) -> None:
    word = atoms.at(at)
    has_sign = word in _SIGNS or word in _MEASURES or (word == "-" and glued and atoms.is_glued(at))
    number_at = at - 1 if has_sign else at
    number = _number_at(atoms, number_at)
    if number is None and "." in atoms.at(number_at)[1:] and _may_count(atoms, number_at):
        seat.fraction = atoms.at(number_at)  # `2.5xH100` is no count; `torch 2.5 H100` may be a version
        seat.is_fraction_sure = has_sign or atoms.at(at + 1) in _SIGNS
    if number is None or not _may_count(atoms, number_at):
        return
    seat.start = number_at
    seat.count = -number if _is_negative(atoms, number_at) else number
    _machines_before(atoms, seat, number_at)


def _machines_before(atoms: Atoms, seat: Seat, at: int) -> None:
    """`2x8 H100`, `2*8*H100`: a product of machines and cards."""
    sign_at = at - 2 if atoms.at(at - 1) == "(" else at - 1
    if atoms.at(sign_at) in _SIGNS:
        machines = _number_at(atoms, sign_at - 1)
        if machines and _may_count(atoms, sign_at - 1):
            seat.machines, seat.start = machines, sign_at - 1


def _number_at(atoms: Atoms, at: int) -> int | None:
    word = atoms.at(at)
    if word in NUMBER_WORDS:
        if word == "十":
            return 10 + NUMBER_WORDS.get(atoms.at(at + 1), 0) if atoms.at(at + 1) in NUMBER_WORDS else 10
        if atoms.at(at - 1) == "十":
            return 10 + NUMBER_WORDS[word]
        return NUMBER_WORDS[word]
    return whole(word)


def _may_count(atoms: Atoms, at: int) -> bool:
    """A number that touches a letter, a point or a slash before it belongs to that: `v0.8.5`, `cuda 12 A100`."""
    before = atoms.at(at - 1)
    if atoms.is_glued(at) and before in {".", "/", "$", "#", "@", "="}:
        return False
    if atoms.is_glued(at) and before.isascii() and before.isalnum() and before != "x":
        return False
    return before not in _NO_COUNT_BEFORE


def _is_negative(atoms: Atoms, at: int) -> bool:
    """`on -2 h100`, but neither a dash between words nor a bullet."""
    return (
        atoms.at(at - 1) == "-"
        and atoms.is_glued(at)
        and not atoms.is_glued(at - 1)
        and atoms.at(at - 2) in {"on", "with", "using", "for", "use"}
    )


def _read_after(atoms: Atoms, seat: Seat, *, is_unified: bool) -> None:
    at = seat.end
    led = False
    for _ in range(14):
        word = atoms.at(at)
        step = _count_step(atoms, seat, at) or _memory_step(atoms, seat, at, led=led, is_unified=is_unified)
        if step:
            at += step
            seat.end = at
        elif word in _LEAD_TO_MEMORY:
            led, at = True, at + 1
        elif word in _SKIP_AFTER or _is_core_count(atoms, at):
            at += 1
        else:
            return


def _is_core_count(atoms: Atoms, at: int) -> bool:
    """`76 core`, `80-core`: neither a count of cards nor a memory."""
    words = (atoms.at(at), atoms.at(at + 1), atoms.at(at + 2))
    return words[0] in {"core", "cores"} or (
        words[0].isdigit() and any(word in {"core", "cores"} for word in words[1:])
    )


def _count_step(atoms: Atoms, seat: Seat, at: int) -> int:
    """How many atoms a count after the name takes: `*2`, `x8`, `:8`, `(8x)`, `8卡`."""
    if seat.count is not None:
        return 0
    word, following = atoms.at(at), whole(atoms.at(at + 1))
    if word in _SIGNS and following is not None and _is_free(atoms, at + 1):
        seat.count = following
        return 2
    if (
        word == ":"
        and following is not None
        and atoms.is_glued(at)
        and atoms.is_glued(at + 1)
        and _is_free(atoms, at + 1)
    ):
        seat.count = following
        return 2
    number = _number_at(atoms, at) if word not in {"a", "an"} else None
    if number is None:
        return 0
    after = atoms.at(at + 1)
    if (after in _SIGNS and atoms.at(at + 2) == ")") or (after in _MEASURES and atoms.at(at + 2) != "人"):
        seat.count = number
        return 2
    if after == ")" and atoms.at(at - 1) == "(" and number < 1000:
        seat.count = number
        return 1
    return 0


def _is_free(atoms: Atoms, at: int) -> bool:
    """Whether the number there has no unit of its own: `*8` counts, `*80G` and `x 2 nodes` do not."""
    following = atoms.at(at + 1)
    if following in {"node", "nodes", "machines", "servers", "台", "机", "节"}:
        return False
    if not atoms.is_glued(at + 1):
        return following not in _MEMORY_UNITS
    return not (following.isascii() and following.isalnum())


def _memory_step(atoms: Atoms, seat: Seat, at: int, *, led: bool, is_unified: bool) -> int:
    number, unit = atoms.at(at), atoms.at(at + 1)
    if seat.memory_gb is not None or unit not in _MEMORY_UNITS or not number[:1].isdigit():
        return 0
    after = atoms.at(at + 2) if atoms.at(at + 2) not in {"of", "-", "/", "in"} else atoms.at(at + 3)
    if after in _MAIN_MEMORY and not is_unified and atoms.at(at + 2) != "in":
        return 0
    sure = after in _CARD_MEMORY or is_unified or not led
    if not sure:
        return 0
    seat.memory_gb = float(number.replace(",", ""))
    seat.memory_is_beside = not led
    return 2
