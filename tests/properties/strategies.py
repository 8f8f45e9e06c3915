"""Models, machines and loads to hold statements against."""

from typing import Final

from hypothesis import strategies as st

from estimator.deployment import Deployment
from estimator.engines import EngineName
from estimator.gpus import GPUS
from estimator.hardware import Gpu
from estimator.model_spec import ModelSpec
from estimator.parallelism import Layout
from tests.estimator.models import SHAPES, bundled

CATALOGUED: Final = (
    "meta-llama/Llama-3.1-8B-Instruct",
    "deepseek-ai/DeepSeek-V3.2",
    "openai/gpt-oss-120b",
    "google/gemma-3-27b-it",
    "Qwen/Qwen3-Next-80B-A3B-Instruct",
    "nvidia/Qwen3-235B-A22B-NVFP4",
)
CARDS: Final = (
    "h100-sxm-80gb",
    "h200-sxm-141gb",
    "b200-sxm",
    "mi300x",
    "l40s",
    "rtx-4090",
    "a100-sxm-80gb",
    "m3-ultra",
)
RATED: Final = sorted(gpu.id for gpu in GPUS.values() if {"bf16", "fp16"} & set(gpu.tflops))
"""Cards with a 16-bit rate: every format has a path on them."""

models: Final[st.SearchStrategy[ModelSpec]] = st.one_of(
    st.sampled_from(list(SHAPES.values())), st.sampled_from(CATALOGUED).map(bundled)
)
cards: Final[st.SearchStrategy[Gpu]] = st.sampled_from(CARDS).map(GPUS.__getitem__)
every_card: Final[st.SearchStrategy[Gpu]] = st.sampled_from(RATED).map(GPUS.__getitem__)
contexts: Final = st.integers(1, 2**20)
batches: Final = st.integers(1, 2**14)
layouts: Final = st.sampled_from(
    [Layout(1), Layout(2), Layout(8), Layout(2, 2), Layout(1, 1, 8, 8), Layout(2, 1, 4, 8)]
)
engines: Final[st.SearchStrategy[EngineName]] = st.sampled_from(("vllm", "sglang", "trtllm"))


@st.composite
def deployments(draw: st.DrawFn) -> Deployment:
    """Any model on any card in any layout: formulas, so whether it fits does not matter."""
    spec = draw(models)
    return Deployment(spec, draw(cards), spec.weights, draw(layouts), draw(engines), "bf16")
