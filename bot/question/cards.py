"""Which card a stretch of text names: the estimator's names, in the spellings people use.

A name is matched atom by atom (letters, digits, signs), so `RTX4090`, `rtx-4090` and `RTX 4090` are one, and
`A10B` is no A10. Names that are everyday words or instance families are left out, spellings of ours are added.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

from bot.question.patterns import Pattern
from bot.question.words import word_set
from estimator.gpus import GPUS, gpus_by_alias

_ATOM: Final = Pattern(r"(?<=\d)x|(?<=\d)gb?(?=[altv]\d)|\d{1,3}(?:,\d{3})+(?![\d,])|\d+(?:\.\d+)?|[a-z]+|[^\sa-z0-9]")
_SXM: Final = Pattern(r"sxm\d")

NOT_NAMES: Final = word_set(
    "g5 g6 g6e g7e p4d p5 p5e p5en cpu frontier aurora helios spr pvc turin genoa 8i 8t 7x v2 v3 v4 v7"
) | {
    "aws a10g",
    "core i9",
    "el capitan",
    "framework desktop",
    "desktop cpu",
    "ai max 395",
    "tpu v2",
    "tpu v3",
    "tpu v4",
}
"""Aliases that mean something else in a sentence; TPUs and cloud instances have rules of their own."""

SPELLINGS: Final[Mapping[str, str]] = {
    "dgx spark": "dgx-spark-gb10",
    "nvidia spark": "dgx-spark-gb10",
    "jetson thor": "jetson-thor-t5000",
    "agx thor": "jetson-thor-t5000",
    "jetson orin": "jetson-agx-orin-64gb",
    "jetson agx orin": "jetson-agx-orin-64gb",
    "agx orin": "jetson-agx-orin-64gb",
    "jetson orin agx": "jetson-agx-orin-64gb",
    "jetson orin nano": "jetson-orin-nano-super-8gb",
    "jetson nano orin": "jetson-orin-nano-super-8gb",
    "jetson orin nx": "jetson-orin-nx-16gb",
    "vera rubin": "vr200-nvl72",
    "a100x": "a100-sxm-80gb",
    "rtx 6000 pro": "rtx-pro-6000-blackwell-ws",
    "rtx6000 pro": "rtx-pro-6000-blackwell-ws",
    "6000 pro": "rtx-pro-6000-blackwell-ws",
    "rtx pro 6000 workstation edition": "rtx-pro-6000-blackwell-ws",
    "rtx pro 6000 blackwell workstation edition": "rtx-pro-6000-blackwell-ws",
    "rtx pro 6000 blackwell server edition": "rtx-pro-6000-blackwell-server",
    "rtx pro 6000 blackwell server": "rtx-pro-6000-blackwell-server",
    "rtx pro 6000d": "rtx-pro-6000-blackwell-server",
    "5000 pro": "rtx-pro-5000-blackwell-48gb",
    "pro 4000": "rtx-pro-4000-blackwell",
    "a6000 ada": "rtx-6000-ada",
    "3090 ti": "rtx-3090-ti",
    "h20 3e": "h20-141gb",
    "910b1": "ascend-910b",
    "910b4": "ascend-910b",
    "mi325": "mi325x",
    "mi350": "mi350x",
    "mi355": "mi355x",
    "mi300x oam": "mi300x",
    "rtx 3060": "rtx-3060-12gb",
    "rtx 4060 ti": "rtx-4060-ti-16gb",
    "4060 ti": "rtx-4060-ti-16gb",
    "rtx 5060 ti": "rtx-5060-ti-16gb",
    "5060 ti": "rtx-5060-ti-16gb",
    "rtx 7900 xtx": "rx-7900-xtx",
    "rx 7900 xtx": "rx-7900-xtx",
    "radeon 7900 xtx": "rx-7900-xtx",
    "rx 9070 xt": "rx-9070-xt",
    "strix halo": "strix-halo-128gb",
    "max 395": "strix-halo-128gb",
    "ai max 395": "strix-halo-128gb",
    "ai max": "strix-halo-128gb",
    "m3 max": "m3-max-40core",
    "m4 max": "m4-max-40core",
    "m5 max": "m5-max-40core",
    "epyc 9654": "cpu-epyc-9654",
    "epyc 9755": "cpu-epyc-9755",
    "xeon 8480": "cpu-xeon-8480",
    "xeon platinum 8480": "cpu-xeon-8480",
}
"""Spellings that the rows do not carry."""

MEMORY_OF_SPELLING: Final[Mapping[str, float]] = {"910b4": 32}
"""A name that says the memory: the Ascend 910B4 has 32 GB. Source: vllm-ascend#7227, MiniMax-M1#28."""

