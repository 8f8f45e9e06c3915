"""A Parquet file of others stands for the Hub's list: what it tells costs no request, the rest is asked for."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from ingest.errors import HubUnavailable
from ingest.scan.seed import HUB_STATS, HUB_STATS_PATH, SeedUnreadable, seeded_items
from ingest.scan.source import Source
from ingest.settings import Settings
from ingest.store.scans import LISTED, REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bot.scan.conftest import Place

OFFLINE = Settings(endpoint="http://127.0.0.1:9")
COMMIT = "1" * 40


def parquet(path: Path, rows: list[dict[str, Any]]) -> str:
    """A file of these rows, nested columns as structs and lists."""
    lines = path.with_suffix(".jsonl")
    lines.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    with duckdb.connect() as connection:
        connection.read_json(str(lines), format="newline_delimited").write_parquet(str(path))
    return str(path)


def row(name: str, **columns: Any) -> dict[str, Any]:
    """A row as hub-stats has them."""
    files = [{"rfilename": "config.json"}, {"rfilename": "model.safetensors"}]
    usual = {"id": name, "sha": COMMIT, "siblings": files, "downloads": 1, "library_name": "transformers"}
    return usual | {"safetensors": {"parameters": {"BF16": 600_000_000}, "total": 600_000_000}} | columns


def test_a_seed_costs_one_request_a_model_and_none_for_what_it_tells(place: Place, tmp_path: Path) -> None:
    known = {name: place.hub.state.repos[name].refs["main"] for name in ("org0/model-0000", "org1/model-0001")}
    rows = [row(name, sha=sha) for name, sha in known.items()]
    rows += [
        row("odd/painter", library_name="diffusers", siblings=[{"rfilename": "model_index.json"}]),
        row("odd/unheard-of", config={"model_type": "unheard_of"}),
    ]
    place.scan(Source("seed", parquet(tmp_path / "models.parquet", rows)))
    assert place.requests() == (0, 2)
    told = {row["repo_id"]: (row.get("refusal"), row["commit"]) for row in place.rows()}
    assert told == {
        **{name: (None, sha) for name, sha in known.items()},
        "odd/painter": ("NotAGenerativeModel", COMMIT),
        "odd/unheard-of": ("UnsupportedArchitecture", COMMIT),
    }


def test_the_most_used_come_first_and_names_that_are_none_are_left_out(tmp_path: Path) -> None:
    rows = [
        row("a/few", downloads=5),
        row("a/many", downloads=9),
        row("../x", downloads=99),
        row("a/unsaid", downloads=None),
    ]
    path = parquet(tmp_path / "models.parquet", rows)
    assert [item.asked for item in seeded_items(path, OFFLINE)] == ["a/many", "a/few", "a/unsaid"]
    assert [item.asked for item in seeded_items(path, OFFLINE, limit=2)] == ["a/many"]  # of two rows one names nothing


def test_a_file_of_names_alone_is_asked_for_by_name(tmp_path: Path) -> None:
    (item,) = seeded_items(parquet(tmp_path / "models.parquet", [{"id": "org0/model-0000"}]), OFFLINE)
    assert (item.asked, item.commit, item.listed) == ("org0/model-0000", None, None)


def test_columns_that_hold_json_as_text_are_opened(tmp_path: Path) -> None:
    texts = {"config": json.dumps({"model_type": "unheard_of"}), "siblings": json.dumps([{"rfilename": "config.json"}])}
    rows = [row("a/text", **texts), row("a/spoilt", config="{", siblings="[" * 3000)]
    items = {item.asked: item for item in seeded_items(parquet(tmp_path / "models.parquet", rows), OFFLINE)}
    assert {name: item.state for name, item in items.items()} == {"a/text": REFUSED, "a/spoilt": LISTED}


@pytest.mark.parametrize("content", [b"", b"PAR1 but no more", b"id\nacme/model\n"])
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "models.parquet").write_bytes(content)
    with pytest.raises(SeedUnreadable, match="cannot be read as Parquet"):
        list(seeded_items(str(tmp_path / "models.parquet"), OFFLINE))


def test_a_file_without_names_is_refused_with_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(SeedUnreadable, match="no column `id`"):
        list(seeded_items(parquet(tmp_path / "models.parquet", [{"name": "acme/model"}]), OFFLINE))


class FileServer(ThreadingHTTPServer):
    """Serves one file by one redirect, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        self.asked: list[tuple[str, str | None]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, self.headers.get("Authorization")))
                is_there = self.path == "/there"
                self.send_response(200 if is_there else 404 if self.path == "/nowhere" else 302)
                if not is_there:
                    self.send_header("Location", f"http://localhost:{server.server_address[1]}/there")
                self.end_headers()
                self.wfile.write(content if is_there else b"")

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FileServer]:
    path = parquet(tmp_path / "models.parquet", [row("a/one"), row("a/two")])
    with FileServer((tmp_path / path).read_bytes()) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_hub_stats_is_fetched_once_and_the_token_stays_with_the_hub(server: FileServer) -> None:
    settings = Settings(endpoint=server.url, token="hf_secret")  # no token of anybody
    assert [item.asked for item in seeded_items(HUB_STATS, settings)] == ["a/one", "a/two"]
    assert server.asked == [(HUB_STATS_PATH, "Bearer hf_secret"), ("/there", None)]
    assert [item.asked for item in seeded_items(f"{server.url}/other", Settings(token="hf_secret"))]  # as above
    assert server.asked[2:] == [("/other", None), ("/there", None)]


def test_an_address_that_does_not_answer_is_named(server: FileServer) -> None:
    with pytest.raises(HubUnavailable, match="status 404"):
        list(seeded_items(f"{server.url}/nowhere", OFFLINE))
    with pytest.raises(HubUnavailable, match="does not answer"):
        list(seeded_items(HUB_STATS, OFFLINE))
    with pytest.raises(HubUnavailable, match="offline"):
        list(seeded_items(HUB_STATS, Settings(is_offline=True)))
