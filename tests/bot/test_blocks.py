"""What reaches Slack: within Slack's limits, judged by slack_sdk's own models, and never a stranger's markup."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block as SdkBlock

from bot.render.blocks import Message, escape, literal, to_message, to_text
from bot.render.report import Mood, Notes, Report, Section, Table, error_report

if TYPE_CHECKING:
    from collections.abc import Iterator

# Slack's published limits, docs.slack.dev/reference/block-kit, read 2026-11-20
BLOCKS_OF_A_MESSAGE = 50
SECTION_TEXT = 3_000
HEADER_TEXT = 150
CONTEXT_ELEMENTS = 10
TABLE_ROWS, TABLE_COLUMNS, TABLE_CHARACTERS = 100, 20, 10_000
MESSAGE_CHARACTERS_REFUSED = 13_200  # bolt-js issue 2509; undocumented
TEXT_TRUNCATED = 40_000

HOSTILE = "<!channel> <@U0BOT> <https://evil.example|click> *bold* _it_ ~no~ `code` ```fence``` &lt;!here&gt; & :smile:"

texts = st.one_of(st.text(max_size=40), st.sampled_from((HOSTILE, "", " ", "w" * 160, "line\n" * 700, "&<" * 1_600)))
cells = st.lists(texts, min_size=1, max_size=3).map(tuple)
tables = st.builds(
    Table, title=texts, rows=st.lists(cells, max_size=3).map(tuple), columns=st.one_of(st.just(()), cells)
)
notes = st.builds(Notes, title=texts, lines=st.lists(texts, max_size=4).map(tuple))
sections = st.builds(
    Section,
    heading=texts,
    mood=st.sampled_from(("yes", "no", "note", "error")),
    verdict=texts,
    tables=st.lists(tables, max_size=3).map(tuple),
    notes=st.lists(notes, max_size=3).map(tuple),
    commands=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
)
reports = st.builds(
    Report,
    title=texts.filter(str.strip),
    sections=st.lists(sections, max_size=5).map(tuple),
    footer=st.lists(texts, max_size=3).map(tuple),
)


def report(mood: Mood = "no", verdict: str = "Short by 9.6 GiB.", **more: Any) -> Report:
    section = Section(heading="DeepSeek-V3 on 8× H100", mood=mood, verdict=verdict, **more)
    return Report(title=f"DeepSeek-V3 on 8× H100: {verdict}", sections=(section,))


def strings(value: Any) -> Iterator[str]:
    """Every text that is shown."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "text" and isinstance(inner, str):
                yield inner
            elif key != "type":
                yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def of_kind(message: Message, kind: str) -> list[dict[str, Any]]:
    return [block for block in message.blocks if block["type"] == kind]


def assert_slack_takes(message: Message) -> None:
    assert 0 < len(message.text) <= TEXT_TRUNCATED or not message.blocks
    assert len(message.blocks) <= BLOCKS_OF_A_MESSAGE
    assert len(json.dumps(message.blocks, ensure_ascii=False)) < MESSAGE_CHARACTERS_REFUSED
    assert len(of_kind(message, "table")) <= 1
    for block in message.blocks:
        parsed = SdkBlock.parse(block)
        assert parsed is not None
        parsed.validate_json()
        assert_limits(block)


def assert_limits(block: dict[str, Any]) -> None:
    """What slack_sdk does not check."""
    if block["type"] == "section":
        assert 0 < len(block["text"]["text"]) <= SECTION_TEXT
    if block["type"] == "header":
        assert block["text"]["type"] == "plain_text"
        assert 0 < len(block["text"]["text"]) <= HEADER_TEXT
    if block["type"] == "context":
        assert 0 < len(block["elements"]) <= CONTEXT_ELEMENTS
        assert all(0 < len(element["text"]) <= SECTION_TEXT for element in block["elements"])
    if block["type"] == "table":
        rows = block["rows"]
        assert len(rows) <= TABLE_ROWS
        assert len({len(row) for row in rows}) == 1
        assert len(rows[0]) <= TABLE_COLUMNS
        assert all(strings(cell) for row in rows for cell in row)
        assert all(text for text in strings(rows))
        assert sum(map(len, strings(rows))) <= TABLE_CHARACTERS


