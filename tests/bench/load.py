"""`python -m tests.bench.load`: a real `hubgauge serve` on one core at a constant 200 requests a second.

Requests leave by the clock, whether or not earlier ones have been answered, and a time counts from when its request was
due: a server that stalls is not spared. Beside it the same rate against `/healthz`, which computes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
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
FULL: Final = (RATE_PER_S * LASTS_S, RATE_PER_S)
GOAL_P99_S: Final = 0.05
MACHINES: Final = (
    ("llama-3.1-8b", "h100-sxm-80gb", 1),
    ("qwen3-32b", "h100-sxm-80gb", 2),
    ("gpt-oss-120b", "h100-sxm-80gb", 1),
    ("deepseek-v3", "h200-sxm-141gb", 8),
)
Asked = tuple[str, str, object]


def set_ups(path: str, sizes: Sequence[int]) -> list[Asked]:
    """A request for each machine and context, machines in turn."""
    return [
        ("POST", path, {"model": model, "hardware": card, "gpus": gpus, "concurrency": 16, "context_tokens": size})
        for size in sizes
        for model, card, gpus in MACHINES
    ]


ESTIMATES: Final = set_ups("/v1/estimate", (4096, 8192))
DIFFERENT: Final = set_ups("/v1/estimate", range(4096, 4096 + RATE_PER_S * LASTS_S // len(MACHINES) + 25))
MOVES: Final = set_ups("/v1/explore", range(4096, 4096 + 60))
QUESTIONS: Final[list[Asked]] = [
    ("POST", "/v1/ask", {"question": f"{model} on {gpus}x{card} at 16K"}) for model, card, gpus in MACHINES
]
SPECS: Final[list[Asked]] = [("GET", f"/v1/models/{model}", None) for model, _, _ in MACHINES]
KINDS: Final = (
    ("/healthz, the floor", [("GET", "/healthz", None)], False),
    ("4,000 different estimates, none asked before", DIFFERENT, True),
    ("8 estimates again and again", ESTIMATES, True),
    ("estimates, questions and specs in turn", [*ESTIMATES, *QUESTIONS, *SPECS], True),
)


def main() -> None:
    """Print a row for each kind of request, and one for moves of a slider."""
    cores = sorted(os.sched_getaffinity(0))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("hubgauge")), "serve"]
    environ = os.environ | OFFLINE | {"HUBGAUGE_PORT": str(port)}
    with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL) as server:
        try:
            os.sched_setaffinity(server.pid, cores[:1])
            os.sched_setaffinity(0, cores[1:] or cores)
            asyncio.run(_print_rows(f"http://127.0.0.1:{port}", server.pid))
        finally:
            server.terminate()


async def _print_rows(address: str, server: int) -> None:
    async with aiohttp.ClientSession(address) as session:
        await _until_ready(session)
        for name, asked, is_judged in KINDS:
            await _at_rate(session, asked[-100:], 100, RATE_PER_S / 4)
            await _measured(session, server, f"{RATE_PER_S} requests/s: {name}", asked, FULL, is_judged=is_judged)
        await _measured(session, server, "10 moves of a slider a second (/v1/explore)", MOVES, (len(MOVES), 10))


async def _measured(
    session: aiohttp.ClientSession,
    server: int,
    name: str,
    asked: Sequence[Asked],
    load: tuple[int, float],
    *,
    is_judged: bool = True,
) -> None:
    before = _cpu_s(server)
    times = await _at_rate(session, asked, *load)
    cpu_s = (_cpu_s(server) - before) / len(times)
    sys.stdout.write(f"{_row(name, times, cpu_s, is_judged=is_judged)}\n")
    sys.stdout.flush()


def _cpu_s(server: int) -> float:
    """Seconds of the processor of the server and its process aside: a busy neighbour does not change them."""
    ticks = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # a process that ended meanwhile
            after_name = status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if server in {int(status.parent.name), int(after_name[1])}:
                ticks += int(after_name[11]) + int(after_name[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _row(name: str, times: Sequence[float], cpu_s: float, *, is_judged: bool) -> Row:
    ordered = sorted(times)
    refused = sum(math.isinf(each) for each in ordered)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    beside = f"p50 {milliseconds(p50)}, longest {milliseconds(ordered[-1])}, {milliseconds(cpu_s)} of CPU each"
    beside += f", {refused:,} refused" if refused else ""
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
            if answer.status == 503:
                times.append(math.inf)  # refused for too much at once: no answer is no quick answer
                return
            if answer.status != 200:
                raise AssertionError(f"{path} {body}: {answer.status}")
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
