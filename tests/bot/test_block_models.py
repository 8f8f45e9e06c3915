"""Our models of blocks refuse what Slack refuses, and agree with two judges that nobody here wrote."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
import slackblocks
from slack_sdk.models.blocks import Block as SdkBlock

from bot.bootstrap import asker, model_loader
from bot.question import parse
from bot.render.block_models import message_fault, view_fault
from bot.render.blocks import to_message
from bot.render.chart import Chart, Line
from bot.render.report import Report, Section, Table
from bot.slack.controls import controls
from bot.slack.home import home_view, machine_view
from bot.slack.modal import Place, refine_view

if TYPE_CHECKING:
    from collections.abc import Callable

ask = asker(model_loader())
QUERY = parse("llama-3.1-8b on 1xH100 at 8K")

# Written by hand from Slack's reference pages (docs.slack.dev/reference/block-kit), read 2026-11-21.
GOLDEN: list[dict[str, Any]] = [
    {"type": "header", "text": {"type": "plain_text", "text": "Llama on 1× H100", "emoji": False}},
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": ":white_check_mark: *Yes.* Room for 54 requests.", "verbatim": True},
    },
    {"type": "section", "text": {"type": "mrkdwn", "text": "*What would work*", "verbatim": True}},
    {
        "type": "table",
        "column_settings": [{"is_wrapped": True}, {"align": "right", "is_wrapped": True}],
        "rows": [
            [
                {
                    "type": "rich_text",
                    "elements": [
                        {
                            "type": "rich_text_section",
                            "elements": [{"type": "text", "text": name, "style": {"bold": True}}],
                        }
                    ],
                }
                for name in ("Change", "TPOT")
            ],
            [{"type": "raw_text", "text": "more GPUs"}, {"type": "raw_text", "text": "12 ms"}],
        ],
    },
    {
        "type": "data_visualization",
        "title": "Throughput",
        "chart": {
            "type": "line",
            "series": [{"name": "machine", "data": [{"label": "1", "value": 128.1}, {"label": "2", "value": 239.0}]}],
            "axis_config": {"categories": ["1", "2"], "x_label": "requests", "y_label": "tokens per second"},
        },
    },
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "From 128 to 239.", "verbatim": True}]},
]
REPORT = Report(
    title="Llama on 1× H100: fits",
    sections=(
        Section(
            heading="Llama on 1× H100",
            mood="yes",
            verdict="Room for 54 requests.",
            tables=(Table("What would work", (("more GPUs", "12 ms"),), ("Change", "TPOT")),),
        ),
    ),
    charts=(
        Chart(
            title="Throughput",
            x_label="requests",
            y_label="tokens per second",
            categories=("1", "2"),
            lines=(Line("machine", (128.05487, 239.0)),),
            says="From 128 to 239.",
        ),
    ),
)


def test_a_report_is_drawn_as_the_payload_that_was_written_by_hand() -> None:
    assert to_message(REPORT).blocks == GOLDEN
    assert message_fault(GOLDEN) == ""


def at(path: str, value: Any) -> Callable[[list[dict[str, Any]]], None]:
    """A change of one place in the golden payload."""
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]

    def change(blocks: Any) -> None:
        for part in parents:
            blocks = blocks[part]
        blocks[last] = value

    return change


SERIES = [{"name": f"line {number}", "data": GOLDEN[4]["chart"]["series"][0]["data"]} for number in range(7)]
OPTION = {"text": {"type": "plain_text", "text": "H200", "emoji": False}, "value": "on h200"}
MENU = {"type": "static_select", "action_id": "ask:card", "options": [OPTION]}
BUTTON = {"type": "button", "action_id": "why", "text": {"type": "plain_text", "text": "Why"}}


def row(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


@pytest.mark.parametrize(
    "change",
    [
        at("0.text.text", "h" * 151),
        at("0.text.text", ""),
        at("0.text.type", "mrkdwn"),
        at("0.type", "heading"),
        at("0.level", 2),
        at("1.text.text", "s" * 3_001),
        at("1.text.text", ""),
        at("1.block_id", "b" * 256),
        at("1.text.verbatim", "yes"),
        at("3.rows", [GOLDEN[3]["rows"][0]] * 101),
        at("3.rows", [[{"type": "raw_text", "text": "x"}] * 21]),
        at("3.rows.1", [{"type": "raw_text", "text": "alone"}]),
        at("3.rows.1.0.text", ""),
        at("3.rows", [[{"type": "raw_text", "text": "x" * 2_600}]] * 4),
        at("4.title", "t" * 51),
        at("4.chart.series", SERIES),
        at("4.chart.series", []),
        at("4.chart.series.0.name", "n" * 21),
        at("4.chart.series", SERIES[:1] * 2),
        at("4.chart.series.0.data.0.label", "other"),
        at("4.chart.series.0.data.0.value", float("nan")),
        at("4.chart.series.0.data.0.value", "128"),
        at("4.chart.axis_config.categories", ["1", "1"]),
        at("4.chart.axis_config.x_label", "x" * 51),
        at("5.elements", [GOLDEN[5]["elements"][0]] * 11),
        at("5.elements", []),
        at("2", row(*({**BUTTON, "action_id": f"b{number}"} for number in range(26)))),
        at("2", row()),
        at("2", row(BUTTON, BUTTON)),
        at("2", row({**BUTTON, "text": {"type": "plain_text", "text": "w" * 76}})),
        at("2", row({**BUTTON, "value": "v" * 2_001})),
        at("2", row({**BUTTON, "action_id": "a" * 256})),
        at("2", row({**BUTTON, "style": "green"})),
        at("2", row({**MENU, "options": [OPTION] * 101})),
        at("2", row({**MENU, "options": []})),
        at("2", row({**MENU, "options": [{**OPTION, "value": "v" * 151}]})),
        at("2", row({**MENU, "initial_option": {**OPTION, "value": "on b200"}})),
        at("2", GOLDEN[3]),
    ],
)
def test_what_slack_refuses_is_a_fault(change: Callable[[list[dict[str, Any]]], None]) -> None:
    blocks = copy.deepcopy(GOLDEN)
    change(blocks)
    fault = message_fault(blocks)
    assert fault
    assert len(fault) < 200


@pytest.mark.parametrize(
    "blocks",
    [
        [{"type": "divider"}] * 51,
        [{"type": "divider", "block_id": "same"}] * 2,
        [GOLDEN[4]] * 3,
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2_900, "verbatim": True}}] * 5,
    ],
)
def test_too_much_for_one_message_is_a_fault(blocks: list[dict[str, Any]]) -> None:
    assert message_fault(blocks)


def test_a_fault_quotes_nothing_of_the_text() -> None:
    secret = "the merger with Initech"
    assert "merger" not in message_fault([{"type": "section", "text": {"type": "mrkdwn", "text": secret, "x": 1}}])


@pytest.mark.parametrize(
    "question",
    [
        "deepseek-v3 on 8×H100 FP8 at 32K",
        "llama-3.1-8b on 1xH100 at 8K",
        "explain llama-3.1-8b on 1xH100 at 8K",
        "qwen3-32b on H100 vs H200",
        "what can I run on a 4090",
        "cheapest way to run llama-3.3-70b",
        "help",
        "zork-9000 on 1xH100",
        "vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 131072 on a 4090",
    ],
)
def test_each_main_answer_with_its_controls_is_within_the_rules(question: str) -> None:
    report = ask(question)
    below = controls("t" * 22, report.query, is_private=True) if report.query else []
    message = to_message(report, below)
    assert message.blocks
    assert message_fault(message.blocks) == ""
    for block in message.blocks:
        parsed = SdkBlock.parse(block)
        assert parsed is not None or block["type"] == "data_visualization"  # slack_sdk 3.47 does not know it
        if parsed is not None:
            parsed.validate_json()


def test_slackblocks_builds_the_same_chart() -> None:
    drawn = GOLDEN[4]["chart"]
    points = [slackblocks.DataPoint(point["label"], point["value"]) for point in drawn["series"][0]["data"]]
    axis = slackblocks.AxisConfig(categories=["1", "2"], x_label="requests", y_label="tokens per second")
    line = slackblocks.LineChart([slackblocks.DataSeries("machine", points)], axis)
    built = slackblocks.DataVisualizationBlock(title="Throughput", chart=line)
    found = json.loads(str(built))
    found.pop("block_id", None)
    assert found == GOLDEN[4]


def test_slackblocks_builds_the_same_feedback_buttons() -> None:
    ours = controls("token", QUERY, is_private=False)[-1]
    good, bad = ours["elements"][0]["positive_button"], ours["elements"][0]["negative_button"]
    pair = slackblocks.FeedbackButtons(
        slackblocks.FeedbackButton(good["text"]["text"], good["value"], good["accessibility_label"]),
        slackblocks.FeedbackButton(bad["text"]["text"], bad["value"], bad["accessibility_label"]),
        action_id="feedback",
    )
    built = json.loads(str(slackblocks.ContextActionsBlock([pair], block_id=ours["block_id"])))
    assert _without_emoji(built) == _without_emoji(ours)


def _without_emoji(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_emoji(inner) for key, inner in value.items() if key != "emoji"}
    return [_without_emoji(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "view", [refine_view(QUERY, Place("C1", "1.1", "https://x")), refine_view(None, Place()), machine_view("8xH100")]
)
def test_each_form_is_within_the_rules(view: dict[str, Any]) -> None:
    assert view_fault(view) == ""
    assert view_fault(home_view("8xH100", [])) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"private_metadata": "m" * 3_001},
        {"title": {"type": "plain_text", "text": "t" * 25, "emoji": False}},
        {"title": None},
        {"submit": None},
        {"blocks": []},
        {"blocks": [{"type": "divider"}] * 101},
        {"type": "workflow_step"},
        {"callback_id": "c" * 256},
        {"colour": "red"},
    ],
)
def test_a_form_that_slack_refuses_is_a_fault(wrong: dict[str, Any]) -> None:
    assert view_fault(refine_view(QUERY, Place()) | wrong)


def test_no_control_speaks_by_its_colour_alone() -> None:
    buttons = [
        element
        for block in controls("token", QUERY, is_private=True)
        for element in block.get("elements", [])
        if element["type"] == "button"
    ]
    assert buttons
    assert all(element["accessibility_label"] and element["text"]["text"] for element in buttons)
