"""Charts in a terminal and in files: `hubgauge ask --chart`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.answer import answer
from bot.bootstrap import model_loader
from bot.cli import lines
from bot.errors import QuestionError
from bot.render.chart import Chart, Line, place_of, rate_chart, roofline_chart
from bot.render.chart_text import AXIS_CHARACTERS, CROSSING, to_text
from bot.render.picture import save

COMMAND = Path(sys.executable).with_name("hubgauge")
MEETS = "llama-3.1-8b on 1xH100 at 128"
models = model_loader()


def roofline(question: str = MEETS) -> Chart:
    chart = roofline_chart(answer(question, models).results[0].estimate)
    assert chart is not None
    return chart


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9"}
    return subprocess.run(
        [str(COMMAND), *arguments], input=stdin, capture_output=True, text=True, env=env, timeout=60, check=False
    )


def plotted(text: str) -> list[str]:
    """The rows of the plot, without the axis."""
    return [
        row[AXIS_CHARACTERS + 1 :] for row in text.splitlines() if row[AXIS_CHARACTERS : AXIS_CHARACTERS + 1] in "│┤"
    ][:14]


def heights(rows: list[str], mark: str) -> dict[int, int]:
    """By column, how far above the floor a mark stands."""
    return {
        column: len(rows) - number
        for number, row in enumerate(rows)
        for column, character in enumerate(row)
        if character == mark
    }


@pytest.mark.parametrize("width", [20, 60, 61, 80, 100, 120])
def test_a_chart_keeps_to_its_width_and_to_plain_characters(width: int) -> None:
    text = to_text(roofline(), width=width)
    assert max(map(len, text.splitlines())) <= max(width, 60)
    assert "\x1b" not in text


def test_the_lines_meet_where_the_crossing_is_drawn() -> None:
    chart = roofline()
    rows = plotted(to_text(chart, width=100))
    (column,) = {column for row in rows for column, character in enumerate(row) if character == CROSSING}
    reading, computing = heights(rows, "○"), heights(rows, "×")
    left = [reading[place] - computing[place] for place in range(column) if place in reading and place in computing]
    right = [computing[place] - reading[place] for place in computing if place > column and place in reading]
    assert left
    assert right
    assert min(left) > 0
    assert min(right) > 0
    assert f"they meet at {chart.crossing:,}" in to_text(chart)


def test_what_is_expected_is_drawn_above_what_is_possible() -> None:
    rows = plotted(to_text(roofline(), width=100))
    expected = heights(rows, "●")
    assert len(expected) > 80
    for mark in "○×":
        for column, height in heights(rows, mark).items():
            assert expected.get(column, height) >= height


def test_a_crossing_beyond_what_the_cache_holds_is_not_drawn() -> None:
    chart = roofline("llama-3.1-8b on 1xH100 at 8K")
    assert chart.crossing is None
    assert CROSSING not in to_text(chart)


def test_a_load_stands_between_the_categories_around_it() -> None:
    chart = Chart("t", "x", "y", ("1", "2", "4", "5"), (Line("a", (1, 2, 3, 4)),), "")
    assert [round(3 * place_of(chart, load), 6) for load in (1, 2, 4, 5)] == [0, 1, 2, 3]
    assert 1 < 3 * place_of(chart, 3) < 2
    assert (place_of(chart, 0), place_of(chart, 99)) == (0.0, 1.0)


def test_the_other_chart_can_be_drawn_too() -> None:
    chart = rate_chart(answer("llama-3.1-8b on 1xH100 at 8K", models).results[0].estimate)
    assert chart is not None
    assert "tokens per second of the machine" in to_text(chart, width=80)


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colour_is_left_away_where_it_is_not_wished(
    no_color: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    style, _ = lines.look()
    assert ("\x1b" in to_text(roofline(), style)) is coloured


@pytest.mark.parametrize(
    "arguments",
    [(MEETS, "--chart"), ("--chart", MEETS), ("ask", "--chart", *MEETS.split()), ("ask", MEETS, "--chart")],
)
def test_the_chart_stands_below_the_answer(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.index("Fits") < done.stdout.index("One decode step") < done.stdout.index("they meet at 428")


def test_a_chart_goes_into_a_file_beside_the_answer(tmp_path: Path) -> None:
    png, svg = tmp_path / "a.PNG", tmp_path / "b.svg"
    assert run(MEETS, "--chart", str(png)).returncode == 0
    done = run("ask", "--json", "--chart", str(svg), MEETS)
    assert json.loads(done.stdout)["results"]
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "</svg>" in svg.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("deepseek-v3 on 8xH100", "--chart"), 0, "there is no chart of this answer"),
        (("deepseek-v3 on 8xH100", "--chart", "x.svg"), 1, "there is no chart of this answer"),
        (("llama-3.1-8b on H100 vs H200", "--chart"), 0, "name one model and one machine"),
        ((MEETS, "--chart", "x.pdf"), 1, "ends in .png or .svg"),
        ((MEETS, "--chart", "no/such/folder/x.svg"), 1, "cannot be written"),
        (("ask", MEETS, "--json", "--chart"), 2, "name a FILE"),
        (("ask", "-", "--chart", "x.svg"), 2, "for one question"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    arguments: tuple[str, ...], status: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments, stdin=MEETS)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_missing_matplotlib_is_said_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(QuestionError, match="is not installed") as caught:
        save(roofline(), "", tmp_path / "x.png")
    assert "pip install '.[charts]'" in caught.value.hint


def test_a_strangers_name_is_no_formula(tmp_path: Path) -> None:
    save(roofline(), r"acme/$\frac{1}{$<script>", tmp_path / "x.svg")
    assert "<script>" not in (tmp_path / "x.svg").read_text("utf-8")
