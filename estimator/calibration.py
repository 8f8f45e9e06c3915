"""Measured efficiencies and fixed costs: the only fudge in the estimator, each with what it means.

Source of every value here: the compact form of the performance model in the shared notes (performance_model.md,
section 3, "compact"; 2026-11-20), fitted to the development part of 8,638 measured serving rows (InferenceX, NVIDIA
release notes, MLPerf, llama.cpp and others) with tight priors at operator-measured values. Grouped cross-validation:
TPOT 10.1 % median / 31 % p90; left-out GPU 11.9, model 10.9, engine 11.5; batch-1 decode 6.4; maximum throughput 15.0;
TTFT 21.7 / 80. The compact form drops the terms that bought nothing out of group.

Efficiencies are fractions of the data sheet's peak; times are microseconds.
"""

from collections.abc import Mapping
from typing import Final

# -- decode -------------------------------------------------------------------------------------------------------
WEIGHT_READ_EFFICIENCY: Final = 0.87572
"""Fraction of peak memory bandwidth when reading weights, dense and expert."""
CACHE_READ_EFFICIENCY: Final = 0.85554
"""Fraction of peak memory bandwidth when reading the KV cache and recurrent state."""
DECODE_GEMM_EFFICIENCY: Final = 0.51598
"""Fraction of peak FLOP/s, dense matrix products of a decode step."""
EXPERT_GEMM_EFFICIENCY: Final = 0.25329
"""Fraction of peak FLOP/s, grouped products of experts with a wide slice (routing skew included)."""
EXPERT_HALF_WIDTH: Final = 300.0
"""Columns of an expert on one GPU at which that efficiency halves."""
LINK_EFFICIENCY: Final = 0.51579
"""Fraction of the link's one-direction bandwidth in collectives."""
INT4_EXPERT_READ: Final = 0.48717
"""Multiplier on the bandwidth of int4 weight-only experts."""
MXFP4_EXPERT_READ: Final = 1.74682
"""Multiplier on the bandwidth of MXFP4 experts: gpt-oss reads fewer experts than uniform routing expects."""
MXFP4_EXPERT_READ_SATURATED: Final = 0.59527
"""The same at maximum throughput."""
NVFP4_ATTENTION_SHARE: Final = 0.29206
"""Share of 16-bit attention bytes that NVFP4 checkpoints behave as: they quantize more than their configs say."""
LAYER_US: Final = 59.97505
"""Fixed time of a layer in a CUDA-graph decode step."""
EXPERT_LAYER_US: Final = 33.17949
LATENT_LAYER_US: Final = 23.37824
RECURRENT_LAYER_US: Final = 34.12487
INDEXER_LAYER_US: Final = 79.03458
"""Extra for each layer with experts, latent attention, a recurrence, a sparse indexer."""
ALL_REDUCE_US: Final = 1.74167
"""Latency of one all-reduce over two GPUs; it grows by half for each doubling."""
ALL_REDUCE_GROWTH: Final = 0.5
"""That growth."""
SEQUENCE_US: Final = 23.32073
"""Each sequence of a step: sampling, scheduling, growth of small kernels."""
SEQUENCE_SATURATED: Final = 0.66421
"""Multiplier on that at maximum throughput."""
PIPELINE_BUBBLE: Final = 0.07832
"""Share of the step lost for each pipeline stage after the first."""
DATA_PARALLEL_EXPERTS_SATURATED: Final = 2.87296
"""Multiplier on expert time with attention data parallelism at maximum throughput: imbalance and all-to-all."""
TRTLLM_EAGER_LAYER_US: Final = 116.53893
"""Extra of a layer in TensorRT-LLM's PyTorch backend at maximum throughput: steps outside CUDA graphs."""
ALL_TO_ALL_BYTES: Final = 1.5
"""Bytes of an element in the all-to-all of experts: FP8 out, 16 bit back, in the mean."""

