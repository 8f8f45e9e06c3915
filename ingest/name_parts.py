"""The parts of a model's name: family words, numbers, tuning, number format, maker.

    Meta-Llama-3.1-8B-Instruct     words llama; numbers 3.1 8b; tuned; maker word meta
    qwen3-30b-a3b                  words qwen; numbers 3 30b a3b
    deepseekv3                     words deepseek; numbers 3
    Mixtral-8x7B-v0.1              words mixtral; numbers 8x7b 0.1

Letters and digits part from each other, a unit stays with its number, a version's point (or underscore) is no border,
and the `v` of a version is dropped. So what people leave out or run together comes out alike, and no digit is lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal["generation", "size", "active size", "release"]

INSTRUCT_WORDS: Final = frozenset({"instruct", "chat", "it"})
BASE_WORDS: Final = frozenset({"base", "pt"})
FILLER_WORDS: Final = frozenset({"hf", "bf16", "fp16", "model"})
"""Words that tell nothing of the shape."""
SUFFIX_WORDS: Final = frozenset({"exp", "experimental", "preview", "beta"})
"""Words that may be left out when no other model is meant."""
PLAIN_WORDS: Final = INSTRUCT_WORDS | BASE_WORDS | SUFFIX_WORDS
SEPARATORS: Final = str.maketrans("-_/:,()[]+", " " * 10)
MAKER_WORDS: Final = frozenset(
    {
        "meta",
        "nvidia",
        "mistralai",
        "microsoft",
        "google",
        "openai",
        "facebook",
        "ibm",
        "alibaba",
        "tencent",
        "zai",
        "ai",
    }
    | {"moonshot", "moonshotai", "baidu", "apple", "amazon", "xai", "cohere", "allenai", "databricks"}
)
FORMAT_WORDS: Final = frozenset(
    {"nvfp4", "mxfp4", "mxfp8", "fp8", "fp4", "nf4", "int4", "int8", "4bit", "8bit", "4bits", "8bits", "w4a16", "w8a16"}
    | {"w8a8", "w4a4", "w4a8", "awq", "gptq", "gguf", "ggml", "bnb", "exl2", "exl3", "mlx", "hqq", "eetq", "aqlm"}
    | {"marlin", "autoround", "quark", "quantized", "dynamic", "q2", "q3", "q4", "q5", "q6", "q8", "iq2", "iq3", "iq4"}
)
GGUF_SUFFIXES: Final = frozenset({"k", "s", "m", "l", "xs", "xxs", "xl", "0", "1"})
"""What follows q4 in q4_k_m."""
PIECE_PATTERN: Final = (
    r"((?:(?<![a-z])[ae](?=\d+(?:\.\d+)?b(?![a-z])))?\d+(?:x\d+)?(?:\.\d+)?(?:[bmket](?![a-z]))?)"
    r"|([a-z]+?(?=v\d)|[a-z]+)"
)
"""A number with its unit, or a run of letters (without the v of a version)."""

FAMILY_MAKERS: Final[Mapping[str, frozenset[str]]] = {
    "baichuan": frozenset({"baichuan-inc"}),
    "bloom": frozenset({"bigscience"}),
    "chatglm": frozenset({"thudm", "zai-org"}),
    "codellama": frozenset({"codellama", "meta-llama"}),
    "codestral": frozenset({"mistralai"}),
    "command": frozenset({"coherelabs", "cohereforai"}),
    "dbrx": frozenset({"databricks"}),
    "deepseek": frozenset({"deepseek-ai"}),
    "devstral": frozenset({"mistralai"}),
    "ernie": frozenset({"baidu"}),
    "exaone": frozenset({"lgai-exaone"}),
    "falcon": frozenset({"tiiuae"}),
    "gemma": frozenset({"google"}),
    "glm": frozenset({"zai-org", "thudm"}),
    "gpt": frozenset({"openai", "openai-community"}),
    "granite": frozenset({"ibm-granite"}),
    "grok": frozenset({"xai-org"}),
    "hunyuan": frozenset({"tencent", "tencent-hunyuan"}),
    "internlm": frozenset({"internlm"}),
    "jamba": frozenset({"ai21labs"}),
    "kimi": frozenset({"moonshotai"}),
    "lfm": frozenset({"liquidai"}),
    "ling": frozenset({"inclusionai"}),
    "llama": frozenset({"meta-llama"}),
    "llava": frozenset({"llava-hf", "liuhaotian"}),
    "magistral": frozenset({"mistralai"}),
    "mimo": frozenset({"xiaomimimo"}),
    "minicpm": frozenset({"openbmb"}),
    "minimax": frozenset({"minimaxai"}),
    "ministral": frozenset({"mistralai"}),
    "mistral": frozenset({"mistralai"}),
    "mixtral": frozenset({"mistralai"}),
    "mpt": frozenset({"mosaicml"}),
    "nemotron": frozenset({"nvidia"}),
    "olmo": frozenset({"allenai"}),
    "olmoe": frozenset({"allenai"}),
    "opt": frozenset({"facebook"}),
    "phi": frozenset({"microsoft"}),
    "pixtral": frozenset({"mistralai"}),
    "qwen": frozenset({"qwen"}),
    "qwq": frozenset({"qwen"}),
    "seed": frozenset({"bytedance-seed"}),
    "smollm": frozenset({"huggingfacetb"}),
    "starcoder": frozenset({"bigcode"}),
    "step": frozenset({"stepfun-ai"}),
    "voxtral": frozenset({"mistralai"}),
    "yi": frozenset({"01-ai"}),
}
"""Who makes a family, in lower case: the others re-upload or change it. Source: the organisations' pages on the Hub."""

