"""The image's files, read as far as the tests need: instructions, pins, requirements."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
COMPOSE = ROOT / "docker" / "compose.yaml"
CONSTRAINTS = ROOT / "constraints.txt"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """The Dockerfile as (NAME, rest), comments gone and continued lines joined."""
    lines = [line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    parts = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [(name.upper(), " ".join(rest.split())) for name, _, rest in parts]


def final_stage() -> list[Instruction]:
    """What follows the last FROM: the image itself."""
    everything = instructions()
    last = max(index for index, (name, _) in enumerate(everything) if name == "FROM")
    return everything[last + 1 :]


def values(name: str, among: list[Instruction]) -> list[str]:
    """The rests of every instruction of that name, in order."""
    return [rest for found, rest in among if found == name]


def image_environment() -> dict[str, str]:
    """What ENV sets in the final stage."""
    pairs = [word.partition("=") for rest in values("ENV", final_stage()) for word in shlex.split(rest)]
    return {key: value for key, _, value in pairs}


def pins() -> dict[str, str]:
    """Versions by canonical name."""
    pairs = (line.split("==") for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines())
    return {canonicalize_name(name): version for name, version in pairs}


def requirements(*extras: str) -> Iterator[Requirement]:
    """What the project asks for with these extras, its own extras followed."""
    project = PYPROJECT["project"]
    optional = project["optional-dependencies"]
    waiting, seen = list(extras), set(extras)
    yield from map(Requirement, project["dependencies"])
    while waiting:
        for requirement in map(Requirement, optional[waiting.pop()]):
            if requirement.name != project["name"]:
                yield requirement
                continue
            waiting += requirement.extras - seen
            seen |= requirement.extras


def applies(requirement: Requirement, extras: set[str]) -> bool:
    """Whether the image's Python, 3.11 on Linux, would install it."""
    environment = {str(key): str(value) for key, value in default_environment().items()}
    environment |= {"python_version": "3.11", "python_full_version": "3.11.0", "sys_platform": "linux"}
    environment |= {"platform_system": "Linux", "os_name": "posix"}
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in extras or {""})
