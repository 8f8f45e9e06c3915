"""Energy is the rated power of the cards over the tokens of an hour: redone by hand."""

import pytest

from estimator.energy import energy_of
from estimator.estimation import Request, estimate
from estimator.gpus import GPUS
from estimator.workload import workload
from tests.estimator.models import llama


def test_a_million_tokens_take_the_rated_power_for_as_long_as_they_need() -> None:
    load = workload(prompt_tokens=1024, output_tokens=256, concurrency=16)
    found = estimate(Request(spec=llama(), gpu=GPUS["h100-sxm-80gb"], gpus=2, load=load))
    energy = energy_of(found)
    assert energy is not None
    hours = 1e6 / found.throughput.value / 3600
    assert energy.kilowatts == pytest.approx(2 * 0.7)  # NVIDIA's data sheet: up to 700 W
    assert energy.kwh_per_mtok_output == pytest.approx(1.4 * hours)
    assert found.cost is not None
    ratio = found.cost.usd_per_mtok_input.median / found.cost.usd_per_mtok_output.median
    assert energy.kwh_per_mtok_input / energy.kwh_per_mtok_output == pytest.approx(ratio)


def test_a_card_without_a_rated_power_has_no_energy() -> None:
    unrated = next(gpu for gpu in GPUS.values() if gpu.tdp_w is None and "bf16" in gpu.tflops)
    assert energy_of(estimate(Request(spec=llama(), gpu=unrated, load=workload()))) is None
