"""What to type, as plain data: one entry per intent, for the terminal and for Slack alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.question.grammar import RULES
from bot.question.query import Intent


@dataclass(frozen=True, slots=True)
class HelpEntry:
    """One thing that can be asked: its intent, what comes back, and questions that ask it."""

    intent: Intent
    title: str
    says: str
    examples: tuple[str, ...]


HELP: Final = (
    HelpEntry(
        "estimate",
        "Will it fit, and how fast?",
        "memory on the fullest GPU, context and users that fit, latency, throughput and cost",
        (
            "deepseek-v3 on 8×H100 FP8 at 32K",
            "llama-3.3-70b awq on 2x4090, 16k context, 4 users",
            "qwen3-32b on h100: 1024 in, 256 out, 64 concurrent",
            "how many users can 8xH100 serve with llama-3.3-70b at 8k?",
            "max context for qwen3-32b int4 on a 4090",
            "llama-3.1-8b on an l4 for 5 requests per second, 500 in 200 out",
            "llama-3.1-8b on h100 gives me 95 tok/s, is that normal?",
        ),
    ),
    HelpEntry(
        "estimate",
        "This one or that one?",
        "one row per model and machine",
        ("llama-3.3-70b fp8 on 2xH100 vs 2xH200", "qwen3-32b vs gemma-3-27b on 1xH100"),
    ),
    HelpEntry(
        "recommend",
        "What do I need?",
        "machines that hold the model, cheapest or smallest first",
        (
            "what can run kimi-k2 at 128k?",
            "how many b200 for deepseek-v3 nvfp4?",
            "cheapest way to serve qwen3-30b-a3b for 100 users at 25 tok/s",
            "what can run llama-3.3-70b for under $10/hour?",
        ),
    ),
    HelpEntry(
        "pick",
        "Which model for my machine?",
        "the largest well-known models that fit",
        ("which model can run on a 4090?", "which model can run on an m4 max 128gb?", "which qwen fits on 2x3090?"),
    ),
    HelpEntry(
        "diagnose",
        "Why does it not load, or run slowly?",
        "where the memory goes, and the smallest change that works; a launch line is read whole",
        (
            "qwen2.5-72b OOM on 2xA100 40GB",
            "vllm serve Qwen/Qwen3-32B --tensor-parallel-size 2 --max-model-len 131072 on 2xL40S OOM",
        ),
    ),
    HelpEntry("explain", "How is that computed?", "the arithmetic, step by step", ("explain deepseek-v3 on 8xH200",)),
    HelpEntry(
        "methods",
        "What do the published methods say?",
        "all four beside the full estimate",
        ("methods for llama-3.1-8b on h100 at 8k",),
    ),
    HelpEntry("card", "What is this model?", "parameters, layers, cache per token, weights", ("qwen3-235b-a22b",)),
    HelpEntry("help", "What can I type?", "this list", ("help",)),
)
"""In the order of what people ask most; the examples are read by the tests."""

FOLLOW_UPS: Final = (
    ("and on H200?", "another machine, as many of it, all else as before"),
    ("what about int4?", "another format"),
    ("at 128k", "another context"),
    ("64 users", "another load"),
    ("and qwen3-32b?", "another model"),
    ("the 70b?", "another size of the same model"),
    ("is 4 enough?", "another number of the same cards"),
    ("same but tp 4", "another split"),
    ("with fp8 kv", "another cache format"),
    ("vs H200", "beside it, as a comparison"),
    ("cheaper?", "machines for the same load, cheapest first; also faster? and fewer gpus?"),
    ("how many do I need?", "how many of the same card"),
    ("why?", "the arithmetic"),
)
"""What may follow in a thread or at the prompt, and what it changes; the tests read each."""

MEANINGS: Final[Mapping[str, str]] = {
    "seconds_per_token": "time per token, wished or measured",
    "ttft": "time to the first token, wished or measured",
    "tokens_per_s": "tokens per second, wished or measured",
    "bits": "bits per weight (a format that is said to be unknown)",
    "usd_per_hour": "budget for the machine",
    "requests_per_s": "requests that arrive",
    "parallel": "split over GPUs",
    "fraction": "share of the memory for the engine",
    "batched_tokens": "tokens of a step",
    "lengths": "prompt and answer",
    "prompt": "prompt",
    "output": "answer",
    "concurrency": "requests in flight",
    "context": "context",
    "system_memory": "memory beside the cards",
}
"""What each rule of the grammar reads, in words."""

NOTES: Final = (
    "Models: a name (llama 3.3 70b), an org/name, org/name:Q4_K_M or a Hugging Face address.",
    "Machines: 8xH100, 两张3090, A100 40GB *2, 2 nodes of 8 H200, 4090 48G, v5e-8, m3 ultra 512gb, g5.48xlarge.",
    "Formats: bf16 fp16 fp8 int8 int4 awq gptq mxfp4 nvfp4 q4_k_m and the other GGUF types; kv fp8 for the cache.",
    "K is 1024: 32k is a context of 32,768 tokens.",
    "Then: and on H200? what about int4? 64 users, cheaper? why?",
)
"""What stands under the list."""


def number_phrases() -> tuple[str, ...]:
    """One example for each rule of the grammar, as the rules themselves give it."""
    return tuple(dict.fromkeys(rule.example for rule in RULES))


def help_text() -> str:
    """The help as plain text, for a terminal."""
    blocks = [
        "\n".join([f"{entry.title}  ({entry.says})", *(f"    {example}" for example in entry.examples)])
        for entry in HELP
    ]
    return "\n\n".join([*blocks, "\n".join(NOTES), "Numbers: " + " · ".join(number_phrases())])
