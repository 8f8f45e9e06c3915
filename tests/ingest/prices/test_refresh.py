"""A refresh against a catalogue that answers as told; what is kept, and that answers say which snapshot they use."""

import json
from datetime import date
from pathlib import Path

import pytest
import requests
import responses
from click.testing import CliRunner

from bot.cli.main import program
from bot.prices import current_prices
from estimator.prices import PRICES
from ingest.prices.refresh import ADDRESS, LARGEST_FILE_BYTES, refresh
from ingest.prices.skypilot import CLOUDS
from ingest.prices.snapshot import Snapshot, read_snapshot, write_snapshot

LAMBDA = "InstanceType,AcceleratorName,AcceleratorCount,Price\ngpu_8x_h100,H100,8,31.92\n"
VERDA = "InstanceType,AcceleratorName,AcceleratorCount,Price\n1H100.80S.32V,H100,1,2.29\n1L40S,L40S,1,0.91\n"
DAY = date(2026, 11, 21)


def answers(cloud: str, body: str | Exception = "", status: int = 200, etag: str = '"one"') -> None:
    headers = {"ETag": etag}
    responses.get(ADDRESS.format(cloud=cloud), body=body, status=status, headers=headers)


@responses.activate
def test_prices_are_read_per_card_with_their_spread_and_day() -> None:
    answers("lambda", LAMBDA)
    answers("verda", VERDA)
    row = refresh(Snapshot(), DAY, clouds=("lambda", "verda")).snapshot.prices["h100-sxm-80gb"]
    assert (row.low_usd_per_hour, row.high_usd_per_hour) == (2.29, 3.99)
    assert row.median_usd_per_hour == pytest.approx(3.14)
    assert (row.offers, row.low_provider, row.high_provider, row.as_of) == (2, "verda", "lambda", "2026-11-21")
    assert "refreshed 2026-11-21" in row.source


@responses.activate
def test_a_file_that_has_not_changed_is_not_sent_again() -> None:
    answers("lambda", LAMBDA)
    first = refresh(Snapshot(), date(2026, 11, 1), clouds=("lambda",))
    responses.reset()
    answers("lambda", status=304)
    second = refresh(first.snapshot, DAY, clouds=("lambda",))
    assert responses.calls[0].request.headers["If-None-Match"] == '"one"'
    assert second.said == {"lambda": "unchanged"}
    assert second.snapshot.clouds["lambda"].offers == first.snapshot.clouds["lambda"].offers
    assert second.snapshot.prices["h100-sxm-80gb"].as_of == "2026-11-21"


@responses.activate
@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ("", 429, "HTTP 429"),
        ("", 500, "HTTP 500"),
        ("", 304, "HTTP 304"),  # nothing was known, so nothing can be unchanged
        ("", 301, "HTTP 301"),  # no address but the catalogue's is asked
        ("<html>sign in</html>", 200, "columns"),
        ("x" * (LARGEST_FILE_BYTES + 1), 200, "more than"),
        (requests.ConnectionError("secret.example"), 200, "ConnectionError"),
        (requests.Timeout(), 200, "Timeout"),
    ],
)
def test_a_cloud_that_fails_is_said_and_the_others_are_kept(body: str | Exception, status: int, word: str) -> None:
    answers("aws", body, status)
    answers("verda", VERDA)
    done = refresh(Snapshot(), DAY, clouds=("aws", "verda"))
    assert word in done.said["aws"]
    assert "secret" not in done.said["aws"]
    assert set(done.snapshot.clouds) == {"verda"}


@responses.activate
def test_when_no_cloud_answers_what_was_known_stays() -> None:
    known = refresh_of(LAMBDA)
    responses.reset()
    for cloud in CLOUDS:
        answers(cloud, "", 503)
    done = refresh(known, DAY)
    assert not done.is_whole
    assert done.snapshot == known


@responses.activate
def test_a_refresh_ends_in_time() -> None:
    ticks = iter(range(0, 100_000, 100))
    for cloud in CLOUDS:
        answers(cloud, LAMBDA)
    done = refresh(Snapshot(), DAY, clock=lambda: float(next(ticks)))
    assert len(responses.calls) <= 2
    assert any("no time left" in word for word in done.said.values())


def refresh_of(text: str) -> Snapshot:
    answers("lambda", text)
    return refresh(Snapshot(), DAY, clouds=("lambda",)).snapshot


@responses.activate
def test_a_snapshot_is_read_as_it_was_written(tmp_path: Path) -> None:
    path, snapshot = tmp_path / "deep" / "prices.json", refresh_of(LAMBDA)
    write_snapshot(path, snapshot)
    assert read_snapshot(path) == snapshot
    assert [each.name for each in path.parent.iterdir()] == ["prices.json"]
    assert read_snapshot(path).prices["l4"] == PRICES["l4"]  # not refreshed: its own row and date


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 2}', '{"version": 1, "refreshed": "x", "clouds": {"a": 1}}', "[" * 100_000],
)
def test_a_broken_snapshot_is_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.json"
    path.write_text(text, encoding="utf8")
    assert read_snapshot(path) == Snapshot()


def test_prices_that_cannot_be_are_not_taken_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    rows = [["x", "h100-sxm-80gb", 1e9], ["x", "h100-sxm-80gb", -1], ["x", "no-such-card", 1]]
    clouds = {"x": {"etag": None, "read": "2026-11-21", "offers": rows}}
    path.write_text(json.dumps({"version": 1, "refreshed": "2026-11-21", "clouds": clouds}), encoding="utf8")
    assert read_snapshot(path).prices == dict(PRICES)


@responses.activate
def test_an_answer_says_which_prices_it_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBGAUGE_PRICES", str(tmp_path / "prices.json"))
    current_prices.cache_clear()
    answers("lambda", LAMBDA)
    for cloud in set(CLOUDS) - {"lambda"}:
        answers(cloud, "", 503)
    run = CliRunner()
    try:
        refreshed = run.invoke(program, ["prices", "refresh"])
        assert refreshed.exit_code == 0, refreshed.output
        assert "lambda: 1 offers" in refreshed.output
        asked = run.invoke(program, ["ask", "llama-3.1-8b on 1xH100", "--json"])
        cost = json.loads(asked.stdout)["results"][0]["estimate"]["cost"]
        assert cost["usd_per_hour"]["median"] == pytest.approx(3.99)
        assert "refreshed" in cost["source"]
        assert "Cost, prices of 20" in run.invoke(program, ["ask", "llama-3.1-8b on 1xH100"]).stdout
    finally:
        current_prices.cache_clear()


def test_bundled_prices_cannot_be_refreshed() -> None:
    ended = CliRunner().invoke(program, ["prices", "refresh"])  # the suite keeps to the bundled rows
    assert ended.exit_code == 1
    assert "HUBGAUGE_PRICES" in ended.stderr
