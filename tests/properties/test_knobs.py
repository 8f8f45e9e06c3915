"""What must hold of the knobs of time: drafted tokens, prefix hits, chunks. Turned off, they change nothing."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from estimator.deployment import Deployment
from estimator.estimation import Request, estimate
from estimator.gpus import GPUS
from estimator.latency import Latency, latency, prefill_work_s
from estimator.model_spec import ModelSpec
from estimator.speculation import Speculation
from estimator.workload import Workload, workload
from tests.properties.strategies import batches, cards, deployments, models

lengths = st.integers(1, 65536)
drafted = st.integers(1, 8)
shares = st.floats(0, 1)


def load_of(prompt: int, hits: float = 0.0) -> Workload:
    return workload(prompt_tokens=prompt, output_tokens=128, prefix_hit_fraction=hits)


def times(d: Deployment, load: Workload, batch: int) -> Latency:
    return latency(d, load, batch, capacity=1e9, date=2026.0)


@given(models, st.sampled_from(sorted(GPUS)[:40]), lengths)
def test_knobs_that_are_off_change_no_figure(spec: ModelSpec, gpu_id: str, prompt: int) -> None:
    card = GPUS[gpu_id] if "bf16" in GPUS[gpu_id].tflops else GPUS["h100-sxm-80gb"]
    plain = Request(spec=spec, gpu=card, gpus=8, load=load_of(prompt))
    spelled = replace(plain, load=load_of(prompt, 0.0), speculation=None, max_num_batched_tokens=None)
    assert estimate(plain) == estimate(spelled)


@given(deployments(), batches, lengths)
def test_the_engines_own_chunk_changes_no_time(d: Deployment, batch: int, prompt: int) -> None:
    named = replace(d, chunk_tokens=d.usual_chunk_tokens)
    assert times(named, load_of(prompt), batch) == times(d, load_of(prompt), batch)


@given(deployments(), st.integers(1, 256), lengths, st.integers(256, 8192), st.integers(256, 8192))
def test_a_smaller_chunk_never_brings_the_first_token_sooner(
    d: Deployment, batch: int, prompt: int, one: int, other: int
) -> None:
    small, large = sorted((one, other))
    late, soon = (times(replace(d, chunk_tokens=chunk), load_of(prompt), batch) for chunk in (small, large))
    assert late.ttft_s >= soon.ttft_s
    assert late.tpot_s == soon.tpot_s


@given(deployments(), batches, lengths, shares, shares)
def test_more_prefix_hits_never_take_longer(d: Deployment, batch: int, prompt: int, one: float, other: float) -> None:
    few, many = sorted((one, other))
    slow, fast = (times(d, load_of(prompt, hits), batch) for hits in (few, many))
    assert fast.ttft_s <= slow.ttft_s * (1 + 1e-9)
    assert fast.tpot_s <= slow.tpot_s * (1 + 1e-9)
    assert fast.step == slow.step


@given(deployments(), lengths)
def test_no_hits_are_the_whole_prompt_and_all_hits_one_token(d: Deployment, prompt: int) -> None:
    assert load_of(prompt).cached_tokens == 0
    assert load_of(prompt, 1.0).cached_tokens == prompt - 1
    assert prefill_work_s(d, prompt, 0) == prefill_work_s(d, prompt)
    assert 0 < prefill_work_s(d, prompt, prompt - 1) <= prefill_work_s(d, prompt) * (1 + 1e-9)


@given(drafted, shares, shares)
def test_tokens_a_step_grow_with_acceptance_between_one_and_all(tokens: int, one: float, other: float) -> None:
    low, high = (Speculation(tokens, a).tokens_per_step for a in sorted((one, other)))
    assert 1 <= low <= high <= tokens + 1


@given(deployments(), batches, lengths, drafted)
def test_drafts_that_are_never_right_cost_and_bring_nothing(d: Deployment, batch: int, prompt: int, k: int) -> None:
    wrong = replace(d, speculation=Speculation(k, 0.0))
    assert times(wrong, load_of(prompt), batch).tpot_s >= times(d, load_of(prompt), batch).tpot_s


@given(deployments(), batches, drafted, shares, shares)
def test_more_acceptance_never_takes_longer(d: Deployment, batch: int, k: int, one: float, other: float) -> None:
    chances = sorted((one, other))
    slow, fast = (times(replace(d, speculation=Speculation(k, a)), load_of(1024), batch).tpot_s for a in chances)
    assert fast <= slow * (1 + 1e-9)


@given(models, cards, drafted, shares)
def test_a_drafter_takes_memory_and_never_gives_any(spec: ModelSpec, gpu: object, k: int, chance: float) -> None:
    plain = Request(spec=spec, gpu=gpu, gpus=8, load=load_of(1024))  # type: ignore[arg-type]  # a card
    with_layer = estimate(replace(plain, speculation=Speculation(k, chance)))
    layout = with_layer.layout
    without = estimate(replace(plain, layout=layout))
    looked_up = estimate(replace(plain, layout=layout, speculation=Speculation(k, chance, "lookup")))
    assert with_layer.memory.weights_bytes >= without.memory.weights_bytes  # equal where a stage has a place left
    assert with_layer.memory.kv_pool_bytes <= without.memory.kv_pool_bytes
    assert looked_up.memory == without.memory
    assert with_layer.roofline_tpot_s <= with_layer.tpot.value
