"""Weights of a model in another format than its checkpoint's.

Shapes: DeepSeek-V3 and Llama-3.1-8B as their config.json state them.
"""

import pytest

from estimator.attention import GroupedQueryAttention
from estimator.dtypes import FP8_BLOCK
from estimator.errors import UnknownFormat
from estimator.feedforward import DenseFeedForward, MixtureOfExperts
from estimator.model_spec import Headline, LayerGroup, ModelSpec, PartWeights, WeightPlan
from estimator.quantization import format_note, format_origin, requantize
from estimator.units import GIB

ATTENTION = GroupedQueryAttention(hidden_size=4096, num_attention_heads=32, num_key_value_heads=8, head_dim=128)
LLAMA_8B = ModelSpec(
    repo_id="meta-llama/Llama-3.1-8B-Instruct",
    model_type="llama",
    headline=Headline(hidden_size=4096, num_hidden_layers=32, vocab_size=128256),
    layers=(
        LayerGroup(
            count=32,
            mixer=ATTENTION,
            feed_forward=DenseFeedForward(hidden_size=4096, intermediate_size=14336),
            other_parameters=8192,
        ),
    ),
    embedding_parameters=128256 * 4096,
    output_head_parameters=128256 * 4096,
    other_parameters=4096,
)
EXPERTS = MixtureOfExperts(
    num_experts=8,
    num_experts_per_tok=2,
    expert_hidden_size=4096,
    expert_intermediate_size=14336,
    router_parameters=32768,
)
SPARSE = ModelSpec(
    repo_id="acme/sparse",
    model_type="mixtral",
    headline=LLAMA_8B.headline,
    layers=(LayerGroup(count=32, mixer=ATTENTION, feed_forward=EXPERTS, other_parameters=8192),),
    embedding_parameters=LLAMA_8B.embedding_parameters,
    output_head_parameters=LLAMA_8B.output_head_parameters,
)
LINEAR = 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336)
OUTSIDE = 2 * 128256 * 4096
NORMS = 32 * 8192 + 4096


@pytest.mark.parametrize(
    ("name", "bytes_per_linear_weight"),
    [("fp8", 1.0), ("int8", 1.0), ("int4", 0.5195), ("nf4", 0.517), ("nvfp4", 0.5625), ("mxfp4", 0.53125)],
)
def test_embedding_and_head_stay_in_16_bit(name: str, bytes_per_linear_weight: float) -> None:
    """The rules of ../shared/research/memory.md, section 3."""
    expected = bytes_per_linear_weight * LINEAR + 2 * (OUTSIDE + NORMS)
    assert LLAMA_8B.weight_bytes(requantize(LLAMA_8B, name)) == pytest.approx(expected, rel=1e-4)


def test_fp32_weighs_what_vllm_loaded() -> None:
    """29.98 GiB, rope cache of 0.031 GiB included: run M021 of ../shared/facts/memory_truth.tsv."""
    measured_bytes = (29.98 - 0.031) * GIB
    assert LLAMA_8B.weight_bytes(requantize(LLAMA_8B, "fp32")) == pytest.approx(measured_bytes, rel=0.002)


def test_gguf_takes_the_embeddings_too() -> None:
    """q8_0: 34 bytes for 32 weights, norms in fp32."""
    expected = (LINEAR + OUTSIDE) * 34 / 32 + 4 * NORMS
    assert LLAMA_8B.weight_bytes(requantize(LLAMA_8B, "q8_0")) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["nvfp4", "mxfp4"])
def test_microscaled_formats_take_the_experts_of_a_mixture_alone(name: str) -> None:
    plan = requantize(SPARSE, name)
    assert plan.of("attention").format.name == "bf16"
    assert plan.of("experts").format.name == name


@pytest.mark.parametrize("name", ["fp8", "int4"])
def test_other_formats_take_the_attention_of_a_mixture_too(name: str) -> None:
    assert requantize(SPARSE, name).of("attention").format.name == name


def test_the_checkpoint_s_own_format_is_its_own_plan() -> None:
    own = WeightPlan("fp8", PartWeights(FP8_BLOCK))
    checkpoint = ModelSpec(
        repo_id="acme/fp8",
        model_type="llama",
        headline=LLAMA_8B.headline,
        layers=LLAMA_8B.layers,
        embedding_parameters=1,
        output_head_parameters=1,
        weights=own,
    )
    assert requantize(checkpoint, "FP8") is own
    assert format_origin(checkpoint, "fp8") == "own"
    assert format_origin(checkpoint, "bf16") == "dequantized"
    assert "dequantizes" in (format_note(checkpoint, "bf16") or "")
    assert format_origin(checkpoint, "int4") == "quantized"


@pytest.mark.parametrize(
    ("name", "origin"), [("bf16", "own"), ("fp16", "cast"), ("fp8", "quantized"), ("q4_k_m", "quantized")]
)
def test_a_format_has_an_origin(name: str, origin: str) -> None:
    assert format_origin(LLAMA_8B, name) == origin


def test_the_own_format_needs_no_note() -> None:
    assert format_note(LLAMA_8B, "bf16") is None


def test_an_unknown_format_is_refused_by_name() -> None:
    with pytest.raises(UnknownFormat, match="int3"):
        requantize(LLAMA_8B, "int3")
