"""The blocks that we send, as strict models: every key known, every limit of Slack's kept, the whole within its size.

What fails here would be refused by Slack with `invalid_blocks` and be lost; a front that finds a fault sends the plain
text instead and says so in its log. Only what we send is modelled.

Sources of the limits: docs.slack.dev, reference/block-kit (each block and element) and reference/views, read
2026-11-21; the size of a whole message: bolt-js issue 2509 (undocumented; see `bot.render.blocks`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BLOCKS: Final = 50
MAX_VIEW_BLOCKS: Final = 100
MAX_MESSAGE_CHARACTERS: Final = 13_200
MAX_VIEW_CHARACTERS: Final = 250_000
MAX_CHARTS: Final = 2
MAX_TABLES: Final = 1
MAX_TABLE_CHARACTERS: Final = 10_000


def _text(most: int) -> Any:
    return Field(min_length=1, max_length=most)


Id = Annotated[str, _text(255)]
Label = Annotated[str, _text(20)]


class Strict(BaseModel):
    """No key that is not named, no value that is turned into another kind."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


# -- texts ----------------------------------------------------------------------------------------------------------


class Mrkdwn(Strict):
    """Text that Slack parses; `verbatim` leaves names and addresses in it alone."""

    type: Literal["mrkdwn"]
    text: Annotated[str, _text(3_000)]
    verbatim: Literal[True]


class Plain(Strict):
    """Text that Slack shows as it is; each place has its own limit."""

    type: Literal["plain_text"]
    emoji: bool = False


class Plain24(Plain):
    """Titles and buttons of a view."""

    text: Annotated[str, _text(24)]


class Plain75(Plain):
    """Buttons and options."""

    text: Annotated[str, _text(75)]


class Plain150(Plain):
    """Headers and placeholders."""

    text: Annotated[str, _text(150)]


class Plain2000(Plain):
    """Labels and hints of a field."""

    text: Annotated[str, _text(2_000)]


# -- elements -------------------------------------------------------------------------------------------------------


class Option(Strict):
    """One row of a menu."""

    text: Plain75
    value: Annotated[str, _text(150)]


class Select(Strict):
    """A menu of options that are known beforehand."""

    type: Literal["static_select"]
    action_id: Id
    placeholder: Plain150 | None = None
    options: Annotated[list[Option], Field(min_length=1, max_length=100)]
    initial_option: Option | None = None

    @model_validator(mode="after")
    def _starts_with_one_of_its_own(self) -> Self:
        if self.initial_option is not None and self.initial_option not in self.options:
            raise ValueError("initial_option is none of the options")
        return self


class Button(Strict):
    """A button; its label for screen readers may say more than its text."""

    type: Literal["button"]
    action_id: Id
    text: Plain75
    value: Annotated[str, _text(2_000)] | None = None
    style: Literal["primary", "danger"] | None = None
    accessibility_label: Annotated[str, _text(75)] | None = None


class TextInput(Strict):
    """A line to type in."""

    type: Literal["plain_text_input"]
    action_id: Id
    initial_value: Annotated[str, Field(max_length=3_000)] | None = None
    max_length: Annotated[int, Field(ge=1, le=3_000)] | None = None
    placeholder: Plain150 | None = None


class FeedbackButton(Strict):
    """One half of the pair."""

    text: Plain75
    value: Annotated[str, _text(2_000)]
    accessibility_label: Annotated[str, _text(75)] | None = None


class FeedbackButtons(Strict):
    """The pair that judges an answer."""

    type: Literal["feedback_buttons"]
    action_id: Id
    positive_button: FeedbackButton
    negative_button: FeedbackButton


# -- blocks ---------------------------------------------------------------------------------------------------------


class Block(Strict):
    """What all blocks share."""

    block_id: Id | None = None


class Header(Block):
    """A line in large type."""

    type: Literal["header"]
    text: Plain150


class Section(Block):
    """A paragraph, with one control beside it at most."""

    type: Literal["section"]
    text: Mrkdwn
    accessory: Button | Select | None = None
    expand: bool | None = None


class Context(Block):
    """Small print."""

    type: Literal["context"]
    elements: Annotated[list[Mrkdwn], Field(min_length=1, max_length=10)]


class Divider(Block):
    """A line across."""

    type: Literal["divider"]


class Actions(Block):
    """Buttons and menus in a row."""

    type: Literal["actions"]
    elements: Annotated[list[Annotated[Button | Select, Field(discriminator="type")]], Field(min_length=1)]

    @model_validator(mode="after")
    def _holds_no_more_than_slack_takes(self) -> Self:
        if len(self.elements) > 25:
            raise ValueError("more than 25 elements")
        if len({element.action_id for element in self.elements}) < len(self.elements):
            raise ValueError("an action_id comes twice")
        return self


class ContextActions(Block):
    """Judging an answer, below it."""

    type: Literal["context_actions"]
    elements: Annotated[list[FeedbackButtons], Field(min_length=1, max_length=5)]


class Input(Block):
    """A field of a form."""

    type: Literal["input"]
    label: Plain2000
    element: Annotated[TextInput | Select, Field(discriminator="type")]
    optional: bool = False
    hint: Plain2000 | None = None


class RawText(Strict):
    """A cell as it is."""

    type: Literal["raw_text"]
    text: Annotated[str, _text(3_000)]


