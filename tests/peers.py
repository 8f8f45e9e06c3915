"""Programs that nobody here wrote, for tests to talk to: installed once into a cache outside the repository."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALL_S = 300


def cache_folder() -> Path:
    """Where peers lie: `HUBGAUGE_PEERS`, or a folder in the user's cache."""
    return Path(os.environ.get("HUBGAUGE_PEERS") or Path.home() / ".cache" / "hubgauge-peers")


def npm_packages(name: str, *packages: str) -> Path:
    """The folder whose `node_modules` has these packages; skips where npm cannot bring them."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip(f"no node and npm here for {', '.join(packages)}, which these tests talk to")
    command = [npm, "install", "--no-audit", "--no-fund", "--fetch-retries=0"]
    return _made(name, packages, lambda folder: [*command, "--prefix", str(folder), *packages])


def python_packages(name: str, *packages: str) -> Path:
    """The folder of an environment with these packages; skips where pip cannot bring them."""

    def command(folder: Path) -> list[str]:
        venv.create(folder, with_pip=True, symlinks=True)
        return [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages]

    return _made(name, packages, command)


def _made(name: str, packages: tuple[str, ...], command: Callable[[Path], list[str]]) -> Path:
    """The folder, made beside its place and moved there when whole: several workers may install at once."""
    place = cache_folder() / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    done = place / "installed"
    if done.exists() and done.read_text(encoding="utf-8") == " ".join(packages):
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=place.parent))
    try:
        ended = subprocess.run(command(made), capture_output=True, text=True, timeout=INSTALL_S, check=False)
        if ended.returncode:
            pytest.skip(f"{', '.join(packages)}, which these tests talk to, cannot be installed: {ended.stderr[-200:]}")
        (made / "installed").write_text(" ".join(packages), encoding="utf-8")
        with contextlib.suppress(OSError):  # another worker was first
            made.rename(place)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    if not done.exists():
        pytest.skip(f"{place} is in the way of {', '.join(packages)}")
    return place
