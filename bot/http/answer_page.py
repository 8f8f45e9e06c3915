"""One plain page: what this is, a question, its answer. Server-side, escaped, without JavaScript."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.render.report import Mood, Notes, Report, Section, Table

WORDS: Final[dict[Mood, str]] = {"yes": "Yes", "no": "No", "note": "", "error": "Cannot answer"}
STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem; }
input, button { font: inherit; padding: .5rem; border: 1px solid currentColor; border-radius: .25rem; }
input { width: 100%; box-sizing: border-box; }
button { margin-top: .5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
caption { text-align: left; font-weight: bold; padding: .5rem 0; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; vertical-align: top; font-weight: normal; }
thead th { font-weight: bold; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid currentColor; padding: .5rem; }
"""
STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
}
EXAMPLE: Final = "deepseek-v3 on 8×H100 FP8 at 32K"
ABOUT: Final = """
<p>hubgauge answers one question for any model on the Hugging Face Hub: will it fit, how fast will it be, what will it
cost, and if not, what would?</p>
"""
API: Final = """
<h2>For scripts</h2>
<pre>curl '/v1/ask?q=llama-3.1-8b+on+1xH100'
curl /v1/estimate --json '{"model": "meta-llama/Llama-3.1-8B", "hardware": "h100-sxm-80gb"}'</pre>
<p>The keys are those of <code>hubgauge ask --json</code> and <code>hubgauge estimate --json</code>;
<code>hubgauge schema</code> prints them. <a href="/readyz">Is it ready?</a> The README and <code>docs/</code> of the
project say how figures are computed and how to put this into Slack.</p>
"""


def page(question: str = "", report: Report | None = None) -> str:
    """The whole page, with the answer where there is one."""
    title = f"{report.title[:150]} – hubgauge" if report else "hubgauge"
    answer = "".join(_report(report)) if report else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main><h1>hubgauge</h1>{ABOUT}"
        f"{_form(question)}{answer}{API}</main></body></html>"
    )


def _form(question: str) -> str:
    return (
        '<form action="/v1/ask" method="get"><label for="q">Your question</label>'
        f'<input id="q" name="q" type="text" required maxlength="2000" autocomplete="off" value="{escape(question)}" '
        f'aria-describedby="example"><div id="example">For example: {escape(EXAMPLE)}</div>'
        '<button type="submit">Ask</button></form>'
    )


def _report(report: Report) -> Iterator[str]:
    yield '<section aria-label="Answer">'
    for section in report.sections:
        yield from _section(section)
    yield "".join(f"<p>{escape(line)}</p>" for line in report.footer)
    yield "</section>"


def _section(section: Section) -> Iterator[str]:
    word = WORDS[section.mood]
    said = "" if not word or section.verdict.lower().startswith(word.lower()) else f"<strong>{word}.</strong> "
    yield f"<h2>{escape(section.heading or 'Answer')}</h2><p>{said}{escape(section.verdict)}</p>"
    for table in section.tables:
        yield _table(table)
    for label, command in section.commands:
        yield f"<h3>{escape(label)}</h3><pre><code>{escape(command)}</code></pre>"
    for notes in section.notes:
        yield _notes(notes)


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for name, *cells in table.rows
    )
    thead = f"<thead><tr>{head}</tr></thead>" if head else ""
    drawn = f"<table><caption>{escape(table.title)}</caption>{thead}<tbody>{rows}</tbody></table>"
    return f'<div class="wide" role="region" tabindex="0" aria-label="{escape(table.title)}">{drawn}</div>'


def _notes(notes: Notes) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in notes.lines)
    return f"<h3>{escape(notes.title)}</h3><ul>{items}</ul>"
