"""Which prices answers use: the refreshed ones in the user's data folder, else the bundled rows.

`HUBGAUGE_PRICES` names another file; the word `bundled` keeps to the rows that were shipped.
"""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from bot.settings import data_dir
from estimator.prices import PriceRange

VARIABLE: Final = "HUBGAUGE_PRICES"
BUNDLED: Final = "bundled"
FILE: Final = "prices.json"


def prices_path(environ: Mapping[str, str]) -> Path | None:
    """Where refreshed prices are kept; None where only bundled ones are wanted or no folder is known."""
    named = environ.get(VARIABLE, "").strip()
    if named:
        return None if named.lower() == BUNDLED else Path(named)
    folder = data_dir(environ)
    return None if folder is None else folder / FILE


@cache
def current_prices() -> Mapping[str, PriceRange] | None:
    """The refreshed prices, read once; None where nothing was refreshed, so that the bundled rows hold."""
    path = prices_path(os.environ)
    if path is None or not path.exists():
        return None
    from ingest.prices.snapshot import read_snapshot  # noqa: PLC0415  # start-up: most never refresh

    snapshot = read_snapshot(path)
    return snapshot.prices if snapshot.clouds else None
