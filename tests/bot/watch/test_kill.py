"""Every release reaches every subscription and none comes twice, whoever is killed and whatever fails.

`HUBGAUGE_KILL_RELEASES=300` runs the whole of it (`make kill`); a tenth runs with all tests.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from bot.watch.outbox import Outbox
from bot.watch.subscriptions import SubscriptionStore, read_target
from ingest.store.releases import ReleaseStore
from tests.bot.watch.conftest import CHANNEL, release
from tests.bot.watch.replica import replica
from tests.hub import faults
from tests.hub.fixture_repos import QWEN3_0_6B
from tests.hub.repositories import HubFile, json_file, weights_file

if TYPE_CHECKING:
    from tests.bot.watch.conftest import Scene

RELEASES = int(os.environ.get("HUBGAUGE_KILL_RELEASES", "30"))
FAILING = 0.1
OTHER = "C0ORIGINALS"
LONGEST_S = 60 + 2 * RELEASES


class Replicas:
    """So many watchers, one of which is killed now and then and started anew."""

    def __init__(self, count: int, environ: dict[str, str]) -> None:
        self._environ = environ
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.bot.watch.replica"])
        self._running = [self._start() for _ in range(count)]
        self._random = random.Random(7)  # noqa: S311  # whom to kill, not a secret
        self._stop = threading.Event()
        self.kills = 0
        self._thread = threading.Thread(target=self._kill_along)
        self._thread.start()

    def _start(self) -> multiprocessing.process.BaseProcess:
        process = self._context.Process(target=replica, args=(self._environ,), daemon=True)
        process.start()
        return process

    def _kill_along(self) -> None:
        while not self._stop.wait(self._random.uniform(0.5, 1.5)):
            which = self._random.randrange(len(self._running))
            os.kill(self._running[which].pid or 0, signal.SIGKILL)
            self._running[which].join()
            self.kills += 1
            self._running[which] = self._start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()
        for process in self._running:
            process.kill()
            process.join()


def test_every_release_reaches_every_subscription_once(scene: Scene) -> None:
    store, outbox, releases = SubscriptionStore(scene.engine), Outbox(scene.engine), ReleaseStore(scene.engine)
    store.add("Qwen, acme on 8xH100 at 32K", read_target(f"slack:{CHANNEL}"))
    store.add("acme", read_target(f"slack:{OTHER}"))
    store.add("everything on 1x4090", read_target(f"lines:{scene.folder / 'told.jsonl'}"))
    scene.hub.state.page_size = 20
    replicas = Replicas(1 if scene.engine.dialect.name == "sqlite" else 2, scene.environ)
    try:
        _wait_for(lambda: all(releases.mark(name) for name in ("createdAt", "lastModified", "organization:acme")), 60)
        scene.slack.failing = FAILING
        names = _publish(scene)
        _wait_for(lambda: outbox.counts().get("sent", 0) >= 3 * len(names), LONGEST_S)
    finally:
        replicas.end()
    posted = Counter((said["channel"], _named(said["text"])) for said in scene.slack.messages)
    written = Counter(row["repo_id"] for row in scene.lines("told.jsonl"))
    assert posted == Counter({(channel, name): 1 for channel in (CHANNEL, OTHER) for name in names})
    assert written == Counter(dict.fromkeys(names, 1))
    assert replicas.kills > 3
    assert scene.slack.lost > 0
    print(f"{len(names)} releases, {replicas.kills} kills, {scene.slack.lost} answers of Slack lost, "  # noqa: T201  # for `make kill`
          f"{scene.slack.searched} searches, {len(scene.slack.messages)} messages")  # fmt: skip


def _publish(scene: Scene) -> list[str]:
    """Releases one after another; every third is made empty, then filled."""
    names = [f"acme/model-{number:03}" for number in range(RELEASES)]
    scene.hub.fail(faults.now_and_then(503, FAILING))
    for number, name in enumerate(names):
        empty = {".gitattributes": HubFile(b"*\n")} if number % 3 == 0 else None
        repo = scene.hub.add(release(name, files=empty))
        time.sleep(0.03)
        if empty:
            repo.commit({"config.json": json_file(QWEN3_0_6B), "model.safetensors": weights_file(1_503_300_328)})
    return names


def _named(text: str) -> str:
    found = re.search(r"acme/model-\d+", text)
    return found[0] if found else text


def _wait_for(is_so: object, timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while not is_so():  # type: ignore[operator]  # a function without arguments
        if time.monotonic() > end:
            pytest.fail("not all was delivered in time")
        time.sleep(0.1)
