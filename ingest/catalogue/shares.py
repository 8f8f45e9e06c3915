"""Models that have the shape of another, each with the source that says so.

A base and its instruct twin, a later release of the same weights' shape, a distillation into a known base. Totals are
parameters as models_truth.tsv, memory_truth.tsv and configs.md of the shared corpus state them; M numbers are rows of
memory_truth.tsv. Contexts may differ between twins: the longest context is that of the model whose config is known.
"""

from dataclasses import dataclass
from typing import Final

_QUANTIZATION: Final = ("quantization_config", "hf_quant_config")


@dataclass(frozen=True, slots=True)
class Share:
    """`repo_id` has the config of `of`, less the keys under `without`."""

    repo_id: str
    of: str
    source: str
    without: tuple[str, ...] = ()


SHARES: Final[tuple[Share, ...]] = (
    Share(
        "MiniMaxAI/MiniMax-M2.7",
        "MiniMaxAI/MiniMax-M2.5",
        "memory_truth.tsv M145: fp8 in blocks of 128; models_truth.tsv: 228,689,764,864 in nvidia's copies of both",
    ),
    Share(
        "Qwen/Qwen2.5-0.5B-Instruct",
        "Qwen/Qwen2.5-0.5B",
        "memory_truth.tsv M102 and models_truth.tsv: 494,032,768 both",
    ),
    Share(
        "Qwen/Qwen2.5-14B-Instruct",
        "Qwen/Qwen2.5-14B",
        "memory_truth.tsv M094 and models_truth.tsv: 14,770,033,664 both; checks/memory-truth `base`",
    ),
    Share(
        "Qwen/Qwen2.5-32B-Instruct",
        "Qwen/Qwen2.5-32B",
        "checks/memory-truth `base`: distillation of the 32B has the shape of the instruct model",
    ),
    Share(
        "Qwen/Qwen2.5-72B-Instruct",
        "Qwen/Qwen2.5-72B",
        "memory_truth.tsv M043 and models_truth.tsv: 72,706,203,648 both; published_totals.tsv: sibling of equal shape",
    ),
    Share(
        "Qwen/Qwen2.5-Math-1.5B", "Qwen/Qwen2.5-1.5B", "memory_truth.tsv M177 and models_truth.tsv: 1,543,714,304 both"
    ),
    Share(
        "Qwen/Qwen3.5-27B",
        "nvidia/Qwen3.6-27B-NVFP4",
        "configs.md and models_truth.tsv: 27,356,728,560 both",
        _QUANTIZATION,
    ),
    Share(
        "Qwen/Qwen3.5-397B-A17B",
        "nvidia/Qwen3.5-397B-A17B-NVFP4",
        "configs.md and models_truth.tsv: 396,802,360,816 both",
        _QUANTIZATION,
    ),
    Share("Qwen/Qwen3.6-27B", "nvidia/Qwen3.6-27B-NVFP4", "the NVFP4 repository converts this model", _QUANTIZATION),
    Share(
        "deepseek-ai/DeepSeek-R1-0528",
        "deepseek-ai/DeepSeek-R1",
        "checks/speed-truth `same`; memory_truth.tsv M208: 671,026,419,200",
    ),
    Share(
        "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B",
        "Qwen/Qwen3-8B",
        "checks/memory-truth `base`; memory_truth.tsv M181: 8,190,735,360",
    ),
    Share(
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B",
        "Qwen/Qwen2.5-14B",
        "checks/memory-truth `base`; memory_truth.tsv M094: 14,770,033,664",
    ),
    Share("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "Qwen/Qwen2.5-32B", "checks/memory-truth `base`"),
    Share("deepseek-ai/DeepSeek-V3-0324", "deepseek-ai/DeepSeek-V3", "checks/memory-truth `base`"),
    Share("deepseek-ai/DeepSeek-V3.2", "deepseek-ai/DeepSeek-V3.2-Exp", "configs.md: 671,877,944,064 both"),
    Share(
        "google/gemma-2-9b-it",
        "google/gemma-2-9b",
        "published_totals.tsv: value of the -it repository; memory_truth.tsv M008: 9,241,705,984",
        ("torch_dtype",),
    ),
    Share(
        "meta-llama/Llama-3.1-405B-Instruct",
        "meta-llama/Llama-3.1-405B-Instruct-FP8",
        "the FP8 repository converts this model; published_totals.tsv: 405,853,388,800",
        _QUANTIZATION,
    ),
    Share("meta-llama/Llama-3.2-1B", "meta-llama/Llama-3.2-1B-Instruct", "checks/memory-truth `base`"),
    Share("meta-llama/Llama-3.2-3B", "meta-llama/Llama-3.2-3B-Instruct", "checks/memory-truth `base`"),
    Share(
        "meta-llama/Llama-3.3-70B-Instruct",
        "meta-llama/Llama-3.1-70B-Instruct",
        "issue 2: the shape of Llama-3.1-70B; research/peers.md: 327,680 B per token; checks/speed-truth `same`",
    ),
    Share(
        "meta-llama/Meta-Llama-3.1-8B-Instruct",
        "meta-llama/Llama-3.1-8B-Instruct",
        "memory_truth.tsv M211: 8,030,261,248; checks/memory-truth `base`",
    ),
    Share(
        "moonshotai/Kimi-K2.5",
        "moonshotai/Kimi-K2.6",
        "memory_truth.tsv M203, config_traps.md 37: int4 experts; models_truth.tsv: 1,026,879,376,368 in nvidia's copy",
    ),
    Share(
        "zai-org/GLM-5.2",
        "nvidia/GLM-5.2-NVFP4",
        "configs.md and models_truth.tsv: 743,377,019,904 both",
        _QUANTIZATION,
    ),
)
