"""What an answer says, before anyone decides how it looks.

A report is a headline, a verdict, a few tables and lists, in the order in which people want them: yes or no first,
then the margin, then what would work, then why, then what was assumed. The terminal, Slack and the page draw the same
report; none adds a figure of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bot.question.query import Query
    from bot.render.chart import Chart

Mood = Literal["yes", "no", "note", "error"]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a title; the first column names the row. `columns` is empty for a plain list of facts."""

    title: str
    rows: Sequence[tuple[str, ...]]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notes:
    """Sentences under a title: assumptions, warnings, sources."""

    title: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Section:
    """One model on one machine: a verdict in a sentence, then tables and notes."""

    heading: str
    mood: Mood
    verdict: str
    tables: Sequence[Table] = ()
    notes: Sequence[Notes] = ()
    commands: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole answer. `title` is one plain line that stands alone (a notification, a screen reader, a log).

    `query` is what was understood and answered, for fronts that carry a conversation on; None where nothing was.
    `charts` are there for fronts that can draw. `is_private` where it tells of a repository that the public cannot see.
    """

    title: str
    sections: Sequence[Section]
    footer: Sequence[str] = field(default_factory=tuple)
    query: "Query | None" = None
    charts: "Sequence[Chart]" = ()
    is_private: bool = False

    @property
    def mood(self) -> Mood:
        """The mood of the whole: that of its only section, else a note."""
        return self.sections[0].mood if len(self.sections) == 1 else "note"


def error_report(message: str, hint: str = "", suggestions: Iterable[str] = ()) -> Report:
    """An explained refusal, which is a report too."""
    near = tuple(suggestions)
    notes = (Notes("Did you mean", near),) if near else ()
    section = Section(heading="", mood="error", verdict=message, notes=notes)
    is_said = bool(near) and hint == f"did you mean {near[0]}?"
    return Report(title=message, sections=(section,), footer=(hint,) if hint and not is_said else ())
