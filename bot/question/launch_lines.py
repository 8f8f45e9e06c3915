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

_TOKEN: Final = Pattern(r"\S+")
_VARIABLE: Final = Pattern(r"[`'\"(]?[A-Z][A-Z0-9_]*=\S+")
_PROGRAMS: Final = (
    "vllm.entrypoints",
    "sglang.launch_server",
    "trtllm-serve",
    "llama-server",
    "llama-cli",
    "vllm-openai",
    "lmsysorg/sglang",
)
_WITH_SERVE: Final = frozenset({"vllm", "sglang"})
_CONTAINERS: Final = frozenset({"docker", "podman"})
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
    place = _command(text)
    if place is None:
        return None
    start, end = place
    kept = [text[start:end].strip()]
    model = _MODEL.search(text, start)
    if model and re.search(r"[/\d.-]", model[1]):
        kept.append(model[1].strip("'\",;"))
    kept += [text[span.start : span.end].rstrip(",;") for span in flag_spans(text) if span.start >= end]
    return " ".join(kept) if len(kept) > 1 else None


def _command(text: str) -> tuple[int, int] | None:
    """Where the command begins, its variables and container included, and where its program's name ends."""
    tokens = list(_TOKEN.finditer(text))
    words = [token[0].lower().lstrip("`'\"(") for token in tokens]
    at = next((at for at in range(len(words)) if _is_program(words, at)), None)
    if at is None:
        return None
    last = at + 1 if words[at] in _WITH_SERVE else at
    first = next((place for place in range(at) if words[place] in _CONTAINERS and words[place + 1] == "run"), None)
    if first is None:
        first = at
        while first > 0 and (words[first - 1] in {"-m", "run", "uv"} or _starts_program(tokens[first - 1][0])):
            first -= 1
    start = tokens[first].start()
    return start + len(tokens[first][0]) - len(tokens[first][0].lstrip("`'\"(")), tokens[last].end()


def _is_program(words: list[str], at: int) -> bool:
    word = words[at]
    if word in _WITH_SERVE:
        return words[at + 1 : at + 2] == ["serve"]
    return not word.startswith("-") and any(name in word for name in _PROGRAMS)


def _starts_program(token: str) -> bool:
    return token.rpartition("/")[2].startswith("python") or bool(_VARIABLE.match(token))


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
