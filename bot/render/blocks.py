"""A report as a Slack message: one line of text that stands alone, and Block Kit within Slack's limits.

What is parsed by Slack (mrkdwn) is escaped and loses its markup; what is not (headers, table cells) has its angle
brackets replaced by look-alikes, so that no reading of the documentation turns a stranger's text into a mention.
Yes and no are words; the sign in front only repeats them. Slack allows one table per message, and a phone shows about
four columns of it: the first table so narrow is drawn as one, or one with so few rows turned on its side, every other
as a list.

Sources of the limits: docs.slack.dev, reference/block-kit (blocks, table block, data table block) and
bolt-js issues 2509 and 2867 for the whole message: texts that summed to 11,341 characters were refused in one, 13,297
passed in the other, so it is the serialised form that is bounded here.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from bot.render.chart import Chart
from bot.render.report import Mood, Notes, Report, Section, Table

Block = dict[str, Any]

MAX_BLOCKS: Final = 50
MAX_SECTION_CHARACTERS: Final = 3_000
MAX_HEADER_CHARACTERS: Final = 150
MAX_CONTEXT_CHARACTERS: Final = 2_000
MAX_TABLE_ROWS: Final = 100
MAX_TABLE_COLUMNS: Final = 20
READABLE_COLUMNS: Final = 4
MAX_STRONG_CHARACTERS: Final = 24
"""Of a figure with its unit; longer is a sentence, and a sentence in bold is no figure any more."""
MAX_TABLE_CHARACTERS: Final = 10_000
MAX_MESSAGE_CHARACTERS: Final = 12_000
MAX_TEXT_CHARACTERS: Final = 40_000
MAX_NOTICE_CHARACTERS: Final = 3_000

SIGNS: Final[dict[Mood, str]] = {
    "yes": ":white_check_mark: *Yes.* ",
    "no": ":x: *No.* ",
    "note": "",
    "error": ":warning: *Cannot answer.* ",
}
WORDS: Final[dict[Mood, str]] = {"yes": "Yes. ", "no": "No. ", "note": "", "error": "Cannot answer. "}
LEFT_OUT: Final = "Assumptions are left out here for length: ask about one model and one machine to see them."
CUT: Final = "…"

_OPENING_MARK: Final = re.compile(r"(?<![A-Za-z0-9])[*_~`](?=\S)")
_LOOKALIKES: Final = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}
_ENTITY: Final = re.compile(r"&(?=#?\w+;)")
_CALL: Final = re.compile(r"<(?=[!@#])")
_HEAD: Final = re.compile(r"(?: \(|, |: |; ).*$", re.DOTALL)
_LITERAL: Final = str.maketrans({"<": "‹", ">": "›"})


class Message(NamedTuple):
    """What `chat.postMessage` takes. `text` alone is the whole answer when `blocks` is empty."""

    text: str
    blocks: list[Block]


def to_message(report: Report, controls: Sequence[Block] = ()) -> Message:
    """The report as blocks, with controls below it; plain text where blocks cannot hold it.

    Where it is too much, the notes go first, then the charts, then the controls.
    """
    plain = replace(report, charts=())
    for shown, notes, below in ((report, True, controls), (report, False, controls), (plain, False, controls)):
        blocks = [*_report(shown, with_notes=notes), *below]
        if _is_within_limits(blocks):
            return Message(notice(report), blocks)
    blocks = list(_report(plain, with_notes=False))
    return Message(notice(report), blocks) if _is_within_limits(blocks) else Message(to_text(report), [])


def notice(report: Report) -> str:
    """The answer in a few lines: what a notification shows and a screen reader reads."""
    lines = [": ".join(filter(None, (section.heading, _plain_verdict(section)))) for section in report.sections]
    said = "\n".join(line for line in lines if line.strip()) or report.title
    return _cut(escape(said), MAX_NOTICE_CHARACTERS)


def to_text(report: Report) -> str:
    """The whole report without blocks, for messages that blocks cannot hold."""
    parts = [report.title]
    for section in report.sections:
        parts.append("\n".join(line for line in (section.heading, _plain_verdict(section)) if line))
        parts += ["\n".join((table.title, *_plain_rows(table))) for table in section.tables]
        parts += [f"{label}:\n{command}" for label, command in section.commands]
        parts += ["\n".join((note.title, *(f"• {line}" for line in note.lines))) for note in section.notes]
    parts += report.footer
    return _cut(escape("\n\n".join(part for part in parts if part)), MAX_TEXT_CHARACTERS)


def escape(text: str) -> str:
    """Text that Slack shows as it is where it parses mrkdwn: no link, mention, bold or code comes out of it.

    A mention's opening bracket becomes a look-alike, since some readers of messages decode entities before they parse.
    """
    text = _CALL.sub("‹", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _OPENING_MARK.sub(lambda mark: _LOOKALIKES[mark[0]], text)


def literal(text: str) -> str:
    """Text for places that Slack does not parse; reads the same if it did."""
    return _ENTITY.sub("＆", text).translate(_LITERAL)


def _report(report: Report, *, with_notes: bool) -> Iterator[Block]:
    native = _native_table(report)
    if not any(section.heading or section.mood == "error" for section in report.sections):
        yield from _header(report.title)
    for number, section in enumerate(report.sections):
        if number:
            yield {"type": "divider"}
        is_last = number == len(report.sections) - 1
        yield from _section(section, native, report.charts if is_last else (), with_notes=with_notes)
    footer = [line for line in (*report.footer, *([] if with_notes else [LEFT_OUT])) if line.strip()]
    if footer:
        yield _context([escape(line) for line in footer])


def _header(text: str) -> Iterator[Block]:
    """Large type for a short line; what would be cut there is bold text instead."""
    text = literal(text)
    if len(text) > MAX_HEADER_CHARACTERS:
        yield from _text(f"*{escape(text)}*")
    elif text.strip():
        yield {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def _section(section: Section, native: Table | None, charts: Sequence[Chart], *, with_notes: bool) -> Iterator[Block]:
    """Verdict, tables, commands; then what is drawn, and the small print last."""
    yield from _header(section.heading)
    yield from _text(_verdict(section))
    for table in section.tables:
        yield from _drawn_table(table) if table is native else _listed_table(table)
    for label, command in section.commands:
        yield from _command(label, command)
    for chart in charts:
        yield from _drawn_chart(chart)
    for note in section.notes:
        if section.mood == "error":
            yield from _text("\n".join((f"*{escape(note.title)}*", *(f"• {escape(line)}" for line in note.lines))))
        elif with_notes:
            yield _note(note)


def _verdict(section: Section) -> str:
    sign, word = SIGNS[section.mood], WORDS[section.mood].strip(" .")
    if word and section.verdict.lower().startswith(word.lower()):
        sign = sign.split("*")[0]
    return sign + escape(section.verdict)


def _plain_verdict(section: Section) -> str:
    word = WORDS[section.mood]
    if word and section.verdict.lower().startswith(word.strip(" .").lower()):
        word = ""
    return word + section.verdict


def _native_table(report: Report) -> Table | None:
    """The one table that is drawn as a table: the first with columns that fits into Slack's."""
    tables = (table for section in report.sections for table in section.tables)
    return next((table for table in tables if _is_drawable(table)), None)


