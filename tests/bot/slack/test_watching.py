"""`/hubgauge watch ...` in a channel: made, listed, ended, refused with what to type; never another channel's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.slack.watching import answer
from bot.watch.subscriptions import SubscriptionStore

if TYPE_CHECKING:
    from sqlalchemy import Engine


def say(engine: Engine, text: str, channel: str = "C0ONE") -> str:
    return answer(engine, {"text": text, "channel_id": channel, "user_id": "U1"})


def test_a_channel_is_told_of_what_it_asked_for_until_it_ends_it(engine: Engine) -> None:
    said = say(engine, "watch Qwen on 8xH100")
    (made,) = SubscriptionStore(engine).all()
    assert (made.target, made.words, made.made_by) == ("slack:C0ONE", "Qwen on 8xH100", "slack:U1")
    assert f"/hubgauge unwatch {made.id}" in said
    assert "Qwen on 8xH100" in say(engine, "watch")
    assert "nothing" in say(engine, "watch", "C0TWO")
    assert "no subscription" in say(engine, f"unwatch {made.id}", "C0TWO")
    assert say(engine, f"unwatch {made.id}") == "Ended."
    assert SubscriptionStore(engine).all() == []


@pytest.mark.parametrize("words", ["Qwen on 8x toaster", "<!channel>", "Qwen quiet 22-99", "a" * 600])
def test_what_is_no_wish_is_refused_with_what_to_type(engine: Engine, words: str) -> None:
    said = say(engine, f"watch {words}")
    assert "Type for example" in said
    assert "<!" not in said
    assert SubscriptionStore(engine).all() == []


def test_no_file_can_be_named_from_slack(engine: Engine) -> None:
    assert "nowhere to tell" in say(engine, "watch Qwen", "lines:/etc/passwd")


def test_a_channel_reads_which_of_its_subscriptions_rest_and_wakes_one(engine: Engine) -> None:
    say(engine, "watch Qwen on 8xH100")
    SubscriptionStore(engine).pause("slack:C0ONE", "is_archived")
    assert "rests since Slack said is_archived" in say(engine, "watch")
    say(engine, "watch Qwen on 8xH100")
    assert "rests" not in say(engine, "watch")