_TPU_ID: Final = {
    "v2": "tpu-v2",
    "v3": "tpu-v3",
    "v4": "tpu-v4",
    "v5e": "tpu-v5e",
    "v5litepod": "tpu-v5e",
    "v5p": "tpu-v5p",
    "v6e": "tpu-v6e",
    "v7": "tpu-v7",
    "v7x": "tpu-v7",
}
_TPU: Final = Pattern(
    r"(?<![a-z0-9.])(?:(?:tpu|google)[- ]?(v2|v3|v4|v5e|v5p|v6e|v7x?|v5litepod)|(v5e|v5p|v6e|v7x|v5litepod))"
    r"(?:[-:](\d{1,4}))?(?![a-z0-9.])"
)
_CORES_IN_LABEL: Final = {"tpu-v2": 2, "tpu-v3": 2, "tpu-v4": 2, "tpu-v5p": 2}
"""TensorCores per chip, where the number of a slice (`v4-8`) counts cores.

Source: cloud.google.com/tpu/docs/v5p-training.
"""

Span = tuple[int, int]


@dataclass(slots=True, eq=False, repr=False)
class Atoms:
    """A text cut into letters, digits and signs, with the places of each."""

    texts: list[str]
    starts: list[int]
    ends: list[int]

    def __len__(self) -> int:
        return len(self.texts)

    def at(self, place: int) -> str:
        """The atom there, or nothing beyond either end."""
        return self.texts[place] if 0 <= place < len(self.texts) else ""

    def is_glued(self, place: int) -> bool:
        """Whether the atom there touches the one before it."""
        return 0 < place < len(self.texts) and self.starts[place] == self.ends[place - 1]


def cut(text: str) -> Atoms:
    """The atoms of a lower-case text; `sxm4` and `sxm5` are read as `sxm`."""
    text = _SXM.sub("sxm ", text) if "sxm" in text else text
    atoms = Atoms([], [], [])
    for found in _ATOM.finditer(text):
        atoms.texts.append(found[0])
        atoms.starts.append(found.start())
        atoms.ends.append(found.end())
    return atoms


def starts_card(atom: str) -> bool:
    """Whether any card's name begins with that atom."""
    return _singular(atom) in _index()


def _singular(atom: str) -> str:
    """`sparks` is `spark`; a name of one letter keeps its s."""
    return atom[:-1] if len(atom) > 3 and atom.endswith("s") and atom not in _index() else atom


def match_card(atoms: Atoms, place: int) -> tuple[str, str, int] | None:
    """Id, spelling and end of the longest card name that starts at that atom."""
    rows = _index().get(_singular(atoms.texts[place]))
    if rows is None:
        return None
    second = atoms.at(place + 1)
    if second in _JOINTS:
        second = atoms.at(place + 2)
    plural = rows.get(second[:-1], ()) if second.endswith("s") else ()
    for spelled, gpu_id, name in (*rows.get(second, ()), *plural, *rows.get("", ())):
        end = _walk(atoms, place, spelled)
        if end is not None:
            return gpu_id, name, end
    return None


