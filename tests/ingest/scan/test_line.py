"""A scan's line to the Hub: what a Hub may do wrong ends in an explained error within the limit."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from ingest.errors import GatedModel, HubUnavailable, IngestError, MalformedConfig, NoConfig, UnknownModel
from ingest.hub_errors import Asked
from ingest.quota import Quota
from ingest.scan import watchdog
from ingest.scan.line import Line
from ingest.settings import Settings
from tests.hub import faults
from tests.hub.fixture_repos import fixture_repos
from tests.hub.loopback import LoopbackHub

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = "/Qwen/Qwen3-0.6B/resolve/main/config.json"


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    with LoopbackHub(*fixture_repos()) as hub:
        hub.lift()
        yield hub


@pytest.fixture
def line(hub: LoopbackHub) -> Iterator[Line]:
    found = Line(Settings(endpoint=hub.url, timeout_s=1.0), Quota())
    yield found
    found.close()


def get(line: Line, path: str = CONFIG, max_bytes: int = 2**20, **headers: str) -> bytes:
    asked = Asked("Qwen/Qwen3-0.6B", line._settings.endpoint, has_token=False)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return line.get(path, asked, what="config.json", max_bytes=max_bytes, headers=named).content


def test_files_come_over_one_connection_with_an_honest_name(hub: LoopbackHub, line: Line) -> None:
    assert get(line) == get(line) == hub.state.repos["Qwen/Qwen3-0.6B"].files["config.json"].content
    assert len(line._opened) == 1
    assert hub.log[0].user_agent.startswith("hubgauge/")


def test_threads_have_connections_of_their_own(hub: LoopbackHub, line: Line) -> None:
    start = threading.Barrier(4)

    def both(_: int) -> int:
        start.wait()
        return len(get(line)) + len(get(line))

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(both, range(4)))) == 1
    assert len(line._opened) == 4


def test_a_renamed_repository_is_followed(hub: LoopbackHub, line: Line) -> None:
    asked = Asked("gpt2", hub.url, has_token=False)
    answer = line.get("/gpt2/resolve/main/config.json", asked, what="config.json", max_bytes=2**20)
    assert answer.path == "/openai-community/gpt2/resolve/main/config.json"


def test_the_hubs_own_hop_is_followed() -> None:
    with LoopbackHub(*fixture_repos(), has_resolve_hop=True) as hub:
        line = Line(Settings(endpoint=hub.url), Quota())
        assert b"qwen3" in get(line)
        line.close()


def test_an_unchanged_file_is_not_sent_again(hub: LoopbackHub, line: Line) -> None:
    etag = hub.state.repos["Qwen/Qwen3-0.6B"].files["config.json"].etag
    assert get(line, If_None_Match=f'"{etag}"') == b""
    assert [entry.status for entry in hub.log] == [304]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/nobody/nothing/resolve/main/config.json", UnknownModel),
        ("/meta-llama/Llama-3.1-8B-Instruct/resolve/main/config.json", GatedModel),
        ("/someone/original/resolve/main/config.json", NoConfig),
        ("/Qwen/Qwen3-0.6B/resolve/nowhere/config.json", UnknownModel),
    ],
)
def test_what_the_hub_refuses_is_said_as_to_a_person(line: Line, path: str, kind: type[IngestError]) -> None:
    with pytest.raises(kind):
        get(line, path)
    assert get(line)  # and the line goes on


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(503),
        faults.hang(),
        faults.drip(),
        faults.drip(in_head=True),
        faults.truncate(),
        faults.close(),
        faults.loop(),
        faults.status(429, Retry_After="1"),
    ],
    ids=lambda fault: fault.harm.name + ("" if fault.status == 200 else str(fault.status)),
)
def test_a_hub_that_fails_is_an_outage_within_the_limit(
    hub: LoopbackHub, line: Line, fault: faults.Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "LOOK_S", 0.1)
    hub.fail(fault)
    begun = time.monotonic()
    with pytest.raises(HubUnavailable):
        get(line)
    assert time.monotonic() - begun < 30  # it ends; the limit itself is a second
    hub.fail()
    fresh = Line(line._settings, Quota())
    assert get(fresh)
    fresh.close()


@pytest.mark.parametrize("fault", [faults.body(b" " * 2**21), faults.endless()], ids=["stated", "endless"])
def test_more_than_is_read_is_refused(hub: LoopbackHub, line: Line, fault: faults.Fault) -> None:
    hub.fail(fault)
    with pytest.raises(MalformedConfig):
        get(line)
    hub.fail()
    assert get(line)


def test_a_connection_that_the_hub_dropped_meanwhile_is_opened_anew(hub: LoopbackHub, line: Line) -> None:
    get(line)
    hub.fail(faults.close(times=1))
    assert get(line)


def test_a_proxy_is_left_to_the_client_that_knows_proxies(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    line = Line(Settings(endpoint="http://hub.example", timeout_s=2.0), Quota())
    assert line._has_proxy
    monkeypatch.setenv("no_proxy", "hub.example")
    assert not Line(line._settings, Quota())._has_proxy
    assert os.environ["http_proxy"]
