"""Replicas behind a Service, restarted one after the other while requests and Slack's events keep coming.

The Service does what Kubernetes' does: each connection goes to one of the ready replicas in turn, and stays there. The
restart is that of deploy/kubernetes/serve.yaml: a new replica is ready before the old one is taken out, which is then
left alone for a while, told to stop, and waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import httpx2

from tests.bot.slack.payloads import mention, signed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bot.slack.replicas import Replica

CHUNK_BYTES: Final = 65_536
PRE_STOP_S: Final = 0.5
"""In place of the manifest's 5 s: this Service learns at once that a replica is gone."""
ESTIMATES_PER_S: Final = 15
SLOW_PER_S: Final = 4
QUESTIONS_PER_S: Final = 4
QUESTIONS: Final = ("llama-3.1-8b on 1xH100 at 8K", "deepseek-v3 on 8xH100 fp8 at 32K", "qwen3-32b int4 on 2x4090")
MACHINES: Final = (
    ("llama-3.1-8b", "h100-sxm-80gb", 1),
    ("qwen3-32b", "l40s", 4),
    ("gpt-oss-120b", "h200-sxm-141gb", 1),
)


class Service:
    """A port whose connections are handed to the ready replicas in turn."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self._turn = itertools.count()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._hand_over, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _hand_over(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self.ports[next(self._turn) % len(self.ports)]
        try:
            from_replica, to_replica = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()  # the client sees a lost request, and the test fails
            return
        await asyncio.gather(_carry(reader, to_replica), _carry(from_replica, writer))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hands on what comes until it ends, then ends it on the other side too."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@dataclass
class Load:
    """Constant requests of three kinds at an address, and what became of each."""

    url: str
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)
    in_flight: int = 0
    is_over: bool = False

    async def run(self) -> None:
        """Asks until it is told that it is over, then waits for the last answers."""
        # a connection for each request: one kept open hangs on its replica, which closes it when it stops
        limits = httpx2.Limits(max_keepalive_connections=0)
        async with httpx2.AsyncClient(base_url=self.url, timeout=60, limits=limits, trust_env=False) as client:
            await asyncio.gather(
                self._at_rate(ESTIMATES_PER_S, lambda number: self._estimate(client, number)),
                self._at_rate(SLOW_PER_S, lambda number: self._slow(client, number)),
                self._at_rate(QUESTIONS_PER_S, lambda number: self._question(client, number)),
            )

    async def _at_rate(self, per_s: float, ask: Callable[[int], Awaitable[None]]) -> None:
        started, tasks = time.monotonic(), []
        for number in itertools.count():
            await asyncio.sleep(max(0.0, started + number / per_s - time.monotonic()))
            if self.is_over:
                break
            tasks.append(asyncio.ensure_future(ask(number)))
        await asyncio.gather(*tasks)

    async def _estimate(self, client: httpx2.AsyncClient, number: int) -> None:
        model, card, gpus = MACHINES[number % len(MACHINES)]
        body = {"model": model, "hardware": card, "gpus": gpus, "context_tokens": 4096 + number}
        await self._note("estimate", client.post("/v1/estimate", json=body))

    async def _slow(self, client: httpx2.AsyncClient, number: int) -> None:
        """A model that only the Hub has, which takes its time: under way when a replica is told to stop."""
        await self._note("slow", client.get(f"/v1/models/org{number % 50}/model-{number:06}"))

    async def _question(self, client: httpx2.AsyncClient, number: int) -> None:
        ts = f"1795000000.{number:06d}"
        channel, user = f"C{number}", f"U{number % 40}"
        text = QUESTIONS[number % len(QUESTIONS)]
        body, headers = signed(mention(f"Ev{number}", ts=ts, text=text, channel=channel, user=user))
        self.asked.append(ts)
        await self._note("question", client.post("/slack/events", content=body, headers=headers))

    async def _note(self, kind: str, request: Awaitable[httpx2.Response]) -> None:
        self.in_flight += 1
        try:
            outcome = str((await request).status_code)
        except httpx2.TransportError as error:
            outcome = type(error).__name__
        finally:
            self.in_flight -= 1
        self.outcomes[kind, outcome] += 1


@dataclass
class Rollout:
    """What was seen of restarts: the exit status of each old replica, and what was under way when it was told."""

    statuses: list[int] = field(default_factory=list)
    under_way: list[int] = field(default_factory=list)


async def roll(
    service: Service, load: Load, replicas: list[Replica], start: Callable[[], Replica], seen: Rollout
) -> None:
    """Replaces every replica, one after the other, as the Deployment is told to."""
    for number, replica in enumerate(replicas):
        new = await asyncio.to_thread(start)
        await ready(new)
        service.ports.append(new.port)
        service.ports.remove(replica.port)
        await asyncio.sleep(PRE_STOP_S)
        seen.under_way.append(load.in_flight)
        seen.statuses.append(await asyncio.to_thread(replica.stop))
        replicas[number] = new


async def ready(replica: Replica, patience_s: float = 60.0) -> None:
    """Waits until the replica takes questions on."""
    until = time.monotonic() + patience_s
    async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
        while time.monotonic() < until:
            with contextlib.suppress(httpx2.TransportError):
                if (await client.get(f"{replica.url}/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise AssertionError(f"{replica.url} does not get ready in {patience_s:g} s")
