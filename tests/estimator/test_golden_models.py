"""Caches and parameters of models everyone knows, against what configs, makers and the Hub state."""

from collections.abc import Callable

import pytest

from estimator.model_spec import ModelSpec
from tests.estimator.models import SHAPES, bundled
from tests.facts.golden import Fact, facts

CACHE: dict[str, Callable[[ModelSpec], float]] = {
    "bytes_per_token": lambda spec: 2 * spec.cache_elements_per_token,
    "window_bytes": lambda spec: 2 * spec.window_elements_per_sequence,
    "recurrent_state_elements": lambda spec: spec.recurrent_state_elements,
    "state_bytes_16_bit": lambda spec: 2 * (spec.recurrent_state_elements + spec.conv_state_elements),
}
PARAMETERS: dict[str, Callable[[ModelSpec], float]] = {
    "total": lambda spec: spec.total_parameters,
    "checkpoint": lambda spec: spec.checkpoint_parameters,
    "active": lambda spec: spec.active_parameters,
    "active_without_embedding": lambda spec: spec.active_parameters_without_embedding,
}


@pytest.mark.parametrize("fact", facts("cache"), ids=lambda fact: fact.id)
def test_cache_agrees_with_its_source(fact: Fact) -> None:
    assert fact.allows(CACHE[fact["quantity"]](bundled(fact["model"])))


@pytest.mark.parametrize("fact", facts("parameters"), ids=lambda fact: fact.id)
def test_parameters_agree_with_their_source(fact: Fact) -> None:
    assert fact.allows(PARAMETERS[fact["quantity"]](bundled(fact["model"])))


def test_engines_keep_the_recurrent_state_of_qwen3_next_in_fp32() -> None:
    spec = bundled("Qwen/Qwen3-Next-80B-A3B-Instruct")
    recurrent, convolution = 36 * 32 * 128 * 128, 36 * 8192 * 4  # config.json, as in facts/cache.toml
    assert spec.state_bytes_engine == 4 * recurrent + 2 * (40108032 // 2 - recurrent)
    assert spec.conv_state_elements == convolution


def test_shapes_written_out_for_tests_have_their_models_parameters() -> None:
    written = [SHAPES["dense"].total_parameters, SHAPES["experts"].total_parameters]
    assert written == [
        fact.value for fact in facts("parameters", "total") if fact.id in {"llama-3.1-8b", "mixtral-8x7b"}
    ]
