"""Number formats of weights and caches: what one element weighs, scales and zero points included.

    bits per weight = bits of the element + bits of what a group shares / size of the group

AWQ and GPTQ with groups of 128: 4 + (16 + 4) / 128 = 4.156 bits = 0.5195 bytes (measured: memory.md, section 3).
MXFP4: 4 + 8 / 32 = 4.25 bits. NVFP4: 4 + 8 / 16 = 4.5 bits. FP8 in blocks of 128 x 128: 8 + 32 / 16384 bits.
GGUF: the block layouts of ggml (`ggml-common.h`); K-quant mixes take the mean of published files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from estimator.errors import UnknownFormat
from estimator.units import BITS_PER_BYTE

Kind = Literal["float", "integer", "group", "gguf"]


@dataclass(frozen=True, slots=True)
class WeightFormat:
    """One way to store a weight matrix.

    `bits_per_weight` counts the scales and zero points that a group of weights shares.
    `keeps_embeddings` says whether embedding and output head stay in 16 bit (every format but GGUF's and plain ones).
    """

    name: str
    bits_per_weight: float
    kind: Kind
    source: str
    keeps_embeddings: bool = True

    @property
    def bytes_per_weight(self) -> float:
        """Bytes of one weight, its share of the scales included."""
        return self.bits_per_weight / BITS_PER_BYTE


def _plain(name: str, bits: float) -> WeightFormat:
    return WeightFormat(name, bits, "float", "IEEE 754 / bfloat16 widths", keeps_embeddings=False)


def _gguf(name: str, bits: float, source: str) -> WeightFormat:
    return WeightFormat(name, bits, "gguf", source, keeps_embeddings=False)


_BLOCK = "ggml block layout: bytes of a block over its weights"
_MIX = "llama.cpp quantize table: measured bits per weight of a Llama-3.1-8B file (tools/quantize README)"

BF16: Final = _plain("bf16", 16)
FP16: Final = _plain("fp16", 16)
FP32: Final = _plain("fp32", 32)
FP8: Final = WeightFormat("fp8", 8, "float", "one byte; tensor or channel scales are vectors")
FP8_BLOCK: Final = WeightFormat(
    "fp8", 8 + 32 / (128 * 128), "float", "DeepSeek-V3 config: weight_block_size [128, 128]"
)
INT8: Final = WeightFormat("int8", 8, "integer", "w8a8: one byte, channel scales")
INT4: Final = WeightFormat("int4", 4 + 20 / 128, "group", "AWQ/GPTQ group 128: fp16 scale and 4-bit zero point")
NF4: Final = WeightFormat(
    "nf4", 0.517 * BITS_PER_BYTE, "group", "bitsandbytes nf4, double quantization; memory.md section 3"
)
MXFP4: Final = WeightFormat("mxfp4", 4 + 8 / 32, "group", "OCP MX: an 8-bit scale for 32 weights")
NVFP4: Final = WeightFormat("nvfp4", 4 + 8 / 16, "group", "NVFP4: an fp8 scale for 16 weights")

_ROWS: Final[tuple[WeightFormat, ...]] = (
    BF16,
    FP16,
    FP32,
    FP8,
    INT8,
    INT4,
    NF4,
    MXFP4,
    NVFP4,
    _gguf("q8_0", 34 * 8 / 32, _BLOCK),
    _gguf("q6_k", 210 * 8 / 256, _BLOCK),
    _gguf("q5_0", 22 * 8 / 32, _BLOCK),
    _gguf("q5_1", 24 * 8 / 32, _BLOCK),
    _gguf("q4_0", 18 * 8 / 32, _BLOCK),
    _gguf("q4_1", 20 * 8 / 32, _BLOCK),
    _gguf("iq4_nl", 18 * 8 / 32, _BLOCK),
    _gguf("iq4_xs", 4.4597, _MIX),
    _gguf("q5_k_m", 5.7036, _MIX),
    _gguf("q5_k_s", 5.5704, _MIX),
    _gguf("q4_k_m", 4.8944, _MIX),
    _gguf("q4_k_s", 4.6672, _MIX),
    _gguf("q3_k_l", 4.2979, _MIX),
    _gguf("q3_k_m", 3.9960, _MIX),
    _gguf("q3_k_s", 3.6429, _MIX),
    _gguf("iq3_m", 3.7628, _MIX),
    _gguf("iq3_s", 3.6606, _MIX),
    _gguf("iq3_xs", 3.4977, _MIX),
    _gguf("iq3_xxs", 3.2548, _MIX),
    _gguf("q2_k", 3.1593, _MIX),
    _gguf("q2_k_s", 2.9697, _MIX),
    _gguf("iq2_m", 2.9294, _MIX),
    _gguf("iq2_s", 2.7403, _MIX),
    _gguf("iq2_xs", 2.5882, _MIX),
    _gguf("iq2_xxs", 2.3824, _MIX),
    _gguf("iq1_m", 2.1460, _MIX),
    _gguf("iq1_s", 2.0042, _MIX),
)

FORMATS: Final[Mapping[str, WeightFormat]] = {row.name: row for row in _ROWS}

CACHE_BYTES: Final[Mapping[str, float]] = {
    "bf16": 2.0,
    "fp16": 2.0,
    "fp32": 4.0,
    "fp8": 1.0,
    "int8": 1.0,
    "q8_0": 34 / 32,
    "q4_0": 18 / 32,
}
"""Bytes of one cached element. GGUF rows: ggml blocks of 32 (memory.md, section 2, fact 8)."""


def weight_format(name: str) -> WeightFormat:
    """The format of that name, as the contract spells it; `UnknownFormat` otherwise."""
    try:
        return FORMATS[name.lower()]
    except KeyError:
        raise UnknownFormat(f"unknown weight format {name!r}", f"known: {', '.join(FORMATS)}") from None


def cache_bytes_per_element(name: str) -> float:
    """Bytes of one element of the KV cache in that format; `UnknownFormat` otherwise."""
    try:
        return CACHE_BYTES[name.lower()]
    except KeyError:
        raise UnknownFormat(f"unknown KV cache format {name!r}", f"known: {', '.join(CACHE_BYTES)}") from None
