"""Under the Hub's windows no request too many, and people are answered; on a cluster the same bytes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.errors import SettingsError
from bot.scan.executors import workers
from ingest.hub import HubClient
from ingest.repo_ref import RepoRef
from ingest.scan.source import Source
from ingest.settings import Settings
from tests.bot.scan.conftest import many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bot.scan.conftest import Place

EVERYTHING = Source("everything")
BIN = Path(sys.executable).parent


def test_under_windows_no_request_is_refused_and_people_are_answered_all_along(place: Place) -> None:
    place.hub.state.repos.clear()
    for repo in many(130):
        place.hub.add(repo)
    place.hub.enforce(2.0, resolvers=50)  # 40 for the scan, 10 for people
    person, done, refused = HubClient(Settings(endpoint=place.hub.url)), threading.Event(), list[Exception]()

    def ask_along() -> None:
        number = 0
        while not done.wait(0.4):
            number += 1
            try:
                person.fetch_model(RepoRef(f"org{number % 10}/model-{number % 130:04}"))
            except Exception as error:  # noqa: BLE001  # judged below
                refused.append(error)

    asking = threading.Thread(target=ask_along)
    asking.start()
    outcome = place.scan(EVERYTHING)
    done.set()
    asking.join()
    assert outcome.progress.kept == 130
    assert refused == []
    assert [entry for entry in place.hub.log if entry.status == 429] == []


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """A Dask scheduler; its address."""
    pytest.importorskip("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(BIN / "dask"), "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    with (tmp_path / "scheduler.log").open("w") as log, subprocess.Popen(command, stderr=log, stdout=log) as process:
        yield f"tcp://127.0.0.1:{port}"
        process.kill()


def _worker(address: str, folder: Path) -> subprocess.Popen[bytes]:
    command = [str(BIN / "dask"), "worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    command += ["--local-directory", str(folder), "--death-timeout", "20"]
    with (folder / "workers.log").open("a") as log:
        return subprocess.Popen(command, stderr=log, stdout=log)


def _wait_for_workers(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, timeout=20, set_as_default=False) as client:  # type: ignore[no-untyped-call]  # as it is
        client.wait_for_workers(count, timeout=30)


def test_a_cluster_gives_the_same_bytes_with_a_worker_killed_half_way(
    place: Place, scheduler: str, tmp_path: Path
) -> None:
    place.hub.state.repos.clear()
    for repo in many(400):
        place.hub.add(repo)
    place.hub.state.page_size = 1000
    place.scan(EVERYTHING)
    os.environ["HUBGAUGE_DATABASE_URL"] = f"sqlite:///{tmp_path / 'second.db'}"  # `place` puts it back
    place.requests()
    place.hub.latency_s = 0.01
    both = [_worker(scheduler, tmp_path), _worker(scheduler, tmp_path)]
    _wait_for_workers(scheduler, 2)
    killer = threading.Thread(target=_kill_half_way, args=(place, both[0]))
    killer.start()
    place.scan(EVERYTHING, "cluster.jsonl", dask=scheduler, threads=2)
    killer.join()
    assert both[0].wait() == -signal.SIGKILL
    assert (place.folder / "cluster.jsonl").read_bytes() == (place.folder / "rows.jsonl").read_bytes()
    assert place.requests()[1] <= 400 + 2 + 8  # what the dead worker had under way, and had not yet written
    for worker in both:
        worker.kill()
        worker.wait()


def _kill_half_way(place: Place, worker: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while sum("/resolve/" in entry.path for entry in list(place.hub.log)) < 150 and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(worker.pid, signal.SIGKILL)


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.scan.executors.CONNECT_S", 1)
    with pytest.raises(SettingsError, match="no Dask scheduler answers"), workers(dask="tcp://127.0.0.1:9"):
        pass
