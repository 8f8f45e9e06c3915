"""What a subscription asks for, as people write it: `Qwen, deepseek-ai on 8xH100 at 32K under 100B quiet 22-7`.

who         organizations and users with commas or spaces, `everything`, or `trending`
on ... at   machines and a context, as in questions
over 7B     under 100B, of parameters
licence     licence apache-2.0 (also license)
likes 10    at least so many
task        task text-generation
base only   no quantizations, fine-tunes, adapters, merges
quiet 22-7  nothing between these hours; what comes then is told of in the morning
daily 9     one message a day at that hour; `hourly` one an hour
UTC+2       whose hours they are; else UTC
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from bot.errors import QuestionError
from bot.question.numbers import amount
from bot.scan.plan import DEFAULT_MACHINES, Plan, read_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

EVERYTHING: Final = frozenset({"everything", "all", "anything"})
MOST_CHARACTERS: Final = 500
MOST_NAMES: Final = 50
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}")
_SIZES: Final = {"m": 1e6, "b": 1e9, "t": 1e12}
_HOURS: Final = r"(\d{1,2})(?::00)?"
_CLAUSES: Final = {
    "at_least": re.compile(r"\b(?:over|above|from|at least|>=?) ?(\d+(?:\.\d+)?) ?([mbt])\b"),
    "at_most": re.compile(r"\b(?:under|below|up to|at most|<=?) ?(\d+(?:\.\d+)?) ?([mbt])\b"),
    "licence": re.compile(r"\blicen[cs]e ([\w.-]{1,40})"),
    "likes": re.compile(r"\b(?:likes (?:>=? ?)?(\d{1,9})|(\d{1,9})\+? likes)\b"),
    "task": re.compile(r"\btask ([\w-]{1,60})"),
    "base_only": re.compile(r"\b(?:base(?: models)? only|only base(?: models)?|originals? only)\b"),
    "quiet": re.compile(rf"\bquiet(?: hours)? {_HOURS} ?(?:-|to|until) ?{_HOURS}(?![\d:])"),
    "daily": re.compile(rf"\bdaily(?: (?:at )?{_HOURS})?(?![\d:])"),
    "hourly": re.compile(r"\bhourly\b"),
    "zone": re.compile(r"\butc(?: ?([+-]\d{1,2}))?\b"),
    "context": re.compile(r"\bat (\d[\d.,]*[km]?)\b"),
    "machines": re.compile(r"\bon (.+)$"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is told, and when. `organizations` empty is everybody's; `plan` None sizes for no machine."""

    organizations: tuple[str, ...] = ()
    is_trending: bool = False
    plan: Plan | None = None
    least_parameters: float | None = None
    most_parameters: float | None = None
    licence: str | None = None
    likes: int = 0
    task: str | None = None
    is_base_only: bool = False
    quiet: tuple[int, int] | None = None
    digest: str | None = None
    digest_hour: int = 9
    utc_offset_h: int = 0

    def may_want(self, repo_id: str) -> bool:
        """Whether its owner is among those asked for."""
        return not self.organizations or repo_id.partition("/")[0].lower() in self.organizations

    def wants(self, repo_id: str, how: str, facts: Mapping[str, Any]) -> bool:
        """Whether a release is what was asked for; what is not known of it does not keep it out, but for likes."""
        parameters, licence, task = facts.get("parameters"), facts.get("licence"), facts.get("pipeline_tag")
        return (
            self.may_want(repo_id)
            and (how != "trending" or self.is_trending)
            and (how == "trending" or not self.is_trending or bool(self.organizations))
            and not (self.is_base_only and facts.get("base_models"))
            and not (self.licence and licence and licence != self.licence)
            and not (self.task and task and task != self.task)
            and facts.get("likes", 0) >= self.likes
            and not (parameters and self.least_parameters and parameters < self.least_parameters)
            and not (parameters and self.most_parameters and parameters > self.most_parameters)
        )

    def due_at(self, now: float) -> float:
        """When something found now is told of: at once, in the next digest, or when the quiet hours end."""
        local = datetime.fromtimestamp(now, timezone(timedelta(hours=self.utc_offset_h)))
        hour = local.replace(minute=0, second=0, microsecond=0)
        if self.digest == "hourly":
            local = hour + timedelta(hours=1)
        elif self.digest == "daily":
            at = hour.replace(hour=self.digest_hour)
            local = at if at > local else at + timedelta(days=1)
        if self.quiet is not None and _is_within(local.hour, *self.quiet):
            end = local.replace(hour=self.quiet[1], minute=0, second=0, microsecond=0)
            local = end if end > local else end + timedelta(days=1)
        return local.astimezone(UTC).timestamp()


