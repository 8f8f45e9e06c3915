"""`hubgauge spec`: the normalized spec of a model."""

import click

from bot import humanize as say
from bot.bootstrap import model_loader
from bot.cli.completing import models
from bot.cli.lines import STDIN, each_line, echo_json, echo_report, fail
from bot.errors import USER_ERRORS
from bot.render.as_json import spec_json
from bot.render.report import Notes, Report, Section, Table
from ingest.loader import LoadedModel


@click.command("spec")
@click.argument("model", shell_complete=models)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(model: str, as_json: bool) -> None:
    """Show the spec of MODEL: a repository, a folder, a config.json, or `-` for one a line.

    \b
    hubgauge spec deepseek-ai/DeepSeek-V3
    hubgauge spec ./my-model/config.json --json
    """
    models = model_loader(allows_paths=True)
    if model == STDIN:
        each_line(lambda line: spec_json(models.load(line.strip())))
    try:
        found = models.load(model)
    except USER_ERRORS as error:
        fail(error, as_json=as_json)
    if as_json:
        echo_json(spec_json(found))
    else:
        echo_report(_report(found))


def _report(model: LoadedModel) -> Report:
    spec, written = model.spec, spec_json(model)
    total = f"{say.parameters(spec.total_parameters)} ({spec.total_parameters:,})"
    rows = [(name, f"{count:,}") for name, count in written["parameters"].items() if count]
    cache = [(name, f"{size:,}") for name, size in written["kv_cache"].items() if size]
    layers = [(str(row["count"]), _kind(row["mixer"]), _kind(row["feed_forward"])) for row in written["layers"]]
    tables = (
        Table("Parameters", tuple(rows)),
        Table("Cache and state, bytes", tuple(cache) or (("none", ""),)),
        Table("Layers", tuple(layers), ("Count", "Mixer", "Feed-forward")),
        Table("Weights", (("format", spec.weights.name), ("size", say.gb(written["weights"]["bytes"])))),
    )
    notes = [Notes("Read as", (model.read_as,))]
    notes += [Notes("Mind", model.warnings)] if model.warnings else []
    heading = f"{spec.repo_id}, {spec.model_type}"
    section = Section(heading=heading, mood="note", verdict=f"{total} parameters", tables=tables, notes=tuple(notes))
    return Report(title=heading, sections=(section,))


def _kind(part: dict[str, object] | None) -> str:
    return "none" if part is None else str(part["kind"])
