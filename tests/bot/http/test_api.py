"""The API on the real product: what it answers, whom it admits, what it refuses, what it counts."""

from __future__ import annotations

import http.client
import json
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import httpx2
import pytest

from bot.contract import Answered, Estimated, Problem, Spec
from bot.curve import Roofline
from bot.errors import SettingsError
from bot.explore import Explored
from bot.http import doors
from bot.http.keys import BURST_S, Keys
from bot.http.listings import FormatList, HardwareList, MethodCard, MethodList, ModelList
from estimator.gpus import GPUS
from estimator.methods import METHODS
from tests.bot.http.serving import served, whole_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.contract import Shape
    from tests.hub.loopback import LoopbackHub

KEY = "correct-horse-battery-staple"
OTHER = "another-key-of-this-server"
SET_UP = {"model": "llama-3.1-8b", "hardware": "h100-sxm-80gb", "context_tokens": 8192}
SIMULATOR = {
    "n_active": 8e9,
    "compute": 80e12,
    "n_total": 12e9,
    "bandwidth": 200e9,
    "context_tokens": 8192,
    "kv_bytes": 2,
    "batch": 128,
}


@pytest.fixture(scope="module")
def api() -> Iterator[httpx2.Client]:
    with served(whole_app()) as address, httpx2.Client(base_url=address, trust_env=False, timeout=30) as client:
        yield client


def read(shape: type[Shape], response: httpx2.Response) -> dict[str, Any]:
    """The answer, which has the shape that the API's description gives it."""
    assert response.status_code == 200, response.text
    shape.model_validate_json(response.content, strict=True)
    found: dict[str, Any] = response.json()
    return found


# -- answers --------------------------------------------------------------------------------------------------------


def test_every_answer_has_the_shape_that_is_described(api: httpx2.Client) -> None:
    read(Answered, api.post("/v1/ask", json={"question": "deepseek-v3 on 8xH100 FP8 at 32K"}))
    read(Answered, api.get("/v1/ask", params={"q": "what can run qwen3-32b"}))
    read(Estimated, api.post("/v1/estimate", json=SET_UP))
    read(Explored, api.post("/v1/explore", json={**SET_UP, "gpus": 2, "bandwidth_bytes_per_s": 4e12}))
    read(Roofline, api.post("/v1/roofline", json=SIMULATOR))
    read(Spec, api.get("/v1/models/deepseek-ai/DeepSeek-V3"))
    assert "deepseek-ai/DeepSeek-V3" in read(ModelList, api.get("/v1/models"))["models"]
    assert len(read(HardwareList, api.get("/v1/hardware"))["hardware"]) == len(GPUS)
    assert "vllm" in read(FormatList, api.get("/v1/formats"))["engines"]
    assert len(read(MethodList, api.get("/v1/methods"))["methods"]) == len(METHODS)
    assert read(MethodCard, api.get("/v1/methods/roofline"))["where_wrong"]


def test_an_estimate_is_that_of_the_command(api: httpx2.Client) -> None:
    from bot.structured import estimate_request_json
    from ingest.loader import Loader

    assert api.post("/v1/estimate", json=SET_UP).json() == estimate_request_json(json.dumps(SET_UP), Loader())


def test_machines_are_recommended_in_the_order_asked_for(api: httpx2.Client) -> None:
    asked = {"model": "qwen3-32b", "concurrency": 32, "context_tokens": 8192, "by": "gpus"}
    found = read(Answered, api.post("/v1/recommend", json=asked))["recommendations"]
    assert len(found) > 1
    assert [row["gpus"] for row in found] == sorted(row["gpus"] for row in found)
    only = api.post("/v1/recommend", json={**asked, "hardware": ["a100"]}).json()["recommendations"]
    assert {row["hardware"] for row in only} == {"a100-sxm-80gb"}


def test_the_published_simulator_has_its_published_figures(api: httpx2.Client) -> None:
    """Source: DESIGN, section 3; the article's simulator at its defaults."""
    figures = read(Roofline, api.post("/v1/roofline", json=SIMULATOR))["figures"]
    assert round(figures["t_compute_s"] * 1e3, 2) == 12.80
    assert round(figures["t_memory_s"] * 1e3, 2) == 60.01
    assert round(figures["t_kv_s"] * 1e3, 5) == 0.01049
    assert round(figures["crossover_batch"], 2) == 600.49
    assert round(figures["memory_slope_s"] * 1e3, 8) == 0.00008192
    assert round(figures["kv_share"] * 100, 2) == 0.02
    assert round(figures["compute_to_memory"], 3) == 0.213
    assert figures["bound"] == "memory"
    assert api.post("/v1/methods/roofline", json=SIMULATOR).json()["crossover_batch"] == figures["crossover_batch"]


