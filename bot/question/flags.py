"""Launch lines: flags are pairs, `-` and `_` alike, and what is not known is eaten with its value.

A flag outranks the words around it. A port, a seed or a parser's name therefore never becomes a context or a model.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.errors import QuestionError
from bot.question.formats import canonical_format
from bot.question.numbers import amount, written_out
from bot.question.patterns import Pattern
from bot.question.words import word_set

_PIECE: Final = Pattern(r"(?:--?[A-Za-z][\w.-]*=)?(?:'[^']*'|\"[^\"]*\"|\S+)")
_FLAG: Final = Pattern(r"(?s)--?([A-Za-z][\w.-]*)(?:=(.*))?")
_VARIABLE: Final = Pattern(r"[A-Z][A-Z0-9]*_[A-Z0-9_]*=\S*")
_NUMBER: Final = Pattern(r"-?\d")
LAUNCH_MARKS: Final = (
    ("vllm serve", "vllm"),
    ("vllm.entrypoints", "vllm"),
    ("sglang.launch_server", "sglang"),
    ("sglang serve", "sglang"),
    ("sglang.bench", "sglang"),
    ("trtllm-serve", "trtllm"),
    ("trtllm-bench", "trtllm"),
    ("llama-server", "llama.cpp"),
    ("llama-cli", "llama.cpp"),
    ("llama-bench", "llama.cpp"),
    ("ollama run", "llama.cpp"),
    ("vllm/vllm-openai", "vllm"),
    ("lmsysorg/sglang", "sglang"),
)
_SERVED: Final = Pattern(r"(?:vllm serve|sglang serve|trtllm-serve(?: serve)?|ollama run)\s+(?!-)(\S+)")

TENSOR: Final = "tensor"
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "model": ("model", "model-path", "model-id", "m", "hf-repo", "hf", "hfr", "model-dir", "checkpoint-dir", "repo-id"),
    "revision": ("revision",),
    "tensor": ("tensor-parallel-size", "tensor-parallel", "tp", "tp-size", "tensor-model-parallel-size", "tp-degree"),
    "pipeline": ("pipeline-parallel-size", "pp", "pp-size", "pipeline-model-parallel-size"),
    "data": ("data-parallel-size", "dp", "dp-size"),
    "expert": ("expert-parallel-size", "ep", "ep-size", "moe-expert-parallel-size"),
    "context": (
        "max-model-len", "max-seq-len", "context-length", "ctx-size", "c", "ctx", "session-len", "n-ctx", "num-ctx",
        "max-context-len", "max-context-length", "max-sequence-length", "max-length", "context-len",
    ),
    "concurrency": (
        "max-num-seqs", "max-num-seq", "max-running-requests", "max-batch-size", "np", "parallel", "max-concurrency",
        "batch-size", "concurrency",
    ),
    "quantization": ("quantization", "q", "quant", "quantize"),
    "dtype": ("dtype", "data-type"),
    "kv_cache": ("kv-cache-dtype", "ctk", "cache-type-k", "quant-policy", "kv-cache-type", "kv-dtype"),
    "memory_fraction": (
        "gpu-memory-utilization", "gpu-memory-util", "mem-fraction-static", "cache-max-entry-count",
        "kv-cache-free-gpu-memory-fraction", "free-gpu-memory-fraction",
    ),
    "batched_tokens": ("max-num-batched-tokens", "chunked-prefill-size", "max-num-tokens"),
    "prompt": ("random-input-len", "input-len", "isl", "input-length", "random-input", "prompt-tokens"),
    "output": ("random-output-len", "output-len", "osl", "output-length", "random-output", "output-tokens"),
}  # fmt: skip
KNOWN: Final[Mapping[str, str]] = {name: meaning for meaning, names in _NAMES.items() for name in names}
"""What a flag means, by its name with dashes."""

SWITCHES: Final = word_set(
    "trust-remote-code enforce-eager fa flash-attn fmoe rtr mlock no-mmap async-scheduling multi-step "
    "chunked-prefill help version verbose debug rm it gpus-all calculate-kv-scales language-model-only rmoe mla "
    "cont-batching cb jinja skip-mm-profiling disagg stream fp8-kv"
)
"""Flags without a value."""
_SWITCH_BEGINNINGS: Final = ("enable-", "disable-", "no-", "use-", "skip-", "is-", "show-")
_SHORT: Final = frozenset({"m", "c", "np", "ctk", "q", "hf", "hfr", "tp", "pp", "dp", "ep"})

QUANTIZATION_WORDS: Final[Mapping[str, str | None]] = {
    "marlin": None,
    "compressed-tensors": None,
    "modelopt": None,
    "gguf": None,
    "auto": None,
    "none": None,
    "mxfp8": "fp8",
    "w8a8_fp8": "fp8",
    "fbgemm_fp8": "fp8",
    "ptpc_fp8": "fp8",
    "gptq_bitblas": "int4",
    "torchao": None,
    "quark": None,
    "ascend": None,
    "petit_nvfp4": "nvfp4",
    "4": "int4",
    "8": "int8",
    "0": None,
}
"""Values of `--quantization` and `--quant-policy` beside the formats themselves; None leaves it to the checkpoint."""


@dataclass(slots=True, eq=False, repr=False)
class Flags:
    """What a launch line says."""

    is_launch: bool = False
    engine: str | None = None
    model: str | None = None
    revision: str | None = None
    tensor: int | None = None
    pipeline: int | None = None
    data: int | None = None
    expert: int | None = None
    context: int | None = None
    concurrency: int | None = None
    quantization: str | None = None
    dtype: str | None = None
    kv_cache: str | None = None
    memory_fraction: float | None = None
    batched_tokens: int | None = None
    prompt: int | None = None
    output: int | None = None
    spreads_experts: bool = False
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FlagSpan:
    """One flag of a text with its value, and where both stand; a variable of the environment has no name."""

    start: int
    end: int
    name: str
    value: str


def flag_spans(text: str) -> list[FlagSpan]:
    """The flags of a text in order."""
    pieces = list(_PIECE.finditer(text))
    return [
        FlagSpan(pieces[first].start(), pieces[last].end(), name, value) for first, last, name, value in _pairs(pieces)
    ]


def read_flags(text: str) -> tuple[Flags, str]:
    """The flags of a text and the text with them blanked, place for place."""
    flags = Flags()
    lower = text.lower()
    flags.engine = next((engine for mark, engine in LAUNCH_MARKS if mark in lower), None)
    flags.is_launch = flags.engine is not None or lower.startswith("--") or " --" in lower
    if not flags.is_launch:
        return flags, text
    blank = list(text)
    for span in flag_spans(text):
        if span.name:
            _take(flags, span.name, span.value)
        blank[span.start : span.end] = " " * (span.end - span.start)
    rest = "".join(blank)
    return flags, _take_served(flags, rest)


def _take_served(flags: Flags, text: str) -> str:
    """`vllm serve MODEL`: the word after the command is the model, whatever its name."""
    found = _SERVED.search(text)
    if found is None or flags.model or found[1].lower() in {"on", "with", "a", "the", "and"}:
        return text
    flags.model = found[1].strip("'\"")
    return text[: found.start(1)] + " " * len(found[1]) + text[found.end(1) :]


def _pairs(pieces: list[re.Match[str]]) -> Iterator[tuple[int, int, str, str]]:
    """First piece, last piece, name and value of each flag; variables of the environment have no name."""
    at = 0
    while at < len(pieces):
        word = pieces[at][0]
        flag = _FLAG.fullmatch(word)
        if _VARIABLE.fullmatch(word):
            yield at, at, "", ""
        elif flag and (name := _canonical(flag[1])) and (word.startswith("--") or name in _SHORT or _is_llama(name)):
            takes = flag[2] is None and name not in SWITCHES and not name.startswith(_SWITCH_BEGINNINGS)
            last = at + 1 if takes and at + 1 < len(pieces) and _is_value(pieces[at + 1][0]) else at
            value = flag[2] if flag[2] is not None else (pieces[last][0] if last > at else "")
            is_module = name == "m" and at > 0 and pieces[at - 1][0].startswith("python")
            yield at, last, "" if is_module else name, value.strip("'\",;")
            at = last
        at += 1


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-")


def _is_llama(name: str) -> bool:
    """Short flags of llama.cpp and of `docker run`: eaten with their value."""
    return name in {
        "ngl",
        "t",
        "b",
        "ub",
        "amb",
        "fmoe",
        "fa",
        "rtr",
        "ot",
        "ctv",
        "p",
        "n",
        "ts",
        "mla",
        "ser",
        "ncmoe",
        "hff",
        "sm",
        "v",
        "e",
    }


def _is_value(word: str) -> bool:
    return not word.startswith("-") or bool(_NUMBER.match(word))


def _take(flags: Flags, name: str, value: str) -> None:
    if name == "enable-expert-parallel":
        flags.spreads_experts = True
    meaning = KNOWN.get(name)
    if meaning is None or not value:
        return
    if meaning in {"model", "revision"}:
        setattr(flags, meaning, getattr(flags, meaning) or value)
        return
    read = _READERS.get(meaning, _whole)(value)
    if read is None and meaning not in {"quantization", "dtype", "kv_cache"}:
        _refuse_impossible(meaning, name, value)
        if value.lower() not in _ENGINES_OWN:
            flags.notes.append(f"--{name} {value}: no number is given; it is left to the engine")
    setattr(flags, meaning, read)


def _refuse_impossible(meaning: str, name: str, value: str) -> None:
    """Raises for a share beyond all memory and a count of none; -1 and a context of 0 are the engine's own choice."""
    try:
        number = float(value)
    except ValueError:
        return
    if meaning == "memory_fraction":
        raise QuestionError(f"--{name} {value} cannot be", "give a share of the memory between 0 and 1, e.g. 0.9")
    if number < -1 or (number == 0 and meaning != "context") or meaning in _DEGREES:
        raise QuestionError(f"--{name} {value} cannot be", "give a number from 1 on")


_ENGINES_OWN: Final = frozenset({"auto", "none", "default"})
_DEGREES: Final = frozenset({"tensor", "pipeline", "data", "expert"})


def _whole(value: str) -> int | None:
    """A number of tokens, requests or ranks; `auto`, 0 and -1 mean the engine's own choice."""
    number = amount(written_out(value.lower()))
    return number if number is not None and number > 0 else None


def _fraction(value: str) -> float | None:
    try:
        fraction = float(value)
    except ValueError:
        return None
    return fraction if 0 < fraction <= 1 else None


def _format(value: str) -> str | None:
    word = value.lower()
    if word in QUANTIZATION_WORDS:
        return QUANTIZATION_WORDS[word]
    return canonical_format(word) or canonical_format(word.replace("_", "-"))


_READERS: Final[Mapping[str, Callable[[str], object]]] = {
    "quantization": _format,
    "dtype": lambda value: "fp16" if value.lower() == "half" else canonical_format(value),
    "kv_cache": _format,
    "memory_fraction": _fraction,
}
