"""`hubgauge prices`: what an hour of each card is offered for, and `refresh`, which reads the public catalogue."""

import os
from datetime import UTC, datetime

import click

from bot import humanize as say
from bot.cli.lines import echo_json, echo_report, fail
from bot.errors import QuestionError
from bot.prices import VARIABLE, current_prices, prices_path
from bot.render.report import Notes, Report, Section, Table
from estimator.prices import PRICES, PriceRange


@click.command("prices")
@click.argument("action", required=False, type=click.Choice(["refresh"]))
@click.option("--json", "as_json", is_flag=True, help='One JSON object: {"prices": [...]}.')
def command(action: str | None, as_json: bool) -> None:
    """Show what an hour of each card is offered for: the least, the middle and the most, with date and source.

    \b
    hubgauge prices
    hubgauge prices refresh     # reads the public SkyPilot catalogue; needs the extra [prices]
    """
    notes = _refresh(as_json=as_json) if action else ()
    rows = sorted((current_prices() or PRICES).values(), key=lambda row: row.gpu_id)
    if as_json:
        echo_json({"prices": [_json(row) for row in rows], "notes": list(notes)})
    else:
        echo_report(_report(rows, notes))


def _refresh(*, as_json: bool) -> tuple[str, ...]:
    """What the refresh found, in sentences; ends the program where nothing could be read or kept."""
    path = prices_path(os.environ)
    if path is None:
        fail(QuestionError("no file for refreshed prices is known", f"set {VARIABLE} to one"), as_json=as_json)
    try:
        from ingest.prices.refresh import refresh
    except ModuleNotFoundError as error:
        fail(
            QuestionError(f"{error.name} is not installed", "pip install '.[prices]' in the checkout"), as_json=as_json
        )
    from ingest.prices.snapshot import read_snapshot, write_snapshot

    done = refresh(read_snapshot(path), datetime.now(UTC).date())
    said = tuple(f"{cloud}: {word}" for cloud, word in done.said.items())
    if not done.is_whole:
        click.echo("\n".join(said), err=True)
        fail(QuestionError("no cloud's prices could be read", "the prices known before are kept"), as_json=as_json)
    try:
        write_snapshot(path, done.snapshot)
    except OSError as error:
        fail(QuestionError(f"{path} cannot be written ({error.strerror})", f"set {VARIABLE}"), as_json=as_json)
    current_prices.cache_clear()
    skipped = (f"{count:,} rows passed over: {why}" for why, count in sorted(done.skipped.items()))
    return (*said, *skipped, f"kept in {path}")


def _json(row: PriceRange) -> dict[str, object]:
    return {
        "id": row.gpu_id,
        "usd_per_hour": {
            "low": row.low_usd_per_hour,
            "median": row.median_usd_per_hour,
            "high": row.high_usd_per_hour,
        },
        "offers": row.offers,
        "low_provider": row.low_provider,
        "high_provider": row.high_provider,
        "as_of": row.as_of,
        "source": row.source,
    }


def _report(rows: list[PriceRange], notes: tuple[str, ...]) -> Report:
    columns = ("Card", "Least", "", "Median", "Most", "", "Offers", "Seen")
    shown = tuple(
        (
            row.gpu_id,
            say.usd(row.low_usd_per_hour),
            row.low_provider,
            say.usd(row.median_usd_per_hour),
            say.usd(row.high_usd_per_hour),
            row.high_provider,
            f"{row.offers}",
            row.as_of,
        )
        for row in rows
    )
    sources = tuple(sorted({row.source for row in rows}))
    section = Section(
        heading="",
        mood="note",
        verdict=f"{len(rows)} cards; dollars for one card and hour on demand, host included. Snapshots, not offers.",
        tables=(Table("Prices", shown, columns),),
        notes=(*((Notes("Refreshed", notes),) if notes else ()), Notes("Source", sources)),
    )
    return Report(title="Prices", sections=(section,))
