"""What must hold of every cache and every kind of attention."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.attention import GroupedQueryAttention, Mixer
from estimator.engine_settings import engine_settings
from estimator.engines import ENGINE_NAMES, ENGINES, engine_rules
from estimator.feedforward import MixtureOfExperts
from estimator.gpus import GPUS
from estimator.memory import ModelMemory, memory_estimate
from estimator.model_spec import ModelSpec
from estimator.parallelism import Layout
from estimator.rank_cache import rank_sequence_cache
from tests.properties.strategies import contexts, layouts, models

heads = st.sampled_from([(32, 8, 128), (64, 8, 64), (16, 1, 256), (12, 12, 64)])
engine_rows = st.sampled_from(list(ENGINES))
H100_BYTES = GPUS["h100-sxm-80gb"].engine_memory_bytes


def attention(shape: tuple[int, int, int], window_tokens: int | None = None) -> GroupedQueryAttention:
    queries, kv, width = shape
    return GroupedQueryAttention(
        hidden_size=queries * width,
        num_attention_heads=queries,
        num_key_value_heads=kv,
        head_dim=width,
        window_tokens=window_tokens,
    )


def costs(mixer: Mixer, context: int) -> tuple[float, ...]:
    """All that grows with the context."""
    return (
        mixer.stored_elements(context),
        mixer.read_elements(context),
        mixer.attended_tokens(context),
        mixer.decode_flops(context),
        mixer.prefill_flops(context),
    )


@given(heads, st.integers(1, 2**17), contexts)
def test_a_window_never_costs_more_than_full_attention(shape: tuple[int, int, int], window: int, context: int) -> None:
    full, sliding = costs(attention(shape), context), costs(attention(shape, window), context)
    assert all(a <= b * (1 + 1e-12) for a, b in zip(sliding, full, strict=True))
    if window >= context:
        assert sliding == pytest.approx(full)


@given(heads, contexts)
def test_grouped_queries_with_equal_heads_are_multi_head_attention(shape: tuple[int, int, int], context: int) -> None:
    queries, _, width = shape
    mixer = attention((queries, queries, width))
    hidden = queries * width
    assert mixer.matrix_parameters == 4 * hidden * hidden  # Vaswani et al. 2017: W_Q, W_K, W_V, W_O
    assert mixer.stored_elements(context) == 2 * hidden * context
    assert mixer.decode_flops(context) == 4 * hidden * context


@given(models, contexts, contexts)
def test_more_context_never_stores_reads_or_computes_less(spec: ModelSpec, one: int, other: int) -> None:
    short, long = sorted((one, other))
    for group in spec.layers:
        if group.mixer is not None:
            pairs = zip(costs(group.mixer, short), costs(group.mixer, long), strict=True)
            assert all(less <= more * (1 + 1e-12) for less, more in pairs)


@given(models, layouts, engine_rows, contexts, contexts)
def test_more_context_never_takes_less_memory(
    spec: ModelSpec, layout: Layout, row: object, one: int, other: int
) -> None:
    short, long = sorted((one, other))
    settings = engine_settings(row, None, H100_BYTES)  # type: ignore[arg-type]  # a row of ENGINES
    cache = rank_sequence_cache(spec, layout.tensor, settings, 2.0)
    assert cache.bytes_at(short) <= cache.bytes_at(long)


@given(models, layouts, st.sampled_from(ENGINE_NAMES), st.floats(0, 2e11))
def test_the_longest_context_fits_and_one_block_more_does_not(
    spec: ModelSpec, layout: Layout, engine: str, budget: float
) -> None:
    settings = engine_settings(engine_rules(engine), None, H100_BYTES)
    most = spec.headline.max_position_embeddings
    assert most is not None
    cache = rank_sequence_cache(spec, layout.tensor, settings, 2.0)
    longest = cache.longest_tokens(budget, most)
    assert longest <= most
    if longest:
        assert cache.bytes_at(longest) <= budget
    if longest < most:
        assert cache.bytes_at(longest + 1) > budget


@given(models, layouts, st.sampled_from(ENGINE_NAMES), contexts)
def test_a_smaller_cache_format_never_holds_fewer_requests(
    spec: ModelSpec, layout: Layout, engine: str, context: int
) -> None:
    settings = engine_settings(engine_rules(engine), None, H100_BYTES)
    wide, narrow = (
        memory_estimate(
            ModelMemory(spec, spec.weights, settings, name), layout, capacity_bytes=H100_BYTES, context_tokens=context
        )
        for name in ("bf16", "fp8")
    )
    assert narrow.max_concurrency >= wide.max_concurrency
    assert narrow.weights_bytes == wide.weights_bytes
    assert wide.fits <= narrow.fits


@given(st.integers(1, 512), st.data(), st.integers(1, 4096))
def test_experts_touched_lie_between_one_tokens_and_all(experts: int, data: st.DataObject, tokens: int) -> None:
    top_k = data.draw(st.integers(1, experts))
    network = MixtureOfExperts(
        num_experts=experts, num_experts_per_tok=top_k, expert_hidden_size=64, expert_intermediate_size=64
    )
    touched = network.expected_experts(tokens)
    assert top_k * (1 - 1e-9) <= touched <= min(experts, top_k * tokens) * (1 + 1e-9)
    assert touched <= network.expected_experts(tokens + 1) * (1 + 1e-12)
    assert network.expected_experts(1) == pytest.approx(top_k)


@given(st.integers(2, 64))
def test_one_expert_that_every_token_uses_is_a_dense_network(width: int) -> None:
    network = MixtureOfExperts(
        num_experts=1, num_experts_per_tok=1, expert_hidden_size=width, expert_intermediate_size=4 * width
    )
    wider = replace(network, num_experts=2, num_experts_per_tok=2)
    assert network.active_routed_parameters == network.routed_parameters == 12 * width * width
    assert wider.active_routed_parameters == wider.routed_parameters