def find_tpus(text: str) -> list[tuple[str, int | None, Span]]:
    """TPU slices: `v5e-8` is eight chips, `v4-8` four."""
    if "v" not in text:
        return []
    found_all = []
    for found in _TPU.finditer(text):
        gpu_id = _TPU_ID[found[1] or found[2]]
        chips = max(1, int(found[3]) // _CORES_IN_LABEL.get(gpu_id, 1)) if found[3] else None
        found_all.append((gpu_id, chips, found.span()))
    return found_all


def is_card(word: str) -> bool:
    """Whether a word is a card's name, plural and count glued to it included."""
    compact = word.replace("-", "").replace("_", "").replace(" ", "")
    names = _compact_names()
    return compact in names or (compact.endswith("s") and compact[:-1] in names)


def near_cards(word: str) -> tuple[str, ...]:
    """Ids of cards one slip away: a letter changed, lost or added; O is 0 and l is 1."""
    compact = re.sub(r"[^a-z0-9]", "", word)
    if len(compact) < 3:
        return ()
    alike = compact.translate(_ALIKE)
    names = [name for key in _shortened(alike) for name in _slips().get(key, ()) if _one_slip(alike, name)]
    names.sort(key=lambda name: name != alike)
    return tuple(dict.fromkeys(_alike_ids()[name] for name in names))[:3]


_ALIKE: Final = str.maketrans("ol", "01")


def _shortened(word: str) -> tuple[str, ...]:
    """The word and the word without each of its letters: two words one slip apart share one of these."""
    return (word, *(word[:at] + word[at + 1 :] for at in range(len(word))))


@cache
def _alike_ids() -> dict[str, str]:
    return {name.translate(_ALIKE): gpu_id for name, gpu_id in _compact_names().items() if len(name) > 2}


@cache
def _slips() -> dict[str, list[str]]:
    """Names by each of their shortened forms, made at the first word that may be a slip."""
    slips: dict[str, list[str]] = {}
    for name in _alike_ids():
        for key in dict.fromkeys(_shortened(name)):
            slips.setdefault(key, []).append(name)
    return slips


def _one_slip(left: str, right: str) -> bool:
    """Whether one letter changed, lost, added or swapped with its neighbour makes one word the other."""
    if abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    left, right = left[start:], right[start:]
    swapped = len(left) > 1 and left[:2] == right[1::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]


def _walk(atoms: Atoms, place: int, spelled: tuple[str, ...]) -> int | None:
    """The end of a name that is spelled out from there, or None."""
    at = place + 1
    for before, wanted in pairwise(spelled):
        touches = atoms.is_glued(at)
        if atoms.at(at) in _JOINTS and (atoms.at(at) != "+" or wanted == "395"):
            touches = touches and atoms.is_glued(at + 1)
            at += 1
        is_plural = len(wanted) > 1 and atoms.at(at) == f"{wanted}s"
        if not (atoms.at(at) == wanted or is_plural) or not (touches or _may_stand_apart(before, wanted)):
            return None
        at += 1
    return at if _ends_there(atoms, at) else None


_JOINTS: Final = frozenset({"-", "_", "+"})


def _may_stand_apart(before: str, after: str) -> bool:
    """A single letter and a number are one word: `H100`, `H-100`, never `a 100 token prompt`."""
    letter_then_digit = len(before) == 1 and before.isalpha() and after[0].isdigit()
    digit_then_letter = (
        before[-1].isdigit() and len(after) == 1 and after.isalpha() and (before, after) != ("4090", "d")
    )
    return not (letter_then_digit or digit_then_letter)


def _ends_there(atoms: Atoms, at: int) -> bool:
    """No letter or digit may touch the end, but a plural s, a count (`x8`) or the word GPU."""
    following = atoms.at(at)
    if not atoms.is_glued(at) or not (following.isascii() and following.isalnum()):
        return True
    if following in {"gpu", "gpus"}:
        return True
    if following == "x":
        return atoms.at(at + 1)[:1].isdigit()
    if following[0].isdigit():
        return atoms.at(at - 1) == "x"
    return following == "s" and not (
        atoms.is_glued(at + 1) and atoms.at(at + 1).isascii() and atoms.at(at + 1).isalnum()
    )


Row = tuple[tuple[str, ...], str, str]


@cache
def _names() -> dict[str, str]:
    names = {name: gpu_id for name, gpu_id in gpus_by_alias().items() if name not in NOT_NAMES}
    names.update({name: gpu_id for name, gpu_id in SPELLINGS.items() if gpu_id in GPUS})
    return names


@cache
def _index() -> dict[str, dict[str, list[Row]]]:
    """Names by their first and second atoms, the longest first."""
    rows: dict[str, dict[str, list[Row]]] = {}
    for name, gpu_id in _names().items():
        spelled = tuple(atom for atom in _ATOM.findall(_SXM.sub("sxm ", name)) if atom[0].isalnum())
        seconds = rows.setdefault(spelled[0], {})
        seconds.setdefault(spelled[1] if len(spelled) > 1 else "", []).append((spelled, gpu_id, name))
    for seconds in rows.values():
        for found in seconds.values():
            found.sort(key=lambda row: -len(row[0]))
    return rows


@cache
def _compact_names() -> dict[str, str]:
    return {name.replace(" ", "").replace("-", ""): gpu_id for name, gpu_id in _names().items()}
