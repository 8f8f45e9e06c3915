"""Imports run one way, and the ground is pure."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT, modules, relative

PURE = frozenset(
    {"collections", "copy", "dataclasses", "datetime", "difflib", "enum", "functools", "math", "re", "typing"}
)
"""What the estimator takes from the standard library: values, maths and text."""
HEAVY = frozenset(
    {"transformers", "torch", "slack_bolt", "matplotlib", "sqlalchemy", "pydantic", "huggingface_hub", "httpx2"}
)
"""Parts that a catalogued question must not wait for, so no module on its way imports them at the top."""


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{relative(path)}: relative import"
            yield node.module or ""


def test_the_contracts_of_pyproject_hold() -> None:
    """In a process of its own: the linter switches off the loggers of the one it runs in."""
    linter = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_contracts_cover_all_packages() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["tool"]["importlinter"]
    layers, forbidden = linter["contracts"]
    assert set(linter["root_packages"]) == set(PACKAGES)
    assert layers["layers"] == ["bot", "ingest", "estimator"]
    assert forbidden["source_modules"] == ["estimator"]


@pytest.mark.parametrize("path", modules("estimator"), ids=relative)
def test_the_estimator_imports_values_and_maths_alone(path: Path) -> None:
    tops = {name.partition(".")[0] for name in imported(path)}
    assert tops <= PURE | {"estimator"}


@pytest.mark.parametrize("path", modules("estimator"), ids=relative)
def test_the_estimator_opens_nothing(path: Path) -> None:
    called = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & {"open", "print", "input", "eval", "exec", "__import__", "compile"}


def test_only_one_module_opens_sockets_to_the_hub() -> None:
    clients = {relative(path) for path in modules() if {"huggingface_hub", "httpx2"} & _tops(path)}
    assert clients <= {"ingest/exchange.py", "ingest/hub_errors.py", "bot/cli/doctor.py"}


def _tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}
