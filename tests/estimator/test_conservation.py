"""What is split must add up: parameters to totals, ranks to the model, parts of memory to the whole."""

import pytest

from estimator.attention import GroupedQueryAttention, LatentAttention
from estimator.engine_settings import engine_settings
from estimator.engines import ENGINE_NAMES, engine_rules
from estimator.feedforward import MixtureOfExperts
from estimator.gpus import GPUS
from estimator.memory import ModelMemory, memory_estimate
from estimator.model_spec import PARTS, LayerGroup, ModelSpec
from estimator.parallelism import Layout
from estimator.quantization import requantize
from estimator.rank_weights import layers_bytes, routed_bytes
from tests.estimator.models import SHAPES, bundled, llama

FAMOUS = (
    "meta-llama/Llama-3.1-8B",
    "deepseek-ai/DeepSeek-V3",
    "openai/gpt-oss-120b",
    "google/gemma-3-27b-it",
    "Qwen/Qwen3-Next-80B-A3B-Instruct",
    "mistralai/Mixtral-8x7B-v0.1",
)
EVERY_SHAPE = pytest.mark.parametrize("spec", SHAPES.values(), ids=SHAPES.keys())
EVERY_FAMOUS = pytest.mark.parametrize("repo_id", FAMOUS)


@EVERY_FAMOUS
def test_parts_of_a_model_add_up_to_its_total(repo_id: str) -> None:
    spec = bundled(repo_id)
    matrices = sum(count for part, count in spec.matrix_parameters.items() if part != "mtp")
    assert set(spec.matrix_parameters) == set(PARTS)
    assert matrices + spec.vector_parameters == spec.total_parameters
    assert 0 <= spec.vector_parameters < 0.01 * spec.total_parameters


@EVERY_FAMOUS
def test_active_parameters_lie_between_the_dense_part_and_the_total(repo_id: str) -> None:
    spec = bundled(repo_id)
    assert spec.language_parameters - spec.routed_parameters <= spec.active_parameters <= spec.total_parameters


@EVERY_FAMOUS
@pytest.mark.parametrize("name", ["fp8", "int4", "nvfp4", "q4_k_m", "bf16"])
def test_bytes_of_a_requantized_model_are_those_of_its_parts(repo_id: str, name: str) -> None:
    spec = bundled(repo_id)
    plan = requantize(spec, name)
    parts = sum(
        count * plan.of(part).bytes_per_weight for part, count in spec.matrix_parameters.items() if part != "mtp"
    )
    assert spec.weight_bytes(plan) == pytest.approx(parts + spec.vector_parameters * plan.vector_bytes)


@EVERY_FAMOUS
def test_four_bits_weigh_more_than_a_quarter_of_sixteen_and_less_than_half(repo_id: str) -> None:
    # embeddings and what else stays in 16 bit: memory.md, section 3
    spec = bundled(repo_id)
    sixteen = spec.weight_bytes(requantize(spec, "bf16"))
    assert 0.25 * sixteen < spec.weight_bytes(requantize(spec, "int4")) < 0.5 * sixteen


def weights_of_a_rank(spec: ModelSpec, layout: Layout) -> float:
    settings = engine_settings(engine_rules("vllm"), None, GPUS["h100-sxm-80gb"].engine_memory_bytes)
    return ModelMemory(spec, spec.weights, settings, "bf16").weights_bytes(layout)


@EVERY_SHAPE
def test_one_rank_alone_holds_the_whole_model(spec: ModelSpec) -> None:
    held = weights_of_a_rank(spec, Layout())
    named = rotary_table_bytes(spec) + absorbed_bytes(spec, 1)
    assert held == pytest.approx(spec.weight_bytes() + named, rel=1e-9)


