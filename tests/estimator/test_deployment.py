"""A deployment in another cut is the same as one made for that cut."""

import pytest

from estimator.deployment import Deployment
from estimator.gpus import GPUS
from estimator.once import once
from estimator.parallelism import Layout
from estimator.quantization import requantize
from tests.estimator.models import bundled

KEPT = [name for name, value in vars(Deployment).items() if isinstance(value, once)] + ["sums"]


def deployment(layout: Layout) -> Deployment:
    spec = bundled("deepseek-ai/DeepSeek-V3")
    plan = requantize(spec, "fp8")
    return Deployment(
        spec=spec, gpu=GPUS["h100-sxm-80gb"], plan=plan, layout=layout, engine="vllm", cache_format="bf16"
    )


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_does_not_depend_on_the_cut_it_was_made_in(name: str) -> None:
    first, second = Layout(8, 1, 1, 8), Layout(4, 2, 4, 16)
    before = deployment(first)
    for each in KEPT:
        getattr(before, each)  # everything is computed, and so kept
    assert getattr(before.cut_as(second), name) == getattr(deployment(second), name)
