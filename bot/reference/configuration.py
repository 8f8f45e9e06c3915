"""docs/configuration.md, from the table of variables."""

from typing import Final

from bot.variables import ALSO_READ, VARIABLES

HEADER: Final = """# Configuration

Written by `make pages` from `bot/variables.py`. Settings come from the environment, are read once at the start and
checked there: a value that cannot be used ends the program with its name and what to try. Empty counts as unset.
Values of secrets are in no log and no output; `hubgauge doctor` tells which variables are set.

| variable | is | unset | secret |
|---|---|---|---|"""


def page() -> str:
    """The whole page."""
    rows = (
        f"| `{each.name}` | {each.purpose} | {each.unset} | {'yes' if each.is_secret else ''} |" for each in VARIABLES
    )
    also = (f"| `{name}` | {meaning} |" for name, meaning in ALSO_READ)
    heading = ("", "## Read as other programs read them", "", "| variable | is |", "|---|---|")
    return "\n".join([HEADER, *rows, *heading, *also]) + "\n"