@settings(max_examples=100, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(reports)
def test_any_report_is_a_message_that_slack_takes(drawn: Report) -> None:
    assert_slack_takes(to_message(drawn))


@settings(max_examples=100, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(reports)
def test_no_text_of_a_stranger_becomes_a_mention_a_link_or_an_entity(drawn: Report) -> None:
    message = to_message(drawn)
    for text in (message.text, to_text(drawn), *strings(message.blocks)):
        assert "<" not in text
        assert ">" not in text


def test_a_mention_in_a_question_is_shown_and_calls_nobody() -> None:
    message = to_message(error_report(f"There is no model {HOSTILE}", HOSTILE, (HOSTILE,)))
    shown = json.dumps([message.text, message.blocks], ensure_ascii=False)
    assert "<!channel>" not in shown
    assert "&lt;!channel" not in shown
    assert "!channel" in shown


@pytest.mark.parametrize("marked", ["*bold*", "_slanted_", "~struck~", "`code`", "(*bold*)"])
def test_markup_of_a_stranger_loses_its_opening_sign(marked: str) -> None:
    assert not re.search(r"(?<![A-Za-z0-9])[*_~`](?=\S)", escape(marked))


@pytest.mark.parametrize("plain", ["q4_k_m", "a * b", "org/name_v2", "8×H100, 50 % of $3.49"])
def test_names_and_figures_stay_as_they_are(plain: str) -> None:
    assert escape(plain) == plain
    assert literal(plain) == plain


def test_ampersands_and_brackets_are_escaped_once() -> None:
    assert escape("a & b < c > d &amp; e") == "a &amp; b &lt; c &gt; d &amp;amp; e"


@pytest.mark.parametrize(("mood", "word"), [("yes", "Yes"), ("no", "No"), ("error", "Cannot answer")])
def test_yes_and_no_are_words_and_not_only_signs(mood: Mood, word: str) -> None:
    message = to_message(report(mood))
    without_signs = [re.sub(r":\w+:", "", text) for text in strings(message.blocks)]
    assert any(word in text for text in without_signs)
    assert word in message.text


def test_the_word_is_not_said_twice() -> None:
    shown = " ".join(strings(to_message(report("no", "No: short by 9.6 GiB.")).blocks))
    assert len(re.findall(r"\bNo\b", shown)) == 1


def test_a_narrow_table_is_drawn_as_a_table_and_a_very_wide_one_as_a_list() -> None:
    narrow = Table("Speed", (("TTFT", "62 ms"), ("TPOT", "")), ("", "about"))
    columns = ("Change", "GPUs", "Weights", "Ctx", "$/h", "TTFT", "TPOT", "Users")
    wide = Table("What would work", (("more GPUs", "16", "fp8", "32K", "$47", "", "", "9"),) * 4, columns)
    message = to_message(report(tables=(wide, narrow)))
    (table,) = of_kind(message, "table")
    assert [[*strings(cell)] for cell in table["rows"][1]] == [["TTFT"], ["62 ms"]]
    assert "Weights fp8 · Ctx 32K · $/h $47 · Users 9" in "\n".join(strings(of_kind(message, "section")))


def test_a_wide_table_of_few_rows_is_turned_on_its_side() -> None:
    columns = ("Change", "GPUs", "Weights", "Ctx", "$/h")
    wide = Table("What would work", (("more GPUs", "16", "fp8", "32K", "$47"), ("less", "8", "int4")), columns)
    (table,) = of_kind(to_message(report(tables=(wide,))), "table")
    shown = [[next(strings(cell)) for cell in row] for row in table["rows"]]
    assert shown == [
        ["Change", "more GPUs", "less"],
        ["GPUs", "16", "8"],
        ["Weights", "fp8", "int4"],
        ["Ctx", "32K", "–"],
        ["$/h", "$47", "–"],
    ]


def test_a_second_table_is_a_list_since_slack_takes_one() -> None:
    tables = tuple(Table(title, (("TTFT", "62 ms"),), ("", "about")) for title in ("First", "Second"))
    message = to_message(report(tables=tables))
    assert len(of_kind(message, "table")) == 1
    assert "• TTFT: *62 ms*" in "\n".join(strings(of_kind(message, "section")))


def test_assumptions_go_first_where_a_message_is_too_long() -> None:
    long = Notes("Assumed", tuple(f"assumption {number} " + "x" * 300 for number in range(6)))
    sections = tuple(Section(f"Model {number}", "yes", "Fits.", notes=(long,)) for number in range(12))
    message = to_message(Report("Twelve models", sections))
    shown = "\n".join(strings(message.blocks))
    assert message.blocks
    assert "Model 11" in shown
    assert "assumption" not in shown
    assert "left out" in shown


def test_what_blocks_cannot_hold_is_said_in_plain_text_whole() -> None:
    facts = Table("Facts", tuple((f"fact {number}", "y" * 100) for number in range(30)))
    sections = tuple(Section(f"Model {number}", "no", "Too large.", tables=(facts,)) for number in range(5))
    message = to_message(Report("Five models", sections))
    assert message.blocks == []
    assert "Model 4" in message.text
    assert message.text.count("fact 29") == 5


def test_a_command_stays_in_its_fence() -> None:
    message = to_message(report("yes", commands=(("vLLM", "vllm serve a/b --name ```x``` < in"),)))
    (fenced,) = [text for text in strings(message.blocks) if "```" in text]
    assert fenced.count("```") == 2
    assert fenced.endswith("```")


def test_a_cut_never_splits_an_entity() -> None:
    message = to_message(report(verdict="a" * 2_985 + "&" * 30))
    (verdict,) = [text for text in strings(message.blocks) if "aaa" in text]
    assert not re.search(r"&(?!amp;)", verdict)
