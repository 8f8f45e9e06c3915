"""`python -m tests.bench.slack_load`: signed Slack requests to a real server, beside a bare Bolt app.

Three figures of `hubgauge serve`: how many events it takes on at 32 connections, interleaved with an app that takes on
nothing; how soon a command is acknowledged at 100 a second while estimates keep its core busy; how soon an answer
reaches Slack. The server has one core, what asks it the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp

from tests.bench.start_up import OFFLINE
from tests.bench.timing import Row, milliseconds
from tests.bot.slack.payloads import SECRET, command, mention, signed
from tests.bot.slack.web_api import WebApi

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.bot.slack.payloads import Signed

CONNECTIONS: Final = 32
ROUNDS: Final = 5
ROUND_EVENTS: Final = 2_000
GOAL_RATIO: Final = 0.75
COMMANDS_PER_S, COMMANDS = 100, 1_500
GOAL_ACK_S: Final = 0.05
ANSWERS_PER_S, ANSWERS = 10, 200
GOAL_ANSWER_S: Final = 0.1
ESTIMATE: Final = {"model": "qwen3-32b", "hardware": "h100-sxm-80gb", "gpus": 2, "concurrency": 16}
BARE: Final = """
import sys, uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

async def authorize():
    return AuthorizeResult(enterprise_id=None, team_id=None, bot_token="")

app = AsyncApp(authorize=authorize, signing_secret=sys.argv[2], process_before_response=True)

@app.event("app_mention")
async def heard(body):
    pass

handler = AsyncSlackRequestHandler(app)

async def events(request):
    return await handler.handle(request)

async def ready(request):
    return Response()

routes = [Route("/slack/events", events, methods=["POST"]), Route("/readyz", ready)]
uvicorn.run(Starlette(routes=routes), port=int(sys.argv[1]), access_log=False, log_level="error")
"""
TAKING_ON: Final = """
from bot.cli import main
from bot.slack import workers
from bot.store import work
workers.Workers.start = lambda self: None  # another replica answers: what is measured is the taking on
work.WorkStore._room = lambda *_: lambda _: True
main()
"""


def main() -> None:
    """Print the three rows."""
    with tempfile.TemporaryDirectory() as folder, WebApi() as api:
        for row in asyncio.run(_rows(Path(folder), api)):
            sys.stdout.write(f"{row}\n")


async def _rows(folder: Path, api: WebApi) -> list[Row]:
    return [await _taking_on(folder, api), *await _serving(folder, api)]


async def _taking_on(folder: Path, api: WebApi) -> Row:
    """Events a second, ours beside the bare app, in turns."""
    with _server(["-c", BARE], folder, api) as bare, _server(["-c", TAKING_ON, "serve"], folder, api) as ours:
        await _until_ready(bare, ours)
        rates: dict[str, list[float]] = {bare: [], ours: []}
        for turn in range(ROUNDS + 1):
            for address, found in rates.items():
                events = [signed(mention(f"E{turn}-{n}", ts=f"{turn}.{n}", user=f"U{n}")) for n in range(ROUND_EVENTS)]
                found.append(await _rate(address, events))
    floor, rate = (statistics.median(found[1:]) for found in rates.values())
    ratio = rate / floor
    name = f"Slack events taken on, {CONNECTIONS} connections, written to SQLite"
    beside = f"a bare Bolt app {floor:,.0f}/s: {ratio:.2f} of it"
    return Row(name, f"{rate:,.0f}/s", beside, f"{GOAL_RATIO} of it", ratio >= GOAL_RATIO)


async def _serving(folder: Path, api: WebApi) -> list[Row]:
    with _server([str(Path(sys.executable).with_name("hubgauge")), "serve"], folder, api) as address:
        await _until_ready(address)
        answered = await _answers(address, api)
        acknowledged = await _commands(address, api)
    return [
        _row(f"Slack answers of bundled models, {ANSWERS_PER_S} a second", 0.95, answered, GOAL_ANSWER_S),
        _row(f"Slack commands, {COMMANDS_PER_S} a second, the core busy", 0.99, acknowledged, GOAL_ACK_S),
    ]


async def _answers(address: str, api: WebApi) -> list[float]:
    """Seconds from each event to its answer at Slack."""
    due: dict[str, float] = {}

    async def ask(http: aiohttp.ClientSession, number: int) -> None:
        ts = f"7.{number:06d}"
        event = mention(f"EvA{number}", ts=ts, channel=f"C{number}", user=f"U{number % 20}")
        due[ts] = time.perf_counter()
        await _send(http, address, signed(event))

    await _at_rate(ask, ANSWERS, ANSWERS_PER_S)
    for _ in range(100):
        if len(api.messages) >= ANSWERS:
            break
        await asyncio.sleep(0.1)
    arrived = {str(message["thread_ts"]): message["arrived_at"] for message in api.messages}
    return [arrived.get(ts, float("inf")) - since for ts, since in due.items()]


async def _commands(address: str, api: WebApi) -> list[float]:
    """Seconds from when each command was due to its 200, while estimates keep the server's core busy."""
    times = []

    async def ask(http: aiohttp.ClientSession, number: int) -> None:
        began = time.perf_counter()
        await _send(http, address, signed(command(api.response_url, trigger_id=f"trigger.{number}")))
        times.append(time.perf_counter() - began)

    async def keep_busy(http: aiohttp.ClientSession) -> None:
        while True:
            different = {"context": 1_000 + next(contexts)}  # the same again would be answered without computing
            async with http.post(f"{address}/v1/estimate", json=ESTIMATE | different) as answer:
                await answer.read()

    contexts = itertools.count()
    async with aiohttp.ClientSession() as http:
        busy = [asyncio.create_task(keep_busy(http)) for _ in range(2)]
        await _at_rate(ask, COMMANDS, COMMANDS_PER_S)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
    return times