# -- local engines and other vendors --------------------------------------------------------------------------------
LLAMA_CPP_LAYER_US: Final = 58.12866
"""Fixed time of a layer in llama.cpp."""
LLAMA_CPP_HBM_READ: Final = 0.56564
"""Multiplier on bandwidth for llama.cpp on HBM parts (kernels of May 2024)."""
LLAMA_CPP_HOP_US: Final = 550.83283
"""Each further GPU of a llama.cpp layer split."""
APPLE_READ: Final = 0.74721
"""Multiplier on bandwidth, Apple."""
AMD_INTEL_READ: Final = 0.86829
AMD_INTEL_FIXED: Final = 1.55633
"""Multipliers on bandwidth and on fixed times, CDNA, RDNA and Xe."""

# -- prefill and TTFT -----------------------------------------------------------------------------------------------
PREFILL_GEMM_EFFICIENCY: Final = 0.67803
"""Fraction of peak FLOP/s, dense products of a prefill that rides on decode steps."""
PREFILL_ATTENTION_EFFICIENCY: Final = 0.63291
"""Fraction of the bf16 peak, prefill attention."""
PREFILL_LAYER_US: Final = 41.14411
PREFILL_EXPERT_LAYER_US: Final = 150.69095
"""Fixed time of a layer, and extra of one with experts, in one prefill pass."""
OWN_PREFILL: Final = 1.22052
"""A request's own prefill relative to the work it adds to a busy engine."""
WAIT_STEPS: Final = 3.6434
"""Decode steps that a request waits before its prompt is scheduled and its first token returns."""
REQUEST_S: Final[Mapping[str, float]] = {"trtllm": 0.02964, "vllm": 0.01414, "sglang": 0.22123}
"""Fixed cost of a request at 2026.0. SGLang's is polling and stream batching in the measured recipes."""
BURST_SHARE: Final[Mapping[str, float]] = {"trtllm": 0.05, "vllm": 0.05, "sglang": 0.13726}
"""Share of every other request's prefill that one waits for, ten rounds of a closed loop (theory 1/20)."""
ONE_WAVE_SHARE: Final = 0.5
"""The same when all requests start at once and none follow: half of the others are served before."""
DATA_PARALLEL_TTFT: Final = 1.51956
"""Multiplier with attention data parallelism."""
ERA_PER_HALF_YEAR: Final = 0.41678
"""Multiplier on the fixed cost for each half year after 2026.0; held from 2026.3 on, where the data end."""
ERA_FROM: Final = 2026.0
"""When that factor is 1."""
ERA_SINCE: Final = 2025.75
"""The first runs with a date are of October 2025: before that the factor is held."""
ERA_UNTIL: Final = 2026.3

# -- a single prompt on an idle local engine --------------------------------------------------------------------------
LLAMA_CPP_PREFILL: Final = 0.28804
LLAMA_CPP_PREFILL_4BIT: Final = 0.84323
LLAMA_CPP_PREFILL_HBM: Final = 0.6764
LLAMA_CPP_PREFILL_AMPERE: Final = 1.42
LLAMA_CPP_PREFILL_GEFORCE: Final = 2.631
LLAMA_CPP_PREFILL_APPLE: Final = 2.513
LLAMA_CPP_PREFILL_ATTENTION: Final = 0.1498
LLAMA_CPP_PREFILL_LAYER_US: Final = 48.29
"""Fractions of peak and multipliers for llama.cpp's prompt processing (performance_model.md, single-prompt block)."""
SINGLE_PROMPT_EXPERTS: Final = 1.265
"""Multiplier on expert operations of a single prompt."""
SINGLE_PROMPT_WEIGHT_READ: Final = 0.8
"""Fraction of peak memory bandwidth at which a single prompt reads the weights."""

# -- bands ----------------------------------------------------------------------------------------------------------
Band = tuple[float, float]

