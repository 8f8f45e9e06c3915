"""The tools, driven by the SDK's own client, in process and over the installed command's standard streams."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from bot.mcp.server import build
from ingest.loader import Loader

COMMAND = str(Path(sys.executable).with_name("hubgauge"))
TITLE = "deepseek-v3 on 8xH100 FP8 at 32K"


def with_client(work: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with Client(build(Loader())) as client:
            return await work(client)

    return asyncio.run(run())


def called(tool: str, **arguments: Any) -> Any:
    return with_client(lambda client: client.call_tool(tool, arguments))


def text_of(result: Any) -> str:
    return "".join(part.text for part in result.content)


def test_every_tool_says_what_it_takes_and_does() -> None:
    tools = with_client(lambda client: client.list_tools()).tools
    assert {tool.name for tool in tools} == {
        "ask",
        "ask_json",
        "estimate",
        "spec",
        "hardware",
        "method",
        "methods",
    }
    assert [tool.name for tool in tools if not tool.description or tool.input_schema.get("type") != "object"] == []


def test_a_question_is_answered_in_words_and_in_figures() -> None:
    assert "Does not fit" in text_of(called("ask", question=TITLE))
    result = called("ask_json", question=TITLE).structured_content["results"][0]
    assert result["estimate"]["fits"] is False


def test_a_structured_request_and_a_spec_agree_with_the_commands() -> None:
    asked = {"model": "deepseek-v3", "hardware": "h200-sxm-141gb", "gpus": 8}
    estimate = called("estimate", request=asked).structured_content
    spec = called("spec", model="deepseek-v3").structured_content
    per_token = spec["kv_cache"]["bytes_per_token_bf16"]
    assert per_token == estimate["kv_cache"]["bytes_per_token_per_gpu"] == 70_272


def test_a_method_reproduces_its_published_figure() -> None:
    values = {"n_active": 8e9, "n_total": 12e9, "compute": 80e12, "bandwidth": 200e9}
    values |= {"context_tokens": 8192, "kv_bytes": 2, "batch": 128}
    assert called("method", name="roofline", values=values).structured_content["t_compute_s"] == pytest.approx(0.0128)


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("ask", {"question": "acme/nothing on 1xH100"}, "acme/nothing"),
        ("ask", {"question": "x" * 5000}, "2000"),
        ("estimate", {"request": {"model": "deepseek-v3", "hardware": "h100", "gpuz": 8}}, "gpuz"),
        ("spec", {"model": "/etc/passwd"}, "passwd"),
        ("hardware", {"name": "h1000"}, "h1000"),
        ("method", {"name": "magic", "values": {}}, "magic"),
    ],
)
def test_a_fault_is_a_tool_error_that_names_it(tool: str, arguments: dict[str, Any], said: str) -> None:
    result = called(tool, **arguments)
    assert result.is_error
    assert said in text_of(result)
    assert "Traceback" not in text_of(result)


def test_the_installed_command_serves_a_client() -> None:
    async def run() -> Any:
        environ = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9"}
        async with Client(StdioServerParameters(command=COMMAND, args=["mcp"], env=environ)) as client:
            return await client.call_tool("ask", {"question": "llama-3.1-8b on 1xH100 at 8K"})

    assert "Fits" in text_of(asyncio.run(run()))