def test_a_context_too_long_for_a_crossover_is_said_in_words(api: httpx2.Client) -> None:
    """L b / BW reaches N_active / C = 1e-4 s at L = 1e-4 x 200e9 / 2 = 1e7."""
    longer = api.post("/v1/roofline", json={**SIMULATOR, "context_tokens": 1.1e7}).json()["figures"]
    shorter = api.post("/v1/roofline", json={**SIMULATOR, "context_tokens": 0.9e7}).json()["figures"]
    assert (longer["crossover_batch"], "no crossover" in longer["reason"]) == (None, True)
    assert shorter["crossover_batch"] is not None


def test_a_card_with_twice_the_bandwidth_reads_in_half_the_time(api: httpx2.Client) -> None:
    own = api.post("/v1/explore", json=SET_UP).json()
    card = own["machine"]["card_bandwidth_bytes_per_s"]
    faster = api.post("/v1/explore", json={**SET_UP, "bandwidth_bytes_per_s": 2 * card}).json()
    assert faster["roofline"]["t_memory_s"] == pytest.approx(own["roofline"]["t_memory_s"] / 2)
    assert faster["roofline"]["t_compute_s"] == pytest.approx(own["roofline"]["t_compute_s"])
    assert any("bandwidth set to" in line for line in faster["estimate"]["assumptions"])


def test_the_curve_meets_where_the_sweet_spot_is(api: httpx2.Client) -> None:
    found = api.post("/v1/explore", json={**SET_UP, "context_tokens": 256}).json()
    crossover = found["roofline"]["crossover_batch"]
    assert crossover == found["estimate"]["sweet_spot_batch"]
    for point in found["curve"]:
        assert (point["t_compute_s"] >= point["t_memory_s"]) == (point["batch"] >= crossover)


# -- held answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/models/qwen3-32b", "/v1/hardware", "/v1/methods/physics"])
def test_what_is_held_is_not_sent_again(api: httpx2.Client, path: str) -> None:
    tag = api.get(path).headers["ETag"]
    again = api.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert api.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


# -- who may ask ------------------------------------------------------------------------------------------------------


