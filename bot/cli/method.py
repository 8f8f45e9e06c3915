"""`hubgauge method NAME key=value...`: one published method from raw numbers."""

import click

from bot.cli.completing import methods
from bot.cli.lines import echo_json, echo_report, fail
from bot.render.report import Notes, Report, Section, Table
from estimator.errors import EstimatorError, UnknownMethod
from estimator.methods import METHODS, compute


@click.command("method", context_settings={"ignore_unknown_options": True})
@click.argument("name", required=False, shell_complete=methods)
@click.argument("values", nargs=-1, metavar="KEY=VALUE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(name: str | None, values: tuple[str, ...], as_json: bool) -> None:
    """Compute the published method NAME; without KEY=VALUE, show what it takes.

    \b
    hubgauge method roofline n_active=8e9 n_total=12e9 compute=80e12 bandwidth=200e9 \\
        context_tokens=8192 kv_bytes=2 batch=128
    """
    if name is None:
        click.echo("\n\n".join(method.usage() for method in METHODS.values()))
        return
    if not values and name in METHODS:
        click.echo(METHODS[name].usage())
        return
    try:
        found = compute(name, dict(_pair(word) for word in values))
    except EstimatorError as error:
        fail(error, as_json=as_json)
    if as_json:
        echo_json(dict(found))
    else:
        echo_report(_report(name, found))


def _pair(word: str) -> tuple[str, float]:
    key, equals, value = word.partition("=")
    try:
        return key.strip().lstrip("-").replace("-", "_"), float(value.replace("_", "").replace(",", ""))
    except ValueError:
        what = f"{word!r} is no key=value" if not equals else f"{key}: {value!r} is no number"
        raise UnknownMethod(what, "write for example batch=128 or bandwidth=3.35e12") from None


def _report(name: str, found: object) -> Report:
    assert isinstance(found, dict)
    rows = tuple(row for key, value in found.items() for row in _rows(key, value))
    notes = (Notes("Where it is wrong", tuple(METHODS[name].where_wrong)),)
    section = Section(
        heading=name, mood="note", verdict="by the method's own formulas", tables=(Table("", rows),), notes=notes
    )
    return Report(title=name, sections=(section,))


def _rows(key: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [row for inner, item in value.items() for row in _rows(f"{key}.{inner}", item)]
    return [(key, f"{value:,.6g}" if isinstance(value, float) else "none" if value is None else str(value))]
