"""`python -m tests.bench.load`: a real `hubgauge serve` on one core at a constant 200 requests a second.

Requests leave by the clock, whether or not earlier ones have been answered, and a time counts from when its request was
due: a server that stalls is not spared. Beside it the same rate against `/healthz`, which computes nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp

from tests.bench.start_up import OFFLINE
from tests.bench.timing import Row, milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE_PER_S: Final = 200
LASTS_S: Final = 20
GOAL_P99_S: Final = 0.05
MACHINE: Final = {"hardware": "h100-sxm-80gb", "gpus": 8, "concurrency": 16}
MODELS: Final = ("llama-3.1-8b", "qwen3-32b", "deepseek-v3", "gpt-oss-120b")
Asked = tuple[str, str, object]

ESTIMATES: Final[list[Asked]] = [
    ("POST", "/v1/estimate", {**MACHINE, "model": name, "context_tokens": size})
    for name in MODELS
    for size in (4096, 8192)
]
MOVES: Final[list[Asked]] = [("POST", "/v1/explore", {**MACHINE, "model": name}) for name in MODELS]
QUESTIONS: Final[list[Asked]] = [("POST", "/v1/ask", {"question": f"{name} on 8xH200 at 16K"}) for name in MODELS]
SPECS: Final[list[Asked]] = [("GET", f"/v1/models/{name}", None) for name in MODELS]
KINDS: Final = (
    ("/healthz, the floor", [("GET", "/healthz", None)], False),
    ("estimates of bundled models", ESTIMATES, True),
    ("estimates, questions and specs in turn", [*ESTIMATES, *QUESTIONS, *SPECS], True),
)


def main() -> None:
    """Print a row for each kind of request, and one for a move of the page's slider."""
    cores = sorted(os.sched_getaffinity(0))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("hubgauge")), "serve"]
    environ = os.environ | OFFLINE | {"HUBGAUGE_PORT": str(port)}
    with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL) as server:
        try:
            os.sched_setaffinity(server.pid, cores[:1])
            os.sched_setaffinity(0, cores[1:] or cores)
            asyncio.run(_print_rows(f"http://127.0.0.1:{port}"))
        finally:
            server.terminate()


async def _print_rows(address: str) -> None:
    async with aiohttp.ClientSession(address) as session:
        await _until_ready(session)
        for name, asked, is_judged in KINDS:
            await _at_rate(session, asked, 2 * len(asked), RATE_PER_S)
            times = await _at_rate(session, asked, RATE_PER_S * LASTS_S, RATE_PER_S)
            sys.stdout.write(f"{_row(f'{RATE_PER_S} requests/s: {name}', times, is_judged=is_judged)}\n")
        times = await _at_rate(session, MOVES, 200, 10)
        sys.stdout.write(f"{_row('10 moves of a slider a second (/v1/explore)', times, is_judged=True)}\n")


def _row(name: str, times: Sequence[float], *, is_judged: bool) -> Row:
    ordered = sorted(times)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    beside = f"p50 {milliseconds(p50)}, longest {milliseconds(ordered[-1])}, {len(ordered):,} answered"
    goal = milliseconds(GOAL_P99_S) if is_judged else ""
    return Row(name, f"p99 {milliseconds(p99)}", beside, goal, p99 <= GOAL_P99_S if is_judged else None)


async def _at_rate(session: aiohttp.ClientSession, asked: Sequence[Asked], count: int, rate: float) -> list[float]:
    """Seconds from when each request was due to the last byte of its answer."""
    times: list[float] = []
    start = time.perf_counter()

    async def one(number: int) -> None:
        method, path, body = asked[number % len(asked)]
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        async with session.request(method, path, json=body) as answer:
            await answer.read()
            if answer.status != 200:
                raise AssertionError(f"{path} {json.dumps(body)}: {answer.status}")
        times.append(time.perf_counter() - due)

    await asyncio.gather(*(one(number) for number in range(count)))
    return times


async def _until_ready(session: aiohttp.ClientSession) -> None:
    for _ in range(200):
        try:
            async with session.get("/readyz") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientConnectionError:
            pass
        await asyncio.sleep(0.05)
    raise AssertionError("hubgauge serve does not get ready in ten seconds")


if __name__ == "__main__":
    main()
