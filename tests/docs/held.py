"""Examples that are not run but held against what they name: make, pip, python -m, docker, kubectl, settings."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.cli.main import COMMANDS, program
from bot.settings import read_settings
from bot.variables import VARIABLES
from tests.docker.docker_files import COMPOSE, PYPROJECT, pins
from tests.house.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Shell = Callable[[str], subprocess.CompletedProcess[str]]
    Held = Callable[[Sequence[str], Shell], str]

IMAGE: Final = f"hubgauge:{PYPROJECT['project']['version']}"


def made(words: Sequence[str], _shell: Shell) -> str:
    """make: the target is there."""
    done = _dry(words)
    return done.stderr if done.returncode else ""


def asked_by_make(words: Sequence[str]) -> str:
    """What `make ask` would ask of the command; empty for every other target."""
    if words[:2] != ["make", "ask"]:
        return ""
    return _dry(words).stdout.splitlines()[-1].strip().removeprefix(".venv/bin/")


def _dry(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--dry-run", "--no-print-directory", *words[1:]]  # as from a shell, also below `make test`
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def installed(words: Sequence[str], _shell: Shell) -> str:
    """Pip and pipx install: the checkout with extras that it has, or packages that are pinned."""
    for word in words[2:]:
        path, _, extras = word.rstrip("]").partition("[")
        if path == ".":
            missing = set(filter(None, extras.split(","))) - set(PYPROJECT["project"]["optional-dependencies"])
            if missing:
                return f"no extras {missing}"
        elif not word.startswith("-") and canonicalize_name(Requirement(word).name) not in pins():
            return f"{word} is not pinned"
    return "" if words[1] == "install" else f"{words[1]} is not held here"


def imported(words: Sequence[str], _shell: Shell) -> str:
    """Python -m: the module is there, and so are the files named to it."""
    if words[1] != "-m" or importlib.util.find_spec(words[2]) is None:
        return "no such module"
    return _no_files([word for word in words[3:] if "/" in word])


def _no_files(names: Sequence[str]) -> str:
    return "".join(f"{name} is not there. " for name in names if not (ROOT / name).exists())


def contained(words: Sequence[str], shell: Shell) -> str:
    """docker: the files named are there, the tag is ours, and the command in the container is one that is answered."""
    if words[1] == "build":
        missing = _no_files([_after(words, "--file"), words[-1]])
        return missing or ("" if _after(words, "--tag") == IMAGE else f"the image is {IMAGE}")
    if words[1] == "run":
        at = list(words).index(IMAGE)
        return _in_container(words[at + 1 :], shell)
    return _composed(words, shell) if words[1] == "compose" else f"{words[1]} is not held here"


def _after(words: Sequence[str], option: str) -> str:
    return words[list(words).index(option) + 1]


def _in_container(words: Sequence[str], shell: Shell) -> str:
    """The image's entry point is the command itself; without words it serves."""
    if not words or words[0] in {"serve", "slack"}:
        return ""
    done = shell(shlex.join(["hubgauge", *words]))
    return done.stderr if done.returncode else ""


def _composed(words: Sequence[str], shell: Shell) -> str:
    missing = _no_files([word for word in words if word.endswith((".yaml", ".env"))])
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    verb = next(index for index, word in enumerate(words) if word in {"up", "exec", "down", "logs"})
    named = [word for word in words[verb + 1 :] if not word.startswith("-")]
    if words[verb] == "exec":
        return missing or ("" if named[0] in services else f"no service {named[0]}") or parsed(words[verb + 2 :], shell)
    return missing + "".join(f"no service {name}. " for name in named if name not in services)


def parsed(words: Sequence[str], _shell: Shell) -> str:
    """A command of ours that cannot be run here: its options are those that it has."""
    if words[0] != "hubgauge" or words[1] not in COMMANDS:
        return f"{words[0]} is not ours"
    command = program.get_command(program.make_context("hubgauge", ["doctor"]), words[1])
    assert command is not None
    command.make_context(words[1], list(words[2:]))
    return ""


MANIFESTS: Final = ROOT / "deploy" / "kubernetes"


def applied(words: Sequence[str], _shell: Shell) -> str:
    """kubectl: what it is given is among the manifests."""
    files = [word.split("=")[-1] for word in words if "/" in word and "." in Path(word.split("=")[-1]).name]
    kinds = {f"{each['kind'].lower()}/{each['metadata']['name']}" for each in manifests()}
    named = [word for word in words if re.fullmatch(r"(deployment|service|pod|secret)/[\w-]+", word)]
    return _no_files([name for name in files if name.startswith("deploy/")]) + "".join(
        f"no manifest has {name}. " for name in named if name not in kinds
    )


def manifests() -> list[dict[str, Any]]:
    """Every object of deploy/kubernetes."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(MANIFESTS.glob("*.yaml")))
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


HELD: Final[dict[str, Held]] = {
    "make": made,
    "pip": installed,
    "pipx": installed,
    "python": imported,
    "docker": contained,
    "kubectl": applied,
}


SETTING: Final = re.compile(r"([A-Z][A-Z0-9_]+)=(\S*)")


def wrong_setting(text: str) -> str | None:
    """What is wrong with lines of settings; None where the text is something else."""
    found = [SETTING.fullmatch(word) for word in shlex.split(text, comments=True)]
    if not all(found):
        return None
    pairs = {each[1]: each[2] for each in found if each}
    read_settings({"HOME": "/nowhere", **pairs})
    unknown = pairs.keys() - {variable.name for variable in VARIABLES}
    return f"no such setting: {', '.join(unknown)}" if unknown else ""