@EVERY_SHAPE
@pytest.mark.parametrize("tensor", [2, 4, 8])
def test_ranks_add_up_to_the_model_and_what_they_repeat(spec: ModelSpec, tensor: int) -> None:
    held = tensor * weights_of_a_rank(spec, Layout(tensor))
    repeated = (tensor - 1) * sum(group.count * repeated_bytes(group, tensor) for group in spec.layers)
    repeated += (tensor - 1) * 2 * spec.other_parameters
    named = tensor * rotary_table_bytes(spec) + absorbed_bytes(spec, 1)
    assert held == pytest.approx(spec.weight_bytes() + repeated + named, rel=1e-9)


@EVERY_SHAPE
def test_stages_hold_the_layers_once(spec: ModelSpec) -> None:
    layers = layers_bytes(spec, spec.weights, 1) + routed_bytes(spec, spec.weights)
    end = 2 * spec.embedding_parameters + 2 * spec.other_parameters + rotary_table_bytes(spec)
    stages = spec.headline.num_hidden_layers
    assert weights_of_a_rank(spec, Layout(1, stages)) == pytest.approx(layers / stages + end)


@pytest.mark.parametrize("engine", ENGINE_NAMES)
@pytest.mark.parametrize("layout", [Layout(1), Layout(2), Layout(1, 2), Layout(2, 1, 2)], ids=str)
def test_parts_of_memory_add_up_to_what_is_usable(engine: str, layout: Layout) -> None:
    gpu = GPUS["h100-sxm-80gb"]
    settings = engine_settings(engine_rules(engine), None, gpu.engine_memory_bytes)
    found = memory_estimate(
        ModelMemory(llama(), llama().weights, settings, "bf16"),
        layout,
        capacity_bytes=gpu.engine_memory_bytes,
        context_tokens=8192,
    )
    held = found.weights_bytes + found.activation_bytes + found.overhead_bytes
    assert held + found.kv_pool_bytes == pytest.approx(found.usable_bytes)
    assert held + found.sequence_bytes == found.required_bytes
    assert found.required_bytes + found.free_bytes == pytest.approx(found.usable_bytes)
    assert found.usable_bytes <= found.capacity_bytes


def test_what_is_short_is_what_is_needed_beyond_the_usable() -> None:
    gpu, spec = GPUS["l4"], bundled("meta-llama/Llama-3.1-70B-Instruct")
    settings = engine_settings(engine_rules("vllm"), None, gpu.engine_memory_bytes)
    found = memory_estimate(
        ModelMemory(spec, spec.weights, settings, "bf16"),
        Layout(),
        capacity_bytes=gpu.engine_memory_bytes,
        context_tokens=8192,
    )
    assert not found.fits
    assert found.kv_pool_bytes == 0
    assert found.usable_bytes + found.shortfall_bytes == pytest.approx(found.required_bytes)


# -- what ranks repeat, by name -------------------------------------------------------------------------------------


def repeated_bytes(group: LayerGroup, tensor: int) -> float:
    """Bytes of one layer that every rank holds in full: norms, MLA's down-projections, the router; KV heads shared."""
    total = 2.0 * group.other_parameters
    mixer, network = group.mixer, group.feed_forward
    if mixer is not None:
        total += 2 * mixer.vector_parameters
    if isinstance(mixer, LatentAttention):
        total += 2 * mixer.replicated_parameters
    if isinstance(mixer, GroupedQueryAttention) and tensor > mixer.num_key_value_heads:
        copies = tensor / mixer.num_key_value_heads
        total += 2 * mixer.key_and_value_parameters * (copies - 1) / (tensor - 1)
    if isinstance(network, MixtureOfExperts):
        total += 2 * network.router_parameters
    return total


def rotary_table_bytes(spec: ModelSpec) -> float:
    """Cosines and sines of every position, on every rank: 0.031 GiB for Llama-3.1 (memory.md, section 3)."""
    return 2.0 * (spec.headline.max_position_embeddings or 0) * (spec.headline.head_dim or 0)


def absorbed_bytes(spec: ModelSpec, tensor: int) -> float:
    """MLA's up-projections once more in 16 bit, absorbed into queries and outputs."""
    return sum(
        group.count * 2 * group.mixer.up_projection_parameters / tensor
        for group in spec.layers
        if isinstance(group.mixer, LatentAttention)
    )
