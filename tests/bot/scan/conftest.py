"""A Hub and a database in the environment, as `hubgauge scan` reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from bot.scan import tasks
from bot.scan.executors import workers
from bot.scan.plan import read_plan
from bot.scan.progress import Silent
from bot.scan.run import Outcome, scan
from tests.hub.fixture_repos import GPT2, LLAMA_3_1_8B, QWEN3_0_6B
from tests.hub.loopback import LoopbackHub
from tests.hub.repositories import HubFile, HubRepo, json_file, weights_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.scan.source import Source

SHAPES = (QWEN3_0_6B, LLAMA_3_1_8B, GPT2)


def many(count: int) -> list[HubRepo]:
    """Repositories of three shapes under ten organizations, each with a config of its own."""
    return [
        HubRepo(
            f"org{number % 10}/model-{number:04}",
            {
                "config.json": json_file({**SHAPES[number % 3], "_name_or_path": f"run-{number}"}),
                "model.safetensors": weights_file(1_000_000),
            },
            pipeline_tag="text-generation",
            created_at=f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000Z",
        )
        for number in range(count)
    ]


def odd() -> list[HubRepo]:
    """Repositories that cannot be sized, each for its own reason."""
    return [
        HubRepo("odd/painter", {"model_index.json": json_file({})}, library_name="diffusers"),
        HubRepo("odd/unheard-of", {"config.json": json_file({"model_type": "unheard_of"})}),
        HubRepo("odd/broken", {"config.json": HubFile(b'{"model_type": ')}),
        HubRepo("odd/gated", {"config.json": json_file(LLAMA_3_1_8B)}, gated="manual"),
        HubRepo("odd/empty", {".gitattributes": HubFile(b"*\n")}),
    ]


@dataclass
class Place:
    """Where a test scans: a Hub, a database, a folder for files."""

    hub: LoopbackHub
    folder: Path
    address: str

    def scan(
        self, source: Source, output: str = "rows.jsonl", on: tuple[str, ...] = ("1xh100",), **how: Any
    ) -> Outcome:
        is_fresh = how.pop("is_fresh", False)
        plan = read_plan(on, how.pop("weights", ()), how.pop("context", None))
        with workers(**how) as found:
            return scan(source, plan, self.folder / output, found, Silent(), is_fresh=is_fresh)

    def rows(self, name: str = "rows.jsonl") -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_text(encoding="utf-8").splitlines()]

    def requests(self) -> tuple[int, int]:
        """Requests to the API and for files since the last call."""
        paths = self.hub.paths()
        return sum(p.startswith("/api/") for p in paths), sum(not p.startswith("/api/") for p in paths)


@pytest.fixture
def place(database_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with LoopbackHub(*many(30), *odd()) as hub:
        hub.lift()
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", "")
        monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
        monkeypatch.setenv("HUBGAUGE_DATABASE_URL", database_address)
        yield Place(hub, tmp_path, database_address)
    tasks.close()
