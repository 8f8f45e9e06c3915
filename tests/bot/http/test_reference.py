"""docs/api.md says what the API says of itself, and its examples are answered."""

from pathlib import Path

import httpx2
import pytest

from bot.http.reference import EXAMPLES, page
from tests.bot.http.serving import served, whole_app

PAGE = Path(__file__).parents[3] / "docs" / "api.md"


def test_the_page_is_that_of_the_description() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_example_is_answered() -> None:
    with served(whole_app()) as address:
        for name, (path, body) in EXAMPLES.items():
            method = name.partition(" ")[0]
            headers = {"Content-Type": "application/json"} if body else {}
            found = httpx2.request(
                method, f"{address}{path}", content=body.encode() or None, headers=headers, trust_env=False
            )
            assert found.status_code == 200, f"{name}: {found.text}"


@pytest.mark.parametrize("path", sorted({name.partition(" ")[2] for name in EXAMPLES}))
def test_every_example_is_of_a_path_that_is_described(path: str) -> None:
    assert path in whole_app().openapi()["paths"]