async def _at_rate(ask: Callable[[aiohttp.ClientSession, int], Awaitable[None]], count: int, per_s: float) -> None:
    start = time.perf_counter()
    async with aiohttp.ClientSession() as http:

        async def one(number: int) -> None:
            await asyncio.sleep(max(0.0, start + number / per_s - time.perf_counter()))
            await ask(http, number)

        await asyncio.gather(*(one(number) for number in range(count)))


async def _rate(address: str, events: list[Signed]) -> float:
    """Events a second over so many connections."""
    queue = iter(events)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as http:

        async def some() -> None:
            for event in queue:
                await _send(http, address, event)

        start = time.perf_counter()
        await asyncio.gather(*(some() for _ in range(CONNECTIONS)))
        return len(events) / (time.perf_counter() - start)


async def _send(http: aiohttp.ClientSession, address: str, request: Signed) -> None:
    body, headers = request
    async with http.post(f"{address}/slack/events", data=body, headers=headers) as answer:
        await answer.read()
        if answer.status != 200:
            raise AssertionError(f"the server answers {answer.status}")


async def _until_ready(*addresses: str) -> None:
    async with aiohttp.ClientSession() as http:
        for address in addresses:
            for _ in range(300):
                with contextlib.suppress(aiohttp.ClientConnectionError):
                    async with http.get(f"{address}/readyz") as answer:
                        if answer.status in {200, 503}:
                            break
                await asyncio.sleep(0.05)


@contextlib.contextmanager
def _server(arguments: list[str], folder: Path, api: WebApi) -> Iterator[str]:
    """A server on a core of its own; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "HUBGAUGE_PORT": str(port),
        "HUBGAUGE_DATABASE_URL": f"sqlite:///{folder / f'{port}.db'}",
        "SLACK_BOT_TOKEN": "xoxb-1-load",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": api.url,
    }
    command_line = [sys.executable, *arguments, *([str(port), SECRET] if BARE in arguments else [])]
    with subprocess.Popen(command_line, env=os.environ | OFFLINE | settings, stderr=subprocess.DEVNULL) as process:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(process.pid, cores[:1])
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _row(name: str, share: float, times: list[float], goal_s: float) -> Row:
    ordered = sorted(times)
    found = ordered[int(len(ordered) * share)]
    beside = f"p50 {milliseconds(ordered[len(ordered) // 2])}, longest {milliseconds(ordered[-1])}"
    return Row(name, f"p{share * 100:.0f} {milliseconds(found)}", beside, milliseconds(goal_s), found <= goal_s)


if __name__ == "__main__":
    main()
