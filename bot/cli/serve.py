"""`hubgauge serve`: the HTTP API, a small page and Slack's signed events."""

import click

from bot.bootstrap import run_http
from bot.cli.fronts import start


@click.command("serve")
def command() -> None:
    """Answer over HTTP on HUBGAUGE_HOST and HUBGAUGE_PORT (127.0.0.1:8000) until SIGTERM or Ctrl-C.

    POST /v1/estimate, /v1/ask, /healthz, /readyz, a page on /; with SLACK_SIGNING_SECRET also /slack/events.
    """
    start("serve", run_http)
