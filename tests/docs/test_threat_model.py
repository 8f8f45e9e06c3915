"""Every line of the threat model is held by a test that exists, or says that none holds it."""

import re

import pytest

from tests.house.tree import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
ROWS = [row for row in re.findall(r"^\| (.+?) \|$", PAGE, flags=re.MULTILINE) if not row.startswith(("line |", "---"))]
DEFINED = re.compile(r"^(?:async )?def (test_\w+)\(|^(test_\w+) = ", flags=re.MULTILINE)
NAMED = re.compile(r"`(test_\w+)`")
SECTIONS = ("Who may reach what", "Where secrets live", "What strangers control")


def defined() -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return {name for text in texts for pair in DEFINED.findall(text) for name in pair if name}


def test_every_test_that_is_named_exists() -> None:
    named = set(NAMED.findall(PAGE))
    assert len(named) > 40
    assert named - defined() == set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[:60])
def test_every_line_names_what_holds_it(row: str) -> None:
    held = row.rpartition(" | ")[2]
    assert NAMED.search(held) or held.startswith("no test: ")


def test_the_page_says_who_what_and_where() -> None:
    assert [section for section in SECTIONS if f"\n## {section}\n" not in PAGE] == []