REUPLOADERS: Final = frozenset(
    {
        "unsloth",
        "thebloke",
        "bartowski",
        "lmstudio-community",
        "mradermacher",
        "maziyarpanahi",
        "mlx-community",
        "ggml-org",
    }
    | {"casperhansen", "hugging-quants", "neuralmagic", "redhatai", "nousresearch", "quantfactory", "second-state"}
    | {"amd", "cyankiwi", "turboderp", "ibm-ai-platform", "sgl-project", "mlperf", "kaito", "hf-internal-testing"}
)
"""Organisations that offer others' models again, quantized or as they are."""


@dataclass(frozen=True, slots=True)
class NameParts:
    """A name taken apart; `numbers` keep their order and their units."""

    words: tuple[str, ...]
    numbers: tuple[str, ...]
    formats: frozenset[str]
    is_instruct: bool
    is_base: bool
    suffixes: frozenset[str]

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What two names of one shape have in common: the words run together, and the numbers."""
        return "".join(self.words), tuple(sorted(self.numbers))


@lru_cache(maxsize=16384)
def name_parts(name: str) -> NameParts:
    """The parts of a model's name, without its organisation."""
    text = name.lower().removeprefix("c4ai-")  # Cohere's laboratory, before its names of models
    text = text.replace("quantized.", "quantized-")  # Red Hat's quantized.w8a8: no version's point
    if "_" in text:
        text = re.sub(r"(?<=\d)_(?=\d)", ".", text)  # Qwen-1_8B, Llama-3_3: the point of a version
    words, numbers, formats = _sorted_pieces(text)
    core = tuple(word for word in words if word not in PLAIN_WORDS)
    return NameParts(
        words=tuple(word for word in core if word not in MAKER_WORDS) or core,
        numbers=numbers,
        formats=formats,
        is_instruct=not INSTRUCT_WORDS.isdisjoint(words),
        is_base=not BASE_WORDS.isdisjoint(words),
        suffixes=SUFFIX_WORDS.intersection(words),
    )


def _sorted_pieces(text: str) -> tuple[list[str], tuple[str, ...], frozenset[str]]:
    """Words, numbers and formats, each in their order."""
    words: list[str] = []
    numbers: list[str] = []
    formats: list[str] = []
    follows_gguf_type = False
    for piece in text.translate(SEPARATORS).split():
        is_format = piece in FORMAT_WORDS or (follows_gguf_type and piece in GGUF_SUFFIXES)
        if is_format:
            formats.append(piece)
        elif piece not in FILLER_WORDS:
            for number, word in re.findall(PIECE_PATTERN, piece):
                (numbers if number else words).append(number or word)
        follows_gguf_type = is_format and (piece in GGUF_SUFFIXES or piece.lstrip("i")[:1] == "q")
    return [word for word in words if word != "v"], tuple(numbers), frozenset(formats)


def number_role(numbers: tuple[str, ...], index: int) -> Role:
    """What a number of a name stands for: a size has a unit, a generation comes before the sizes, a release after.

    >>> [number_role(("3", "30b", "a3b", "2507"), i) for i in range(4)]
    ['generation', 'size', 'active size', 'release']
    """
    number = numbers[index]
    if number[0] in "ae":
        return "active size" if number[0] == "a" else "size"
    if number[-1].isalpha() or "x" in number:
        return "size"
    is_date = number[0] == "0" or (len(number) >= 4 and number.isdigit())
    follows_a_size = any(earlier[-1].isalpha() for earlier in numbers[:index])
    return "release" if is_date or follows_a_size else "generation"


def is_original(organisation: str, parts: NameParts) -> bool | None:
    """Whether this organisation makes the family; None where we do not know who does."""
    makers = next((FAMILY_MAKERS[word] for word in parts.words if word in FAMILY_MAKERS), None)
    if makers is not None:
        return organisation.lower() in makers
    return False if organisation.lower() in REUPLOADERS else None
