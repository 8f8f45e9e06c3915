"""The JSON API and the page, asked over a real socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest
import uvicorn

from bot.errors import QuestionError
from bot.http.app import build
from bot.http.errors import STATUS, UserError
from bot.render.report import Notes, Report, Section, Table, error_report
from bot.settings import Settings
from estimator.errors import EstimatorError, ImpossibleValue, UnknownRate
from ingest.errors import GatedModel, HubUnavailable, IngestError, UnknownModel, UnsupportedArchitecture
from tests.bot.http.stand_in import product

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.structured import EstimateRequest

ROOT = Path(__file__).parents[3]
QUESTION = "llama-3.1-8b on 1xH100"
ERRORS: Final[dict[str, UserError]] = {
    "unknown": UnknownModel("there is no model named unknown", "write org/name", suggestions=("known",)),
    "gated": GatedModel("gated asks for a licence", "set HF_TOKEN"),
    "away": HubUnavailable("the Hub does not answer", "try again"),
    "odd": UnsupportedArchitecture("odd has a shape that is not understood", "none"),
    "rate": UnknownRate("no path runs nvfp4 on t4", "try int4"),
    "zero": ImpossibleValue("0 GPUs", "at least 1"),
    "empty": QuestionError("the question is empty", "name a model"),
}


def ask(question: Any) -> Report:
    if question in ERRORS:
        error = ERRORS[question]
        return error_report(error.message, error.hint)
    table = Table("Memory", (("Weights", "15.0 GiB"),), ("Part", "Size"))
    notes = Notes("Assumed", ("vLLM 0.19.0 & <defaults>",))
    section = Section(question, "yes", "Room for 54 requests.", (table,), (notes,), (("vLLM", "vllm serve a/b"),))
    return Report(title=f"{question}: fits", sections=(section,), footer=("bundled",))


def ask_json(question: str) -> Mapping[str, Any]:
    if question in ERRORS:
        raise ERRORS[question]
    if question == "bug":
        raise ZeroDivisionError(question)
    return {"query": {"models": [question]}, "results": []}


def estimate_json(asked: EstimateRequest) -> Mapping[str, Any]:
    if asked.model in ERRORS:
        raise ERRORS[asked.model]
    return {"fits": True, "asked": asked.model_dump(exclude_unset=True)}


@pytest.fixture(scope="module")
def api() -> Iterator[httpx2.Client]:
    """A client of the front, which runs under uvicorn on a port of its own."""
    answers = product(ask=ask, ask_json=ask_json, estimate_json=estimate_json)
    app = build(Settings(database_url="unused"), answers)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with httpx2.Client(base_url=address, headers={"Accept": "application/json"}, trust_env=False) as client:
        yield client
    server.should_exit = True
    thread.join()
    listener.close()


def error_of(response: httpx2.Response) -> dict[str, Any]:
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    error: dict[str, Any] = problem["error"]
    assert (problem["status"], problem["detail"]) == (response.status_code, error["message"])
    assert problem["type"] == f"urn:hubgauge:error:{error['type']}"
    assert {"type", "message", "hint"} <= set(error) <= {"type", "message", "hint", "suggestions"}
    assert error["message"]
    return error


def test_an_estimate_is_asked_and_answered_as_json(api: httpx2.Client) -> None:
    asked = {"model": "meta-llama/Llama-3.1-8B", "hardware": "h100-sxm-80gb"}
    response = api.post("/v1/estimate", json=asked)
    assert response.status_code == 200
    assert response.json() == {"fits": True, "asked": asked}


def test_a_question_is_asked_by_get_and_by_post_alike(api: httpx2.Client) -> None:
    got = api.get("/v1/ask", params={"q": QUESTION})
    posted = api.post("/v1/ask", json={"question": QUESTION})
    assert got.status_code == posted.status_code == 200
    assert got.json() == posted.json() == {"query": {"models": [QUESTION]}, "results": []}


@pytest.mark.parametrize(
    ("name", "status"),
    [("unknown", 404), ("gated", 403), ("away", 424), ("odd", 422), ("rate", 422), ("zero", 400), ("empty", 400)],
)
def test_an_error_has_its_status_and_says_what_to_try(api: httpx2.Client, name: str, status: int) -> None:
    for response in (
        api.get("/v1/ask", params={"q": name}),
        api.post("/v1/estimate", json={"model": name, "hardware": "h100"}),
    ):
        assert response.status_code == status
        error = error_of(response)
        refused = ERRORS[name]
        assert (error["type"], error["message"], error["hint"]) == (
            type(refused).__name__,
            refused.message,
            refused.hint,
        )
        assert error.get("suggestions", []) == list(getattr(refused, "suggestions", ()))
        assert ("Retry-After" in response.headers) == (status == 424)


def test_every_error_that_has_a_status_is_one_of_ours() -> None:
    assert all(issubclass(kind, (IngestError, EstimatorError)) for kind in STATUS)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[1]", 400),
        (b'"text"', 400),
        (b"null", 400),
        (b'{"question": NaN}', 400),
        (b'{"question": 1e999999, "x": Infinity}', 400),
        (b"\xff\xfe{}", 400),
        (b'{"question": 5}', 400),
        (b'{"questoin": "a"}', 400),
        (b'{"a":' * 40 + b"1" + b"}" * 40, 400),
        (b"[" * 60_000, 400),
        (b'{"question": "' + b"x" * 66_000 + b'"}', 413),
    ],
)
def test_a_body_that_is_no_request_is_refused_as_json(api: httpx2.Client, body: bytes, status: int) -> None:
    response = api.post("/v1/ask", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    error_of(response)


def test_brackets_in_a_text_are_no_depth(api: httpx2.Client) -> None:
    question = '[[[[{{{{"\\' * 40
    assert api.post("/v1/ask", json={"question": question}).json()["query"]["models"] == [question]


def test_a_body_sent_in_pieces_is_bounded_too(api: httpx2.Client) -> None:
    pieces = (b"x" * 8_192 for _ in range(20))
    response = api.post("/v1/ask", content=pieces, headers={"Content-Type": "application/json"})
    assert response.status_code == 413


def test_a_form_is_no_json(api: httpx2.Client) -> None:
    assert api.post("/v1/ask", data={"question": QUESTION}).status_code == 415


def test_a_path_that_is_not_there_and_a_wrong_method_are_json_errors(api: httpx2.Client) -> None:
    assert error_of(api.get("/v2/ask"))["type"] == "NotFound"
    wrong = api.get("/v1/estimate")
    assert wrong.status_code == 405
    assert "POST" in wrong.headers["Allow"]
    error_of(wrong)


def test_a_bug_is_said_without_its_insides(api: httpx2.Client, caplog: pytest.LogCaptureFixture) -> None:
    response = api.get("/v1/ask", params={"q": "bug"})
    assert response.status_code == 500
    assert error_of(response)["type"] == "InternalError"
    assert "ZeroDivisionError" in caplog.text
    assert "ask_json" in caplog.text


def test_slack_that_is_not_set_up_is_said(api: httpx2.Client) -> None:
    response = api.post("/slack/events", json={})
    assert response.status_code == 404
    assert "SLACK_SIGNING_SECRET" in error_of(response)["hint"]


def test_health_and_readiness_answer(api: httpx2.Client) -> None:
    assert api.get("/healthz").json() == {"status": "ok"}
    assert api.get("/readyz").json() == {"status": "ready", "slack": False}


class Outline(HTMLParser):
    """Elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def attributes(self, tag: str) -> dict[str, str | None]:
        return next(attributes for name, attributes in self.elements if name == tag)


