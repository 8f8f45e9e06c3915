"""What people see when they ask for help, or say nothing: what can be asked, by example."""

from typing import Final

from bot.render.report import Notes, Report, Section, Table

EXAMPLES: Final = (
    ("Does it fit, how fast, at what cost", "deepseek-v3 on 8xH100 FP8 at 32K"),
    ("With a load", "qwen3-32b on h100: 1024 in, 256 out, 64 concurrent"),
    ("On my own card", "can I run gemma 3 27b on a 3090 in 4 bit?"),
    ("Which machine", "what can run kimi-k2 at 128k?"),
    ("How many", "how many b200 for deepseek-v3 nvfp4"),
    ("Two of them", "llama-3.3-70b fp8 on 2xH100 vs 2xH200"),
    ("A launch line", "vllm serve Qwen/Qwen3-32B --tensor-parallel-size 2 --max-model-len 16384 on 2xH100"),
)


def help_report() -> Report:
    """What can be asked, by example."""
    section = Section(
        heading="hubgauge",
        mood="note",
        verdict="Name a model and a machine: will it fit, how fast, at what cost, and if not, what would?",
        tables=(Table("For example", EXAMPLES),),
        notes=(
            Notes(
                "May be added",
                ("format, context, users, prompt and answer lengths, split (tp8 pp2), engine, KV format",),
            ),
        ),
    )
    return Report(title="hubgauge: name a model and a machine", sections=(section,))
