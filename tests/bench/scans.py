"""What a scan takes beside its floors: raw requests, latency and quota, and 100,000 models out of the store."""

import http.client
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from ingest.catalogue import bundled_catalogue
from ingest.fetched_repo import FetchedRepo
from ingest.hub import HubClient
from ingest.listing import HubListing
from ingest.repo_ref import RepoRef
from ingest.scan.collect import Collector, Done, fetch_chunk
from ingest.scan.fetch import Fetcher
from ingest.scan.keeper import Keeper
from ingest.scan.line import PatientExchange
from ingest.scan.source import Source
from ingest.settings import Settings
from ingest.store.budget import SharedQuota
from ingest.store.opened import open_store
from ingest.store.scans import KEPT, Item, ScanStore
from ingest.store.specs import SpecStore
from tests.bench.timing import Row, milliseconds
from tests.hub.process import hub_process

MODELS = 800
DOWNLOADS = 60
ROUNDS = 5
LATENCY_S = 0.05
CONCURRENCY = 16
WINDOW_S, LIMIT = 20.0, 1000
SIZED = 100_000
SHAPES_PER_CONFIG = 25
MACHINES = ("1x rtx-4090", "1x h100-sxm-80gb", "8x h100-sxm-80gb")
SOURCE = Source("everything")

SIZE = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from pathlib import Path
from urllib.parse import urlsplit
from bot.scan.executors import workers
from bot.scan.plan import read_plan
from bot.scan.progress import Silent
from bot.scan.run import scan
from ingest.scan.source import Source
with workers(1) as found:
    outcome = scan(Source("names", names=("x",)), read_plan(sys.argv[2:], (), None), Path(sys.argv[1]), found, Silent(),
                   is_fresh=False)
assert outcome.rows >= 3 * 90_000, outcome
"""


def rows() -> Iterator[Row]:
    """Fetching beside raw requests, under latency, under a quota; sizing out of the store."""
    yield from _fetching()
    yield _latency()
    yield from _quota()
    yield from _sizing()


def _collect(url: str, threads: int) -> float:
    """Seconds for listing and fetching all of that Hub into an empty store."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_store(f"sqlite:///{folder}/store.db")
        settings, specs, scans = Settings(endpoint=url), SpecStore(engine), ScanStore(engine)
        quota = SharedQuota(engine, "bench")
        fetcher, keeper = Fetcher(settings, quota, specs), Keeper(specs, scans, SOURCE.scan_id)
        with ThreadPoolExecutor(threads) as pool:

            def submit(names: object) -> Future[Done]:
                return pool.submit(fetch_chunk, names, fetcher, keeper)  # type: ignore[arg-type]  # names of items

            listing = HubListing(settings, quota, exchange=PatientExchange)
            collector = Collector(SOURCE, scans, specs, listing, submit, 2 * threads, _nothing)
            collector.begin()
            start = time.perf_counter()
            progress = collector.run()
            took = time.perf_counter() - start
        fetcher.close()
        engine.dispose()
    assert progress.kept == progress.total, progress
    return took


def _nothing(_: object) -> None:
    """Hears nothing."""


def _fetching() -> Iterator[Row]:
    with hub_process(MODELS) as url, httpx2.Client() as client:
        listed = client.get(f"{url}/api/models?limit={MODELS}&expand=sha").json()
        paths = [f"{url}/{entry['id']}/resolve/{entry['sha']}/config.json" for entry in listed]

        def raw() -> float:
            return _timed(lambda: [json.loads(client.get(path).content) for path in paths]) / len(paths)

        sides: list[Callable[[], float]] = [
            raw,
            lambda: _collect(url, 8) / len(paths),
            lambda: _download(url, listed[:DOWNLOADS]),
        ]
        times = [[side() for side in sides] for _ in range(ROUNDS)]
        requests = _requests(url, client)
    floor, ours, theirs = (statistics.median(side) for side in zip(*times, strict=True))
    share = statistics.median(row[0] / row[1] for row in times)
    yield Row(
        f"scan: a new model listed, fetched and kept ({1 / ours:,.0f}/s)",
        milliseconds(ours),
        f"raw httpx2 in turn {milliseconds(floor)}: {share:.2f} of its rate",
        "0.8 of its rate",
        share >= 0.8,
    )
    times_of = statistics.median(row[2] / row[1] for row in times)
    yield Row(
        "scan: the same beside hf_hub_download, cold",
        milliseconds(ours),
        f"{milliseconds(theirs)}: {times_of:.1f} times its rate",
        "8 times",
        times_of >= 8,
    )
    yield Row("scan: requests for a new model", f"{requests:.3f}", "", "1.05", requests <= 1.05)


def _download(url: str, listed: list[dict[str, str]]) -> float:
    from huggingface_hub import hf_hub_download

    with tempfile.TemporaryDirectory() as folder:

        def all_of_them() -> None:
            for entry in listed:
                hf_hub_download(entry["id"], "config.json", endpoint=url, cache_dir=folder, token=False)

        return _timed(all_of_them) / len(listed)


def _requests(url: str, client: httpx2.Client) -> float:
    """Requests of one scan by the Hub's own count, the one that asks for the count left out."""
    before = _left(url, client)
    _collect(url, 8)
    return (before - _left(url, client) - 1) / MODELS