def test_the_page_has_a_language_a_labelled_field_and_answers_without_scripts_too(api: httpx2.Client) -> None:
    response = api.get("/")
    page = Outline(response.text)
    assert page.attributes("html")["lang"] == "en"
    assert page.attributes("label")["for"] == page.attributes("input")["id"]
    assert page.attributes("form").items() >= {"action": "/v1/ask", "method": "get"}.items()
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert all(attributes.get("src") for name, attributes in page.elements if name == "script")
    assert "style" not in {name for name, _ in page.elements} | {key for _, found in page.elements for key in found}


def test_files_of_the_page_are_kept_by_what_is_in_them(api: httpx2.Client) -> None:
    page = Outline(api.get("/").text)
    named = [found["src"] or "" for name, found in page.elements if name == "script"]
    assert len(named) == 2
    for address in named:
        exact, plain = api.get(address), api.get(address.partition("?")[0])
        assert (exact.status_code, exact.content) == (200, plain.content)
        assert "immutable" in exact.headers["Cache-Control"]
        assert plain.headers["Cache-Control"] == "no-cache"
        assert api.get(address, headers={"If-None-Match": exact.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("name", ["nothing.js", "..%2fapp.py", "index.html", "../app.py", "chartkick.js"])
def test_no_other_file_is_sent(api: httpx2.Client, name: str) -> None:
    assert api.get(f"/static/{name}").status_code == 404


def test_a_browser_gets_the_answer_as_a_page(api: httpx2.Client) -> None:
    response = api.get("/v1/ask", params={"q": QUESTION}, headers={"Accept": "text/html,*/*"})
    page = Outline(response.text)
    assert response.status_code == 200
    assert "Yes. Room for 54 requests." in page.text
    assert "15.0 GiB" in page.text
    assert "vLLM 0.19.0 & <defaults>" in page.text
    assert page.attributes("input")["value"] == QUESTION
    assert page.attributes("caption") == {}


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;b&gt;"])
def test_what_a_stranger_types_stays_text_on_the_page(api: httpx2.Client, hostile: str) -> None:
    page = Outline(api.get("/v1/ask", params={"q": hostile}, headers={"Accept": "text/html"}).text)
    assert {"script", "img", "b"}.isdisjoint(tag for tag, _ in page.elements)
    assert page.attributes("input")["value"] == hostile


def test_an_unanswered_question_is_a_page_too(api: httpx2.Client) -> None:
    response = api.get("/v1/ask", params={"q": "unknown"}, headers={"Accept": "text/html"})
    assert response.status_code == 400
    assert "Cannot answer." in Outline(response.text).text
    empty = api.get("/v1/ask", headers={"Accept": "text/html"})
    assert (empty.status_code, empty.headers["Location"]) == (303, "/")


def test_beyond_what_may_wait_the_answer_is_not_now() -> None:
    from bot.http.computing import MAX_WAITING

    gate, heard = threading.Event(), []

    def slow(question: str) -> Mapping[str, Any]:
        heard.append(question)
        gate.wait(20)
        return {}

    import anyio

    async def flood() -> list[int]:
        app = build(Settings(database_url="unused"), product(ask_json=slow))
        statuses: list[int] = []
        transport = httpx2.ASGITransport(app)
        async with (
            httpx2.AsyncClient(transport=transport, base_url="http://bot") as client,
            anyio.create_task_group() as tasks,
        ):

            async def one() -> None:
                statuses.append((await client.get("/v1/ask", params={"q": "x"}, timeout=30)).status_code)
                if len(statuses) == 5:
                    gate.set()

            for _ in range(MAX_WAITING + 5):
                tasks.start_soon(one)
        return statuses

    statuses = anyio.run(flood)
    assert sorted(statuses) == [200] * MAX_WAITING + [503] * 5


SERVING = """
import sys, time
from bot.http.serve import run
from bot.settings import Settings
from tests.bot.http.stand_in import product

def slow(question):
    print("asked", flush=True)
    time.sleep(1)
    return {"answered": question}

run(Settings(database_url="unused", port=int(sys.argv[1])), product(ask_json=slow))
"""


def test_a_stopped_server_finishes_what_is_under_way(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SERVING, str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            answer = _stopped_while_asked(process, f"http://127.0.0.1:{port}")
            _, logged = process.communicate(timeout=20)
        finally:
            process.kill()
    assert answer.json() == {"answered": "secret"}
    assert process.returncode in {0, -signal.SIGTERM}  # uvicorn raises the signal anew when it is done
    assert "secret" not in logged


def _stopped_while_asked(process: subprocess.Popen[str], address: str) -> httpx2.Response:
    with httpx2.Client(base_url=address, trust_env=False, timeout=10) as client, ThreadPoolExecutor(1) as asking:
        _wait_until_it_listens(client)
        answer = asking.submit(client.get, "/v1/ask", params={"q": "secret"})
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        os.kill(process.pid, signal.SIGTERM)
        return answer.result()


def _wait_until_it_listens(client: httpx2.Client) -> None:
    for _ in range(100):
        try:
            client.get("/healthz")
        except httpx2.ConnectError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server does not listen")
