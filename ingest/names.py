"""A loose name -> the repository that is meant, with the choice stated; or the question back.

In this order, and the first that answers does:

1. the id itself, in any case; an alias of the catalogue
2. a catalogued name with the same words and numbers, where the tuning (instruct, chat, it), the organisation, a release
   or a size may be left out; every number that was typed must be there as it was typed
3. the same after mending slips in letters, never in digits
4. the Hub's search, its hits judged in the same way

Where two fit alike the answer is `AmbiguousModel`, never a guess. Base and instruct models of one name share their
shape, so the instruct one is taken, and that is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, Protocol

from ingest.errors import AmbiguousModel, UnknownModel
from ingest.name_parts import FAMILY_MAKERS, NameParts, Role, is_original, name_parts, number_role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

How = Literal["exact", "alias", "near", "search"]

MARGIN: Final = 3
"""Two candidates nearer than this in cost fit alike."""
NUMBER_COSTS: Final[Mapping[Role, int]] = {"size": 4, "active size": 1, "release": 4, "generation": 20}
FORMAT_COST: Final = 8
SUFFIX_COST: Final = 2
WORD_COST: Final = 10
COPY_COST: Final = 3
FORMAT_MAKER_COST: Final = 1
"""Others than the makers: of a copy in the same format, and of one whose format costs already."""
INCOMPLETE_COST: Final = 10
"""From here on a family word or a generation is missing: the name is a part of this one, not a spelling of it."""
MIN_SLIP_LETTERS: Final = 4
SLIP_RATIO: Final = 84


class Names(Protocol):
    """What names are known: ids, and other names for them."""

    def repo_ids(self) -> Sequence[str]:
        """All ids, spelled as on the Hub."""

    def alias(self, name: str) -> str | None:
        """The id that goes by this other name, in any case."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The repository that a name stands for, how that was found, and the sentence that says so."""

    repo_id: str
    how: How
    alternatives: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Match:
    repo_id: str
    parts: NameParts
    cost: int
    tuning_cost: int
    misses_a_size: bool
    has_another_format: bool
    reasons: tuple[str, ...]

    @property
    def is_as_asked(self) -> bool:
        return self.is_complete and not self.has_another_format

    @property
    def is_complete(self) -> bool:
        return self.cost < INCOMPLETE_COST

    @property
    def rank(self) -> tuple[int, int, int, str]:
        return self.cost, self.tuning_cost, len(self.repo_id), self.repo_id


@dataclass(frozen=True, slots=True)
class _Known:
    """An id taken apart once, for every question after."""

    repo_id: str
    organisation: str
    parts: NameParts
    numbers: frozenset[str]


def resolve(name: str, catalogue_names: Names, *, search: Callable[[str], Sequence[str]] | None = None) -> Resolution:
    """The repository that is meant by a loose name.

    `search` asks the Hub for ids that hold a text; it is called at most once, when nothing known is what was asked.
    Raises: AmbiguousModel naming what fits, UnknownModel with up to three near names.
    """
    name = name.strip()
    repo_ids = tuple(catalogue_names.repo_ids())
    if (found := _stated(name, catalogue_names, repo_ids)) is not None:
        return found
    known = _taken_apart(repo_ids)
    asked = name_parts(name)
    matches = _matches(asked, known)
    if not matches:
        mended, slips = _mended(asked, known)
        matches = [replace(match, reasons=slips + match.reasons) for match in _matches(mended, known)] if slips else []
    is_settled = bool(matches) and (matches[0].is_as_asked if matches[0].is_complete else _several(matches))
    hits = _taken_apart(tuple(search(name))) if search and not is_settled else ()
    found_there = [match for match in _matches(asked, hits) if match.is_complete]
    if found_there and (not matches or found_there[0].cost < matches[0].cost):
        return _chosen(name, found_there, "search")
    if matches and (matches[0].is_complete or _several(matches)):
        return _chosen(name, matches, "near")
    raise _unknown(name, [match.repo_id for match in matches], [item.repo_id for item in (*known, *hits)])