TPOT_BANDS: Final[Mapping[str, Band]] = {
    "*": (0.80, 1.24),
    "blackwell|dense|c<=16": (0.85, 1.17),
    "blackwell|dense|c>16": (0.75, 1.34),
    "blackwell|hybrid|c<=16": (0.67, 1.48),
    "blackwell|hybrid|c>16": (0.66, 1.52),
    "blackwell|mla|c<=16": (0.79, 1.26),
    "blackwell|mla|c>16": (0.78, 1.29),
    "blackwell|moe|c<=16": (0.79, 1.26),
    "blackwell|moe|c>16": (0.86, 1.16),
    "hopper|dense|c<=16": (0.87, 1.15),
    "hopper|dense|c>16": (0.84, 1.20),
    "hopper|hybrid|c<=16": (0.80, 1.25),
    "hopper|hybrid|c>16": (0.78, 1.29),
    "hopper|mla|c<=16": (0.80, 1.26),
    "hopper|mla|c>16": (0.86, 1.17),
    "hopper|moe|c<=16": (0.47, 2.11),
    "hopper|moe|c>16": (0.68, 1.46),
    "other|moe|c<=16": (0.83, 1.21),
    "other|moe|c>16": (0.83, 1.20),
}
"""80 % bands of TPOT as multipliers, by class of card, kind of model and load (performance_model.md, section 7)."""

LOCAL_TPOT_BANDS: Final[Mapping[str, Band]] = {
    "*": (0.80, 1.24),
    "apple|llamacpp": (0.76, 1.31),
    "gb20x|llamacpp": (0.79, 1.26),
    "hopper|llamacpp": (0.76, 1.32),
    "other|llamacpp": (0.87, 1.15),
    "amd|serving": (0.79, 1.26),
    "blackwell|serving": (0.80, 1.25),
    "gb20x|serving": (0.78, 1.29),
    "hopper|serving": (0.80, 1.25),
}
"""80 % bands of decoding one sequence alone."""

THROUGHPUT_BANDS: Final[Mapping[str, Band]] = {
    "*": (0.70, 1.43),
    "amd|dense": (0.75, 1.34),
    "amd|moe": (0.76, 1.31),
    "blackwell|dense": (0.84, 1.19),
    "blackwell|mla": (0.69, 1.44),
    "blackwell|moe": (0.66, 1.52),
    "gb20x|dense": (0.81, 1.23),
    "gb20x|moe": (0.46, 2.15),
    "hopper|dense": (0.75, 1.34),
    "hopper|mla": (0.73, 1.36),
    "hopper|moe": (0.65, 1.54),
    "other|dense": (0.82, 1.22),
    "other|moe": (0.72, 1.39),
}
"""80 % bands of the throughput at capacity."""

TTFT_BANDS: Final[Mapping[str, Band]] = {
    "*": (0.59, 1.70),
    "blackwell|dense|c<=16": (0.61, 1.65),
    "blackwell|dense|c>16": (0.52, 1.92),
    "blackwell|hybrid|c<=16": (0.67, 1.50),
    "blackwell|hybrid|c>16": (0.64, 1.56),
    "blackwell|mla|c<=16": (0.52, 1.93),
    "blackwell|mla|c>16": (0.33, 3.02),
    "blackwell|moe|c<=16": (0.79, 1.27),
    "blackwell|moe|c>16": (0.73, 1.37),
    "hopper|dense|c<=16": (0.49, 2.03),
    "hopper|dense|c>16": (0.68, 1.48),
    "hopper|hybrid|c<=16": (0.65, 1.55),
    "hopper|hybrid|c>16": (0.63, 1.58),
    "hopper|mla|c<=16": (0.60, 1.68),
    "hopper|mla|c>16": (0.37, 2.67),
    "hopper|moe|c<=16": (0.60, 1.66),
    "hopper|moe|c>16": (0.37, 2.71),
}
"""80 % bands of TTFT."""

LOCAL_TTFT_BANDS: Final[Mapping[str, Band]] = {
    "*": (0.76, 1.32),
    "apple|llamacpp": (0.80, 1.25),
    "hopper|llamacpp": (0.80, 1.26),
    "other|llamacpp": (0.69, 1.44),
}
"""80 % bands of a single prompt's time on an idle engine."""

UNSEEN_WIDENING: Final = 1.5
"""Bands of classes without a row of their own are widened to this power: a left-out GPU's p90 is about 1.5 times the
cross-validated one on its worst class (performance_model.md: H200 50 and GB200 128 against 31 overall)."""
