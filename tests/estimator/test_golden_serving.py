"""Times per token, against measured runs of real stacks."""

import pytest

from estimator.estimation import Estimate, Request, estimate
from estimator.gpus import GPUS
from estimator.parallelism import Layout
from estimator.workload import workload
from tests.estimator.models import bundled
from tests.facts.golden import Fact, facts

RUNS = facts("serving_runs", "tpot_ms")
ALONE = facts("decode_runs", "decode_tokens_per_s")
EVERY_RUN = pytest.mark.parametrize("fact", RUNS + ALONE, ids=lambda fact: fact.id)


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


def measured_s(fact: Fact) -> float:
    """Measured seconds a token."""
    return fact.value / 1e3 if fact["quantity"] == "tpot_ms" else 1 / fact.value


@EVERY_RUN
def test_measured_time_per_token_lies_in_the_band_or_the_stated_factor(fact: Fact) -> None:
    found = estimate_of(fact).tpot
    if fact.tolerance:
        assert 1 / fact.tolerance <= found.value / measured_s(fact) <= fact.tolerance
    else:
        assert found.low <= measured_s(fact) <= found.high


@EVERY_RUN
def test_uncalibrated_roofline_is_never_above_a_measured_time(fact: Fact) -> None:
    assert estimate_of(fact).roofline_tpot_s <= measured_s(fact)


def test_most_of_the_drawn_runs_lie_in_their_band() -> None:
    inside = [fact for fact in RUNS + ALONE if _is_inside(fact)]
    assert len(inside) >= 0.7 * len(RUNS + ALONE)


def _is_inside(fact: Fact) -> bool:
    found = estimate_of(fact).tpot
    return found.low <= measured_s(fact) <= found.high
