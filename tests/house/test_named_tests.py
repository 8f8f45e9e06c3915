"""A page that names a test as its witness names one that there is."""

import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT

NAMED = re.compile(r"`(test_\w+)`")
DEFINED = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if NAMED.search(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_that_a_page_names_exist(page: Path) -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    known = set(DEFINED.findall(tests)) | {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(NAMED.findall(page.read_text(encoding="utf-8"))) <= known
