"""The command that starts what was estimated: its flags are the estimate's own set-up, nothing more.

Where no command would start just that, none is given and the reason is said: weights that the repository does not hold,
a context beyond the model's own, settings that live in a file.

Several nodes are joined first: by Ray for vLLM, by `--node-rank` and `--dist-init-addr` on each for SGLang.
Flag names: vLLM `vllm serve --help` 0.19, SGLang `launch_server` 0.5, `trtllm-serve` 1.x, `llama-server`.
"""

import json
import math
import shlex
from collections.abc import Callable, Mapping
from typing import Final

from estimator.deployment import node_gpus
from estimator.dtypes import FORMATS
from estimator.estimation import Estimate
from estimator.model_spec import ModelSpec
from estimator.speculation import Speculation


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
    unsaid = _UNSAID.get(found.engine.name, _said)(found) or _draft_obstacle(found)
    if unsaid is not None:
        return unsaid
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


def _said(_: Estimate) -> str | None:
    """Nothing: this engine's flags say it all."""
    return None


def _vllm_unsaid(found: Estimate) -> str | None:
    layout = found.layout
    if layout.expert not in {1, layout.stage_gpus}:
        return f"vLLM spreads experts over all {layout.stage_gpus} ranks of a stage or over none"
    return None


def _trtllm_unsaid(found: Estimate) -> str | None:
    """What TensorRT-LLM takes from a file of options and from no flag."""
    if found.layout.data > 1:
        return "TensorRT-LLM sets attention data parallelism in a file"
    if found.request.speculation is not None:
        return "TensorRT-LLM sets speculative decoding in a file"
    if found.cache_format == "fp8" and found.plan.name not in {"fp8", "nvfp4"}:
        return "TensorRT-LLM sets the cache's format in a file"
    return None


def _llama_cpp_unsaid(found: Estimate) -> str | None:
    drafts = found.request.speculation
    if drafts is not None and not isinstance(drafts.drafter, ModelSpec):
        return "llama-server drafts with a second model only"
    return None


def _draft_obstacle(found: Estimate) -> str | None:
    drafts = found.request.speculation
    if drafts is None or drafts.drafter != "layer" or found.request.spec.mtp_parameters:
        return None
    return "the checkpoint has no layer of its own that drafts: name an EAGLE head's repository in the engine's flag"


_UNSAID: Final[Mapping[str, Callable[[Estimate], str | None]]] = {
    "vllm": _vllm_unsaid,
    "trtllm": _trtllm_unsaid,
    "llama.cpp": _llama_cpp_unsaid,
}
"""What an engine's flags cannot say of a set-up."""


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
    words += ["--enable-prefix-caching"] if found.request.load.cached_tokens else []
    words += ["--distributed-executor-backend", "ray"] if layout.gpus > node_gpus(found.request.gpu) else []
    return words + _vllm_drafts(found.request.speculation) + _format_flags(found)


def _vllm_drafts(drafts: Speculation | None) -> Words:
    if drafts is None:
        return []
    config: dict[str, str | int] = {"num_speculative_tokens": drafts.tokens}
    if isinstance(drafts.drafter, ModelSpec):
        config["model"] = drafts.drafter.repo_id
    else:
        config["method"] = {"layer": "mtp", "lookup": "ngram"}[drafts.drafter]
    return ["--speculative-config", json.dumps(config)]


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
    request = found.request
    words += ["--max-running-requests", request.max_num_seqs] if request.max_num_seqs else []
    words += ["--chunked-prefill-size", request.max_num_batched_tokens] if request.max_num_batched_tokens else []
    words += ["--nnodes", _nodes(found)] if _nodes(found) > 1 else []
    return words + _sglang_drafts(request.speculation) + _format_flags(found)


def _nodes(found: Estimate) -> int:
    return -(-found.layout.gpus // node_gpus(found.request.gpu))


def _sglang_drafts(drafts: Speculation | None) -> Words:
    """A chain of k steps without branches, which is what was estimated."""
    if drafts is None:
        return []
    if drafts.drafter == "lookup":
        return ["--speculative-algorithm", "NGRAM", "--speculative-num-draft-tokens", drafts.tokens]
    chain: Words = ["--speculative-num-steps", drafts.tokens, "--speculative-eagle-topk", 1]
    chain += ["--speculative-num-draft-tokens", drafts.tokens + 1]
    if isinstance(drafts.drafter, ModelSpec):
        return [
            "--speculative-algorithm",
            "STANDALONE",
            "--speculative-draft-model-path",
            drafts.drafter.repo_id,
            *chain,
        ]
    return ["--speculative-algorithm", "EAGLE", *chain]


def _trtllm(found: Estimate) -> Words:
    layout = found.layout
    words: Words = ["trtllm-serve", found.request.spec.repo_id, "--max_seq_len", found.request.load.context_tokens]
    words += ["--tp_size", layout.tensor * layout.data]
    words += ["--pp_size", layout.pipeline] if layout.pipeline > 1 else []
    words += ["--ep_size", layout.expert] if layout.expert > 1 else []
    words += [
        "--max_batch_size",
        found.settings.max_num_seqs,
        "--max_num_tokens",
        found.settings.max_num_batched_tokens,
    ]
    return [*words, "--kv_cache_free_gpu_memory_fraction", _share_of_free(found)]


def _share_of_free(found: Estimate) -> float:
    """The estimated pool as TensorRT-LLM is told it: a share of what weights and activations leave free."""
    memory = found.memory
    free = memory.capacity_bytes - memory.weights_bytes - memory.activation_bytes - memory.overhead_bytes
    return math.floor(100 * memory.kv_pool_bytes / free) / 100


def _llama_cpp(found: Estimate) -> Words:
    slots = max(1, round(found.request.load.concurrency or 1))
    context = found.request.load.context_tokens * slots
    name = found.request.spec.repo_id.split("/")[-1]
    file = f"{name}-{found.plan.name.upper()}.gguf" if FORMATS[found.plan.name].kind == "gguf" else f"{name}.gguf"
    words: Words = ["llama-server", "--model", file, "--ctx-size", context, "--parallel", slots, "--n-gpu-layers", 999]
    if found.cache_format in {"q8_0", "q4_0"}:
        words += ["--cache-type-k", found.cache_format, "--cache-type-v", found.cache_format, "--flash-attn", "on"]
    drafts = found.request.speculation
    if drafts is not None and isinstance(drafts.drafter, ModelSpec):
        words += ["--model-draft", f"{drafts.drafter.repo_id.split('/')[-1]}.gguf", "--draft-max", drafts.tokens]
    return words


_COMMANDS: Final[Mapping[str, Callable[[Estimate], Words]]] = {
    "vllm": _vllm,
    "sglang": _sglang,
    "trtllm": _trtllm,
    "llama.cpp": _llama_cpp,
}
