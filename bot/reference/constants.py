"""docs/constants.md, from the measured constants and what stands below each in their file."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Final

from estimator import calibration

HEADER: Final = """# Constants

Written by `make pages` from `estimator/calibration.py`. These are the only figures of the time formula that no data
sheet and no `config.json` states. Efficiencies are fractions of the sheet's peak; names in `_US` are microseconds.
"""


def page() -> str:
    """The whole page."""
    source = " ".join((inspect.getdoc(calibration) or "").split("\n\n")[1].split())
    rows = (f"| `{name}` | {_shown(getattr(calibration, name))} | {said} |" for name, said in _meanings())
    return "\n".join([HEADER, source + "\n", "| constant | value | is |", "|---|---|---|", *rows]) + "\n"


def _meanings() -> Iterator[tuple[str, str]]:
    """Each constant with the text below it; of several in a row the text stands below the last."""
    waiting: list[str] = []
    for node in ast.parse(inspect.getsource(calibration)).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            waiting.append(node.target.id)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and waiting:
            yield from ((name, " ".join(str(node.value.value).split())) for name in waiting)
            waiting = []


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key.replace('|', ', ')}: {_shown(each)}" for key, each in value.items())
    if isinstance(value, tuple):
        return " to ".join(_shown(each) for each in value)
    return f"{value:g}"
