"""The refreshed prices that are kept: one JSON file in the user's data folder, read as rows like the bundled ones.

    {"version": 1, "refreshed": "2026-11-21", "clouds": {"lambda": {"etag": ..., "offers": [["lambda", "a10", 1.29]]}}}

What is not there keeps its bundled row with the bundled date, so an answer's own line says how old its price is.
"""

import json
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from estimator.gpus import GPUS
from estimator.prices import PRICES, PriceRange
from ingest.prices.skypilot import LEAST_USD, MOST_USD, Offer

VERSION: Final = 1
LARGEST_BYTES: Final = 2**22
CATALOGUE: Final = "SkyPilot catalogue v8"


@dataclass(frozen=True, slots=True)
class CloudSnapshot:
    """One cloud's offers as last read, and the tag that says whether its file has changed since."""

    etag: str | None
    read: str
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All clouds read, and when. Empty where nothing was ever refreshed."""

    refreshed: str = ""
    clouds: Mapping[str, CloudSnapshot] = field(default_factory=dict)

    @property
    def prices(self) -> dict[str, PriceRange]:
        """The bundled rows, with those that were refreshed in their place."""
        offers = defaultdict[str, list[Offer]](list)
        for cloud in self.clouds.values():
            for offer in cloud.offers:
                offers[offer.gpu_id].append(offer)
        return {**PRICES, **{gpu_id: self._range(gpu_id, rows) for gpu_id, rows in offers.items()}}

    def _range(self, gpu_id: str, offers: list[Offer]) -> PriceRange:
        ranked = sorted(offers, key=lambda offer: offer.usd_per_hour)
        dates = sorted(cloud.read for cloud in self.clouds.values() if any(o.gpu_id == gpu_id for o in cloud.offers))
        return PriceRange(
            gpu_id,
            ranked[0].usd_per_hour,
            statistics.median(offer.usd_per_hour for offer in ranked),
            ranked[-1].usd_per_hour,
            len(ranked),
            dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}",
            ranked[0].provider,
            ranked[-1].provider,
            f"{CATALOGUE}, refreshed {self.refreshed}",
        )


def read_snapshot(path: Path | None) -> Snapshot:
    """The snapshot in that file; an empty one where there is none or it cannot be read (it is refreshed anew)."""
    if path is None:
        return Snapshot()
    try:
        with path.open("rb") as file:
            written: Any = json.loads(file.read(LARGEST_BYTES))
        return _snapshot(written)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Snapshot()


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Writes it beside and moves it in place, so that a reader never sees half of it; raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    clouds = {
        name: {
            "etag": cloud.etag,
            "read": cloud.read,
            "offers": [[o.provider, o.gpu_id, o.usd_per_hour] for o in cloud.offers],
        }
        for name, cloud in snapshot.clouds.items()
    }
    text = json.dumps({"version": VERSION, "refreshed": snapshot.refreshed, "clouds": clouds})
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _snapshot(written: dict[str, Any]) -> Snapshot:
    if written["version"] != VERSION:
        return Snapshot()
    clouds = {
        str(name): CloudSnapshot(cloud["etag"], str(cloud["read"]), tuple(_known(cloud["offers"])))
        for name, cloud in written["clouds"].items()
    }
    return Snapshot(str(written["refreshed"]), clouds)


def _known(rows: list[list[Any]]) -> list[Offer]:
    """Offers of cards that we know, at prices that can be: the file may have been edited."""
    offers = [Offer(str(provider), str(gpu_id), float(usd)) for provider, gpu_id, usd in rows]
    return [offer for offer in offers if offer.gpu_id in GPUS and LEAST_USD <= offer.usd_per_hour <= MOST_USD]
