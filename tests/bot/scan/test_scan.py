"""A scan lists, fetches once, sizes and writes; what it cannot size it says, and what it paid for it keeps."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.errors import QuestionError, SettingsError
from bot.scan.plan import read_plan
from bot.scan.rows import COLUMNS
from bot.scan.writing import OutputFault
from ingest.scan.source import Source
from tests.hub import faults
from tests.hub.fixture_repos import QWEN3_0_6B
from tests.hub.repositories import HubRepo, json_file

if TYPE_CHECKING:
    from tests.bot.scan.conftest import Place

EVERYTHING = Source("everything")
COMMAND = str(Path(sys.executable).with_name("hubgauge"))


def test_a_new_model_costs_one_request_and_a_known_commit_none(place: Place) -> None:
    outcome = place.scan(EVERYTHING)
    assert (outcome.progress.kept, outcome.progress.refused) == (31, 4)  # broken JSON is found when it is sized
    api, files = place.requests()
    assert (api, files) == (1, 32)  # 30 models, the broken one, the gated one; the others are told by the list
    place.scan(EVERYTHING)
    assert place.requests() == (1, 1)  # the list, and the gated one that might have opened


def test_a_new_commit_is_fetched_and_the_others_are_not(place: Place) -> None:
    place.scan(EVERYTHING)
    place.requests()
    place.hub.state.repos["org1/model-0001"].commit({"config.json": json_file({**QWEN3_0_6B, "vocab_size": 1000})})
    place.scan(EVERYTHING)
    assert place.requests() == (1, 2)


def test_every_refusal_has_its_reason(place: Place) -> None:
    place.scan(EVERYTHING)
    reasons = {row["repo_id"]: (row["refusal"], row["reason"]) for row in place.rows() if "refusal" in row}
    assert {name: kind for name, (kind, _) in reasons.items()} == {
        "odd/painter": "NotAGenerativeModel",
        "odd/unheard-of": "UnsupportedArchitecture",
        "odd/broken": "MalformedConfig",
        "odd/gated": "GatedModel",
        "odd/empty": "NoConfig",
    }
    assert all(reason.startswith(name) for name, (_, reason) in reasons.items())
    assert not [reason for _, reason in reasons.values() if "this-model" in reason or "0000000" in reason]


def test_a_row_is_what_the_question_answers(place: Place) -> None:
    from bot.answer import answer
    from bot.bootstrap import model_loader

    place.scan(Source("names", names=("org0/model-0000",)), on=("8xh100", "2x rtx-4090"), context="32K")
    (eight, two) = place.rows()
    for row, machine in ((eight, "8xH100"), (two, "2x4090")):
        found = answer(f"org0/model-0000 on {machine} at 32K", model_loader()).results[0].estimate
        assert row["required_bytes"] == pytest.approx(found.memory.required_bytes, rel=0.01)  # sizes of files apart
        assert row["tpot_s"] == pytest.approx(found.tpot.value, rel=0.01)
        assert (row["machine"], row["gpus"], row["fits"]) == (found.request.gpu.id, found.request.gpus, found.fits)


def test_there_is_a_row_for_each_model_format_and_machine(place: Place) -> None:
    place.scan(Source("author", "org1"), on=("1xh100", "1x4090"), weights=("own,int4",))
    rows = place.rows()
    assert len(rows) == 3 * 2 * 2
    assert {(row["weights"], row["machine"]) for row in rows} == {
        (weights, card) for weights in ("bf16", "int4") for card in ("h100-sxm-80gb", "rtx-4090")
    }
    assert [row["repo_id"] for row in rows] == sorted(row["repo_id"] for row in rows)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        (Source("author", "org3"), 3),
        (Source("search", "model-000"), 10),
        (Source("collection", "acme/best-0123abc"), 2),
        (Source("trending", limit=4), 4),
        (Source("everything", limit=7), 7),
        (Source("names", names=("org0/model-0000", "https://huggingface.co/org1/model-0001", "not a name at all!")), 3),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_every_source_names_its_models(place: Place, source: Source, count: int) -> None:
    place.hub.state.collections["acme/best-0123abc"] = ["org0/model-0000", "org5/model-0005"]
    place.hub.state.page_size = 5
    outcome = place.scan(source)
    assert outcome.progress.total == count
    assert len({row["repo_id"] for row in place.rows()}) == count


def test_names_are_asked_for_again_on_condition(place: Place) -> None:
    names = Source("names", names=("org0/model-0000", "org2/model-0002"))
    place.scan(names)
    place.requests()
    place.scan(names)
    entries = [entry for entry in place.hub.log if "/resolve/main/" in entry.path]
    assert [entry.status for entry in entries] == [304, 304]
    assert [row["commit"] for row in place.rows()] == [
        place.hub.state.repos[name].refs["main"] for name in ("org0/model-0000", "org2/model-0002")
    ]


def test_a_name_at_a_commit_that_is_kept_costs_nothing(place: Place) -> None:
    commit = place.hub.state.repos["org0/model-0000"].refs["main"]
    place.scan(Source("names", names=("org0/model-0000",)))
    place.requests()
    place.scan(Source("names", names=(f"org0/model-0000@{commit}",)))
    assert place.requests() == (0, 0)


def test_a_repository_deleted_after_it_was_listed_is_said_so_and_loses_no_other(place: Place) -> None:
    place.hub.fail(faults.status(404, "/org4/model-0004/resolve/", X_Error_Code="RepoNotFound"))
    outcome = place.scan(EVERYTHING)
    (row,) = [row for row in place.rows() if row["repo_id"] == "org4/model-0004"]
    assert "deleted or made private since" in row["reason"]
    assert outcome.progress.kept == 30


def test_malformed_cards_in_a_list_are_counted_and_cost_no_other(place: Place) -> None:
    page = b'[{"id": 3}, null, {"id": "a/b"}, {"id": "../x", "sha": "%s"}, {"id": "org0/model-0000", "sha": "%s",'
    page += b'"tags": {"a": 1}, "siblings": "none", "safetensors": [], "config": "x", "likes": "many"}]'
    commit = place.hub.state.repos["org0/model-0000"].refs["main"].encode()
    place.hub.fail(faults.body(page % (b"0" * 40, commit), "/api/models"))
    outcome = place.scan(EVERYTHING)
    assert (outcome.malformed, outcome.progress.kept) == (4, 1)


def test_what_the_hub_fails_to_answer_is_asked_again_and_not_lost(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.scan.collect.ROUND_WAITS_S", (0.01,) * 4)
    place.hub.fail(faults.status(503, "/resolve/", times=25), faults.close("/resolve/", times=5))
    outcome = place.scan(EVERYTHING)
    assert (outcome.progress.kept, outcome.progress.listed) == (31, 0)


def test_a_hub_that_is_away_leaves_its_models_for_the_next_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.scan.collect.ROUND_WAITS_S", (0.01,))
    place.hub.fail(faults.status(503, "/org7/"))
    outcome = place.scan(EVERYTHING)
    assert outcome.progress.listed == 3
    assert {row["refusal"] for row in place.rows() if row["repo_id"].startswith("org7/")} == {"HubUnavailable"}
    place.hub.fail()
    place.requests()
    outcome = place.scan(EVERYTHING)
    assert (outcome.is_resumed, outcome.progress.listed, outcome.progress.kept) == (True, 0, 31)
    assert place.requests() == (0, 3)


def test_csv_and_parquet_say_the_same(place: Place) -> None:
    import duckdb

    place.scan(EVERYTHING)
    place.scan(EVERYTHING, "rows.csv")
    place.scan(EVERYTHING, "rows.parquet")
    with (place.folder / "rows.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert list(written[0]) == list(COLUMNS)
    with duckdb.connect() as connection:
        found = connection.read_parquet(str(place.folder / "rows.parquet")).fetchall()
    as_lines = place.rows()
    assert len(written) == len(found) == len(as_lines) == 35
    for line, row, cells in zip(as_lines, found, written, strict=True):
        assert dict(zip(COLUMNS, row, strict=True)) == {name: line.get(name) for name in COLUMNS}
        assert {name: cells[name] for name in ("repo_id", "commit")} == {
            "repo_id": line["repo_id"],
            "commit": line["commit"],
        }


def test_a_formula_in_a_name_is_a_text_in_a_spreadsheet(place: Place) -> None:
    place.scan(Source("names", names=("=cmd|calc!A1",)), "rows.csv")
    assert "\n'=cmd" in (place.folder / "rows.csv").read_text(encoding="utf-8")


def test_processes_give_the_same_bytes(place: Place) -> None:
    place.scan(EVERYTHING)
    place.scan(EVERYTHING, "two.jsonl", processes=2, is_fresh=True)
    assert (place.folder / "two.jsonl").read_bytes() == (place.folder / "rows.jsonl").read_bytes()


def test_a_killed_scan_goes_on_without_asking_again(place: Place) -> None:
    place.hub.latency_s = 0.02
    arguments = [COMMAND, "scan", "--everything", "--threads", "2", "-o", str(place.folder / "rows.jsonl")]
    with subprocess.Popen(arguments, env=os.environ.copy(), stderr=subprocess.DEVNULL) as dying:
        _wait_for(lambda: sum("/resolve/" in entry.path for entry in list(place.hub.log)) >= 15)
        os.kill(dying.pid, signal.SIGKILL)
    time.sleep(0.1)  # what was under way reaches the Hub's log
    first = {path for path in place.hub.paths() if "/resolve/" in path}
    subprocess.run(arguments, env=os.environ.copy(), check=True)
    again = place.hub.paths()
    second = {path for path in again if "/resolve/" in path}
    assert not [path for path in again if path == "/api/models"]
    assert len(first & second) <= 2 + 2  # two threads had one under way each, and each may have left one to the next
    assert len(first | second) == 32
    assert len(place.rows()) == 30 * 3 + 5


def _wait_for(is_so: object, timeout_s: float = 30.0) -> None:
    end = time.monotonic() + timeout_s
    while not is_so():  # type: ignore[operator]  # a function without arguments
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_file_that_cannot_be_written_is_named_and_what_was_fetched_stays(place: Place) -> None:
    (place.folder / "taken").write_text("")
    with pytest.raises(OutputFault, match="cannot be written"):
        place.scan(EVERYTHING, "taken/rows.jsonl")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here: a full disk cannot be had")
def test_a_full_disk_is_said_and_costs_no_request_twice(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.scan import writing

    real = writing.RowFile.__enter__

    def on_full(self: writing.RowFile) -> writing.RowFile:
        entered = real(self)
        self._file.close()
        self._file = Path("/dev/full").open("w", buffering=1, encoding="utf-8")  # noqa: SIM115  # the RowFile closes it
        return entered

    monkeypatch.setattr(writing.RowFile, "__enter__", on_full)
    with pytest.raises(OutputFault, match="No space left"):
        place.scan(EVERYTHING)
    monkeypatch.undo()
    assert not list(place.folder.glob(".rows*"))


def test_an_ending_that_tells_no_format_is_refused_before_anything_is_asked(place: Place) -> None:
    with pytest.raises(SettingsError, match="no format"):
        place.scan(EVERYTHING, "rows.xlsx")
    assert place.requests() == (0, 0)


@pytest.mark.parametrize(
    ("on", "weights", "context"), [("8x toaster", "own", None), ("8xh100", "int5", None), ("h100", "own", "much")]
)
def test_a_word_that_is_none_is_named(on: str, weights: str, context: str | None) -> None:
    with pytest.raises(QuestionError):
        read_plan((on,), (weights,), context)


def test_no_sources_or_two_are_refused() -> None:
    for arguments in ([], ["--author", "a", "--trending"]):
        found = subprocess.run([COMMAND, "scan", *arguments], capture_output=True, text=True, check=False)
        assert found.returncode == 1
        assert "named" in found.stderr


def test_the_repository_was_made_for_these_tests(place: Place) -> None:
    assert isinstance(place.hub.state.repos["org0/model-0000"], HubRepo)
