"""Prices: dated, ordered, of cards that exist, and as the offers say."""

import csv
import os
import statistics
from collections import defaultdict
from pathlib import Path

import pytest

from estimator.gpus import GPUS
from estimator.prices import PRICES, PriceRange, price_of

EVERY_PRICE = pytest.mark.parametrize("price", PRICES.values(), ids=PRICES.keys())


@EVERY_PRICE
def test_a_price_is_of_a_known_card_with_a_date_and_a_source(price: PriceRange) -> None:
    assert price.gpu_id in GPUS
    assert price.as_of
    assert price.source


@EVERY_PRICE
def test_low_median_and_high_are_in_order(price: PriceRange) -> None:
    assert 0 < price.low_usd_per_hour <= price.median_usd_per_hour <= price.high_usd_per_hour < 100
    assert price.is_one_offer == (price.offers == 1)
    if price.is_one_offer:
        assert price.low_usd_per_hour == price.high_usd_per_hour
        assert price.low_provider == price.high_provider


@pytest.mark.parametrize(
    ("gpu_id", "low", "median", "high", "offers"),
    [
        ("h100-sxm-80gb", 1.75, 3.49, 10.8, 13),  # Lium; the middle of thirteen is JarvisLabs; GCP in scaling-book
        ("h200-sxm-141gb", 2.0, 3.95, 10.0, 8),
        ("b200-sxm", 4.4, 6.5318, 14.2416, 9),
        ("rtx-4090", 0.28, 0.345, 0.58, 4),
    ],
)
def test_a_range_is_that_of_its_offers(gpu_id: str, low: float, median: float, high: float, offers: int) -> None:
    price = price_of(gpu_id)
    assert price is not None
    found = (price.low_usd_per_hour, price.median_usd_per_hour, price.high_usd_per_hour, price.offers)
    assert found == (low, median, high, offers)


def test_a_card_that_nobody_offers_has_no_price() -> None:
    assert price_of("m3-ultra") is None


@pytest.mark.corpus
def test_every_range_agrees_with_the_offers_of_the_corpus() -> None:
    corpus = os.environ.get("HUBGAUGE_CORPUS")
    if not corpus:
        pytest.skip("HUBGAUGE_CORPUS is not set")
    offers = defaultdict(list)
    with (Path(corpus) / "facts" / "prices.tsv").open(encoding="utf8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            offers[row["gpu_id"]].append(float(row["usd_per_gpu_hour"]))
    assert offers.keys() == PRICES.keys()
    for gpu_id, usd in offers.items():
        price = PRICES[gpu_id]
        assert (price.low_usd_per_hour, price.high_usd_per_hour, price.offers) == (min(usd), max(usd), len(usd))
        assert price.median_usd_per_hour == pytest.approx(statistics.median(usd), abs=1e-4)
