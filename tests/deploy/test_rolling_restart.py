"""A rolling restart of two replicas under load loses no request and no message. `make roll` restarts ten times."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.bot.slack.replicas import Replica
from tests.bot.slack.web_api import WebApi
from tests.deploy.rolling import Load, Rollout, Service, ready, roll
from tests.hub.process import hub_process

if TYPE_CHECKING:
    from pathlib import Path

ROLLOUTS = int(os.environ.get("HUBGAUGE_ROLLOUTS", "1"))
HUB_LATENCY_S = 0.8
MODELS = 2_000
SETTLED_S = 1.0
PATIENCE_S = 60.0


def messages(api: WebApi) -> Counter[str]:
    """How often each question was answered."""
    return Counter(str(message["thread_ts"]) for message in list(api.messages))


async def restarted(api: WebApi, database: str, hub: str, folder: Path, stack: ExitStack) -> tuple[Load, Rollout]:
    """Two replicas under load, both replaced; then what is still to be answered is waited for."""
    numbers = count()

    def start() -> Replica:
        log, cache = folder / "replicas.log", folder / f"cache{next(numbers)}"
        environ = {"HF_HUB_OFFLINE": "", "HF_ENDPOINT": hub, "HUBGAUGE_CACHE_DIR": str(cache)}
        return stack.enter_context(Replica(database, api.url, log, **environ))

    replicas = [start(), start()]
    async with Service() as service:
        for replica in replicas:
            await ready(replica)
            service.ports.append(replica.port)
        load = Load(service.url)
        asking = asyncio.create_task(load.run())
        await asyncio.sleep(SETTLED_S)
        seen = Rollout()
        for _ in range(ROLLOUTS):
            await roll(service, load, replicas, start, seen)
        await asyncio.sleep(SETTLED_S)
        load.is_over = True
        await asking
    until = time.monotonic() + PATIENCE_S
    while len(messages(api)) < len(load.asked) and time.monotonic() < until:  # noqa: ASYNC110  # other processes
        await asyncio.sleep(0.2)
    return load, seen


@pytest.mark.enable_socket
def test_a_rolling_restart_under_load_loses_no_request_and_no_message(
    new_postgres_database: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        api = stack.enter_context(WebApi())
        hub = stack.enter_context(hub_process(MODELS, HUB_LATENCY_S))
        load, seen = asyncio.run(restarted(api, new_postgres_database, hub, tmp_path, stack))
        answered = messages(api)
    log = (tmp_path / "replicas.log").read_text(errors="replace")[-4000:]
    sys.stderr.write(f"{dict(load.outcomes)}; under way when told to stop {seen.under_way}; {len(answered)} answers\n")
    assert {outcome for _, outcome in load.outcomes} == {"200"}, f"{load.outcomes}\n{log}"
    assert {kind for kind, _ in load.outcomes} == {"estimate", "slow", "question"}
    assert answered == Counter(load.asked), log
    assert min(seen.under_way) > 0, "nothing was under way: the restart was no test"
    assert set(seen.statuses) <= {0, -15}, log
