"""The manifest asks Slack for what the code uses, and for nothing else."""

from __future__ import annotations

import ast
import re
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast

import yaml

import bot.slack
from bot.slack import agent, lifecycle, shortcut, unfurl
from bot.slack.app import COMMAND
from bot.slack.inbound import EVENTS

# The scope that each call or event needs: docs.slack.dev, reference of each, read 2026-11-21.
# views.open, views.publish and app_home_opened need none.
SCOPE_OF_EVENT: Final = {
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.mpim": "mpim:history",
    "link_shared": "links:read",
    "assistant_thread_started": "assistant:write",
    "app_home_opened": None,
    "app_uninstalled": None,
    "tokens_revoked": None,
}
SCOPE_OF_METHOD: Final = {
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "chat.unfurl": "links:write",
    "assistant.threads.setSuggestedPrompts": "assistant:write",
    "conversations.replies": "channels:history",  # and those of groups, direct and group conversations
    "views.open": None,
    "views.publish": None,
    "files.upload.v2": "files:write",  # the SDK's name for three calls of files.*
    "auth.test": None,
    "apps.connections.open": None,  # by the app's token, whose scope is connections:write
}


def manifest() -> dict[str, Any]:
    text = resources.files("bot.slack").joinpath("manifest.yaml").read_text("utf-8")
    return cast("dict[str, Any]", yaml.safe_load(text))


def methods_called() -> set[str]:
    """Every method that the code names: `client.chat_update(...)` and `outbound.call(team, "views.open")`."""
    found = set()
    for path in Path(bot.slack.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            name, owner = node.func.attr, ast.unparse(node.func.value)
            method = node.args[1] if len(node.args) > 1 else None
            if name == "call" and isinstance(method, ast.Constant):
                found.add(str(method.value))
            elif owner.endswith("client") and re.fullmatch(
                r"(chat|views|auth|apps|users|files|assistant|conversations)_\w+", name
            ):
                found.add(name.replace("_", "."))
    return found


def test_the_code_calls_what_is_listed_here_with_its_scope() -> None:
    assert methods_called() == set(SCOPE_OF_METHOD)


def test_the_scopes_are_those_of_what_is_called_and_heard() -> None:
    needed = {scope for scope in (*SCOPE_OF_EVENT.values(), *SCOPE_OF_METHOD.values()) if scope}
    assert set(manifest()["oauth_config"]["scopes"]["bot"]) == needed | {"commands"}


def test_the_events_are_those_that_are_answered() -> None:
    heard = {*EVENTS, *agent.EVENTS, *lifecycle.EVENTS, unfurl.EVENT}
    events = manifest()["settings"]["event_subscriptions"]["bot_events"]
    assert {event.split(".")[0] for event in events} == heard
    assert set(events) == set(SCOPE_OF_EVENT)


def test_the_command_and_the_shortcut_are_those_that_are_registered() -> None:
    features = manifest()["features"]
    assert [command["command"] for command in features["slash_commands"]] == [COMMAND]
    assert [(each["type"], each["callback_id"]) for each in features["shortcuts"]] == [("message", shortcut.CALLBACK)]
    assert manifest()["settings"]["interactivity"]["is_enabled"] is True


def test_the_questions_to_begin_with_are_those_of_the_code() -> None:
    prompts = manifest()["features"]["agent_view"]["suggested_prompts"]
    assert tuple((prompt["title"], prompt["message"]) for prompt in prompts) == agent.PROMPTS


def test_the_domains_are_hosts_whose_links_are_read() -> None:
    assert set(manifest()["features"]["unfurl_domains"]) <= unfurl.HOSTS
