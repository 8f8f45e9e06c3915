"""A Hub, a Slack and a database for the watcher, in the environment as it reads it."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from bot.settings import read_settings as read_front_settings
from bot.watch.loop import Watcher
from bot.watch.subscriptions import Subscription, read_target
from bot.watch.tables import open_watch
from ingest.settings import read_settings
from tests.bot.watch.replica import QUICK
from tests.bot.watch.slack import KeepingSlack
from tests.hub.fixture_repos import QWEN3_0_6B
from tests.hub.loopback import LoopbackHub
from tests.hub.repositories import HubFile, HubRepo, json_file, weights_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

CHANNEL = "C0RELEASES"


def day(ago_s: float = 0.0) -> str:
    """A time as the Hub writes it."""
    now = time.time() - ago_s
    return time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(now)) + f"{int(now * 1000) % 1000:03}Z"


def release(name: str, *, files: dict[str, HubFile] | None = None, ago_s: float = 0.0, **facts: Any) -> HubRepo:
    """A repository made just now, with weights unless other files are given."""
    whole = {"config.json": json_file(QWEN3_0_6B), "model.safetensors": weights_file(1_503_300_328)}
    return HubRepo(
        name,
        whole if files is None else files,
        created_at=day(ago_s),
        modified_at=day(min(ago_s, 0.0)),
        pipeline_tag="text-generation",
        **facts,
    )


@dataclass
class Scene:
    """Where a test watches."""

    hub: LoopbackHub
    slack: KeepingSlack
    engine: Engine
    environ: dict[str, str]
    folder: Path

    def watcher(self, clock: Callable[[], float] = time.time) -> Watcher:
        return Watcher(
            read_settings(self.environ), read_front_settings(self.environ), self.engine, pace=QUICK, clock=clock
        )

    def subscribe(self, watcher: Watcher, words: str, target: str = f"slack:{CHANNEL}") -> Subscription:
        return watcher.subscriptions.add(words, read_target(target))

    def until(self, watcher: Watcher, is_so: Callable[[], object], timeout_s: float = 20.0) -> None:
        """Rounds of the watcher until it is so."""
        end = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < end, (self.slack.said(), watcher.outbox.counts(), watcher.releases.latest(50))
            watcher.round()
            threading.Event().wait(0.02)

    def lines(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / name
        return [json.loads(row) for row in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def scene(database_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with LoopbackHub(release("Qwen/Old", ago_s=3 * 86_400)) as hub, KeepingSlack() as slack:
        hub.lift()
        environ = {
            "HF_ENDPOINT": hub.url,
            "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
            "HUBGAUGE_DATABASE_URL": database_address,
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_API_URL": slack.url,
        }
        monkeypatch.setenv("HF_TOKEN", "")
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        engine = open_watch(database_address)
        yield Scene(hub, slack, engine, environ, tmp_path)
        engine.dispose()
