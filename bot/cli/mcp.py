"""`hubgauge mcp`: the answers as tools for assistants, over standard input and output."""

import click

from bot.bootstrap import run_mcp
from bot.cli.fronts import start


@click.command("mcp")
def command() -> None:
    """Offer the answers as Model Context Protocol tools over standard input and output, until it is closed.

    In an assistant's settings:

    \b
    {"mcpServers": {"hubgauge": {"command": "hubgauge", "args": ["mcp"]}}}
    """
    start("mcp", run_mcp)