def near_names(name: str, repo_ids: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """The ids whose names look most like this one, best first; for suggestions, never for a choice."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415  # start-up counts; only when nothing was found

    names = {repo_id: repo_id.rpartition("/")[2].lower() for repo_id in repo_ids}
    asked = name.rpartition("/")[2].lower().replace(" ", "-")
    found = process.extract(asked, names, scorer=fuzz.ratio, score_cutoff=55, limit=limit)
    return tuple(str(repo_id) for _, _, repo_id in found)


def _stated(name: str, names: Names, repo_ids: Sequence[str]) -> Resolution | None:
    """The id itself or an alias; a whole id that nobody knows here is left to the Hub."""
    lower = name.lower()
    for repo_id in repo_ids:
        if repo_id.lower() == lower:
            return Resolution(repo_id, "exact")
    if (known := names.alias(name)) is not None:
        return Resolution(known, "alias", note=f"{name!r} is read as {known}")
    if name.count("/") == 1:
        return Resolution(name, "exact", note=f"{name} is not in the catalogue")
    return None


@lru_cache(maxsize=8)
def _taken_apart(repo_ids: tuple[str, ...]) -> tuple[_Known, ...]:
    """The ids with their parts; a catalogue is taken apart once."""
    split = [(repo_id, *repo_id.rpartition("/")[::2]) for repo_id in repo_ids]
    return tuple(
        _Known(repo_id, organisation, parts := name_parts(own_name), frozenset(parts.numbers))
        for repo_id, organisation, own_name in split
    )


def _matches(asked: NameParts, known: Iterable[_Known]) -> list[_Match]:
    """Every id that holds all that was asked, best first."""
    if not asked.words:
        return []
    numbers, letters = frozenset(asked.numbers), "".join(asked.words)
    found = [
        _match(asked, item, more_words)
        for item in known
        if numbers <= item.numbers
        and asked.formats <= item.parts.formats
        and asked.suffixes <= item.parts.suffixes
        and (more_words := _words_left(letters, item.parts.words)) is not None
    ]
    return sorted((match for match in found if match is not None), key=lambda match: match.rank)


def _match(asked: NameParts, item: _Known, more_words: tuple[str, ...]) -> _Match | None:
    """How far an id with all the words is from what was asked; None if a number was typed that it does not have."""
    parts = item.parts
    missing = _missing_numbers(asked.numbers, parts.numbers)
    if missing is None:
        return None
    more_formats = sorted(parts.formats - asked.formats)
    costs = [
        *(NUMBER_COSTS[role] for _, role in missing),
        WORD_COST * len(more_words),
        FORMAT_COST * bool(more_formats),
        SUFFIX_COST * len(parts.suffixes - asked.suffixes),
        _maker_cost(item.organisation, parts),
    ]
    unsaid = ", ".join((*(number for number, _ in missing), *more_words, *more_formats))
    tuning_cost, tuning = _tuning(asked, parts)
    misses_a_size = any(role == "size" for _, role in missing)
    reasons = (f"{unsaid} not said", *tuning) if unsaid else tuning
    return _Match(item.repo_id, parts, sum(costs), tuning_cost, misses_a_size, bool(more_formats), reasons)


def _words_left(letters: str, words: tuple[str, ...]) -> tuple[str, ...] | None:
    """The words that remain when these letters are made of the others; None if they cannot be.

    >>> _words_left("deepseekcoder", ("deepseek", "coder", "lite"))
    ('lite',)
    >>> _words_left("llama", ("llava",)) is None
    True
    """
    if not letters:
        return words
    for index, word in enumerate(words):
        if letters.startswith(word):
            rest = _words_left(letters.removeprefix(word), words[:index] + words[index + 1 :])
            if rest is not None:
                return rest
    return None


def _missing_numbers(wanted: tuple[str, ...], numbers: tuple[str, ...]) -> list[tuple[str, Role]] | None:
    """The numbers of a name that were not typed, and what they stand for; None if one was typed that it lacks."""
    left = list(wanted)
    missing = []
    for index, number in enumerate(numbers):
        if number in left:
            left.remove(number)
        else:
            missing.append((number, number_role(numbers, index)))
    return None if left else missing


def _maker_cost(organisation: str, parts: NameParts) -> int:
    if is_original(organisation, parts) is not False:
        return 0
    return FORMAT_MAKER_COST if parts.formats else COPY_COST


def _tuning(asked: NameParts, parts: NameParts) -> tuple[int, tuple[str, ...]]:
    """How far the tuning is from what was asked, and what to say of it; it never decides between shapes."""
    if asked.is_base:
        return (
            (0, ()) if parts.is_base else (3, ("its instruct version; same shape",)) if parts.is_instruct else (1, ())
        )
    if parts.is_instruct:
        return 0, () if asked.is_instruct else ("its instruct version; the base model has the same shape",)
    if parts.is_base:
        return 3, ("the base model; same shape",)
    return 1, ("it has no instruct version by that name; same shape",) if asked.is_instruct else ()


def _distinct(matches: Sequence[_Match]) -> list[_Match]:
    """The best match of each shape: those alike in words and numbers count once."""
    best: dict[object, _Match] = {}
    for match in matches:
        best.setdefault(match.parts.key, match)
    return list(best.values())


def _several(matches: Sequence[_Match]) -> bool:
    return len(_distinct(matches)) > 1


def _chosen(name: str, matches: Sequence[_Match], how: How) -> Resolution:
    best, *others = _distinct(matches)
    if not best.is_complete:
        raise _ambiguous(name, [best, *others])
    # Which size is meant is never decided by what else was left out.
    rivals = [m for m in others if m.cost - best.cost < MARGIN or (best.misses_a_size and m.is_complete)]
    if best.has_another_format:
        rivals += [m for m in matches if m.cost - best.cost < MARGIN and m.parts.formats != best.parts.formats]
    if rivals:
        raise _ambiguous(name, [best, *rivals])
    if how == "search" and _is_disputed(best, matches):
        raise _ambiguous(name, [m for m in matches if m.cost == best.cost])
    reasons = f" ({'; '.join(best.reasons)})" if best.reasons else ""
    alternatives = tuple(match.repo_id for match in matches if match is not best)[:3]
    return Resolution(best.repo_id, how, alternatives, f"{name!r} is read as {best.repo_id}{reasons}")


def _is_disputed(best: _Match, matches: Sequence[_Match]) -> bool:
    """Whether several organisations offer what was found, none of them its maker."""
    organisation = best.repo_id.rpartition("/")[0]
    if is_original(organisation, best.parts):
        return False
    return any(m.cost == best.cost and m.repo_id.rpartition("/")[0] != organisation for m in matches)


def _ambiguous(name: str, matches: Sequence[_Match]) -> AmbiguousModel:
    ids = tuple(match.repo_id for match in matches[:5])
    more = f" and {len(matches) - 5} more" if len(matches) > 5 else ""
    return AmbiguousModel(
        f"{name!r} fits {' and '.join([', '.join(ids[:-1]), ids[-1]] if len(ids) > 1 else ids)}{more}.",
        "Say which one is meant.",
        suggestions=ids,
    )


def _unknown(name: str, parts_of: Sequence[str], repo_ids: Sequence[str]) -> UnknownModel:
    near = tuple(dict.fromkeys((*parts_of, *near_names(name, repo_ids))))[:3]
    hint = f"Did you mean {' or '.join(near)}?" if near else "Name it as org/name, as on the Hub."
    return UnknownModel(f"No model goes by the name {name!r}.", hint, suggestions=near)


def _mended(asked: NameParts, items: Iterable[_Known]) -> tuple[NameParts, tuple[str, ...]]:
    """The name with its misspelt words put right, and what was; digits are never touched."""
    vocabulary = {word for item in items for word in item.parts.words}
    known = vocabulary | FAMILY_MAKERS.keys()
    mended = {word: better for word in asked.words if word not in known and (better := _respelt(word, vocabulary))}
    slips = tuple(f"{word!r} taken for {better!r}" for word, better in mended.items())
    return replace(asked, words=tuple(mended.get(word, word) for word in asked.words)), slips


def _respelt(word: str, vocabulary: set[str]) -> str | None:
    """The one word that this is a slip of: two letters swapped, or one or two missing or too many."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415  # start-up counts; only when nothing was found
    from rapidfuzz.distance import OSA  # noqa: PLC0415  # as above

    if len(word) < MIN_SLIP_LETTERS:
        return None
    near = [str(better) for better, _, _ in process.extract(word, sorted(vocabulary), scorer=fuzz.ratio, limit=4)]
    close = [
        b
        for b in near
        if fuzz.ratio(word, b) >= SLIP_RATIO or (len(b) >= MIN_SLIP_LETTERS and OSA.distance(word, b) == 1)
    ]
    closest = min((OSA.distance(word, better) for better in close), default=0)
    best = [better for better in close if OSA.distance(word, better) == closest]
    return best[0] if len(best) == 1 else None
