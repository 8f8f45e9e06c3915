"""A loopback Hub in a process of its own, so that it does not share its client's interpreter.

python -m tests.hub.process COUNT LATENCY_S WINDOW_S LIMIT      prints its address, ends when its input does
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.hub.fixture_repos import QWEN3_0_6B
from tests.hub.loopback import LoopbackHub
from tests.hub.repositories import HubRepo, json_file, weights_file

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE_MODELS = 1000


def repos(count: int) -> list[HubRepo]:
    """Repositories with a config of their own each, of about 400 bytes."""
    return [
        HubRepo(
            f"org{number % 50}/model-{number:06}",
            {
                "config.json": json_file({**QWEN3_0_6B, "_name_or_path": f"run-{number}"}),
                "model.safetensors": weights_file(1_503_300_328),
            },
            pipeline_tag="text-generation",
            tags=("safetensors", "text-generation"),
        )
        for number in range(count)
    ]


@contextlib.contextmanager
def hub_process(count: int, latency_s: float = 0.0, window_s: float = 0.0, limit: int = 0) -> Iterator[str]:
    """The address of such a Hub, while it runs."""
    command = [sys.executable, "-m", "tests.hub.process", *map(str, (count, latency_s, window_s, limit))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


def main() -> None:
    count, latency_s, window_s, limit = int(sys.argv[1]), *map(float, sys.argv[2:4]), int(sys.argv[4])
    with LoopbackHub(*repos(count)) as hub:
        hub.lift()
        hub.state.page_size = PAGE_MODELS
        hub.latency_s = latency_s
        if window_s:
            hub.enforce(window_s, resolvers=limit)
        sys.stdout.write(f"{hub.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
