"""Times per token, against measured runs of real stacks."""

import pytest

from estimator.estimate import Estimate, Request, estimate
from estimator.gpus import GPUS
from estimator.parallelism import Layout
from estimator.workload import workload
from tests.estimator.models import bundled
from tests.facts.golden import Fact, facts

RUNS = facts("serving_runs", "tpot_ms")
EVERY_RUN = pytest.mark.parametrize("fact", RUNS, ids=lambda fact: fact.id)


def estimate_of(fact: Fact) -> Estimate:
    layout = Layout(*fact["layout"])
    return estimate(
        Request(
            spec=bundled(fact["model"]),
            gpu=GPUS[fact["gpu"]],
            gpus=layout.gpus,
            layout=layout,
            weights=fact["weights"],
            cache_format=fact.given.get("kv_cache"),
            engine=fact["engine"],
            engine_version=fact.given.get("engine_version"),
            date=fact["date"],
            uses_offsets=False,  # the formula alone: these very runs are among those that the corrections rest on
            load=workload(
                prompt_tokens=fact["prompt_tokens"],
                output_tokens=fact["output_tokens"],
                concurrency=fact["concurrency"],
                arrival=fact.given.get("arrival"),
            ),
        )
    )


@EVERY_RUN
def test_measured_time_per_token_lies_in_the_band_or_the_stated_factor(fact: Fact) -> None:
    measured_s, found = fact.value / 1e3, estimate_of(fact).tpot
    if fact.tolerance:
        assert 1 / fact.tolerance <= found.value / measured_s <= fact.tolerance
    else:
        assert found.low <= measured_s <= found.high


@EVERY_RUN
def test_uncalibrated_roofline_is_never_above_a_measured_time(fact: Fact) -> None:
    assert estimate_of(fact).roofline_tpot_s <= fact.value / 1e3


def test_most_of_the_drawn_runs_lie_in_their_band() -> None:
    inside = [fact for fact in RUNS if _is_inside(fact)]
    assert len(inside) >= 0.7 * len(RUNS)


def _is_inside(fact: Fact) -> bool:
    found = estimate_of(fact).tpot
    return found.low <= fact.value / 1e3 <= found.high
