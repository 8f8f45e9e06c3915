"""One cloud's file of the SkyPilot catalogue (schema v8) as offers: dollars for one card and hour, host included.

    dollars a card = Price / AcceleratorCount          on demand; SpotPrice is not read

Quirks of the clouds, each seen in their files (hardware.md, "SkyPilot catalog"):

    all          a row without Price, accelerator or a whole count of at least 1 offers nothing (hosts, fractions)
    all          names are not normalised: RTX-PRO-6000 and RTXPRO6000; a bare H100 is the SXM form unless the
                 instance says PCIe or NVL
    runpod       its bare A100-80GB and H100 are the PCIe forms: it names the SXM ones
    shadeform    sells for others: the word before `_` in the instance is who offers
    aws, oci     a price for a host with cards, so nothing to add; gcp lists host and card apart, and left out with it
                 are primeintellect (squares the count), vast (a marketplace of hosts, spot in effect)
    GpuInfo      memory is wrong in places and written as Python or as JSON: not read

Prices are facts; the files themselves are not kept: the repository states no licence.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

CLOUDS: Final = (
    "aws",
    "hyperbolic",
    "hyperstack",
    "jarvislabs",
    "lambda",
    "lium",
    "nebius",
    "oci",
    "runpod",
    "shadeform",
    "spheron",
    "verda",
    "yotta",
)
LEAST_USD, MOST_USD = 0.01, 100.0
"""A card-hour outside of this is a slip: GCP's 700.0 means "no price"; the dearest offer read was 18."""
MOST_ROWS: Final = 100_000
MOST_COUNT: Final = 64

_SXM: Final[Mapping[str, str]] = {
    "h100": "h100-sxm-80gb",
    "h10080gb": "h100-sxm-80gb",
    "h100sxm": "h100-sxm-80gb",
    "h100nvlink": "h100-pcie-80gb",  # Hyperstack's PCIe cards with a bridge, not the NVL
    "h100nvl": "h100-nvl-94gb",
    "h100pcie": "h100-pcie-80gb",
    "h200": "h200-sxm-141gb",
    "h200sxm": "h200-sxm-141gb",
    "h200nvl": "h200-nvl-141gb",
    "b200": "b200-sxm",
    "b300": "b300-sxm",
    "gb200": "gb200-nvl72",
    "gb300": "gb300-nvl72",
    "gh200": "gh200-96gb",
    "a100": "a100-sxm-40gb",
    "a10080gb": "a100-sxm-80gb",
    "a10080gbsxm": "a100-sxm-80gb",
    "v100": "v100-sxm2-16gb",
    "v10032gb": "v100-sxm2-32gb",
    "p100": "p100-sxm2-16gb",
    "t4": "t4",
    "a10": "a10",
    "a10g": "a10g",
    "a16": "a16-per-gpu",
    "a30": "a30",
    "a40": "a40",
    "l4": "l4",
    "l40": "l40",
    "l40s": "l40s",
    "a4000": "rtx-a4000",
    "a5000": "rtx-a5000",
    "a6000": "rtx-a6000",
    "rtxa4000": "rtx-a4000",
    "rtxa4500": "rtx-a4500",
    "rtxa5000": "rtx-a5000",
    "rtxa6000": "rtx-a6000",
    "rtx3090": "rtx-3090",
    "rtx4090": "rtx-4090",
    "rtx5090": "rtx-5090",
    "rtx4000ada": "rtx-4000-ada",
    "rtx6000ada": "rtx-6000-ada",
    "rtxpro6000": "rtx-pro-6000-blackwell-server",
    "rtxpro6000s": "rtx-pro-6000-blackwell-server",
    "rtxpro6000ws": "rtx-pro-6000-blackwell-ws",
    "mi300x": "mi300x",
    "mi355x": "mi355x",
}
"""Names of the catalogue without dashes, in lower case, as our ids; a bare name is the commonest form."""
_PCIE: Final[Mapping[str, str]] = {
    "h100-sxm-80gb": "h100-pcie-80gb",
    "a100-sxm-40gb": "a100-pcie-40gb",
    "a100-sxm-80gb": "a100-pcie-80gb",
    "v100-sxm2-16gb": "v100-pcie-16gb",
}
_BARE_IS_PCIE: Final = frozenset({("runpod", "a10080gb"), ("runpod", "h100")})
_RESOLD: Final = re.compile(r"([a-z][a-z0-9-]{1,30})_")


@dataclass(frozen=True, slots=True)
class Offer:
    """One provider's price of one card and hour: the least over its regions and sizes."""

    provider: str
    gpu_id: str
    usd_per_hour: float


@dataclass(slots=True)
class CloudOffers:
    """What one file offers. `skipped` counts rows that offer a card and cannot be used, by why."""

    offers: list[Offer] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)

    def skip(self, why: str) -> None:
        """Counts one row."""
        self.skipped[why] = self.skipped.get(why, 0) + 1


class NoCatalogue(ValueError):
    """A text that is no file of the catalogue."""


def read_cloud(cloud: str, text: str) -> CloudOffers:
    """The offers of a cloud's file; `NoCatalogue` where its columns are not those of one."""
    rows = csv.DictReader(io.StringIO(text))
    wanted = {"InstanceType", "AcceleratorName", "AcceleratorCount", "Price"}
    found, least = CloudOffers(), dict[tuple[str, str], float]()
    try:
        if not wanted <= set(rows.fieldnames or ()):
            raise NoCatalogue(f"columns {sorted(wanted - set(rows.fieldnames or ()))} are missing")
        for number, row in enumerate(rows):
            if number == MOST_ROWS:
                found.skip(f"rows beyond {MOST_ROWS:,}")
                break
            offer = _offer(cloud, row, found)
            if offer is not None:
                key = (offer.provider, offer.gpu_id)
                least[key] = min(offer.usd_per_hour, least.get(key, offer.usd_per_hour))
    except csv.Error as error:
        raise NoCatalogue(f"it is no CSV: {error}") from None
    found.offers = [Offer(provider, gpu_id, usd) for (provider, gpu_id), usd in sorted(least.items())]
    return found


def _offer(cloud: str, row: Mapping[str, str | None], found: CloudOffers) -> Offer | None:
    name = re.sub(r"[^a-z0-9]", "", (row["AcceleratorName"] or "").lower())
    if not name:
        return None  # a host without cards
    count, price = _number(row["AcceleratorCount"]), _number(row["Price"])
    if price is None:
        found.skip("no price on demand")
    elif count is None or count < 1 or count > MOST_COUNT or count != int(count):
        found.skip("no whole number of cards")
    elif name not in _SXM:
        found.skip("an accelerator without a row here")
    elif not LEAST_USD <= price / count <= MOST_USD:
        found.skip("a price that cannot be")
    else:
        instance = (row["InstanceType"] or "").lower()
        return Offer(_provider(cloud, instance), _card(cloud, name, instance), round(price / count, 4))
    return None


def _provider(cloud: str, instance: str) -> str:
    resold = _RESOLD.match(instance) if cloud == "shadeform" else None
    return f"{resold[1]} (shadeform)" if resold else cloud


def _card(cloud: str, name: str, instance: str) -> str:
    card = _SXM[name]
    if "pcie" in instance or (cloud, name) in _BARE_IS_PCIE:
        return _PCIE.get(card, card)
    return "h100-nvl-94gb" if card == "h100-sxm-80gb" and re.search(r"nvl(?!ink)", instance) else card


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) < 1e9 else None