class Style(Strict):
    """How a piece of text looks."""

    bold: bool = False


class TextElement(Strict):
    """A piece of rich text."""

    type: Literal["text"]
    text: Annotated[str, _text(3_000)]
    style: Style | None = None


class RichSection(Strict):
    """A line of rich text."""

    type: Literal["rich_text_section"]
    elements: Annotated[list[TextElement], Field(min_length=1)]


class RichText(Strict):
    """A cell in bold."""

    type: Literal["rich_text"]
    elements: Annotated[list[RichSection], Field(min_length=1)]


class Column(Strict):
    """How a column is set."""

    align: Literal["left", "center", "right"] | None = None
    is_wrapped: bool | None = None


Cell = Annotated[RawText | RichText, Field(discriminator="type")]


class Table(Block):
    """Slack's own table; the first row is its head."""

    type: Literal["table"]
    column_settings: Annotated[list[Column], Field(max_length=20)] | None = None
    rows: Annotated[list[Annotated[list[Cell], Field(min_length=1, max_length=20)]], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_even_and_not_too_large(self) -> Self:
        if len(self.rows) > 100:
            raise ValueError("more than 100 rows")
        if len({len(row) for row in self.rows}) > 1:
            raise ValueError("rows of different widths")
        if sum(len(cell_text(cell)) for row in self.rows for cell in row) > MAX_TABLE_CHARACTERS:
            raise ValueError(f"more than {MAX_TABLE_CHARACTERS} characters in a table")
        return self


def cell_text(cell: RawText | RichText) -> str:
    """What a cell shows."""
    if isinstance(cell, RawText):
        return cell.text
    return "".join(piece.text for line in cell.elements for piece in line.elements)


# -- charts ---------------------------------------------------------------------------------------------------------


class Point(Strict):
    """One value over one category."""

    label: Label
    value: Annotated[float, Field(allow_inf_nan=False)] | int


class Series(Strict):
    """One line of a chart."""

    name: Label
    data: Annotated[list[Point], Field(min_length=1, max_length=20)]


class AxisConfig(Strict):
    """The categories below the chart, and what its axes are called."""

    categories: Annotated[list[Label], Field(min_length=1, max_length=20)]
    x_label: Annotated[str, _text(50)] | None = None
    y_label: Annotated[str, _text(50)] | None = None


class XyChart(Strict):
    """Lines, areas or bars over the same categories."""

    type: Literal["line", "area", "bar"]
    series: Annotated[list[Series], Field(min_length=1, max_length=6)]
    axis_config: AxisConfig

    @model_validator(mode="after")
    def _agrees_with_its_axis(self) -> Self:
        categories = self.axis_config.categories
        if len(set(categories)) < len(categories):
            raise ValueError("a category comes twice")
        if len({series.name for series in self.series}) < len(self.series):
            raise ValueError("two series have one name")
        if any([point.label for point in series.data] != categories for series in self.series):
            raise ValueError("the labels of a series are not the categories")
        return self


class DataVisualization(Block):
    """Slack's own chart."""

    type: Literal["data_visualization"]
    title: Annotated[str, _text(50)]
    chart: XyChart


InMessage = Annotated[
    Header | Section | Context | Divider | Actions | ContextActions | Table | DataVisualization,
    Field(discriminator="type"),
]
InView = Annotated[Header | Section | Context | Divider | Actions | Input, Field(discriminator="type")]
_MESSAGE: Final = TypeAdapter(list[InMessage])


class View(Strict):
    """A form, or the Home tab."""

    type: Literal["modal", "home"]
    callback_id: Id | None = None
    title: Plain24 | None = None
    submit: Plain24 | None = None
    close: Plain24 | None = None
    private_metadata: Annotated[str, Field(max_length=3_000)] | None = None
    blocks: Annotated[list[InView], Field(min_length=1, max_length=MAX_VIEW_BLOCKS)]

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if self.type == "home":
            return self
        if self.title is None:
            raise ValueError("a modal needs a title")
        if self.submit is None and any(isinstance(block, Input) for block in self.blocks):
            raise ValueError("a form needs a submit button")
        return self


# -- faults ---------------------------------------------------------------------------------------------------------


def message_fault(blocks: Sequence[dict[str, Any]]) -> str:
    """Why Slack would refuse these blocks as a message, without their text; empty where it would not."""
    try:
        parsed = _MESSAGE.validate_python(list(blocks))
    except ValidationError as error:
        return _first(error)
    if len(parsed) > MAX_BLOCKS:
        return f"{len(parsed)} blocks"
    kinds = [block.type for block in parsed]
    if kinds.count("table") > MAX_TABLES or kinds.count("data_visualization") > MAX_CHARTS:
        return "too many tables or charts"
    ids = [block.block_id for block in parsed if block.block_id]
    if len(set(ids)) < len(ids):
        return "a block_id comes twice"
    size = serialised_characters(blocks)
    return f"{size} characters in all" if size > MAX_MESSAGE_CHARACTERS else ""


def view_fault(view: dict[str, Any]) -> str:
    """Why Slack would refuse this view; empty where it would not."""
    try:
        View.model_validate(view)
    except ValidationError as error:
        return _first(error)
    size = serialised_characters(view)
    return f"{size} characters in all" if size > MAX_VIEW_CHARACTERS else ""


def serialised_characters(blocks: Any) -> int:
    """Characters of the blocks as they travel."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['type']}"