def _is_drawable(table: Table) -> bool:
    if len(table.columns) < 2 or not table.rows:
        return False
    rows = _grid(table)
    return (
        len(rows) <= MAX_TABLE_ROWS
        and len(rows[0]) <= min(MAX_TABLE_COLUMNS, READABLE_COLUMNS)
        and sum(len(cell) for row in rows for cell in row) <= MAX_TABLE_CHARACTERS
    )


def _grid(table: Table) -> list[list[str]]:
    """Header and rows, equally wide, no empty cell: Slack refuses both. Rows become columns where that is narrow."""
    rows = [table.columns, *table.rows]
    width = max(len(row) for row in rows)
    filled = [[literal(cell).strip() or "–" for cell in (*row, *("",) * (width - len(row)))] for row in rows]
    is_turned = width > READABLE_COLUMNS >= len(rows)
    return [list(column) for column in zip(*filled, strict=True)] if is_turned else filled


def _drawn_chart(chart: Chart) -> Iterator[Block]:
    """Slack's own chart, and below it in words what it shows."""
    axis = {"categories": list(chart.categories), "x_label": chart.x_label, "y_label": chart.y_label}
    series = [
        {
            "name": line.name,
            "data": [
                {"label": category, "value": _short(value)}
                for category, value in zip(chart.categories, line.values, strict=True)
            ],
        }
        for line in chart.lines
    ]
    drawn = {"type": "line", "series": series, "axis_config": axis}
    yield {"type": "data_visualization", "title": chart.title, "chart": drawn}
    yield _context([escape(chart.says)])


