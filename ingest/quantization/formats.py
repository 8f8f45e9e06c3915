"""Bits of one stored weight, its share of scales and zero points included.

    bits = element + (scale + zero point) / group

AWQ in groups of 128: 4 + (16 + 4) / 128 = 4.156 bits. Symmetric int4 in groups of 32: 4 + 16 / 32 = 4.5 bits.
Scales per tensor or per channel weigh less than a thousandth and are left out, as in `estimator.dtypes`.
"""

from collections.abc import Mapping
from typing import Any, Final

from estimator.dtypes import FP8, FP8_BLOCK, INT4, INT8, MXFP4, NF4, NVFP4, WeightFormat

_SCALE_BITS: Final = 16
_MXFP8: Final = WeightFormat("fp8", 8 + 8 / 32, "float", "OCP MX: an 8-bit scale for 32 weights")
_NF4_PLAIN: Final = WeightFormat(
    "nf4", 4 + 32 / 64, "group", "bitsandbytes nf4 without double quantization: an fp32 scale for 64 weights"
)


def integer_format(bits: int, group_size: int | None, *, zero_point: bool) -> WeightFormat:
    """Whole numbers of that width in groups; a `group_size` of None, 0 or -1 is one scale per channel.

    Widths below 4 run as 4 bit does and carry its name; widths from 5 to 8 carry the name of 8 bit.
    """
    name = "int4" if bits <= 4 else "int8"
    if group_size is None or group_size <= 0:
        return INT8 if bits == 8 else WeightFormat(name, bits, "integer", f"{bits} bits, channel scales")
    shared_bits = _SCALE_BITS + (bits if zero_point else 0)
    if (bits, group_size, zero_point) == (4, 128, True):
        return INT4
    kind = f"{bits} bits, fp16 scale{' and zero point' if zero_point else ''} for {group_size} weights"
    return WeightFormat(name, bits + shared_bits / group_size, "group", kind)


def block_fp8(block: object) -> WeightFormat:
    """FP8 with an fp32 scale for each block of the weight; no block means a scale per tensor or channel."""
    match block:
        case [int() as rows, int() as columns] if rows > 0 and columns > 0:
            if (rows, columns) == (128, 128):
                return FP8_BLOCK
            return WeightFormat("fp8", 8 + 32 / (rows * columns), "float", f"weight_block_size [{rows}, {columns}]")
        case _:
            return FP8


def bitsandbytes_4bit(*, double_quant: bool) -> WeightFormat:
    """Nf4 (fp4 weighs the same), with scales quantized again or not."""
    return NF4 if double_quant else _NF4_PLAIN


def float4_format(group_size: int | None) -> WeightFormat:
    """Four-bit floats: MX in groups of 32, NV in groups of 16."""
    return MXFP4 if group_size == 32 else NVFP4


_MODELOPT: Final[Mapping[str, WeightFormat]] = {
    "FP8": FP8,
    "FP8_PER_CHANNEL_PER_TOKEN": FP8,
    "FP8_PB_WO": FP8_BLOCK,
    "FP8_PB_REAL": FP8_BLOCK,
    "MXFP8": _MXFP8,
    "NVFP4": NVFP4,
    "NVFP4_AWQ": NVFP4,
    "NVFP4_SVDQUANT": NVFP4,
    "W4A16_NVFP4": NVFP4,
    "W4A8_NVFP4_FP8": NVFP4,
    "MXFP4": MXFP4,
    "W4A16_MXFP4": MXFP4,
    "W4A8_MXFP4_FP8": MXFP4,
    "W8A16": INT8,
    "W8A8": INT8,
    "INT8_SQ": INT8,
    "W8A8_SQ_PER_CHANNEL": INT8,
    "W8A8_SQ_PER_TENSOR": INT8,
}
"""`quant_algo` of TensorRT Model Optimizer, as seen in hf_quant_config.json files and named in its export code."""

_MODELOPT_INT4: Final = frozenset({"W4A16", "W4A16_AWQ", "INT4_AWQ", "W4A8_AWQ", "W4A8"})


def modelopt_format(algorithm: object, group_size: object) -> WeightFormat | None:
    """The format of a `quant_algo`, None where it is not known. Its int4 has scales and no zero points."""
    name = str(algorithm).upper()
    if name in _MODELOPT_INT4:
        return integer_format(4, group_size if isinstance(group_size, int) else 128, zero_point=False)
    return _MODELOPT.get(name)


def compressed_tensors_format(weights: Mapping[str, Any], packing: str) -> WeightFormat | None:
    """The format of one `weights` scheme of compressed-tensors under its `format`; None where it is not known."""
    bits, group_size = weights.get("num_bits"), weights.get("group_size")
    group = group_size if isinstance(group_size, int) else None
    if "nvfp4" in packing:
        return NVFP4
    if "mxfp4" in packing:
        return MXFP4
    if weights.get("type") == "float":
        if bits == 8:
            return _MXFP8 if group == 32 else block_fp8(weights.get("block_structure"))
        return float4_format(group) if bits == 4 else None
    if weights.get("type") == "int" and isinstance(bits, int) and 2 <= bits <= 8:
        return integer_format(bits, group, zero_point=weights.get("symmetric") is False)
    return None
