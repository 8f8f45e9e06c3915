"""Logs of the long-running commands: to stderr, a line each, and of chatty libraries only what is of use."""

import logging
import sys
from typing import Final

TALKATIVE: Final = ("httpx2", "httpcore2", "alembic")
"""Libraries that log each request or step; their warnings are of use."""


def begin_logs(level: int) -> None:
    """From now on what is logged is written to stderr."""
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
