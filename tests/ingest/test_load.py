"""The front door with hostile names: every path is a model or a refusal, and a silent Hub is said."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from ingest.errors import NoConfig, UnknownModel
from ingest.hub import HubClient
from ingest.loader import Loader, load_path
from ingest.settings import Settings
from tests.hub import faults
from tests.hub.fixture_repos import QWEN3_0_6B

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.loopback import LoopbackHub

HOSTILE_PATHS = (
    "~nosuchuser/x",
    "/" + "a" * 5000,
    "/" + "a/" * 1500,
    "/" + "a/" * 5000,
    "/etc/a\0b",
    "/etc/\ud800",
    "/dev/zero",
    "/dev/tty",
)


@pytest.mark.parametrize("text", HOSTILE_PATHS, ids=[ascii(text)[:24] for text in HOSTILE_PATHS])
def test_a_path_that_cannot_be_read_is_refused_as_one(text: str) -> None:
    with pytest.raises(NoConfig) as refused:
        Loader(allows_paths=True).load(text)
    assert refused.value.hint
    assert len(refused.value.message) < 300


@pytest.mark.parametrize("name", ["a" * 5000 + "/b", "a/b\0c", "a" * 5000 + ".gguf"], ids=["long", "nul", "gguf"])
def test_a_name_that_no_file_can_have_is_no_path(name: str) -> None:
    from ingest.loader import is_path

    assert not is_path(name)


def test_a_pipe_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    for name in ("config.json", "model.gguf"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(NoConfig, match="no regular file"):
            load_path(str(tmp_path / name))
    with pytest.raises(NoConfig, match="no regular file"):
        load_path(str(tmp_path))


def test_a_folder_and_its_config_are_one_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(QWEN3_0_6B))
    models = Loader(allows_paths=True)
    assert models.load(str(tmp_path)).spec == models.load(str(tmp_path / "config.json")).spec


def test_a_folder_without_a_config_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NoConfig, match=r"no config\.json there"):
        load_path(str(tmp_path))
    with pytest.raises(NoConfig, match="no missing there"):
        load_path(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    ("fault", "is_offline", "why"),
    [
        (faults.status(429, Retry_After="42"), False, "42 s"),
        (faults.status(503), False, "503"),
        (None, True, "offline mode"),
    ],
)
def test_a_hub_that_could_not_be_searched_is_not_a_hub_without_the_model(
    loopback_hub: LoopbackHub, fault: faults.Fault | None, is_offline: bool, why: str
) -> None:
    if fault is not None:
        loopback_hub.fail(fault)
    client = HubClient(Settings(endpoint=loopback_hub.url, is_offline=is_offline))
    with pytest.raises(UnknownModel) as refused:
        Loader(connect=lambda: client).load("zorgmodel-7b")
    assert "could not be asked" in refused.value.hint
    assert why in refused.value.hint


def test_a_hub_that_answers_and_has_no_such_model_is_believed(loopback_hub: LoopbackHub) -> None:
    client = HubClient(Settings(endpoint=loopback_hub.url))
    with pytest.raises(UnknownModel) as refused:
        Loader(connect=lambda: client).load("zorgmodel-7b")
    assert "could not be asked" not in refused.value.hint
