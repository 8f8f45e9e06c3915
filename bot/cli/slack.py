"""`hubgauge slack`: mentions, direct messages and /hubgauge over Socket Mode."""

import click

from bot.bootstrap import run_slack
from bot.cli.fronts import start


@click.command("slack")
def command() -> None:
    """Answer on Slack over Socket Mode until SIGTERM or Ctrl-C.

    Needs SLACK_BOT_TOKEN and SLACK_APP_TOKEN; docs/slack.md says how to make the app.
    """
    start("slack", run_slack)
