"""`hubgauge doctor`: what is set, what is missing, what works. Values of secrets are never shown."""

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from bot.cli.lines import echo_json, echo_report
from bot.render.report import Mood, Report, Section, Table
from bot.variables import VARIABLES

if TYPE_CHECKING:
    from sqlalchemy import Engine

State = Literal["works", "set", "not set", "missing", "out of reach", "fails"]

EXTRAS: Final = (
    ("slack", "slack_bolt"),
    ("serve", "fastapi"),
    ("store", "sqlalchemy"),
    ("postgres", "psycopg"),
    ("transformers", "transformers"),
    ("prices", "requests"),
    ("charts", "matplotlib"),
    ("scan", "duckdb"),
    ("distributed", "distributed"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    state: State
    said: str


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help='One JSON object: {"ok": ..., "findings": [...]}.')
def command(as_json: bool) -> None:
    """Say what is set, what is missing and what works; exit status 1 if something fails."""
    findings = [*_base(), *_cache(), *_hub(), *_database(), *_cluster(), *_variables(), *_extras()]
    is_well = not any(finding.state == "fails" for finding in findings)
    if as_json:
        echo_json({"ok": is_well, "findings": [asdict(finding) for finding in findings]})
    else:
        echo_report(_report(findings, "yes" if is_well else "no"))
    sys.exit(0 if is_well else 1)


def _base() -> Iterator[Finding]:
    yield Finding("hubgauge", "works", f"{importlib.metadata.version('hubgauge')} on Python {sys.version.split()[0]}")
    from ingest.catalogue import bundled_catalogue

    yield Finding("catalogue", "works", f"{len(bundled_catalogue().repo_ids()):,} models bundled")


def _cache() -> Iterator[Finding]:
    from ingest.settings import read_settings

    folder = read_settings(os.environ).cache_dir
    if folder is None:
        yield Finding("cache", "missing", "no folder for it is known: every new model is asked of the Hub again")
        return
    nearest = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if not nearest.is_dir():
        yield Finding("cache", "fails", f"{folder}: {nearest} is no folder")
        return
    state: State = "works" if os.access(nearest, os.W_OK | os.X_OK) else "fails"
    yield Finding("cache", state, f"{folder}" + ("" if state == "works" else " cannot be written"))


def _hub() -> Iterator[Finding]:
    from ingest.settings import read_settings

    settings = read_settings(os.environ)
    if settings.is_offline:
        yield Finding("hub", "set", "offline: it is not asked")
        return
    from ingest.errors import GatedModel, IngestError
    from ingest.hub import HubClient
    from ingest.hub_errors import Asked

    try:
        HubClient(settings).search_models("gpt2", limit=1)
    except GatedModel as error:  # the search is open to all, so only the token can have been refused
        yield Finding("hub", "fails", f"{error.message} {error.hint}")
    except IngestError as error:
        # a Hub out of reach is no fault of the settings, unless they say where it is
        state: State = "fails" if os.environ.get("HF_ENDPOINT") else "out of reach"
        yield Finding("hub", state, f"bundled models still answer: {error.message}")
    else:
        yield Finding("hub", "works", Asked("", settings.endpoint, has_token=False).host)


def _database() -> Iterator[Finding]:
    """The version of the bot's tables. Looks only: an SQLite file that is not there is not made."""
    if importlib.util.find_spec("sqlalchemy") is None or importlib.util.find_spec("alembic") is None:
        return
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    from bot.errors import SettingsError
    from bot.settings import read_settings
    from bot.store.database import HISTORY
    from ingest.errors import StoreUnavailable
    from ingest.store.database import connect
    from ingest.store.history import version

    try:
        address = read_settings(os.environ).database_url
        url = make_url(address)
        shown = url.render_as_string(hide_password=True)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            yield Finding("database", "not set", f"{shown} is made at the first start of `slack` or `serve`")
            return
        engine = connect(address)
        found, others = version(engine, HISTORY), _watched(engine)
        engine.dispose()
    except (ArgumentError, SettingsError, StoreUnavailable) as error:
        yield Finding("database", "fails", getattr(error, "message", "HUBGAUGE_DATABASE_URL is no database address"))
    except SQLAlchemyError as error:
        yield Finding("database", "fails", f"{shown} does not answer ({type(error).__name__})")
    else:
        yield Finding("database", "works", f"{shown}, tables at version {found}, newest {HISTORY.newest()}")
        yield from others


def _watched(engine: "Engine") -> list[Finding]:
    """The watcher and the store of models, where there are any."""
    from bot.watch.health import store_health, watch_health, webhook_health

    said = [("watch", watch_health(engine)), ("models kept", store_health(engine))]
    if os.environ.get("HUBGAUGE_HUB_WEBHOOK_SECRET"):
        said.append(("webhook", webhook_health(engine)))
    return [Finding(name, "works", line) for name, line in said if line is not None]


def _cluster() -> Iterator[Finding]:
    """The Dask scheduler that is set, and its workers."""
    address = (os.environ.get("HUBGAUGE_DASK") or "").strip()
    if not address or importlib.util.find_spec("distributed") is None:
        return
    from bot.errors import SettingsError
    from bot.scan.executors import workers

    try:
        with workers(dask=address) as found:
            yield Finding("dask", "works", f"{address}: {found.width} threads of its workers")
    except SettingsError as error:
        yield Finding("dask", "fails", f"{error.message}; {error.hint}")


def _variables() -> Iterator[Finding]:
    for variable in VARIABLES:
        yield Finding(variable.name, "set" if os.environ.get(variable.name) else "not set", variable.purpose)


def _extras() -> Iterator[Finding]:
    for extra, module in EXTRAS:
        has_it = importlib.util.find_spec(module) is not None
        said = "installed" if has_it else f"optional: pip install '.[{extra}]' in the checkout"
        yield Finding(f"[{extra}]", "works" if has_it else "missing", said)


def _report(findings: list[Finding], mood: Mood) -> Report:
    rows = tuple((finding.name, finding.state, finding.said) for finding in findings)
    failing = ", ".join(finding.name for finding in findings if finding.state == "fails")
    verdict = "All that is set works." if mood == "yes" else f"Something that is set fails: {failing}."
    if any(finding.state == "out of reach" for finding in findings):
        verdict += " The Hub is out of reach: bundled and cached models only."
    section = Section(heading="", mood=mood, verdict=verdict, tables=(Table("Looked at", rows),))
    return Report(title="doctor", sections=(section,))
