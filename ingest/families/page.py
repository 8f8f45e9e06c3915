"""Write docs/families.md from the tables of what is read.

    python -m ingest.families.page docs/families.md

Run by maintainers; no part of the product imports it. A test holds the page to the tables.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from estimator.dtypes import FORMATS
from ingest.families.table import FAMILIES, OTHER_KINDS
from ingest.quantization.dialects import DIALECTS

HEADER: Final = """# Families and formats

Written by `python -m ingest.families.page docs/families.md` from the tables that the reader itself uses.

A `config.json` is read by its `model_type`. Keys that it leaves out take the defaults of its class, generated from
transformers 5.23; a type that is not listed is refused by name, with the key or type that is not understood."""

REFUSED: Final[Mapping[str, str]] = {
    "blenderbot": "read where `architectures` names the class; without it, how much of the cache grows is not settled",
    "blt": "its cache grows by patches whose length depends on the text",
    "deepseek_v2": "read where the file states `num_experts_per_tok`; the class's own default is null",
    "glm5_next, idefics, kosmos-2, pi0, pp_formulanet": "the known figures count cross-attention as growing cache",
    "longcat_flash": "read where the file says that its extra experts are identities, which hold no parameters",
    "musicgen, musicgen_melody": "three parts: text encoder, decoder, audio codec",
    "whisper": "its decoder alone is read; with the encoder, a load in seconds of sound is not estimated",
    "qwen2_5_omni, qwen3_omni_moe": "thinker, talker and vocoder; the thinker alone is read as its own type",
    "vit and other image encoders": "no language model",
    "deepseek_vl_v2, llava_llama, molmo, multi_modality": "no published total confirms a reading",
    "kimi_k3": "experts in a latent width (`routed_expert_hidden_size`)",
}
"""What is refused, and why: each has a config in the shared corpus or is a type of transformers."""


def page() -> str:
    """The whole page."""
    return "\n".join([HEADER, *_types(), *_others(), *_formats(), *_dialects()]) + "\n"


def _types() -> Iterator[str]:
    yield from (
        "",
        f"## Model types that are read ({len(FAMILIES)})",
        "",
        ", ".join(f"`{name}`" for name in sorted(FAMILIES)),
    )
    yield from ("", "## Refused by name", "", "| type | why |", "|---|---|")
    yield from (f"| {name} | {why} |" for name, why in REFUSED.items())


def _others() -> Iterator[str]:
    yield from ("", "## Recognized as something else", "", "| type | is |", "|---|---|")
    yield from (f"| `{name}` | {what} |" for name, what in sorted(OTHER_KINDS.items()))


def _formats() -> Iterator[str]:
    yield from (
        "",
        "## Weight formats",
        "",
        "Bits count the scales and zero points that a group of weights shares.",
        "",
    )
    yield from ("| format | bits a weight | source |", "|---|---|---|")
    yield from (f"| `{row.name}` | {row.bits_per_weight:.4g} | {row.source} |" for row in FORMATS.values())


def _dialects() -> Iterator[str]:
    yield from ("", "## Quantization sections that are read", "")
    yield (
        "Values of `quant_method` (or of the file beside the config): "
        + ", ".join(f"`{n}`" for n in sorted(DIALECTS))
        + "."
    )


def main() -> None:
    """Write the page to the file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.parse_args().file.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
