"""The project's own files, for tests that walk them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("estimator", "ingest", "bot")


def modules(*packages: str) -> list[Path]:
    """Python files of the packages, of all three where none is named."""
    return sorted(path for package in packages or PACKAGES for path in (ROOT / package).rglob("*.py"))


@cache
def kept_files() -> tuple[Path, ...]:
    """Text files under version control; without git, those of the packages, the tests and the top."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = [name for name in listed.stdout.split("\0") if name] if listed.returncode == 0 else _walked()
    return tuple(ROOT / name for name in names if (ROOT / name).is_file())


def _walked() -> list[str]:
    places = [*(ROOT / package for package in PACKAGES), ROOT / "tests", ROOT / "docs", ROOT / "docker"]
    below = [path for place in places for path in place.rglob("*") if "__pycache__" not in path.parts]
    return [str(path.relative_to(ROOT)) for path in (*below, *ROOT.glob("*.*")) if path.is_file()]


def relative(path: Path) -> str:
    """The path as seen from the project's root."""
    return path.relative_to(ROOT).as_posix()
