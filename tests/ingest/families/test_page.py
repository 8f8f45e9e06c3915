"""docs/families.md says what the tables say."""

from pathlib import Path

from ingest.families.page import REFUSED, page
from ingest.families.table import FAMILIES

PAGE = Path(__file__).parents[3] / "docs" / "families.md"


def test_the_page_of_families_is_that_of_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_what_is_called_refused_is_not_read() -> None:
    read_in_part = {"blenderbot", "blt", "deepseek_v2", "longcat_flash", "whisper"}
    types = {name for names in REFUSED for name in names.split(", ") if " " not in name}
    assert types & FAMILIES.keys() <= read_in_part
