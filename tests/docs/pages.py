"""The examples that README, CONTRIBUTING and docs show: commands, Python, JSON, and the output shown below them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt

from tests.house.tree import ROOT, kept_files, relative

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from markdown_it.token import Token

SHELL, PYTHON, JSON, YAML, SHOWN, SLACK = "shell", "python", "json", "yaml", "shown", "slack"
KINDS: Final = {"sh": SHELL, "python": PYTHON, "json": JSON, "yaml": YAML, "text": SHOWN, "slack": SLACK}
FORMULA: Final = "formula"
"""How a block of symbols is marked, in which there is nothing to run."""
OURS: Final = re.compile(r"(hubgauge|hf-gauge|make|curl|pip install|pipx install|python -m|docker compose|kubectl) \S")
"""How a command in a line of prose begins."""
PLACEHOLDER: Final = re.compile(r"\b(QUESTION|MODEL|NAME|JSON|SHELL|CARD|FILE|ID)\b|\.\.\.|hubgauge .*\[|--\w+$|FILE$")
"""What a form has in place of a value: such a span names a command, it is none."""


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to run, and the output that the page shows below it, if it does."""

    page: str
    line: int
    kind: str
    text: str
    shown: str = ""
    shown_as: str = ""
    is_prose: bool = False

    @property
    def words(self) -> list[str]:
        """A command's words, its remark gone."""
        return shlex.split(self.text, comments=True)

    @property
    def place(self) -> str:
        """Where a reader finds it."""
        return f"{self.page}:{self.line}: {self.text}"


def pages() -> list[Path]:
    """Every page that has examples to hold."""
    docs = [path for path in kept_files() if path.suffix == ".md" and relative(path).startswith("docs/")]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(docs)]


def examples(path: Path) -> list[Example]:
    """Those of a page, in its order: blocks of code, and the commands in its prose."""
    page, found = relative(path), list[Example]()
    above: int | None = None  # the place of the last command of a block in the same section
    for token in _tokens(MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))):
        line = (token.map or [0])[0] + 1
        if token.type == "heading_open":
            above = None
        elif token.type == "inline":
            found += _spans(token, page, line)
        elif (kind := _kind(token)) == SHELL:
            found += [Example(page, line, SHELL, command) for command in _commands(token.content)]
            above = len(found) - 1
        elif kind in {SHOWN, JSON} and above is not None and not found[above].shown:
            found[above] = replace(found[above], shown=token.content, shown_as=kind)
        else:
            found.append(Example(page, line, kind, token.content))
    return found


def _tokens(tokens: Sequence[Token]) -> Iterator[Token]:
    kinds = {"fence", "code_block", "inline", "heading_open"}
    yield from (token for token in tokens if token.type in kinds and token.info.strip() != FORMULA)


def _kind(token: Token) -> str:
    info = token.info.partition(" ")[0]
    if info:
        return KINDS.get(info, f"unknown: {info}")
    return JSON if token.content.startswith(("{", "[")) else SHELL


def _commands(block: str) -> list[str]:
    """The commands of a block; one goes on while a quote is open or its line ends in a backslash."""
    commands, begun = [], ""
    for line in block.splitlines():
        begun = _joined(begun, line)
        if begun.endswith("\\") or not _is_closed(begun):
            continue
        if shlex.split(begun, comments=True):
            commands.append(begun)
        begun = ""
    return [*commands, begun] if begun else commands


def _joined(begun: str, line: str) -> str:
    """A command and its next line: after a backslash on the same line, inside a quote as a new one."""
    if begun.endswith("\\"):
        return f"{begun[:-1].rstrip()} {line.strip()}"
    return f"{begun}\n{line}" if begun else line


def _is_closed(text: str) -> bool:
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return True


def _spans(token: Token, page: str, line: int) -> list[Example]:
    """The commands among the words of a paragraph or a cell."""
    spans = [child.content for child in token.children or () if child.type == "code_inline"]
    ours = [span for span in spans if OURS.match(span) and not PLACEHOLDER.search(span)]
    return [Example(page, line, SHELL, span, is_prose=True) for span in ours]


QUESTION: Final = re.compile(r"@hubgauge (.+)")


def questions(path: Path) -> list[str]:
    """What a page says can be typed: list items that are a span alone, and those of a paragraph on questions."""
    text = path.read_text(encoding="utf-8")
    items = re.findall(r"^- `([^`]+)`$", text, flags=re.MULTILINE)
    said = re.findall(r"^Questions as people type them work: (.+?)\n\[", text, flags=re.MULTILINE | re.DOTALL)
    spans = [" ".join(span.split()) for paragraph in said for span in re.findall(r"`([^`]+)`", paragraph)]
    mentions = [found[1] for span in re.findall(r"`([^`]+)`", text) if (found := QUESTION.fullmatch(span))]
    return [question for question in (*items, *spans, *mentions) if "..." not in question]
