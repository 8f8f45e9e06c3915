"""What a message in a thread changes: only what it names."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.question import HardwareRef, ParallelRef, Query, QuestionError, parse
from bot.question.stored import READERS
from bot.thread import NoFollowUp, follow_up, is_addressed, restored, stored
from tests.bot.question.phrasings import UNDERSTOOD

BEFORE = parse("deepseek-v3 on 8xH100 fp8 at 32k")
H200_8 = (HardwareRef("h200-sxm-141gb", 8),)

CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("and on H200?", {"hardware": H200_8}),
    ("H200?", {"hardware": H200_8}),
    ("what about an H200?", {"hardware": (HardwareRef("h200-sxm-141gb", 1),)}),
    ("and on 4xB200?", {"hardware": (HardwareRef("b200-sxm", 4),)}),
    ("on m3 ultra 96gb", {"hardware": (HardwareRef("m3-ultra", 1, 96),)}),
    ("what about int4?", {"weights": "int4"}),
    ("in bf16", {"weights": "bf16"}),
    ("at 128k", {"context_tokens": 131072}),
    ("128k", {"context_tokens": 131072}),
    ("64 users", {"concurrency": 64}),
    ("and with 32 concurrent requests?", {"concurrency": 32}),
    ("with fp8 kv", {"kv_cache": "fp8"}),
    ("same but tp 4", {"parallel": ParallelRef(tensor=4)}),
    ("with sglang?", {"engine": "sglang"}),
    ("and qwen3-32b?", {"models": ("qwen3-32b",), "models_as_typed": ("qwen3-32b",)}),
    ("qwen3-32b", {"models": ("qwen3-32b",), "models_as_typed": ("qwen3-32b",)}),
    ("how about 16?", {"hardware": (HardwareRef("h100-sxm-80gb", 16),)}),
    ("is 4 enough?", {"hardware": (HardwareRef("h100-sxm-80gb", 4),)}),
    ("with two of them", {"hardware": (HardwareRef("h100-sxm-80gb", 2),)}),
    ("half the context", {"context_tokens": 16384}),
    ("double the gpus", {"hardware": (HardwareRef("h100-sxm-80gb", 16),)}),
    ("vs h200", {"hardware": (*BEFORE.hardware, *H200_8)}),
    ("why?", {"intent": "explain"}),
    ("show me the arithmetic", {"intent": "explain"}),
    ("cheaper?", {"intent": "recommend", "hardware": (), "order": "cost"}),
    ("anything faster?", {"intent": "recommend", "hardware": (), "order": "speed"}),
    ("fewer gpus?", {"intent": "recommend", "hardware": (), "order": "gpus"}),
    ("how many do I need?", {"intent": "recommend", "hardware": (HardwareRef("h100-sxm-80gb", None),)}),
    ("int4呢?", {"weights": "int4"}),
    ("换成H200呢", {"hardware": H200_8}),
    ("int4 at 8k with 100 users", {"weights": "int4", "context_tokens": 8192, "concurrency": 100}),
    ("what would it cost?", {}),
)


@pytest.mark.parametrize(("text", "changes"), CHANGES, ids=[text for text, _ in CHANGES])
def test_a_message_changes_only_what_it_names(text: str, changes: dict[str, Any]) -> None:
    assert follow_up(BEFORE, text) == replace(BEFORE, **changes)


@pytest.mark.parametrize(
    "text",
    ["qwen3-32b on 2xL40S int4", "what can run kimi-k2 at 128k?", "which model can run on a 4090?", "help"],
)
def test_a_whole_question_starts_anew(text: str) -> None:
    assert follow_up(BEFORE, text) == parse(text)


def test_a_tied_question_keeps_what_it_does_not_name() -> None:
    asked = follow_up(BEFORE, "and qwen3-32b on 2xL40S?")
    assert asked.models == ("qwen3-32b",)
    assert asked.hardware == (HardwareRef("l40s", 2),)
    assert asked.context_tokens == 32768


def test_the_size_of_the_model_before_is_changed_and_said() -> None:
    asked = follow_up(parse("llama-3.1-8b on h100"), "and the 70b?")
    assert asked.models == ("llama-3.1-70b",)
    assert "llama-3.1-70b" in asked.suggestions[0]


def test_a_split_that_does_not_suit_the_new_cards_is_given_up_and_said() -> None:
    before = parse("llama-3.1-70b on 8xh100 tp8")
    asked = follow_up(before, "on 4xh200?")
    assert asked.parallel is None
    assert "8 GPUs" in asked.suggestions[0]
    assert follow_up(before, "on 16xh200?").parallel == before.parallel


def test_a_degree_is_changed_by_itself() -> None:
    before = parse("llama-3.1-405b on 16xh100 tp8 pp2")
    assert follow_up(before, "tp 4").parallel == ParallelRef(tensor=4, pipeline=2)


def test_lengths_that_no_longer_fit_give_way() -> None:
    before = parse("qwen3-32b on h100: 8192 in, 1024 out")
    assert follow_up(before, "at 4k").prompt_tokens is None
    assert follow_up(before, "at 128k").prompt_tokens == 8192
    assert follow_up(parse("qwen3-32b on h100 at 4k"), "8000 in, 500 out").context_tokens is None


def test_after_why_a_change_asks_for_figures_again() -> None:
    why = follow_up(BEFORE, "why?")
    assert follow_up(why, "and on H200?") == replace(BEFORE, hardware=H200_8)


def test_after_a_recommendation_a_machine_is_estimated_and_a_load_recommended() -> None:
    before = parse("what can run kimi-k2 at 128k?")
    assert follow_up(before, "on 8xH200?").intent == "estimate"
    assert follow_up(before, "64 users").intent == "recommend"


def test_after_how_many_another_card_asks_how_many() -> None:
    asked = follow_up(parse("how many b200 for deepseek-v3 nvfp4"), "and h200?")
    assert asked.hardware == (HardwareRef("h200-sxm-141gb", None),)
    assert asked.intent == "recommend"


@pytest.mark.parametrize("text", ["thanks!", "lol ok", "great", "see you tomorrow", "..."])
def test_words_that_ask_nothing_are_no_follow_up(text: str) -> None:
    with pytest.raises(NoFollowUp):
        follow_up(BEFORE, text)


def test_what_cannot_be_is_refused_as_in_any_question() -> None:
    with pytest.raises(QuestionError):
        follow_up(BEFORE, "and with 0 users?")


def test_a_long_message_between_people_is_not_addressed_to_the_bot() -> None:
    assert is_addressed("and on H200?")
    assert is_addressed("what about the same model with an fp8 cache, 64 users and 32k of context?")
    assert not is_addressed(
        "I talked to the people from finance yesterday and they told me that they would rather wait with any H100"
    )
    assert not is_addressed("  ")


@pytest.mark.parametrize("text", [row[0] for row in UNDERSTOOD], ids=[row[0][:60] for row in UNDERSTOOD])
def test_a_query_comes_back_from_the_store_as_it_went(text: str) -> None:
    query = parse(text)
    assert restored(stored(query)) == query
    assert len(stored(query)) < 3000, "a modal's private_metadata holds 3,000 characters"


def test_every_field_of_a_query_can_be_read_back() -> None:
    assert set(READERS) == {part.name for part in fields(Query)}


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", '{"v":99}', '{"v":1,"soul":1}', '{"v":1,"intent":"rm"}', '{"v":1,"models":"x"}',
        '{"v":1,"hardware":[{"id":1}]}', '{"v":1,"context_tokens":true}', '{"v":1,"parallel":{"up":1}}', "[" * 10_000,
        '{"v":1,"weights":"' + "x" * 30_000 + '"}',
    ],
)  # fmt: skip
def test_what_was_not_stored_here_is_forgotten(text: str) -> None:
    assert restored(text) is None


@given(st.text(max_size=60))
def test_any_message_is_a_question_or_an_explained_refusal(text: str) -> None:
    try:
        asked = follow_up(BEFORE, text)
    except QuestionError:
        return
    assert restored(stored(asked)) == asked
