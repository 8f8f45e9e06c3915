"""What strangers put on the Hub, a Hub that fails and a person who stops it keep no scan from its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.scan.sizing import Sizer
from bot.scan.writing import OutputFault
from ingest.errors import HubUnavailable
from ingest.scan.fetch import Fetcher
from ingest.scan.source import Source
from tests.hub import faults
from tests.hub.fixture_repos import QWEN3_0_6B
from tests.hub.repositories import HubFile, HubRepo, json_file, weights_file

if TYPE_CHECKING:
    from ingest.fetched_repo import FetchedRepo
    from ingest.store.scans import Item
    from tests.bot.scan.conftest import Place

EVERYTHING = Source("everything")
COMMAND = str(Path(sys.executable).with_name("hubgauge"))
LARGEST = 2**31 - 1
HALF = "\ud800"
"""Half a character: JSON can spell it, UTF-8 cannot."""


def strange(name: str, **config: Any) -> HubRepo:
    """A repository whose config is a usual one but for this."""
    files = {"config.json": json_file({**QWEN3_0_6B, **config}), "model.safetensors": weights_file(1_000)}
    return HubRepo(name, files)


@pytest.mark.parametrize("output", ["rows.jsonl", "rows.csv", "rows.parquet"])
def test_half_a_character_in_a_config_spoils_no_file(place: Place, output: str) -> None:
    place.hub.add(strange("odd/named", architectures=[f"Qwen3{HALF}"]))
    place.hub.add(strange("odd/typed", model_type=f"qwen{HALF}"))
    outcome = place.scan(EVERYTHING, output)
    assert outcome.rows == 30 + 5 + 2
    assert (place.folder / output).read_bytes()


@pytest.mark.parametrize("output", ["rows.jsonl", "rows.parquet"])
def test_a_model_beyond_all_columns_is_refused_and_the_others_are_written(place: Place, output: str) -> None:
    place.hub.add(strange("odd/giant", hidden_size=LARGEST, num_hidden_layers=1000, intermediate_size=LARGEST))
    outcome = place.scan(EVERYTHING, output)
    assert outcome.rows == 30 + 5 + 1
    if output.endswith(".jsonl"):
        (row,) = [row for row in place.rows() if row["repo_id"] == "odd/giant"]
        assert (row["refusal"], "no model's" in row["reason"]) == ("ImpossibleValue", True)


def test_a_fault_of_ours_costs_one_model_and_is_logged(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sized, fetched = Sizer._ends, Fetcher._with_files

    def ends(self: Sizer, repo: FetchedRepo) -> tuple[str, ...]:
        if repo.repo_id == "org1/model-0001":
            raise KeyError("layers")
        return sized(self, repo)

    def with_files(self: Fetcher, repo: FetchedRepo) -> FetchedRepo:
        if repo.repo_id == "org2/model-0002":
            raise ZeroDivisionError
        return fetched(self, repo)

    place.hub.add(strange("org1/model-0001", marked=True))
    monkeypatch.setattr(Sizer, "_ends", ends)
    monkeypatch.setattr(Fetcher, "_with_files", with_files)
    assert place.scan(EVERYTHING).progress.kept == 30
    bugs = {row["repo_id"]: row["reason"] for row in place.rows() if row.get("refusal") == "Bug"}
    assert sorted(bugs) == ["org1/model-0001", "org2/model-0002"]
    assert "KeyError" in bugs["org1/model-0001"]
    assert "Traceback" in caplog.text


def test_what_duckdb_cannot_write_is_said_and_leaves_nothing_half_made(place: Place) -> None:
    (place.folder / ".rows.parquet.new").mkdir()
    with pytest.raises(OutputFault, match="cannot be written"):
        place.scan(EVERYTHING, "rows.parquet")
    assert not (place.folder / "rows.parquet").exists()
    assert not (place.folder / ".rows.parquet.rows").exists()


def test_a_page_of_the_list_that_fails_is_asked_for_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.scan.collect.ROUND_WAITS_S", (0.01,) * 4)
    place.hub.state.page_size = 5
    asked: list[int] = []

    class Second(faults.Fault):
        """Fails the second page three times."""

        def strikes(self, path: str) -> bool:
            if path == "/api/models":
                asked.append(1)
            return path == "/api/models" and 2 <= len(asked) <= 4

    place.hub.fail(Second(faults.Harm.STATUS, status=504, body=b"{}"))
    assert place.scan(EVERYTHING).progress.total == 35
    assert len(asked) == 7 + 3


def test_a_collection_that_could_not_be_listed_is_listed_by_the_next_run(place: Place) -> None:
    source = Source("collection", "acme/best-0123abc")
    place.hub.state.collections["acme/best-0123abc"] = ["org0/model-0000", "org5/model-0005"]
    place.hub.fail(faults.status(503, "/api/collections"))
    with pytest.raises(HubUnavailable):
        place.scan(source)
    place.hub.fail()
    assert place.scan(source).progress.total == 2


def test_what_a_run_asked_for_in_vain_to_its_end_is_asked_for_by_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.scan.collect.ROUND_WAITS_S", (0.01,) * 4)
    place.hub.fail(faults.status(503, "/org7/"))
    assert place.scan(EVERYTHING).progress.listed == 3
    place.hub.fail()
    assert place.scan(EVERYTHING).progress.listed == 0


def test_names_that_a_killed_scan_had_noted_in_part_are_noted_to_the_end(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest.store.scans import ScanStore

    monkeypatch.setattr("ingest.scan.collect.NAMES", 3)
    source = Source("names", names=tuple(f"org{number}/model-{number:04}" for number in range(8)))
    real, calls = ScanStore.add_page, list[int]()

    def dying(self: ScanStore, scan_id: str, items: list[Item], cursor: str | None, *, is_last: bool) -> int:
        calls.append(len(items))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, scan_id, items, cursor, is_last=is_last)

    monkeypatch.setattr(ScanStore, "add_page", dying)
    with pytest.raises(KeyboardInterrupt):
        place.scan(source)
    place.scan(source)
    assert calls == [3, 3, 2, 2, 0]
    assert len({row["repo_id"] for row in place.rows()}) == 8


def test_ctrl_c_ends_a_scan_that_waits_for_the_next_window(place: Place) -> None:
    place.hub.enforce(120.0, resolvers=10)
    arguments = [COMMAND, "scan", "--everything", "-o", str(place.folder / "rows.jsonl")]
    with subprocess.Popen(arguments, env=os.environ.copy(), stderr=subprocess.PIPE) as waiting:
        _until_asked(place, 8)
        time.sleep(0.5)
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(15) != 0


def test_a_config_of_nothing_but_depth_is_refused(place: Place) -> None:
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    place.hub.add(HubRepo("odd/deep", {"config.json": HubFile(deep), "model.safetensors": weights_file(1_000)}))
    place.scan(EVERYTHING)
    (row,) = [row for row in place.rows() if row["repo_id"] == "odd/deep"]
    assert json.dumps(row["reason"])


def test_the_same_scan_twice_at_once_pays_once_and_says_so(place: Place) -> None:
    place.hub.latency_s = 0.4
    one, two = ["scan", "--everything", "--threads", "2", "-o", str(place.folder / "one.jsonl")], "two.jsonl"
    with subprocess.Popen([COMMAND, *one], env=os.environ.copy()) as first:
        _until_asked(place, 5)
        second = _run(*one[:-1], str(place.folder / two))
        assert first.wait(60) == 0
    assert (second.returncode, "another process is at the scan" in second.stderr) == (1, True)
    assert place.requests() == (1, 32)
    place.hub.latency_s = 0.0
    assert _run(*one[:-1], str(place.folder / two)).returncode == 0
    assert (place.folder / two).read_bytes() == (place.folder / "one.jsonl").read_bytes()


def test_two_scans_do_not_write_one_file(place: Place) -> None:
    place.hub.latency_s = 0.4
    output = ["--threads", "2", "-o", str(place.folder / "rows.jsonl")]
    with subprocess.Popen([COMMAND, "scan", "--everything", *output], env=os.environ.copy()) as first:
        _until_asked(place, 5)
        second = _run("scan", "--author", "org1", *output)
        assert first.wait(60) == 0
    assert (second.returncode, "another scan writes it" in second.stderr) == (1, True)
    assert len({row["repo_id"] for row in place.rows()}) == 35


def test_two_scans_at_once_share_a_database_and_a_quota(place: Place) -> None:
    place.hub.enforce(2.0, resolvers=40)
    arguments = [COMMAND, "scan", "--on", "1xh100", "-o"]
    outputs = {"--author=org1": 3, "--everything": 35}
    both = [
        subprocess.Popen([*arguments, str(place.folder / f"{number}.jsonl"), source], env=os.environ.copy())
        for number, source in enumerate(outputs)
    ]
    assert [one.wait(60) for one in both] == [0, 0]
    assert [len(place.rows(f"{number}.jsonl")) for number in range(2)] == list(outputs.values())
    assert [entry for entry in place.hub.log if entry.status == 429] == []


def _until_asked(place: Place, files: int) -> None:
    end = time.monotonic() + 30
    while sum("/resolve/" in entry.path for entry in list(place.hub.log)) < files and time.monotonic() < end:
        time.sleep(0.02)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], env=os.environ.copy(), capture_output=True, text=True, check=False)
