"""`hubgauge scan`: an author, a search, a list, or all of the Hub, sized on every machine that is asked about."""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.fronts import start
from bot.cli.lines import STDIN
from bot.errors import QuestionError

if TYPE_CHECKING:
    from bot.scan.run import Outcome
    from ingest.scan.source import Source

MOST_NAMES = 3_000_000


@click.command("scan")
@click.argument("names", nargs=-1)
@click.option("--list", "list_file", type=click.Path(dir_okay=False), help="A file of names, a line each; - is stdin.")
@click.option("--author", help="Everything of a user or organization.")
@click.option("--search", help="Everything whose id holds these words.")
@click.option("--collection", help="The models of a collection: owner/name-id, as its address ends.")
@click.option("--trending", is_flag=True, help="What is trending (100, or --limit).")
@click.option("--everything", is_flag=True, help="Every model of the Hub, newest first.")
@click.option("--seed", help="What a Parquet file or its address lists; hub-stats is the data set of that name.")
@click.option("--limit", type=click.IntRange(1), help="At most so many models.")
@click.option("--on", "machines", multiple=True, help="A machine: 8xH100, '2x rtx-4090'. Repeatable.")
@click.option("--at", "context", help="The context: 8192, 32K. Default: 8K, or less where a model reads less.")
@click.option("--weights", multiple=True, help="Formats: own (default), fp8, int4, ... Repeatable, or with commas.")
@click.option("--users", type=click.IntRange(1), help="Requests at once; default: one alone.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default=Path("models.parquet"),
              show_default=True, help="The file: .parquet, .csv or .jsonl.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="Requests under way at once.")
@click.option("--processes", type=click.IntRange(0, 256), default=0, help="Work in so many processes instead.")
@click.option("--dask", help="Work on a Dask cluster: tcp://scheduler:8786. Default: HUBGAUGE_DASK.")
@click.option("--fresh", is_flag=True, help="List anew, where an earlier scan of the same was not finished.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(  # noqa: PLR0917  # click hands over by name
    names: tuple[str, ...],
    list_file: str | None,
    author: str | None,
    search: str | None,
    collection: str | None,
    trending: bool,
    everything: bool,
    seed: str | None,
    limit: int | None,
    machines: tuple[str, ...],
    context: str | None,
    weights: tuple[str, ...],
    users: int | None,
    output: Path,
    threads: int,
    processes: int,
    dask: str | None,
    fresh: bool,
    quiet: bool,
) -> None:
    """Size many models at once; the file has a row for each model, format and machine, and the reason of each refusal.

    \b
    hubgauge scan --author Qwen --on 8xH100 --on 1x4090 --at 32K -o qwen.parquet
    hubgauge scan --list names.txt --weights own,fp8,int4 -o sizes.csv

    A scan that was stopped goes on where it was: run the same command again. The Hub counts each fetched config.json
    as a download of its model; what was fetched once is not fetched again. A fifth of the quota is left to people.
    """
    asked = {"author": author, "search": search, "collection": collection}

    def run() -> None:
        from bot.scan.executors import workers
        from bot.scan.plan import read_plan
        from bot.scan.progress import shown
        from bot.scan.run import scan
        from bot.settings import read_settings

        plan = read_plan(machines, weights, context, users)
        source = _source(names, list_file, asked, seed, limit, is_trending=trending, is_everything=everything)
        cluster = dask or (None if processes else read_settings(os.environ).dask)
        with shown(is_quiet=quiet) as progress, workers(threads, processes, cluster) as found:
            outcome = scan(source, plan, output, found, progress, is_fresh=fresh)
        _say(outcome, output)

    start("scan", run, logging.WARNING)


def _source(
    names: tuple[str, ...],
    list_file: str | None,
    asked: dict[str, str | None],
    seed: str | None,
    limit: int | None,
    *,
    is_trending: bool,
    is_everything: bool,
) -> "Source":
    """The one source that was named; raises `QuestionError` for none and for several."""
    from ingest.scan.source import Source

    found = [Source(kind, value, limit=limit) for kind, value in asked.items() if value]  # type: ignore[arg-type]  # its kinds
    found += [Source("trending", limit=limit)] if is_trending else []
    found += [Source("everything", limit=limit)] if is_everything else []
    found += [Source("seed", seed, limit=limit)] if seed else []
    if names or list_file:
        listed = [*names, *_lines(list_file)]
        found.append(Source("names", names=tuple(dict.fromkeys(listed))[:limit]))
    if len(found) != 1:
        raise QuestionError(
            "no models are named" if not found else "several sources are named",
            "one of: names, --list, --author, --search, --collection, --trending, --everything, --seed",
        )
    return found[0]


def _lines(list_file: str | None) -> Iterator[str]:
    """The names of a list; blank lines and those that begin with # are left out."""
    if list_file is None:
        return
    try:
        with click.open_file(list_file, encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines):
                if number >= MOST_NAMES:
                    raise QuestionError(f"{list_file} has more than {MOST_NAMES:,} lines", "scan --everything instead")
                if line.strip() and not line.startswith("#"):
                    yield line.strip()[:2048]
    except OSError as error:
        raise QuestionError(f"{list_file}: cannot be read ({error.strerror})", f"a file of names, or {STDIN}") from None


def _say(outcome: "Outcome", output: Path) -> None:
    """What came of it, on stderr; exit status 1 where the Hub failed to answer for some."""
    progress = outcome.progress
    said = f"{progress.kept:,} models sized, {progress.refused:,} refused, {outcome.rows:,} rows in {output}"
    click.echo(f"hubgauge: {said}", err=True)
    if outcome.malformed:
        click.echo(f"  {outcome.malformed:,} entries of the Hub's lists could not be read", err=True)
    if progress.listed:
        click.echo(f"  {progress.listed:,} could not be fetched: run the same command again to go on", err=True)
        sys.exit(1)
