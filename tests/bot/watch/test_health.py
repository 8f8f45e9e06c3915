"""`hubgauge doctor` says how the watcher, the webhook, the store and the cluster of a deployment are."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.watch.health import watch_health
from bot.watch.outbox import Outbox
from bot.watch.subscriptions import SubscriptionStore, read_target
from bot.watch.tables import open_watch
from ingest.store.leases import Leases
from ingest.store.releases import READY, Release, ReleaseStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

NOON = 1_795_003_200.0
BIN = Path(sys.executable).parent


@pytest.fixture
def engine(database_address: str) -> Iterator[Engine]:
    engine = open_watch(database_address)
    yield engine
    engine.dispose()


def findings(address: str, **environ: str) -> dict[str, dict[str, Any]]:
    """What `hubgauge doctor` finds, by name."""
    named = {"HUBGAUGE_DATABASE_URL": address, "HF_HUB_OFFLINE": "1", **environ}
    found = subprocess.run(
        [str(BIN / "hubgauge"), "doctor", "--json"],
        env={**os.environ, **named},
        capture_output=True,
        text=True,
        check=False,
    )
    return {finding["name"]: finding for finding in json.loads(found.stdout)["findings"]}


def test_it_tells_whether_a_watcher_looks(engine: Engine) -> None:
    assert "no watcher has looked yet" in (watch_health(engine, lambda: NOON) or "")
    assert Leases(engine, "a watcher").hold("watch", NOON, 60.0)
    assert "; a watcher looks;" in (watch_health(engine, lambda: NOON + 30) or "")
    assert "no watcher has looked for 9 minutes" in (watch_health(engine, lambda: NOON + 600) or "")


def test_it_counts_what_is_kept_waits_and_came_by_the_webhook(engine: Engine, database_address: str) -> None:
    store, releases = SubscriptionStore(engine), ReleaseStore(engine)
    made = store.add("acme", read_target("slack:C0ONE"))
    release = Release("acme/model", READY, "webhook", "1" * 40, found_at=NOON, ready_at=NOON)
    releases.note([release])
    Outbox(engine).announce(release, [made], releases)
    found = findings(database_address, HUBGAUGE_HUB_WEBHOOK_SECRET="a-secret-of-ours")  # no secret of anybody
    assert found["watch"]["said"].startswith("1 subscriptions; 0 delivered, 1 waiting, 0 given up")
    assert found["webhook"]["said"] == "1 repositories were first told of by it, last acme/model"
    assert "0 models by commit, 0 unfinished scans" in found["models kept"]["said"]
    assert "a-secret-of-ours" not in json.dumps(found)


def test_it_asks_the_cluster_that_is_set(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    database = f"sqlite:///{tmp_path / 'none.db'}"
    assert findings(database, HUBGAUGE_DASK=address)["dask"]["state"] == "fails"
    scheduler = [str(BIN / "dask"), "scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    worker = [str(BIN / "dask"), "worker", address, "--nthreads", "3", "--no-nanny", "--local-directory", str(tmp_path)]
    with (tmp_path / "log").open("w") as log:
        both = [subprocess.Popen([*one, "--no-dashboard"], stderr=log, stdout=log) for one in (scheduler, worker)]
    try:
        end, said = time.monotonic() + 60, dict[str, Any]()
        while said.get("state") != "works" and time.monotonic() < end:
            said = findings(database, HUBGAUGE_DASK=address)["dask"]
        assert said["said"] == f"{address}: 3 threads of its workers"
    finally:
        for process in both:
            process.kill()
            process.wait()
