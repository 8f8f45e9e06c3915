"""A pasted launch line, kept as it was typed, and the same line with some flags changed.

    line = launch_line("OOM on 2xA6000: vllm serve org/m -tp 2 --port 8000 please help")
    with_flags(line, "vllm", {"context": "8192"})     vllm serve org/m -tp 2 --port 8000 --max-model-len 8192

The words of the sentence around it are left out, the asker's other flags stay, in their order.
"""

import re
from collections.abc import Mapping
from typing import Final

from bot.question.flags import KNOWN, LAUNCH_MARKS, FlagSpan, flag_spans
from bot.question.patterns import Pattern

_START: Final = Pattern(
    r"(?i)(?:[A-Z][A-Z0-9_]*=\S+ )*(?:(?:sudo )?(?:docker|podman) run |(?:\S*python3?|uv run|CUDA_VISIBLE_DEVICES=\S+) "
    r"(?:-m )?)?(?:\S*/)?(?:vllm serve|vllm\.entrypoints[\w.]*|sglang\.launch_server|sglang serve|trtllm-serve|"
    r"llama-server|llama-cli|[\w./-]*vllm-openai\S*|lmsysorg/sglang\S*)"
)
_DOCKER: Final = Pattern(r"(?i)(?:sudo )?(?:docker|podman) run ")
_MODEL: Final = Pattern(r"(?:serve|trtllm-serve)\s+(?!-)(\S+)")

FLAGS: Final[Mapping[str, Mapping[str, str]]] = {
    "vllm": {
        "context": "--max-model-len",
        "memory_fraction": "--gpu-memory-utilization",
        "tensor": "--tensor-parallel-size",
        "pipeline": "--pipeline-parallel-size",
        "data": "--data-parallel-size",
        "kv_cache": "--kv-cache-dtype",
        "batched_tokens": "--max-num-batched-tokens",
        "concurrency": "--max-num-seqs",
        "quantization": "--quantization",
        "eager": "--enforce-eager",
        "spread": "--enable-expert-parallel",
    },
    "sglang": {
        "context": "--context-length",
        "memory_fraction": "--mem-fraction-static",
        "tensor": "--tp-size",
        "pipeline": "--pp-size",
        "data": "--dp-size",
        "kv_cache": "--kv-cache-dtype",
        "batched_tokens": "--chunked-prefill-size",
        "concurrency": "--max-running-requests",
        "quantization": "--quantization",
        "eager": "--disable-cuda-graph",
    },
    "trtllm": {
        "context": "--max_seq_len",
        "memory_fraction": "--kv_cache_free_gpu_memory_fraction",
        "tensor": "--tp_size",
        "pipeline": "--pp_size",
        "batched_tokens": "--max_num_tokens",
        "concurrency": "--max_batch_size",
    },
    "llama.cpp": {
        "context": "--ctx-size",
        "concurrency": "--parallel",
        "kv_cache": "--cache-type-k",
    },
}
"""How each engine spells a setting.

Sources: `vllm serve --help` 0.19, SGLang `launch_server` 0.5, `trtllm-serve` 1.x, `llama-server`.
"""


def launch_line(text: str) -> str | None:
    """The command that a text holds, without the sentence around it; None where it holds none."""
    lower = text.lower()
    if not any(mark in lower for mark, _ in LAUNCH_MARKS):
        return None
    found = _START.search(text)
    if found is None:
        return None
    docker = _DOCKER.search(text, 0, found.end())
    start = docker.start() if docker else found.start()
    kept = [text[start : found.end()].strip()]
    model = _MODEL.search(text, start)
    if model and re.search(r"[/\d.-]", model[1]):
        kept.append(model[1].strip("'\",;"))
    spans = [span for span in flag_spans(text) if span.start >= found.end()]
    kept += [_unquoted(text[span.start : span.end]) for span in spans]
    return " ".join(kept) if len(kept) > 1 else None


def _unquoted(flag: str) -> str:
    return flag.rstrip(",;")


def with_flags(line: str, engine: str, edits: Mapping[str, str | None]) -> str:
    """The line with those settings: changed where a flag of theirs stands, added at its end otherwise.

    A setting of None goes, an empty one is a switch. Settings that the engine has no flag for are left out.
    """
    left = dict(edits)
    parts: list[str] = []
    at = 0
    for span in flag_spans(line):
        meaning = KNOWN.get(span.name)
        if meaning in edits:
            parts.append(line[at : span.start])
            at = span.end
            if meaning in left and (value := left.pop(meaning)) is not None:
                parts.append(_spelled(line, span, value))
    parts.append(line[at:])
    names = FLAGS.get(engine, {})
    added = [
        f"{names[meaning]} {value}".rstrip()
        for meaning, value in left.items()
        if value is not None and meaning in names
    ]
    return " ".join(" ".join((*parts, *added)).split())


def _spelled(line: str, span: FlagSpan, value: str) -> str:
    """The flag as the asker spells it, with another value."""
    name = re.match(r"--?[A-Za-z][\w.-]*", line[span.start : span.end])
    assert name is not None  # a span with a meaning begins with its flag
    joint = "=" if line[span.start : span.end].startswith(f"{name[0]}=") else " "
    return f"{name[0]}{joint}{value}"