def _short(value: float) -> float:
    """A figure with four digits: more are noise, and the size of a message counts them."""
    return float(f"{value:.4g}")


def _drawn_table(table: Table) -> Iterator[Block]:
    yield from _text(f"*{escape(table.title)}*")
    rows = _grid(table)
    header = [_bold_cell(cell) for cell in rows[0]]
    body = [[{"type": "raw_text", "text": cell} for cell in row] for row in rows[1:]]
    settings = [{"is_wrapped": True}, *({"align": "right", "is_wrapped": True} for _ in rows[0][1:])]
    yield {"type": "table", "column_settings": settings, "rows": [header, *body]}


def _bold_cell(text: str) -> Block:
    element = {"type": "text", "text": text, "style": {"bold": True}}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [element]}]}


def _listed_table(table: Table) -> Iterator[Block]:
    lines = [f"*{escape(table.title)}*"] if table.title else []
    lines += [_listed_row(name, _named(cells, table.columns[1:])) for name, *cells in table.rows]
    yield from _text("\n".join(lines))


def _listed_row(name: str, values: Sequence[str]) -> str:
    """A fact on one line; a row of several figures under its name, the first beside it."""
    if len(values) == 1 and " = " in name:  # a derivation: the figure stands in the name
        return f"• *{escape(name)}*: {escape(values[0])}"
    if len(values) == 1:
        return f"• {escape(name)}: {_strong_head(values[0])}"
    head = ": ".join(part for part in (f"• *{escape(name)}*", *map(escape, values[:1])))
    return "\n      ".join((head, *([escape(" · ".join(values[1:]))] if values[1:] else [])))


def _strong_head(value: str) -> str:
    """The figure in bold, its explanation not: *62 ms* (48 to 81 ms)."""
    explanation = _HEAD.search(value)
    head = value[: explanation.start()] if explanation else value
    is_strong = head.strip() == head and 0 < len(head) <= MAX_STRONG_CHARACTERS
    return f"*{escape(head)}*{escape(value[len(head) :])}" if is_strong else escape(value)


def _named(cells: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Cells that say something, each after the first with its column's name."""
    pairs = list(zip(cells, (*columns, *("",) * len(cells)), strict=False))
    first = [cell for cell, _ in pairs[:1] if cell]
    return first + [f"{column} {cell}".strip() for cell, column in pairs[1:] if cell]


def _plain_rows(table: Table) -> list[str]:
    return [f"• {name}: {' · '.join(_named(cells, table.columns[1:]))}" for name, *cells in table.rows]


def _command(label: str, command: str) -> Iterator[Block]:
    fenced = command.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("```", "ˋˋˋ")
    room = MAX_SECTION_CHARACTERS - len(label) - 20
    yield from _text(f"*{escape(label)}*\n```{_cut(fenced, room)}```")


def _note(note: Notes) -> Block:
    return _context([f"*{escape(note.title)}*\n" + "\n".join(f"• {escape(line)}" for line in note.lines)])


def _context(texts: list[str]) -> Block:
    """Small print. Texts are joined, so that ten elements are never too few."""
    text = _cut("\n".join(texts), MAX_CONTEXT_CHARACTERS)
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _text(text: str) -> Iterator[Block]:
    """Sections that hold this text, cut between lines where one is not enough."""
    piece = ""
    for line in text.split("\n"):
        if piece and len(piece) + 1 + len(line) > MAX_SECTION_CHARACTERS and "```" not in text:
            yield _text_section(piece)
            piece = line
        else:
            piece = f"{piece}\n{line}" if piece else line
    if piece.strip():
        yield _text_section(piece)


def _text_section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(_cut(text, MAX_SECTION_CHARACTERS))}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _cut(text: str, limit: int) -> str:
    """The text, or as much as the limit holds, never in the middle of an entity."""
    if len(text) <= limit:
        return text
    kept = text[: limit - len(CUT)]
    ampersand = kept.rfind("&", -6)
    if ampersand >= 0 and ";" not in kept[ampersand:]:
        kept = kept[:ampersand]
    return kept + CUT


def _is_within_limits(blocks: Sequence[Block]) -> bool:
    size = len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
    return len(blocks) <= MAX_BLOCKS and size <= MAX_MESSAGE_CHARACTERS
