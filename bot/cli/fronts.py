"""How the long-running commands start: logs to stderr, and a missing extra said as one."""

import logging
import sys
from collections.abc import Callable
from typing import Final

import click

from bot.cli.lines import fail
from bot.errors import USER_ERRORS
from bot.logs import begin_logs

SWITCH_S: Final = 0.0005
"""How long a thread that computes keeps the interpreter from the loop that acknowledges, a tenth of Python's default.

An acknowledgement changes threads four times. With estimates on four threads its 99th percentile was 340 ms at 5 ms.
"""


def start(extra: str, run: Callable[[], None], level: int = logging.INFO) -> None:
    """Runs a front until it stops; exit status 1 with what to set or to install where it cannot start."""
    begin_logs(level)
    sys.setswitchinterval(SWITCH_S)
    try:
        run()
    except ModuleNotFoundError as error:
        click.echo(f"hubgauge: {error.name} is not installed", err=True)
        click.echo(f"  pip install '.[{extra}]' in the checkout", err=True)
        sys.exit(1)
    except USER_ERRORS as error:
        fail(error, as_json=False)
