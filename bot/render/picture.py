"""A chart as a file, PNG or SVG by its name, drawn by matplotlib (extra `charts`)."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.errors import QuestionError
from bot.render.chart import place_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bot.render.chart import Chart

SUFFIXES: Final = (".png", ".svg")
OTHER_SUFFIXES: Final = (".pdf", ".jpg", ".jpeg", ".gif", ".webp", ".html", ".eps", ".ps", ".tif", ".tiff")
"""Names of pictures that are not written, told apart from words of a question."""
SIZE_INCHES: Final = (8.0, 4.8)
DOTS_PER_INCH: Final = 120
MARKERS: Final = "os^D"
DASHES: Final = ("-", "--", "-.", ":")


def save(chart: "Chart", heading: str, path: Path) -> None:
    """Writes the picture, over one that is there; `heading` says what it is of.

    Raises `QuestionError` where matplotlib is missing or the file cannot be written.
    """
    figure = _figure(chart, heading)
    try:
        figure.savefig(path, dpi=DOTS_PER_INCH)
    except OSError as error:
        raise QuestionError(f"{path} cannot be written ({error.strerror})", "name another file") from None


def png(chart: "Chart", heading: str) -> bytes:
    """The picture as the bytes of a PNG; raises `QuestionError` where matplotlib is missing."""
    written = io.BytesIO()
    _figure(chart, heading).savefig(written, format="png", dpi=DOTS_PER_INCH)
    return written.getvalue()


def _figure(chart: "Chart", heading: str) -> "Figure":
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  # half a second: for those who ask for a picture
    except ModuleNotFoundError as error:
        hint = "pip install '.[charts]' in the checkout, or leave the file's name away to see it here"
        raise QuestionError(f"{error.name} is not installed", hint) from None
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    _draw(figure.subplots(), chart, heading)
    return figure


def _draw(axes: "Axes", chart: "Chart", heading: str) -> None:
    """Lines told apart by dash and marker as well as colour; names of strangers are no formulas."""
    places = range(len(chart.categories))
    for line, marker, dash in zip(chart.lines, MARKERS, DASHES, strict=False):
        axes.plot(places, line.values, marker=marker, linestyle=dash, label=line.name)
    if chart.crossing is not None:
        where = place_of(chart, chart.crossing) * (len(chart.categories) - 1)
        axes.axvline(where, color="grey", linestyle=":", label=f"they meet at {chart.crossing:,}")
    if chart.is_log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set_xticks(places, chart.categories)
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    axes.set_title(f"{heading}\n{chart.title}", parse_math=False, fontsize="medium", wrap=True)
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
