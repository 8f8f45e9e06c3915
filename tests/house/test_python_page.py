"""docs/python.md: every example is run, and says what is printed there."""

import doctest
import re

import pytest

from tests.house.tree import ROOT

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(encoding="utf8"), flags=re.DOTALL)


def test_every_example_of_the_page_says_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    examples = doctest.DocTestParser().get_doctest("\n".join(BLOCKS), {}, "docs/python.md", "docs/python.md", 0)
    assert len(examples.examples) > 20
    said: list[str] = []
    found = doctest.DocTestRunner().run(examples, out=said.append)
    assert found.failed == 0, "".join(said)
