"""Replicas of the real `hubgauge serve` on one database, which are killed at random while Slack keeps asking.

Slack's part is played as its reference has it: an event that is not acknowledged is sent again, to any replica, until
it is. What reached Slack is read from the messages that its Web API took.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

import httpx2

from tests.bot.slack.local_slack import free_port
from tests.bot.slack.payloads import SECRET, mention, signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bot.slack.web_api import WebApi

COMMAND = Path(sys.executable).with_name("hubgauge")
QUESTIONS = (
    "llama-3.1-8b on 1xH100 at 8K",
    "deepseek-v3 on 8xH100 fp8 at 32K",
    "qwen3-32b int4 on 2x4090",
    "mixtral 8x7b on 2xA100 80gb for 16 users",
)
CHANNELS = 500
PEOPLE = 60
AT_ONCE = 16
RESEND_S = 0.2


class Replica:
    """One process of the bot; `kill` is SIGKILL, `start` starts it anew on the same port."""

    def __init__(self, database: str, api_url: str, log: Path, front: str = "serve", **environ: str) -> None:
        self._front = front
        self.port = free_port()
        self._log = log
        self._environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "SLACK_BOT_TOKEN": "xoxb-1-kill",
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": api_url,
            "HUBGAUGE_DATABASE_URL": database,
            "HUBGAUGE_PORT": str(self.port),
            "HF_HUB_OFFLINE": "1",
            **environ,
        }
        self.kills = 0
        self.process = self._started()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """Ends it at once, whatever it does, and starts it again."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1
        self.process = self._started()

    def stop(self) -> int:
        """Its exit status after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen([COMMAND, self._front], env=self._environ, stdout=log, stderr=log)


class Asking:
    """So many questions to the replicas, each sent until one of them acknowledges it."""

    def __init__(self, api: WebApi, replicas: list[Replica], count: int, seed: int) -> None:
        self._api = api
        self._replicas = replicas
        self._count = count
        self._random = random.Random(seed)  # noqa: S311  # no secret hangs on it
        self.sent = 0

    async def run(self, kill_every_s: tuple[float, float], patience_s: float) -> None:
        """Asks everything while the replicas are killed, then waits for what is still to be answered."""
        killing = [asyncio.create_task(self._kill(replica, kill_every_s)) for replica in self._replicas]
        try:
            await self._ask_all()
        finally:
            for task in killing:
                task.cancel()
            await asyncio.gather(*killing, return_exceptions=True)
        until = time.monotonic() + patience_s
        while len(self.answers()) < self._count and time.monotonic() < until:  # noqa: ASYNC110  # other processes
            await asyncio.sleep(0.25)

    def answers(self) -> Counter[str]:
        """How often each question was answered, by its thread."""
        return Counter(str(message["thread_ts"]) for message in list(self._api.messages))

    def unanswered(self) -> list[str]:
        """Questions that nobody answered."""
        answers = self.answers()
        return [ts for number in range(self._count) if not answers[ts := _ts(number)]]

    async def _ask_all(self) -> None:
        numbers = iter(range(self._count))
        limits = httpx2.Limits(max_keepalive_connections=0)  # a killed process leaves connections that lead nowhere
        async with httpx2.AsyncClient(timeout=5, limits=limits, trust_env=False) as client:
            await asyncio.gather(*(self._ask_some(client, numbers) for _ in range(AT_ONCE)))

    async def _ask_some(self, client: httpx2.AsyncClient, numbers: Iterator[int]) -> None:
        for number in numbers:
            text, channel = QUESTIONS[number % len(QUESTIONS)], f"C{number % CHANNELS}"
            event = mention(f"Ev{number}", ts=_ts(number), text=text, channel=channel, user=f"U{number % PEOPLE}")
            retry = 0
            while not await self._is_heard(client, event, retry):
                retry += 1
                await asyncio.sleep(RESEND_S)

    async def _is_heard(self, client: httpx2.AsyncClient, event: dict[str, object], retry: int) -> bool:
        body, headers = signed(event, retry=retry)
        self.sent += 1
        try:
            url = f"{self._random.choice(self._replicas).url}/slack/events"
            return (await client.post(url, content=body, headers=headers)).status_code == 200
        except httpx2.TransportError:
            return False

    async def _kill(self, replica: Replica, every_s: tuple[float, float]) -> None:
        """Kills it again and again, some time after it came up: a process that never gets there tests nothing."""
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                while not await _is_ready(client, replica):  # noqa: ASYNC110  # another process
                    await asyncio.sleep(0.1)
                await asyncio.sleep(self._random.uniform(*every_s))
                await asyncio.to_thread(replica.kill)


async def _is_ready(client: httpx2.AsyncClient, replica: Replica) -> bool:
    try:
        return (await client.get(f"{replica.url}/readyz")).status_code == 200
    except httpx2.TransportError:
        return False


def _ts(number: int) -> str:
    return f"1795000000.{number:06d}"


def run(api: WebApi, database: str, folder: Path, count: int, *, seed: int = 7) -> tuple[Asking, list[Replica]]:
    """Asks `count` questions of two replicas that are killed up to four seconds after they came up."""
    with ExitStack() as stack:
        logs = (folder / f"replica{number}.log" for number in range(2))
        replicas = [stack.enter_context(Replica(database, api.url, log)) for log in logs]
        asking = Asking(api, replicas, count, seed)
        asyncio.run(asking.run((0.2, 4.0), patience_s=120.0))
        for replica in replicas:
            replica.stop()
    return asking, replicas