def _left(url: str, client: httpx2.Client) -> int:
    api = client.get(f"{url}/api/models?limit=1").headers["ratelimit"]
    file = client.get(f"{url}/org0/model-000000/resolve/main/config.json").headers["ratelimit"]
    left = [int(text.split(";r=")[1].split(";")[0]) for text in (api, file)]
    return sum(left) + (1 if left else 0)


def _latency() -> Row:
    """Beside threads that do nothing but ask, in turn: what a busy machine adds to the latency slows both."""
    count = 4 * MODELS
    with hub_process(count, LATENCY_S) as url:
        floor, rate = _ask_only(url, count), count / _collect(url, CONCURRENCY)
    bound = CONCURRENCY / LATENCY_S
    return Row(
        f"scan: {CONCURRENCY} at once with {LATENCY_S * 1e3:.0f} ms of latency",
        f"{rate:,.0f} models/s",
        f"of {bound:,.0f}/s {rate / bound:.2f}; asking alone {floor:,.0f}/s",
        "0.9 of it",
        rate >= 0.9 * bound,
    )


def _ask_only(url: str, count: int) -> float:
    """Files in a second of as many threads that ask and do nothing else."""
    own = threading.local()

    def ask(number: int) -> None:
        if not hasattr(own, "connection"):
            own.connection = http.client.HTTPConnection(urlsplit(url).netloc)
        own.connection.request("GET", f"/org{number % 50}/model-{number:06}/resolve/main/config.json")
        own.connection.getresponse().read()

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        return count / _timed(lambda: list(pool.map(ask, range(count))))


def _quota() -> Iterator[Row]:
    """Three windows; a person asks all along. Real windows last 300 s, so their margin weighs a fifteenth of this."""
    usable = int(LIMIT * 0.8)
    count = 2 * usable + usable // 2
    waits: list[float] = []
    refused: list[Exception] = []
    done = threading.Event()
    with hub_process(count, 0.0, WINDOW_S, LIMIT) as url:
        person = threading.Thread(target=_ask_along, args=(url, done, waits, refused))
        person.start()
        took = _collect(url, 8)
        done.set()
        person.join()
    bound = 2 * WINDOW_S / took
    yield Row(
        f"scan: under a quota of {LIMIT:,} in {WINDOW_S:.0f} s, a fifth of it for people",
        f"{count / took:,.0f} models/s",
        f"two whole windows in {took:.1f} s: {bound:.2f} of the bound",
        "0.9 of it",
        bound >= 0.9,
    )
    yield Row(
        f"scan: the longest of {len(waits)} answers to a person meanwhile",
        milliseconds(max(waits)),
        f"{len(refused)} refused",
        "1,000 ms",
        max(waits) <= 1 and not refused,
    )


def _ask_along(url: str, done: threading.Event, waits: list[float], refused: list[Exception]) -> None:
    client, number = HubClient(Settings(endpoint=url)), 0
    while not done.wait(0.5):
        start = time.perf_counter()
        try:
            client.fetch_model(RepoRef(f"org{number % 50}/model-{number:06}"))
        except Exception as error:  # noqa: BLE001  # counted
            refused.append(error)
        waits.append(time.perf_counter() - start)
        number += 1


def _sizing() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/store.db"
        shapes = _fill(address)
        code = [sys.executable, "-c", SIZE, f"{folder}/rows.parquet", *MACHINES]
        environ = {**os.environ, "HUBGAUGE_DATABASE_URL": address, "HUBGAUGE_PRICES": "bundled"}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = _timed(lambda: subprocess.run(code, check=True, env=environ))
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        written = Path(f"{folder}/rows.parquet").stat().st_size
    yield Row(
        f"scan: {SIZED:,} kept models of {shapes:,} shapes on three machines, one core",
        f"{took:,.1f} s",
        f"of its processor, {wall:,.1f} s by the clock; {written / 1e6:.0f} MB of Parquet",
        "90 s",
        took <= 90,
    )
    peak = used.ru_maxrss / 1024
    yield Row("scan: most memory of a process meanwhile", f"{peak:,.0f} MiB", "", "300 MB", peak * 1.048576 <= 300)


def _fill(address: str) -> int:
    """How many shapes: every bundled config in variants by vocabulary, each with many repositories of its own text."""
    catalogue, engine, source = bundled_catalogue(), open_store(address), Source("names", names=("x",))
    specs, scans = SpecStore(engine), ScanStore(engine)
    configs = [entry.config for repo_id in catalogue.repo_ids() if (entry := catalogue.entry(repo_id)) is not None]
    shapes = [(config, step) for config in configs for step in range(SHAPES_PER_CONFIG)]
    scans.begin(source.scan_id, source.as_json())
    for first in range(0, SIZED, 5000):
        repos = [_tuned(number, *shapes[number % len(shapes)]) for number in range(first, first + 5000)]
        items = [Item(repo.repo_id, KEPT, None, repo.repo_id, repo.commit) for repo in repos]
        with engine.begin() as connection:
            specs.put(repos, connection)
        scans.add_page(source.scan_id, items, None, is_last=True)
    engine.dispose()
    return len(shapes)


def _tuned(number: int, config: object, step: int) -> FetchedRepo:
    assert isinstance(config, dict)
    text = {**config, "_name_or_path": f"run-{number}", "transformers_version": f"4.{number % 50}.0"}
    if isinstance(config.get("vocab_size"), int):
        text["vocab_size"] = config["vocab_size"] + 64 * step
    data = json.dumps(text, indent=2).encode()
    return FetchedRepo(f"org{number % 997}/model-{number:06}", f"{number:040x}", config=data, tags=("safetensors",))


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
