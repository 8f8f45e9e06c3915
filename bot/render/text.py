"""A report as a terminal shows it: aligned, plain when piped, words before colours.

Colour is only ever a second sign: "Fits" and "Does not fit" stand in words, so that a pipe, a screen reader and a
colour-blind eye read the same. What strangers named is made visible first: no control character of theirs arrives.
"""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from bot.render.report import Mood, Notes, Report, Section, Table
from bot.render.visible import visible

COLOURS: Final[dict[Mood, str]] = {"yes": "green", "no": "red", "note": "cyan", "error": "red"}
INDENT: Final = "  "
LEAST_WIDTH: Final = 60
FACT_CELLS: Final = 2
"""A row of a list of facts: its name and its value."""


class Style(Protocol):
    """How a piece of text is coloured: `click.style`, or nothing at all."""

    def __call__(self, text: str, *, fg: str | None = None, bold: bool = False) -> str:
        """The text with its colour codes."""


def plain(text: str, *, fg: str | None = None, bold: bool = False) -> str:
    """The text as it is."""
    del fg, bold
    return text


def to_text(report: Report, style: Style = plain, width: int = 100, *, folds_tables: bool = True) -> str:
    """The whole report, without a newline at the end; `folds_tables` False keeps wide tables whole, for pipes."""
    width = max(width, LEAST_WIDTH)
    parts = [line for section in report.sections for line in (*_section(section, style, width, folds_tables), "")]
    parts += [line for note in report.footer for line in _wrapped(note, width, "")]
    while parts and not parts[-1]:
        parts.pop()
    return "\n".join(parts)


def _section(section: Section, style: Style, width: int, folds_tables: bool) -> Iterator[str]:
    if section.heading:
        yield style(visible(section.heading), bold=True)
    for line in _wrapped(section.verdict, width, ""):
        yield style(line, fg=COLOURS[section.mood], bold=True)
    for table in section.tables:
        yield ""
        yield style(table.title, bold=True)
        yield from _table(table, width, folds_tables)
    for name, command in section.commands:
        yield ""
        yield style(f"Start it with {name}", bold=True)
        yield INDENT + visible(command)
    for notes in section.notes:
        yield ""
        yield style(notes.title, bold=True)
        yield from _notes(notes, width)


def _table(table: Table, width: int, folds: bool) -> Iterator[str]:
    """Aligned columns; a table too wide for the terminal becomes one paragraph a row, a list of facts wraps."""
    rows: list[Sequence[str]] = [[visible(cell) for cell in row] for row in table.rows]
    if table.columns:
        rows.insert(0, table.columns)
    columns = range(max(len(row) for row in rows))
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in columns]
    is_too_wide = sum(widths) + len(INDENT) * len(widths) > width
    if is_too_wide and table.columns and folds:
        yield from _paragraphs(rows[0], rows[1:], width)
    else:
        for row in rows:
            yield from _row(row, widths, width)


def _row(row: Sequence[str], widths: Sequence[int], width: int) -> list[str]:
    cells = [cell.ljust(space) for cell, space in zip(row, widths, strict=False)]
    line = (INDENT + INDENT.join(cells)).rstrip()
    if len(line) <= width or len(row) != FACT_CELLS:
        return [line]
    start = INDENT + cells[0] + INDENT
    if len(start) > width // 2:
        return [(INDENT + cells[0]).rstrip(), *_wrapped(row[1], width, "  ")]
    return textwrap.wrap(row[1], width, initial_indent=start, subsequent_indent=" " * len(start))


def _paragraphs(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    for row in rows:
        said = ", ".join(f"{name} {cell}" for name, cell in zip(names[1:], row[1:], strict=False))
        yield from _wrapped(f"{row[0]}: {said}", width, "- ")


def _notes(notes: Notes, width: int) -> Iterator[str]:
    for line in notes.lines:
        yield from _wrapped(line, width, "- ")


def _wrapped(text: str, width: int, mark: str) -> list[str]:
    text = visible(text)
    if not mark:
        return textwrap.wrap(text, max(width, LEAST_WIDTH)) or [text]
    return textwrap.wrap(
        text, max(width, LEAST_WIDTH), initial_indent=INDENT + mark, subsequent_indent=INDENT + " " * len(mark)
    )
