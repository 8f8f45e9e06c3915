"""The terminal's front: `hubgauge "QUESTION"` and its commands, each in a file of its own, imported when it runs."""

from bot.cli.main import main

__all__ = ["main"]
