"""`hubgauge serve`: the HTTP API, the page and Slack's signed events."""

import click

from bot.bootstrap import run_http
from bot.cli.fronts import start


@click.command("serve")
def command() -> None:
    """Answer over HTTP on HUBGAUGE_HOST and HUBGAUGE_PORT (127.0.0.1:8000) until SIGTERM or Ctrl-C.

    The API stands under /v1 (/openapi.json describes it, docs/api.md too), a page on /, /healthz, /readyz, /metrics;
    with SLACK_SIGNING_SECRET also /slack/events. HUBGAUGE_API_KEYS closes the API to strangers.
    """
    start("serve", run_http)
