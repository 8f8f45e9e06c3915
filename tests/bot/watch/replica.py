"""The watcher as a process that can be killed: forked from one that has its imports, so that it starts at once."""

from __future__ import annotations

import os

from bot.watch.loop import Pace
from bot.watch.service import run
from ingest.watch.settle import Patience

QUICK = Pace(
    created_s=0.2,
    modified_s=0.3,
    trending_s=5.0,
    organization_s=1.0,
    tick_s=0.05,
    lease_s=2.0,
    patience=Patience(first_s=0.2, away_s=0.1, lease_s=2.0),
)


def replica(environ: dict[str, str]) -> None:
    """Watches until it is killed, in that environment: the process it is forked from has another test's."""
    os.environ.update(environ)
    run(QUICK)
