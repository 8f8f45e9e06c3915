"""The command that starts what was estimated: its flags are the estimate's own set-up, nothing more.

Where no command would start just that, none is given and the reason is said: weights that the repository does not hold,
a context beyond the model's own, settings that live in a file.

Flag names: vLLM `vllm serve --help` 0.19, SGLang `launch_server` 0.5, `trtllm-serve` 1.x, `llama-server`.
"""

import shlex
from collections.abc import Callable, Mapping
from typing import Final

from estimator.dtypes import FORMATS
from estimator.estimate import Estimate


def launch_commands(found: Estimate) -> dict[str, str]:
    """One command by the engine's name; empty where there is an obstacle."""
    if launch_obstacle(found) is not None:
        return {}
    words = _COMMANDS[found.engine.name](found)
    return {found.engine.name: " ".join(shlex.quote(str(word)) for word in words)}


def launch_obstacle(found: Estimate) -> str | None:
    """Why no command is given; None where one is."""
    spec, load = found.request.spec, found.request.load
    longest = spec.headline.max_position_embeddings
    if not found.fits:
        return "it does not fit"
    if longest is not None and load.context_tokens > longest:
        return f"the engine refuses a context beyond the model's {longest:,} tokens"
    if found.engine.name == "trtllm" and found.layout.data > 1:
        return "TensorRT-LLM sets attention data parallelism in a file"
    if found.engine.name != "llama.cpp" and found.plan.name != spec.weights.name and not _is_converted_at_start(found):
        return f"{spec.repo_id} holds {spec.weights.name} weights: name a repository with {found.plan.name} ones"
    return None


def launch_title(found: Estimate) -> str:
    """How many of the command to start."""
    return found.engine.name if found.replicas == 1 else f"{found.engine.name}, {found.replicas} of these"


def _is_converted_at_start(found: Estimate) -> bool:
    """Whether vLLM or SGLang makes the format while loading: FP8 of 16-bit weights, or the other 16-bit type."""
    own, asked = found.request.spec.weights.name, found.plan.name
    plain = {"bf16", "fp16"}
    return own in plain and (asked in plain or (asked == "fp8" and found.engine.name in {"vllm", "sglang"}))


Words = list[str | int | float]


def _vllm(found: Estimate) -> Words:
    layout, settings = found.layout, found.settings
    words: Words = ["vllm", "serve", found.request.spec.repo_id, "--max-model-len", found.request.load.context_tokens]
    words += ["--tensor-parallel-size", layout.tensor]
    words += ["--pipeline-parallel-size", layout.pipeline] if layout.pipeline > 1 else []
    words += ["--data-parallel-size", layout.data] if layout.data > 1 else []
    words += ["--enable-expert-parallel"] if layout.expert > 1 else []
    words += ["--gpu-memory-utilization", settings.memory_fraction, "--max-num-seqs", settings.max_num_seqs]
    words += ["--max-num-batched-tokens", settings.max_num_batched_tokens]
    words += ["--kv-cache-dtype", found.cache_format] if found.cache_format == "fp8" else []
    return words + _format_flags(found)


def _format_flags(found: Estimate) -> Words:
    own, asked = found.request.spec.weights.name, found.plan.name
    if own == asked:
        return []
    return ["--quantization", "fp8"] if asked == "fp8" else ["--dtype", {"bf16": "bfloat16", "fp16": "float16"}[asked]]


def _sglang(found: Estimate) -> Words:
    layout = found.layout
    words: Words = ["python", "-m", "sglang.launch_server", "--model-path", found.request.spec.repo_id]
    words += ["--context-length", found.request.load.context_tokens, "--tp-size", layout.tensor * layout.data]
    words += ["--pp-size", layout.pipeline] if layout.pipeline > 1 else []
    words += ["--dp-size", layout.data, "--enable-dp-attention"] if layout.data > 1 else []
    words += ["--ep-size", layout.expert] if layout.expert > 1 else []
    words += ["--mem-fraction-static", found.settings.memory_fraction]
    words += ["--kv-cache-dtype", "fp8_e4m3"] if found.cache_format == "fp8" else []
    return words + _format_flags(found)


def _trtllm(found: Estimate) -> Words:
    layout = found.layout
    words: Words = ["trtllm-serve", found.request.spec.repo_id, "--max_seq_len", found.request.load.context_tokens]
    words += ["--tp_size", layout.tensor * layout.data]
    words += ["--pp_size", layout.pipeline] if layout.pipeline > 1 else []
    words += ["--ep_size", layout.expert] if layout.expert > 1 else []
    return [*words, "--kv_cache_free_gpu_memory_fraction", found.settings.memory_fraction]


def _llama_cpp(found: Estimate) -> Words:
    slots = max(1, round(found.request.load.concurrency or 1))
    context = found.request.load.context_tokens * slots
    name = found.request.spec.repo_id.split("/")[-1]
    file = f"{name}-{found.plan.name.upper()}.gguf" if FORMATS[found.plan.name].kind == "gguf" else f"{name}.gguf"
    words: Words = ["llama-server", "--model", file, "--ctx-size", context, "--parallel", slots, "--n-gpu-layers", 999]
    if found.cache_format in {"q8_0", "q4_0"}:
        words += ["--cache-type-k", found.cache_format, "--cache-type-v", found.cache_format, "--flash-attn", "on"]
    return words


_COMMANDS: Final[Mapping[str, Callable[[Estimate], Words]]] = {
    "vllm": _vllm,
    "sglang": _sglang,
    "trtllm": _trtllm,
    "llama.cpp": _llama_cpp,
}
