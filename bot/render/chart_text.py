"""A chart as a terminal shows it: plain characters, a mark of its own for each line, the colour only a second sign."""

import math
import textwrap
from collections.abc import Iterator
from typing import Final

from bot.render.chart import Chart, Line, place_of
from bot.render.text import INDENT, LEAST_WIDTH, Style, plain

MARKS: Final = "●○×+"
COLOURS: Final = ("yellow", "blue", "green", "magenta")
CROSSING: Final = "┊"
ROWS: Final = 14
TICKS: Final = (0, 4, 9, 13)
"""Rows with a figure at the axis."""
AXIS_CHARACTERS: Final = 9

Cell = tuple[str, str | None]
"""A character and its colour."""


def to_text(chart: Chart, style: Style = plain, width: int = 100) -> str:
    """The chart in so many columns, with its legend and what it says in words below."""
    width = max(width, LEAST_WIDTH)
    columns = width - AXIS_CHARACTERS - 2
    scale = f"{chart.y_label}, logarithmic" if chart.is_log else chart.y_label
    lines = [style(chart.title, bold=True), f"{INDENT}{scale}", *_plotted(chart, columns, style)]
    lines += [_axis(chart, columns), " " * AXIS_CHARACTERS + chart.x_label.center(columns).rstrip()]
    lines += ["", *_legend(chart, style, width), "", *textwrap.wrap(chart.says, width)]
    return "\n".join(lines)


def _plotted(chart: Chart, columns: int, style: Style) -> Iterator[str]:
    low, high = _range(chart)
    cells: list[list[Cell]] = [[(" ", None)] * columns for _ in range(ROWS)]
    if chart.crossing is not None:
        place = round(place_of(chart, chart.crossing) * (columns - 1))
        for row in cells:
            row[place] = (CROSSING, None)
    for number, line in reversed(list(enumerate(chart.lines))):
        for column in range(columns):
            height = (_at(line, column / (columns - 1), is_log=chart.is_log) - low) / (high - low)
            cells[ROWS - 1 - round(height * (ROWS - 1))][column] = (MARKS[number], COLOURS[number])
    for number, row in enumerate(cells):
        tick = ""
        if number in TICKS:
            value = low + (high - low) * (ROWS - 1 - number) / (ROWS - 1)
            tick = _figure(10**value if chart.is_log else value)
        drawn = "".join(style(mark, fg=colour) if colour else mark for mark, colour in row)
        yield f"{tick:>{AXIS_CHARACTERS - 1}} ┤{drawn}" if tick else f"{'':{AXIS_CHARACTERS}}│{drawn}"


def _range(chart: Chart) -> tuple[float, float]:
    """The lowest and the highest value; from nothing on where the scale is plain."""
    values = [value for line in chart.lines for value in line.values]
    if not chart.is_log:
        return 0.0, max(values) or 1.0
    low, high = math.log10(min(values)), math.log10(max(values))
    return low, high if high > low else low + 1.0


def _at(line: Line, share: float, *, is_log: bool) -> float:
    """The line's value so far along the axis, between two points on the straight way from one to the other."""
    values = [math.log10(value) for value in line.values] if is_log else line.values
    place = share * (len(values) - 1)
    before = min(int(place), len(values) - 2)
    return values[before] + (values[before + 1] - values[before]) * (place - before)


def _axis(chart: Chart, columns: int) -> str:
    """The categories below their points; those without room are left out."""
    row = [" "] * (columns + AXIS_CHARACTERS)
    end = -1
    last = len(chart.categories) - 1
    for number, category in enumerate(chart.categories):
        middle = AXIS_CHARACTERS + round(number * (columns - 1) / last)
        start = min(middle - len(category) // 2, len(row) - len(category))
        has_room = start > end and (number == last or start + len(category) < len(row) - len(chart.categories[-1]) - 1)
        if has_room:
            row[start : start + len(category)] = category
            end = start + len(category)
    return "".join(row).rstrip()


def _legend(chart: Chart, style: Style, width: int) -> Iterator[str]:
    """Each line's mark and name, as many beside one another as have room."""
    named = list(zip(MARKS, COLOURS, (line.name for line in chart.lines), strict=False))
    if chart.crossing is not None:
        named.append((CROSSING, "", f"they meet at {chart.crossing:,}"))
    shown, room = "", 0
    for mark, colour, name in named:
        needed = len(INDENT) + len(mark) + 1 + len(name)
        if needed > room:
            yield from [shown] if shown else []
            shown, room = "", width
        shown += f"{INDENT}{style(mark, fg=colour) if colour else mark} {name}"
        room -= needed
    yield shown


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
