"""Golden facts: values that others printed, read from the tables beside this file. Every row names its source."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STATED = frozenset({"id", "value", "tolerance", "source", "checked"})


@dataclass(frozen=True)
class Fact:
    """One row: a value, how far off one may be (a share of the value), who says so, and when that was looked up.

    `given` holds the row's other keys: what the value is of.
    """

    id: str
    value: float
    tolerance: float
    source: str
    checked: date
    given: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.given[key]

    def allows(self, value: float) -> bool:
        """Whether the value lies within the tolerance; exactly equal where that is 0."""
        return abs(value - self.value) <= self.tolerance * abs(self.value)


def facts(table: str, quantity: str | None = None) -> list[Fact]:
    """The rows of `table`.toml, of one quantity where it is named; a row takes its table's `common` keys."""
    read = tomllib.loads((HERE / f"{table}.toml").read_text(encoding="utf8"))
    rows = [read.get("common", {}) | row for row in read["fact"]]
    wanted = [row for row in rows if quantity is None or row["quantity"] == quantity]
    assert wanted, f"{table}.toml has no {quantity}"
    return [_fact(row) for row in wanted]


def _fact(row: dict[str, Any]) -> Fact:
    given = {key: value for key, value in row.items() if key not in STATED}
    return Fact(row["id"], row["value"], row["tolerance"], row["source"], row["checked"], given)
