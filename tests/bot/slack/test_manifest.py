"""The manifest asks Slack for what the code uses, and for nothing else."""

from __future__ import annotations

from importlib import resources
from typing import Final

from bot.slack.app import COMMAND
from bot.slack.inbound import EVENTS

# The scope that each call or event needs: docs.slack.dev, reference of each, read 2026-11-20
SCOPE_OF: Final = {
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "chat.postMessage": "chat:write",
    "slash command": "commands",
}


def items(heading: str) -> list[str]:
    """The list under a heading, in the plain style in which our manifest is written."""
    lines = resources.files("bot.slack").joinpath("manifest.yaml").read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.strip() == f"{heading}:")
    indent = len(lines[start]) - len(lines[start].lstrip())
    found = []
    for line in lines[start + 1 :]:
        if len(line) - len(line.lstrip()) <= indent:
            break
        if line.strip().startswith("- "):
            found.append(line.strip()[2:].split(" #")[0].strip())
    return found


def test_the_scopes_are_those_of_what_is_called_and_heard() -> None:
    assert sorted(items("bot")) == sorted(SCOPE_OF.values())


def test_the_events_are_those_that_are_answered() -> None:
    assert sorted(event.split(".")[0] for event in items("bot_events")) == sorted(EVENTS)


def test_the_command_is_the_one_that_is_registered() -> None:
    assert items("slash_commands") == [f"command: {COMMAND}"]
