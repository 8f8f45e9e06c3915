"""Every row of a table can be held against its source."""

import pytest

from estimator import calibration
from estimator.dtypes import CACHE_BYTES, FORMATS, WeightFormat, weight_format
from estimator.engines import ENGINE_NAMES, ENGINES, NEWEST, Engine, engine_rules, parse_version
from estimator.gpus import GPUS
from estimator.hardware import ARCHITECTURE_CLASSES, Gpu
from estimator.prices import PRICES, PriceRange
from ingest.catalogue import bundled_catalogue
from ingest.catalogue.names import ALIASES
from tests.facts.golden import HERE, facts

EVERY_CARD = pytest.mark.parametrize("gpu", GPUS.values(), ids=GPUS.keys())
EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES, ids=lambda row: f"{row.name}-{row.since}")
EVERY_FORMAT = pytest.mark.parametrize("row", FORMATS.values(), ids=FORMATS.keys())
EVERY_PRICE = pytest.mark.parametrize("price", PRICES.values(), ids=PRICES.keys())

CONTRACT_FORMATS = {"bf16", "fp16", "fp32", "fp8", "int8", "int4", "nf4", "mxfp4", "nvfp4", "q8_0", "q4_k_m"}
"""DESIGN, section 4."""


@EVERY_CARD
def test_a_card_names_its_source_and_how_sure_it_is(gpu: Gpu) -> None:
    assert len(gpu.source) > 5
    assert gpu.confidence in {"high", "med", "low"}
    assert gpu.memory_source
    assert gpu.architecture_class in ARCHITECTURE_CLASSES.values()


@EVERY_CARD
def test_a_card_has_the_facts_that_every_formula_reads(gpu: Gpu) -> None:
    assert min(gpu.memory_bytes_per_s, gpu.engine_memory_bytes, gpu.link_domain_gpus) > 0
    assert all(rate > 0 for rate in gpu.tflops.values())


def test_there_are_at_least_seventy_cards() -> None:
    assert len(GPUS) >= 70


@EVERY_FORMAT
def test_a_format_names_its_source_and_weighs_what_its_name_says(row: WeightFormat) -> None:
    assert len(row.source) > 5
    assert weight_format(row.name.upper()) is row
    digit = next(int(char) for char in row.name.replace("bf16", "6") if char.isdigit())
    least = {6: 6 if "q6" in row.name else 16, 1: 1}.get(digit, digit)  # bf16, fp16, iq1_s
    assert least <= row.bits_per_weight < {1: 17, 2: 4, 3: 33}.get(digit, 17)


def test_every_format_of_the_contract_has_a_row() -> None:
    assert set(FORMATS) >= CONTRACT_FORMATS
    assert {"bf16", "fp16", "fp8"} <= set(CACHE_BYTES)


@EVERY_ENGINE
def test_an_engine_names_its_source(engine: Engine) -> None:
    assert len(engine.source) > 20
    assert 0 < engine.memory_fraction <= 1
    assert 1 in engine.non_torch_gib


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_an_engine_has_a_newest_version_that_its_rules_reach(name: str) -> None:
    newest = parse_version(NEWEST[name]) or (0, 0)  # type: ignore[index]  # ENGINE_NAMES are its keys
    assert engine_rules(name, NEWEST[name]).since <= newest or newest == (0, 0)  # type: ignore[index]  # as above
    assert engine_rules(name).name == name


@EVERY_PRICE
def test_a_price_is_of_a_known_card_dated_and_sourced(price: PriceRange) -> None:
    assert price.gpu_id in GPUS
    assert 0 < price.low_usd_per_hour <= price.median_usd_per_hour <= price.high_usd_per_hour
    assert len(price.source) > 5
    assert price.as_of


@pytest.mark.parametrize(
    "bands",
    [
        calibration.TPOT_BANDS,
        calibration.LOCAL_TPOT_BANDS,
        calibration.THROUGHPUT_BANDS,
        calibration.TTFT_BANDS,
        calibration.LOCAL_TTFT_BANDS,
    ],
)
def test_a_band_holds_its_value_and_there_is_one_for_the_rest(bands: dict[str, tuple[float, float]]) -> None:
    assert "*" in bands
    assert all(0 < low <= 1 <= high for low, high in bands.values())


def test_the_catalogue_holds_eighty_models_each_with_a_source_and_a_day() -> None:
    catalogue = bundled_catalogue()
    entries = [catalogue.entry(repo_id) for repo_id in catalogue.repo_ids()]
    assert len(entries) >= 80
    assert [entry for entry in entries if entry is None or not (entry.source and entry.as_of)] == []


def test_every_nickname_means_a_bundled_model() -> None:
    assert set(ALIASES.values()) <= set(bundled_catalogue().repo_ids())


@pytest.mark.parametrize("table", sorted(path.stem for path in HERE.glob("*.toml")))
def test_every_golden_fact_has_a_source_a_day_and_an_id_of_its_own(table: str) -> None:
    rows = facts(table)
    assert len({fact.id + fact.given.get("quantity", "") for fact in rows}) == len(rows)
    for fact in rows:
        assert len(fact.source) > 20
        assert fact.checked.year >= 2026
        assert fact.tolerance >= 0
