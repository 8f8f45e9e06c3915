import time
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.question import Query, QuestionError, parse
from tests.bot.question.phrasings import UNDERSTOOD

BOUND_S = 0.5
"""Far above what any text takes (milliseconds), far below what backtracking would take; room for a busy machine."""

WORDS = """
llama 3.1 8b qwen3-32b deepseek-v3 org/name h100 8xh100 4090 3090ti mi300x 910b m2 ultra 80gb 48g 卡 张 台 两 8 2 x *
× : - -- , ; ( ) [ ] fp8 int4 awq q4_k_m kv at @ 32k 1m 128 users tok/s ttft ms tp8 tp pp2 on with for and vs of how
many which what cheapest model gpu nodes of each --model --tp -c = 0 -4k 1024/256 in out <@U1> &amp; https://hf.co/a/b
"""
VOCABULARY = WORDS.split()

any_text = st.text(max_size=300)
wordy_text = st.lists(st.sampled_from(VOCABULARY), max_size=60).map(" ".join)
glued_text = st.lists(st.sampled_from(VOCABULARY), max_size=60).map("".join)
real_text = st.sampled_from([row[0] for row in UNDERSTOOD])


def read(text: str) -> Query | str:
    try:
        return parse(text)
    except QuestionError as error:
        return error.message


@given(st.one_of(any_text, wordy_text, glued_text))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_query_or_an_explained_refusal_in_bounded_time(text: str) -> None:
    start = time.process_time()
    answer = read(text)
    assert time.process_time() - start < BOUND_S
    assert isinstance(answer, Query) or answer


@given(st.sampled_from(VOCABULARY), st.sampled_from(VOCABULARY), st.integers(1, 400))
@settings(max_examples=150, deadline=None)
def test_a_repeated_pattern_does_not_blow_up(left: str, right: str, times: int) -> None:
    text = ((left + right) * times)[:2000]
    start = time.process_time()
    read(text)
    assert time.process_time() - start < BOUND_S


@given(real_text, st.integers(1, 5))
def test_more_spaces_change_nothing(text: str, width: int) -> None:
    spaced = text.replace(" ", " " * width)
    assert read(f"  {spaced}  ") == read(text)


@given(real_text)
def test_no_break_spaces_and_invisible_marks_change_nothing(text: str) -> None:
    assert read(text.replace(" ", "\u00a0") + "\u200b") == read(text)


@given(real_text)
def test_full_width_letters_and_digits_change_nothing(text: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) if char.isascii() and char.isalnum() else char for char in text)
    if "&" in text or "http" in text or "<" in text or "_" in text:
        return  # markup is read before the letters are folded: a wide `&ａｍｐ;` is no entity
    assert unicodedata.normalize("NFKC", wide) == unicodedata.normalize("NFKC", text)
    assert read(wide) == read(text)


@given(real_text)
def test_case_changes_nothing_but_the_spelling_kept(text: str) -> None:
    if "--" in text or "http" in text or "<" in text:
        return  # a launch line's paths keep their case
    upper, plain = read(text.upper()), read(text)
    assert isinstance(upper, Query)
    assert isinstance(plain, Query)
    typed: dict[str, object] = {"models_as_typed": [], "launch": None}
    assert {**upper.to_json(), **typed} == {**plain.to_json(), **typed}


@given(real_text)
def test_please_changes_nothing(text: str) -> None:
    plain = read(text)
    if isinstance(plain, Query) and plain.intent not in {"card", "help"}:
        assert read(f"{text}, please") == plain


@given(real_text)
def test_what_was_understood_can_be_read_again(text: str) -> None:
    query = parse(text)
    for model in query.models:
        again = parse(f"{model} on 1xh100-sxm-80gb")
        with_format = f"{again.models[0]}-{again.weights}"
        assert model in {again.models[0], with_format}


def test_a_paste_of_forty_kilobytes_is_refused_at_once() -> None:
    start = time.process_time()
    answer = read("qwen3-8b on h100 " * 2400)
    assert time.process_time() - start < BOUND_S
    assert isinstance(answer, str)
    assert "2,000" in answer