def test_a_key_opens_the_api_and_nothing_else_needs_one() -> None:
    with (
        served(whole_app(api_keys=f"scripts:{KEY},dashboard:{OTHER}")) as address,
        httpx2.Client(base_url=address, trust_env=False) as client,
    ):
        for headers in ({}, {"X-API-Key": "wrong"}, {"Authorization": f"Basic {KEY}"}, {"X-API-Key": KEY[:-1]}):
            refused = client.get("/v1/models", headers=headers)
            assert refused.status_code == 401
            assert "WWW-Authenticate" in refused.headers
            Problem.model_validate_json(refused.content)
            assert KEY not in refused.text
        assert client.get("/v1/models", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
        assert client.get("/v1/models", headers={"x-api-key": OTHER}).status_code == 200
        assert client.post("/v1/nothing", content=b"x").status_code == 401
        open_paths = ("/", "/healthz", "/readyz", "/metrics", "/openapi.json")
        assert {client.get(path).status_code for path in open_paths} == {200}


def test_a_key_that_asks_too_often_waits_and_the_others_do_not() -> None:
    from starlette.datastructures import Headers

    from bot.http.errors import RequestRefused

    now = 0.0
    keys = Keys(f"a:{KEY},b:{OTHER}", 5.0, lambda: now)
    first, second = Headers({"X-API-Key": KEY}), Headers({"X-API-Key": OTHER})
    assert {keys.admit(first) for _ in range(int(5 * BURST_S))} == {"a"}
    with pytest.raises(RequestRefused) as refused:
        keys.admit(first)
    assert refused.value.status == 429
    assert refused.value.retry_s == pytest.approx(0.2)
    assert keys.admit(second) == "b"
    now = 0.2
    assert keys.admit(first) == "a"


@pytest.mark.parametrize("text", [KEY, "a:short", f"a:{KEY},a:{OTHER}", f":{KEY}", f"a b:{KEY}", f"a:{'x' * 600}"])
def test_keys_that_are_none_are_refused_at_the_start_without_being_quoted(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Keys(text, 1.0)
    assert KEY not in f"{refused.value.message} {refused.value.hint}"


# -- what is refused --------------------------------------------------------------------------------------------------

TRICKS = (
    "../../etc/passwd",
    "/etc/passwd",
    "~/x",
    "file:///etc/passwd",
    "https://evil.example/org/name",
    "http://169.254.169.254/latest/meta-data",
    "//evil.example/x",
    "org/..",
    "org/name@../../x",
    "org/name/../../api/whoami",
    "org%2f..%2f..",
    "a\x00/b",
    "C:\\x\\y",
    "org/name?x=1",
    "org/name#x",
    "./bot/config.json",
    "a" * 600,
)


@pytest.mark.parametrize("trick", TRICKS)
def test_a_tricky_model_id_is_refused_and_only_the_hub_is_ever_asked(
    trick: str, loopback_hub: LoopbackHub, tmp_path: Path
) -> None:
    app = whole_app(hub=loopback_hub.url, cache=tmp_path)
    with served(app) as address, httpx2.Client(base_url=address, trust_env=False, timeout=20) as client:
        responses = [
            client.get(f"/v1/models/{quote(trick, safe='')}"),
            client.get("/v1/models/acme/tiny", params={"revision": trick[:250]}),
            client.post("/v1/estimate", json={**SET_UP, "model": trick}),
        ]
    assert {response.status_code for response in responses} <= {400, 404, 422}
    assert all(".." not in line and "etc" not in line and "evil" not in line for line in _paths(loopback_hub))


def _paths(hub: LoopbackHub) -> list[str]:
    """Paths of repositories that the Hub was asked for; its search takes any text."""
    return [asked.path for asked in hub.log if not asked.path.startswith("/api/models?")]


def test_a_slow_body_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors.Bounded.__init__, "__defaults__", (0.3,))
    with served(whole_app()) as address, socket.create_connection(_place(address), timeout=10) as slow:
        head = "POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        slow.sendall(head.encode())
        answer = http.client.HTTPResponse(slow)
        answer.begin()
        assert answer.status == 408
        Problem.model_validate_json(answer.read())


def test_an_answer_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.http.app import build
    from bot.http.computing import Computing
    from bot.settings import Settings
    from tests.bot.http.stand_in import product

    monkeypatch.setattr(Computing.__init__, "__defaults__", (0.2,))
    app = build(Settings(database_url="unused"), product(ask_json=lambda _: time.sleep(1)))
    with served(app) as address:
        late = httpx2.post(f"{address}/v1/ask", json={"question": "x"}, trust_env=False)
    assert late.status_code == 504


def _place(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    return str(parts.hostname), int(parts.port or 0)


@pytest.mark.parametrize("value", [True, False, "8192", "", [8192]])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/roofline", SIMULATOR),
        ("/v1/methods/roofline", SIMULATOR),
        ("/v1/estimate", {"model": "qwen3-32b", "hardware": "h100"}),
        ("/v1/recommend", {"model": "qwen3-32b"}),
    ],
)
def test_what_json_does_not_call_a_number_is_none(
    api: httpx2.Client, path: str, body: dict[str, object], value: object
) -> None:
    refused = api.post(path, json={**body, "context_tokens": value})
    assert refused.status_code == 400
    assert "context_tokens" in refused.json()["detail"]


def test_a_whole_number_may_be_written_with_a_point(api: httpx2.Client) -> None:
    body = {"model": "qwen3-32b", "hardware": "h100"}
    answers = [api.post("/v1/estimate", json={**body, "context_tokens": tokens}).json() for tokens in (8192, 8192.0)]
    assert answers[0] == answers[1]


# -- what is counted --------------------------------------------------------------------------------------------------


def counted(api: httpx2.Client, line: str) -> float:
    """The value of a line of the metrics; 0 where it is not there yet."""
    rows = [row for row in api.get("/metrics").text.splitlines() if row.startswith(line)]
    return float(rows[0].rpartition(" ")[2]) if rows else 0.0


def test_requests_are_counted_by_route_and_never_by_what_was_typed(api: httpx2.Client) -> None:
    line = 'hubgauge_http_requests_total{method="GET",route="/v1/models/{model_id:path}",status="404"}'
    before = counted(api, line)
    assert api.get("/v1/models/secretive-name-of-nothing").status_code == 404
    assert counted(api, line) == before + 1
    assert api.get("/typed/by/a/stranger").status_code == 404
    text = api.get("/metrics").text
    assert "secretive" not in text
    assert "stranger" not in text
    assert counted(api, 'hubgauge_http_request_seconds_count{route="/v1/models/{model_id:path}"}') >= 1
    home = 'hubgauge_http_requests_total{method="GET",route="/",status="200"}'
    before = counted(api, home)
    assert "Accept-Encoding" in api.get("/").headers["Vary"]
    assert counted(api, home) == before + 1


def test_the_description_names_every_path_and_needs_nothing_from_elsewhere(api: httpx2.Client) -> None:
    described = api.get("/openapi.json").json()
    named = {"estimate", "ask", "recommend", "models/{model_id}", "hardware", "methods/{name}"}
    assert {f"/v1/{name}" for name in named} <= set(described["paths"])
    assert described["components"]["schemas"]["EstimateRequest"]["additionalProperties"] is False
    assert api.get("/docs").status_code == 404
