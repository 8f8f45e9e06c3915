"""Which of Slack's events are questions, and what is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.slack.inbound import MAX_QUESTION_CHARACTERS, from_command, from_event, from_payload
from tests.bot.slack.payloads import QUESTION, direct, mention


def slash(text: str) -> dict[str, Any]:
    return {"team_id": "T1", "trigger_id": "1.2", "response_url": "https://hooks.slack.example/x", "text": text}


def test_a_mention_is_answered_in_the_thread_that_it_starts() -> None:
    asked = from_event(mention(ts="5.5"))
    assert asked is not None
    assert (asked.channel, asked.thread_ts, asked.question) == ("C123", "5.5", QUESTION)


def test_a_mention_in_a_thread_is_answered_in_that_thread() -> None:
    asked = from_event(mention(ts="5.5", thread_ts="4.4"))
    assert asked is not None
    assert asked.thread_ts == "4.4"


def test_a_mention_and_the_message_of_the_same_post_share_a_key() -> None:
    first, second = from_event(mention("Ev1", channel="D024")), from_event(direct("Ev2"))
    assert first is not None
    assert second is not None
    assert set(first.keys) & set(second.keys) == {"post:T123:D024:1515449522.000016"}


@pytest.mark.parametrize(
    "silent",
    [
        mention(bot_id="B1"),
        mention(edited={"user": "U1", "ts": "6.6"}),
        mention(user="USLACKBOT"),
        direct(subtype="message_changed", message={"text": QUESTION}),
        direct(subtype="message_deleted"),
        direct(subtype="bot_message"),
        direct(hidden=True),
        direct(user=None),
        direct(channel_type="channel"),
        direct(type="reaction_added"),
        direct(ts=""),
        mention(channel=None),
        {"type": "event_callback"},
    ],
)
def test_bots_edits_deletions_and_talk_of_others_get_silence(silent: dict[str, Any]) -> None:
    assert from_event(silent) is None


@pytest.mark.parametrize("text", ["", "  ", "<@U0BOT>", "<@U0BOT|hubgauge> "])
def test_a_mention_without_a_question_asks_for_help(text: str) -> None:
    asked = from_event(mention(text=text))
    assert asked is not None
    assert asked.question == "help"


def test_a_pasted_log_is_known_as_too_long_and_not_kept_whole() -> None:
    asked = from_event(mention(text="x" * 40_000))
    assert asked is not None
    assert asked.is_too_long
    assert len(asked.question) == MAX_QUESTION_CHARACTERS
    exact = from_event(mention(text="x" * MAX_QUESTION_CHARACTERS))
    assert exact is not None
    assert not exact.is_too_long


def test_a_command_is_private_unless_its_first_word_shares_it() -> None:
    assert from_command(slash(QUESTION)).is_private
    shared = from_command(slash(f"Share {QUESTION}"))
    assert (shared.is_private, shared.question) == (False, QUESTION)
    kept = from_command(slash(f"private {QUESTION}"))
    assert (kept.is_private, kept.question) == (True, QUESTION)
    assert from_command(slash("share")).question == "help"
    assert from_command(slash("sharegpt-7b on T4")).is_private


def test_a_question_survives_the_database() -> None:
    asked = from_event(mention(text="8×H100 “fp8” \U0001f600"))
    assert asked is not None
    assert from_payload(json.loads(json.dumps(asked.payload()))) == asked
