"""The terminal's front: `hubgauge "QUESTION"` and its commands, each in a file of its own, imported when it runs."""

try:
    from bot.cli.main import main
except KeyboardInterrupt:
    raise SystemExit(130) from None  # Ctrl-C while the program is still being read: no traceback either

__all__ = ["main"]
