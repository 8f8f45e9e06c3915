"""Promises that the image's files keep, read from the files: no container engine is needed."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.cli.main import COMMANDS
from bot.settings import read_settings
from tests.docker.docker_files import (
    COMPOSE,
    CONSTRAINTS,
    DOCKERFILE,
    PYPROJECT,
    ROOT,
    applies,
    final_stage,
    image_environment,
    instructions,
    pins,
    requirements,
    values,
)

PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][A-Za-z0-9.+!]*")
INDEX_WORDS = ("index-url", "index_url", "find-links", "find_links", "trusted-host", "--hash", "file://", "/simple")
FILES = [
    DOCKERFILE,
    COMPOSE,
    CONSTRAINTS,
    ROOT / ".dockerignore",
    ROOT / "docker" / "buildah.sh",
    ROOT / "docker" / "postgres.env",
    ROOT / "docs" / "docker.md",
]


def test_the_image_runs_as_a_fixed_user_that_is_not_root() -> None:
    *_, user = values("USER", final_stage())
    uid, _, gid = user.partition(":")
    assert int(uid) > 0
    assert int(gid) > 0
    names = [name for name, _ in final_stage()]
    assert "RUN" not in names[names.index("USER") :]


def test_every_base_has_a_tag_that_is_not_latest() -> None:
    arguments = dict(rest.split("=", 1) for rest in values("ARG", instructions()) if "=" in rest)
    bases = [rest.split()[0] for rest in values("FROM", instructions())]
    assert len(bases) == 2
    for base in bases:
        name, _, tag = base.replace("${BASE_IMAGE}", arguments["BASE_IMAGE"]).rpartition(":")
        assert name
        assert "latest" not in tag
        assert tag.startswith("3.11")


def test_the_image_answers_a_question_and_serves_by_default() -> None:
    (entry,) = values("ENTRYPOINT", final_stage())
    (command,) = values("CMD", final_stage())
    assert json.loads(entry) == ["hubgauge"]
    assert "hubgauge" in PYPROJECT["project"]["scripts"]
    assert json.loads(command)[0] in COMMANDS


def test_the_health_check_is_a_file_of_ours_and_needs_no_curl() -> None:
    (check,) = values("HEALTHCHECK", final_stage())
    program = json.loads(check[check.index("[") :])
    copied = dict(rest.split() for rest in values("COPY", final_stage()) if not rest.startswith("--"))
    assert program == ["python", copied["docker/healthcheck.py"]]
    assert not re.search(r"\b(curl|wget)\b", DOCKERFILE.read_text(encoding="utf-8"))


def test_the_final_stage_installs_nothing() -> None:
    run = " ".join(values("RUN", final_stage()))
    assert not re.search(r"\b(pip|apt|apt-get|gcc|build-essential)\b", run)


def test_the_front_reads_what_the_image_sets() -> None:
    settings = read_settings(image_environment())
    (volume,) = values("VOLUME", final_stage())
    assert settings.host == "0.0.0.0"  # noqa: S104  # the container's own network; what is published is the engine's say
    assert [str(settings.port)] == values("EXPOSE", final_stage())
    assert settings.database_url.startswith(f"sqlite:///{volume}/")
    assert image_environment()["HUBGAUGE_CACHE_DIR"].startswith(f"{volume}/")
    assert image_environment()["HOME"] == volume


def test_what_the_dockerfile_copies_is_there_and_reaches_the_build() -> None:
    let_in = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    sources = [
        source for rest in values("COPY", instructions()) if not rest.startswith("--") for source in rest.split()[:-1]
    ]
    assert sources
    assert set(sources) == let_in
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_labels_and_tags_state_the_version_of_the_project() -> None:
    version = PYPROJECT["project"]["version"]
    (labels,) = values("LABEL", final_stage())
    assert f'image.version="{version}"' in labels
    for path in (COMPOSE, ROOT / "docker" / "buildah.sh"):
        tags = re.findall(r"hubgauge:(\d[\w.]*)", path.read_text(encoding="utf-8"))
        assert set(tags) == {version}, path.name


def test_pins_are_names_and_versions_only_once_each() -> None:
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not PIN.fullmatch(line)] == []
    assert len(pins()) == len(lines)
    assert canonicalize_name(PYPROJECT["project"]["name"]) not in pins()


def test_every_dependency_has_a_pin_within_its_bounds() -> None:
    asked = [*requirements("all", "test"), *map(Requirement, PYPROJECT["build-system"]["requires"])]
    missing = [str(one) for one in asked if canonicalize_name(one.name) not in pins()]
    assert missing == []
    assert [str(one) for one in asked if not _is_within(one)] == []


def _is_within(requirement: Requirement) -> bool:
    return requirement.specifier.contains(pins()[canonicalize_name(requirement.name)], prereleases=True)


def test_what_the_dependencies_need_has_a_pin_too() -> None:
    pinned, seen = pins(), set[str]()
    waiting = [(one.name, set(one.extras)) for one in requirements("all", "test")]
    while waiting:
        name, extras = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for one in _needs(name, extras):
            assert canonicalize_name(one.name) in pinned, f"{name} needs {one}"
            waiting.append((one.name, set(one.extras)))
    assert "typing_extensions" in seen  # a need of a need: the walk went down


def _needs(name: str, extras: set[str]) -> list[Requirement]:
    try:
        texts = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return []  # the charts and the distributed extra are pinned, but not installed for the tests
    return [one for one in map(Requirement, texts) if applies(one, extras)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_names_an_index_or_a_hash(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lower()
    assert [word for word in INDEX_WORDS if word in text] == []


@pytest.fixture
def services() -> dict[str, Any]:
    """The services of compose.yaml."""
    yaml = pytest.importorskip("yaml", reason="PyYAML, which huggingface_hub brings, is not installed")
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return found


def test_compose_runs_the_bot_alone_without_a_profile(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "profiles" not in service] == ["bot"]
    assert services["postgres"]["profiles"] == ["postgres"]


def test_compose_runs_commands_that_exist(services: dict[str, Any]) -> None:
    commands = [service["command"][0] for service in services.values() if "command" in service]
    assert commands
    assert set(commands) <= COMMANDS.keys()


def test_every_service_is_watched_restarted_and_gains_no_privileges(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.search(r":\d", service["image"]), f"{name} has no version"


@pytest.mark.parametrize("name", ["bot", "replica", "http"])
def test_the_bot_writes_to_its_volume_and_nowhere_else(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    (volume,) = values("VOLUME", final_stage())
    assert [mount.split(":")[1] for mount in service["volumes"]] == [volume]
    database = service["environment"]["HUBGAUGE_DATABASE_URL"]
    assert database == f"${{HUBGAUGE_DATABASE_URL:-{image_environment()['HUBGAUGE_DATABASE_URL']}}}"


def test_a_stopping_bot_has_time_to_answer_what_waits(services: dict[str, Any]) -> None:
    drain_s = read_settings(image_environment()).drain_s
    assert int(services["bot"]["stop_grace_period"].removesuffix("s")) > drain_s
    assert int(services["http"]["stop_grace_period"].removesuffix("s")) > 2 * drain_s  # requests, then questions


def test_only_this_machine_reaches_the_published_port(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8000:8000"]


@pytest.mark.parametrize(
    ("name", "profiles"), [("postgres", "postgres"), ("replicas", "postgres,replicas"), ("cluster", "postgres,cluster")]
)
def test_a_profile_and_the_address_of_its_database_come_together(
    services: dict[str, Any], name: str, profiles: str
) -> None:
    lines = (ROOT / "docker" / f"{name}.env").read_text(encoding="utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert settings["COMPOSE_PROFILES"] == profiles
    assert set(profiles.split(",")) <= {each for service in services.values() for each in service.get("profiles", [])}
    assert settings["HUBGAUGE_DATABASE_URL"].startswith("postgresql://hubgauge:${POSTGRES_PASSWORD:?")
    assert settings["HUBGAUGE_DATABASE_URL"].endswith("@postgres:5432/hubgauge")


def test_the_cluster_runs_dask_with_what_scans_need_and_shows_no_port(services: dict[str, Any]) -> None:
    for name in ("scheduler", "worker"):
        service = services[name]
        assert service["entrypoint"][:2] == ["dask", name]
        assert set(service["build"]["args"]["EXTRAS"].split(",")) == {"scan", "distributed", "postgres"}
        assert "ports" not in service
        assert service["read_only"] is True
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dask")), *services["worker"]["entrypoint"][1:], "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
