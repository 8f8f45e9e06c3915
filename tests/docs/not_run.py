"""The examples that no test runs, each with its reason; a test fails for one that no page shows."""

from __future__ import annotations

from typing import Final

ENDLESS: Final = "runs until it is told to stop"
ROOT_OF_DEBIAN: Final = "wants root on a Debian machine, and its mirrors"

NOT_RUN: Final[dict[str, str]] = {
    "hubgauge slack": f"{ENDLESS}, and wants Slack; tests/bot/slack runs it against a Slack that is not ours",
    "hubgauge serve": f"{ENDLESS}; every example of curl asks one that the tests started",
    "hubgauge watch": f"{ENDLESS}; tests/bot/watch runs and kills it",
    "hubgauge mcp": f"{ENDLESS}; tests/bot/mcp talks to it",
    "hubgauge scan --everything --dask tcp://scheduler:8786 -o hub.parquet": "wants a Dask cluster",
    "eval $(hubgauge completion zsh)": "wants zsh; tests/bot/test_completion.py has one",
    "hubgauge prices refresh": "reads a public catalogue; tests/ingest/prices serves one",
    "vllm bench serve --model meta-llama/Llama-3.1-70B-Instruct --max-concurrency 32 --save-result": "wants GPUs",
    "docker compose --file docker/compose.yaml exec bot python -c import sqlite3, sys; sqlite3.connect(sys.argv[1])"
    ".execute('VACUUM INTO ?', [sys.argv[2]]) /data/hubgauge.db /data/copy.db": "tests/bot/watch does",
    "apt-get install --no-install-recommends buildah debootstrap": ROOT_OF_DEBIAN,
    "docker/buildah.sh base": ROOT_OF_DEBIAN,
    "docker/buildah.sh build": ROOT_OF_DEBIAN,
    "docker/buildah.sh run hubgauge deepseek-v3 on 8×H100 FP8 at 32K": ROOT_OF_DEBIAN,
    "python3.11 -m venv build/pins": "makes new pins, from an index of packages",
    "build/pins/bin/pip install .[all,test] hatchling": "as above",
    "build/pins/bin/pip freeze --exclude hubgauge > constraints.txt": "as above",
}
"""By the command's words, its remark gone."""
