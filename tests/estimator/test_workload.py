"""How the gaps of a load are filled, and which loads cannot be."""

import pytest

from estimator.errors import ImpossibleValue
from estimator.workload import MOST_CONCURRENCY, MOST_TOKENS, workload


def test_nothing_said_is_a_context_of_8192() -> None:
    # contract: `context_tokens` = prompt + output, else 8,192
    load = workload()
    assert load.context_tokens == load.prompt_tokens + load.output_tokens == 8192
    assert load.concurrency is None
    assert load.assumptions


def test_the_context_is_prompt_and_output_where_both_are_given() -> None:
    load = workload(prompt_tokens=1000, output_tokens=24)
    assert load.context_tokens == 1024
    assert load.assumptions == ()


def test_a_context_beside_a_prompt_leaves_the_rest_to_the_output() -> None:
    load = workload(context_tokens=4096, prompt_tokens=4000)
    assert (load.prompt_tokens, load.output_tokens, load.context_tokens) == (4000, 96, 4096)


def test_a_decode_step_sees_the_prompt_and_half_of_the_output() -> None:
    assert workload(prompt_tokens=1000, output_tokens=500).mean_context_tokens == 1250


@pytest.mark.parametrize("key", ["context_tokens", "prompt_tokens", "output_tokens", "concurrency"])
@pytest.mark.parametrize("value", [0, -1, 10**12])
def test_zero_negative_and_absurd_counts_are_impossible(key: str, value: int) -> None:
    with pytest.raises(ImpossibleValue, match=f"{key.split('_', maxsplit=1)[0]}.*cannot be"):
        workload(**{key: value})  # type: ignore[arg-type]  # one key of four, by name


def test_lengths_beyond_the_context_are_impossible() -> None:
    with pytest.raises(ImpossibleValue, match="do not fit in a context of 1,024"):
        workload(context_tokens=1024, prompt_tokens=1000, output_tokens=100)


def test_the_largest_values_are_still_answered() -> None:
    load = workload(context_tokens=MOST_TOKENS, concurrency=MOST_CONCURRENCY)
    assert load.context_tokens == MOST_TOKENS


def test_a_context_of_one_token_is_a_prompt_and_an_answer() -> None:
    load = workload(context_tokens=1)
    assert (load.prompt_tokens, load.output_tokens) == (1, 1)
