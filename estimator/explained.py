"""One line of a derivation, and how figures are written in it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: its symbol, the formula, the formula with numbers, and the result with its unit."""

    symbol: str
    formula: str
    numbers: str
    result: str


def ms(value_s: float) -> str:
    """A time in milliseconds."""
    return f"{value_s * 1e3:,.3f} ms"