def read_wish(text: str) -> Wish:
    """The wish that a text spells; raises `QuestionError` naming the words that were not understood."""
    if len(text) > MOST_CHARACTERS:
        raise QuestionError(f"the wish has {len(text):,} characters; {MOST_CHARACTERS} are read", "write it shorter")
    rest, found = f" {' '.join(text.lower().replace('×', 'x').split())} ", dict[str, re.Match[str]]()
    for name, pattern in _CLAUSES.items():
        match = pattern.search(rest)
        if match:
            found[name] = match
            rest = rest[: match.start()] + " " + rest[match.end() :]
    names = [word for word in re.split(r"[,\s]+", rest.replace(" and ", " ")) if word]
    organizations, is_trending = _organizations(names, text)
    return Wish(
        organizations=organizations,
        is_trending=is_trending,
        plan=_plan(found),
        least_parameters=_size(found.get("at_least")),
        most_parameters=_size(found.get("at_most")),
        licence=found["licence"][1] if "licence" in found else None,
        likes=int(found["likes"][1] or found["likes"][2]) if "likes" in found else 0,
        task=found["task"][1] if "task" in found else None,
        is_base_only="base_only" in found,
        quiet=(_hour(found["quiet"][1]), _hour(found["quiet"][2])) if "quiet" in found else None,
        digest="daily" if "daily" in found else "hourly" if "hourly" in found else None,
        digest_hour=_hour(found["daily"][1] or "9") if "daily" in found else 9,
        utc_offset_h=_offset(found.get("zone")),
    )


def _organizations(names: list[str], text: str) -> tuple[tuple[str, ...], bool]:
    is_trending = "trending" in names
    named = [name for name in names if name not in EVERYTHING and name != "trending"]
    strange = [name for name in named if not _NAME.fullmatch(name)]
    if strange or not names:
        said = f"{strange[0]!r} is no organization" if strange else f"{text[:80]!r} names nobody to watch"
        raise QuestionError(said, "`Qwen on 8xH100`, `everything over 30B`, `trending`; see docs/watch.md")
    if len(named) > MOST_NAMES:
        raise QuestionError(f"{len(named)} organizations are too many", f"at most {MOST_NAMES} in one subscription")
    return tuple(dict.fromkeys(named)), is_trending


def _plan(found: Mapping[str, re.Match[str]]) -> Plan | None:
    context = found["context"][1] if "context" in found else None
    if "machines" not in found:
        return read_plan(DEFAULT_MACHINES, (), context) if context else None
    if context is not None and amount(context) is None:
        raise QuestionError(f"{context!r} is no context", "a number of tokens: 8192, 32K")
    return read_plan([part for part in re.split(r",| and ", found["machines"][1]) if part.strip()], (), context)


def _size(match: re.Match[str] | None) -> float | None:
    return float(match[1]) * _SIZES[match[2]] if match else None


def _hour(text: str) -> int:
    if int(text) > 24:
        raise QuestionError(f"{text} is no hour", "from 0 to 24")
    return int(text) % 24


def _offset(match: re.Match[str] | None) -> int:
    hours = int(match[1] or 0) if match else 0
    if not -12 <= hours <= 14:
        raise QuestionError(f"UTC{hours:+} is no time zone", "from UTC-12 to UTC+14")
    return hours


def _is_within(hour: int, begin: int, end: int) -> bool:
    return begin <= hour < end if begin <= end else hour >= begin or hour < end
