"""What an hour of a card is offered for: facts that age, so each row carries its date.

On-demand prices per GPU, host included, as public catalogues list them. Offers of one card differ by a factor of three
to five between marketplaces (Lium, SimplePod) and the large clouds, so an answer quotes the range, never one figure.
Whether an offer is the SXM or the PCIe form is in places inferred from the provider's instance name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PRICES_AS_OF: Final = "2026-08"
"""When most offers were read; a row says its own span. Source: prices_summary.tsv of the corpus of 2026-11-20."""

_SKYPILOT: Final = "SkyPilot catalogue v7 and v8"
_SCALING_BOOK: Final = "jax-ml/scaling-book, applied-inference.md"


@dataclass(frozen=True, slots=True)
class PriceRange:
    """Offers of one card: lowest, median and highest, who made the outer two, and how old they are.

    `as_of` spans the years of the offers, "undated" where none is known; most catalogues state no day.
    """

    gpu_id: str
    low_usd_per_hour: float
    median_usd_per_hour: float
    high_usd_per_hour: float
    offers: int
    as_of: str
    low_provider: str
    high_provider: str
    source: str

    @property
    def is_one_offer(self) -> bool:
        """A single offer: the range is a point and says nothing of the market."""
        return self.offers == 1


def price_of(gpu_id: str, prices: Mapping[str, PriceRange] | None = None) -> PriceRange | None:
    """Offers of that card, per GPU and hour, of refreshed rows where given; None where no offer is known."""
    return (PRICES if prices is None else prices).get(gpu_id)


# fmt: off
# id, lowest, median and highest in USD per GPU and hour, offers, years, who asks the least and the most, source
_ROWS: Final = (
    PriceRange("a10", 1.29, 1.645, 2, 2, "2026", "Lambda", "OCI", _SKYPILOT),
    PriceRange("a100-pcie-80gb", 1.35, 1.4327, 3.28, 5, "2026", "Hyperstack", "Paperspace", _SKYPILOT),
    PriceRange("a100-sxm-40gb", 1.29, 1.99, 3.05, 5, "2025 to 2026", "Lambda", "OCI", _SKYPILOT),
    PriceRange("a100-sxm-80gb", 1.12, 2.545, 4, 6, "2025 to 2026", "DataCrunch", "OCI", _SKYPILOT),
    PriceRange("a16-per-gpu", 0.51, 0.51, 0.51, 1, "2026", "Vultr", "Vultr", _SKYPILOT),
    PriceRange("b200-sxm", 4.4, 6.5318, 14.2416, 9, "2025 to 2026", "DataCrunch", "AWS", _SKYPILOT),
    PriceRange("b300-sxm", 6.99, 8.0003, 17.802, 5, "2026", "Verda", "AWS", _SKYPILOT),
    PriceRange("gb200-nvl72", 16, 16, 16, 1, "2026", "OCI", "OCI", _SKYPILOT),
    PriceRange("gb300-nvl72", 18, 18, 18, 1, "2026", "OCI", "OCI", _SKYPILOT),
    PriceRange("gh200-96gb", 2.29, 2.29, 2.29, 1, "2026", "Lambda", "Lambda", _SKYPILOT),
    PriceRange("h100-pcie-80gb", 1.9, 2.1268, 3.3, 4, "2026", "Hyperstack", "Scaleway", _SKYPILOT),
    PriceRange("h100-sxm-80gb", 1.75, 3.49, 10.8, 13, "2025 to 2026", "Lium", "GCP", _SKYPILOT + "; " + _SCALING_BOOK),
    PriceRange("h200-sxm-141gb", 2, 3.95, 10, 8, "2025 to 2026", "DataCrunch", "OCI", _SKYPILOT),
    PriceRange("l4", 0.44, 0.695, 0.95, 2, "2026", "JarvisLabs", "Scaleway", _SKYPILOT),
    PriceRange("l40", 0.33, 0.88, 1, 3, "2026", "Lium", "Hyperstack", _SKYPILOT),
    PriceRange("l40s", 0.38, 1.5242, 3.5, 8, "2025 to 2026", "Lium", "OCI", _SKYPILOT),
    PriceRange("mi300x", 6, 6, 6, 1, "2026", "OCI", "OCI", _SKYPILOT),
    PriceRange("mi355x", 8.6, 8.6, 8.6, 1, "2026", "OCI", "OCI", _SKYPILOT),
    PriceRange("p100-sxm2-16gb", 1.275, 1.275, 1.275, 1, "2026", "OCI", "OCI", _SKYPILOT),
    PriceRange("rtx-3060-12gb", 0.07, 0.07, 0.07, 1, "2025 to 2026", "SimplePod", "SimplePod", _SKYPILOT),
    PriceRange("rtx-3070", 0.085, 0.085, 0.085, 1, "2025 to 2026", "SimplePod", "SimplePod", _SKYPILOT),
    PriceRange("rtx-3090", 0.16, 0.22, 0.4, 3, "2025 to 2026", "Lium", "Lium", _SKYPILOT),
    PriceRange("rtx-4090", 0.28, 0.345, 0.58, 4, "2025 to 2026", "Lium", "Lium", _SKYPILOT),
    PriceRange("rtx-5090", 0.4, 0.6, 0.858, 6, "2025 to 2026", "Lium", "Spheron", _SKYPILOT),
    PriceRange("rtx-6000-ada", 0.8, 0.8262, 0.97, 3, "2026", "Lium", "MassedCompute", _SKYPILOT),
    PriceRange("rtx-a4000", 0.09, 0.15, 0.8, 3, "2025 to 2026", "SimplePod", "Paperspace", _SKYPILOT),
    PriceRange("rtx-a5000", 1.42, 1.42, 1.42, 1, "2026", "Paperspace", "Paperspace", _SKYPILOT),
    PriceRange("rtx-a6000", 0.47, 0.535, 1.09, 4, "2025 to 2026", "DataCrunch", "Lambda", _SKYPILOT),
    PriceRange("rtx-pro-6000-blackwell-server", 1.69, 2.02, 4.5, 4, "2026", "Verda", "OCI", _SKYPILOT),
    PriceRange("rtx-pro-6000-blackwell-ws", 0.99, 1.22, 1.45, 2, "2025 to 2026", "SimplePod", "Lium", _SKYPILOT),
    PriceRange("tpu-v5e", 1.2, 1.2, 1.2, 1, "2025", "GCP", "GCP", _SCALING_BOOK),
    PriceRange("tpu-v5p", 4.2, 4.2, 4.2, 1, "2026", "GCP", "GCP", _SKYPILOT),
    PriceRange("tpu-v6e", 2.7, 2.7, 2.7, 1, "2026", "GCP", "GCP", _SKYPILOT),
    PriceRange("v100-sxm2-16gb", 0.1381, 1.87, 3.06, 4, "2026", "Verda", "AWS", _SKYPILOT),
    PriceRange("v100-sxm2-32gb", 2.34, 3.1208, 3.9015, 2, "2026", "Paperspace", "AWS", _SKYPILOT),
)
# fmt: on

PRICES: Final[Mapping[str, PriceRange]] = {row.gpu_id: row for row in _ROWS}
