"""A Hub that nobody here wrote: olah (PyPI) over git repositories, and as a mirror before the loopback Hub."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from ingest.errors import GatedModel, IngestError
from ingest.hub import HubClient
from ingest.loader import Loader
from ingest.settings import Settings
from tests.hub.fixture_repos import LLAMA_3_1_8B, QWEN3_0_6B
from tests.peers import python_packages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.hub.loopback import LoopbackHub

OLAH = "olah==0.5.4"
START_S = 60.0
COPY = "acme/Qwen3-0.6B"  # asked for by a branch: without one, olah 0.5.4 answers 401 for a git repository


@pytest.fixture(scope="session")
def olah() -> Path:
    """The Python that has it: the environment was moved after it was made, so its scripts name another."""
    return python_packages("olah", OLAH) / "bin" / "python"


class Mirror:
    """One olah process on a port of its own."""

    def __init__(self, python: Path, folder: Path, settings: Mapping[str, Any]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port: int = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        basic = {"host": "127.0.0.1", "port": port, "repos-path": str(folder / "repos"), "metadata-cache-ttl": 0}
        own = {"mirror-netloc": f"127.0.0.1:{port}", "mirror-lfs-netloc": f"127.0.0.1:{port}"}
        lines = [f"{key} = {json.dumps(value)}" for key, value in {**basic, **own, **settings}.items()]
        access = [line for line in lines if line.startswith("offline")]
        config = folder / "olah.toml"
        others = [line for line in lines if line not in access]
        config.write_text("\n".join(["[basic]", *others, "", "[accessibility]", *access]) + "\n", encoding="utf-8")
        self.log = (folder / "olah.log").open("wb")
        self.process = subprocess.Popen(
            [python, "-c", "from olah.server import cli; cli()", "--config", config, "--log-path", folder / "logs"],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=os.environ | {"GIT_CONFIG_GLOBAL": os.devnull},
        )
        self._wait(port)

    def _wait(self, port: int) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        self.close()
        pytest.fail(f"olah did not start: {self.log.name}")

    def close(self) -> None:
        """Ends the process that was started here."""
        self.process.terminate()
        self.process.wait(timeout=20)
        self.log.close()

    def loader(self, **changes: Any) -> Loader:
        return Loader(connect=lambda: HubClient(Settings(endpoint=self.url, timeout_s=20.0, **changes)))


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=tester", "-c", "user.email=tester@localhost", "-c", "init.defaultBranch=stable"]
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository as the Hub keeps one."""
    folder = tmp_path_factory.mktemp("mirrors") / "models" / COPY
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    commit(folder, QWEN3_0_6B)
    return folder


def commit(folder: Path, config: Mapping[str, Any]) -> str:
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "config")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def git_hub(olah: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    """Olah over that repository, asking nobody else."""
    mirror = Mirror(olah, tmp_path_factory.mktemp("olah"), {"mirrors-path": [str(model.parents[2])], "offline": True})
    yield mirror
    mirror.close()


def test_a_model_of_a_git_hub_is_read_with_its_commit(git_hub: Mirror, model: Path) -> None:
    found = git_hub.loader().load(f"{COPY}@stable")
    assert (found.name, found.spec.revision) == (COPY, git(model, "rev-parse", "HEAD"))
    assert found.spec.headline.num_hidden_layers == QWEN3_0_6B["num_hidden_layers"]


def test_a_new_commit_there_is_seen_and_the_old_one_stays_known(git_hub: Mirror, model: Path) -> None:
    before = git(model, "rev-parse", "HEAD")
    after = commit(model, QWEN3_0_6B | {"num_hidden_layers": 2})
    assert git_hub.loader().load(f"{COPY}@stable").spec.revision == after
    old = git_hub.loader().load(f"{COPY}@{before}")
    assert old.spec.headline.num_hidden_layers == QWEN3_0_6B["num_hidden_layers"]


def test_what_that_hub_does_not_hold_is_an_error_of_ours(git_hub: Mirror) -> None:
    with pytest.raises(IngestError, match="acme/nothing"):
        git_hub.loader().load("acme/nothing")


@pytest.fixture
def proxy(olah: Path, loopback_hub: LoopbackHub, tmp_path: Path) -> Iterator[Mirror]:
    """Olah before the loopback Hub, as people behind a company's mirror have it."""
    upstream = loopback_hub.url.removeprefix("http://")
    mirror = Mirror(
        olah, tmp_path, {"hf-scheme": "http", "hf-netloc": upstream, "hf-lfs-netloc": upstream, "mirror-scheme": "http"}
    )
    yield mirror
    mirror.close()


def test_a_mirror_in_the_middle_passes_a_model_and_a_refusal_on(proxy: Mirror, loopback_hub: LoopbackHub) -> None:
    found = proxy.loader().load("nvidia/Llama-3.1-8B-Instruct-FP8@main")
    assert found.spec.headline.hidden_size == LLAMA_3_1_8B["hidden_size"]
    assert found.spec.weights.name == "fp8"
    with pytest.raises(GatedModel, match="meta-llama"):
        proxy.loader().load("meta-llama/Llama-3.1-8B-Instruct@main")
    assert loopback_hub.paths()
    assert httpx2.get(f"{proxy.url}/api/models/acme/nothing/revision/main").status_code in {401, 404}
