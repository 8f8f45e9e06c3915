"""The Hub's webhook is believed by its secret alone, and for a repository's name alone; the feed is a feed."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from bot.errors import BotError
from bot.http.errors import error_response
from bot.http.hub_door import ATOM, add_watch_routes
from bot.settings import read_settings
from bot.watch.tables import open_watch
from ingest.store.releases import READY, WAITING, Release, ReleaseStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "a-secret-of-ours"


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'hub.db'}"


@pytest.fixture
def client(address: str) -> Iterator[TestClient]:
    app = FastAPI()
    app.add_exception_handler(BotError, lambda _, error: error_response(error))
    settings = read_settings({"HUBGAUGE_DATABASE_URL": address, "HUBGAUGE_HUB_WEBHOOK_SECRET": SECRET})
    add_watch_routes(app, settings, time.time)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def releases(address: str) -> Iterator[ReleaseStore]:
    engine = open_watch(address)
    yield ReleaseStore(engine)
    engine.dispose()


def payload(name: str = "acme/model", **changes: Any) -> dict[str, Any]:
    """As the Hub sends it. Source: Hub documentation, webhooks, version 3."""
    return {
        "event": {"action": changes.pop("action", "create"), "scope": changes.pop("scope", "repo")},
        "repo": {
            "type": "model",
            "name": name,
            "id": "0" * 24,
            "private": False,
            "url": {"web": f"https://huggingface.co/{name}", "api": f"https://huggingface.co/api/models/{name}"},
            "headSha": "1" * 40,
            "owner": {"id": "2" * 24},
            **changes,
        },
        "webhook": {"id": "3" * 24, "version": 3},
    }


def send(client: TestClient, body: Any, secret: str | None = SECRET) -> Any:
    headers = {} if secret is None else {"X-Webhook-Secret": secret}
    return client.post("/hub/webhook", content=body if isinstance(body, bytes) else json.dumps(body), headers=headers)


def test_a_repository_that_the_hub_tells_of_is_waited_for(client: TestClient, releases: ReleaseStore) -> None:
    assert send(client, payload()).json() == {"status": "noted"}
    found = releases.get("acme/model")
    assert found is not None
    assert (found.state, found.how) == (WAITING, "webhook")


@pytest.mark.parametrize("secret", [None, "", "another", SECRET[:-1], SECRET.upper(), "é"])
def test_a_wrong_secret_is_refused_and_said_in_the_log(
    client: TestClient, releases: ReleaseStore, secret: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.post(
        "/hub/webhook",
        json=payload(),
        headers=None if secret is None else {b"X-Webhook-Secret": secret.encode()},
    )
    assert answer.status_code == 401
    assert SECRET not in answer.text
    assert "secret: not read" in caplog.text
    assert releases.get("acme/model") is None


def test_a_replayed_payload_changes_nothing(client: TestClient, releases: ReleaseStore) -> None:
    send(client, payload())
    first = releases.get("acme/model")
    assert first is not None
    releases.settle(Release(**{**{f: getattr(first, f) for f in Release.__slots__}, "state": READY, "ready_at": 1.0}))
    for _ in range(3):
        assert send(client, payload()).status_code == 200
    again = releases.get("acme/model")
    assert again is not None
    assert (again.state, again.ready_at) == (READY, 1.0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b"[" * 5000,
        {"event": {"action": "push"}, "repo": {}},
        payload("../../etc/passwd"),
        payload("a/b/c"),
        payload("x" * 500),
        payload(type="universe"),
        {**payload(), "event": "create"},
    ],
    ids=lambda body: str(body)[:30],
)
def test_a_foreign_payload_is_refused(client: TestClient, releases: ReleaseStore, body: Any) -> None:
    answer = send(client, body)
    assert answer.status_code == 400
    assert releases.latest(10) == []


@pytest.mark.parametrize(
    "body",
    [
        payload(type="dataset"),
        payload(type="space"),
        payload(private=True),
        payload(action="delete"),
        payload(scope="discussion.comment"),
    ],
    ids=["dataset", "space", "private", "deleted", "talk"],
)
def test_what_concerns_no_model_is_passed_over(client: TestClient, releases: ReleaseStore, body: Any) -> None:
    assert send(client, body).json()["status"] == "passed over"
    assert releases.get("acme/model") is None


def test_a_body_beyond_the_bound_is_not_read(client: TestClient) -> None:
    assert send(client, b" " * 2**20).status_code == 413


def test_without_a_secret_of_ours_no_webhook_is_taken(address: str) -> None:
    app = FastAPI()
    app.add_exception_handler(BotError, lambda _, error: error_response(error))
    add_watch_routes(app, read_settings({"HUBGAUGE_DATABASE_URL": address}), time.time)
    with TestClient(app) as client:
        assert send(client, payload(), "").status_code == 404


def told(releases: ReleaseStore, count: int) -> None:
    facts = json.dumps({"parameters": 8.03e9, "licence": "apache-2.0", "base_models": ["acme/<base> & co"]})
    found = [
        Release(f"acme/model-{number}", READY, "created", "1" * 40, facts, None, 100.0, 100.0 + number)
        for number in range(count)
    ]
    releases.note(found)


def test_the_list_is_paged_from_the_newest(client: TestClient, releases: ReleaseStore) -> None:
    told(releases, 5)
    path, names = "/v1/releases?limit=2", []
    while path:
        page = client.get(path).json()
        names += [release["repo_id"] for release in page["releases"]]
        path = page["next"]
    assert names == [f"acme/model-{number}" for number in (4, 3, 2, 1, 0)]


def test_the_feed_is_atom_with_strangers_names_escaped(client: TestClient, releases: ReleaseStore) -> None:
    told(releases, 2)
    answer = client.get("/v1/releases.atom")
    feed = ET.fromstring(answer.content)  # noqa: S314  # our own
    entries = feed.findall(f"{{{ATOM}}}entry")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert feed.tag == f"{{{ATOM}}}feed"
    assert [entry.findtext(f"{{{ATOM}}}title") for entry in entries] == ["acme/model-1", "acme/model-0"]
    assert "made from as acme/<base> & co" in (entries[0].findtext(f"{{{ATOM}}}summary") or "")
    assert feed.findtext(f"{{{ATOM}}}updated") == "1970-01-01T00:01:41Z"


@pytest.mark.parametrize("query", ["limit=0", "limit=999", "limit=-1", "limit=x", "before=x"])
def test_a_page_that_cannot_be_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/v1/releases?{query}").status_code == 400
