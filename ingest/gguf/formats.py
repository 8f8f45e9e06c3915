"""The type of a GGUF file and its exact bytes -> a weight plan whose bytes are the file's.

A file mixes types (attention's values in more bits than the rest); the plan takes the mean over all matrices that the
file's bytes give, so its sum is exact and its split over parts a mean. Norms and routers are fp32 in ggml.
"""

from collections.abc import Mapping
from typing import Final

from estimator.dtypes import FORMATS, FP16, FP32, WeightFormat
from estimator.model_spec import ModelSpec, Part, PartWeights, WeightPlan
from estimator.units import BITS_PER_BYTE

FILE_TYPES: Final[Mapping[int, str]] = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    38: "MXFP4_MOE",
}
"""`general.file_type`. Source: llama.h, enum llama_ftype."""

PLAIN: Final[Mapping[str, str]] = {"F32": "fp32", "F16": "fp16", "BF16": "bf16"}
MIN_BITS, MAX_BITS = 0.5, 40.0
"""No type of ggml is narrower than 1.1 bits a weight or wider than 32."""
_KEPT_APART: Final[tuple[Part, ...]] = ("router", "vision", "audio")


def format_name(label: str, file_type: int | None, bits_per_weight: float) -> str:
    """The format's row that the label names; else the file's own type; else the row nearest in bits.

    Variants count as what they vary: UD-Q4_K_XL as q4_k_m, MXFP4_MOE as mxfp4. Their own bits stand in the plan.
    """
    for name in (label.removeprefix("UD-"), FILE_TYPES.get(file_type, "") if file_type is not None else ""):
        row = PLAIN.get(name, name.lower())
        for spelled in (row, row.replace("_xl", "_m"), row.removesuffix("_moe"), f"{row[:4]}_m", row[:4]):
            if spelled in FORMATS:
                return spelled
    rows = [row for row in FORMATS.values() if row.kind == "gguf"]
    return min(rows, key=lambda row: abs(row.bits_per_weight - bits_per_weight)).name


def plan_of_file(spec: ModelSpec, label: str, file_type: int | None, size_bytes: int) -> WeightPlan | None:
    """The plan whose bytes are the file's, towers apart; None where no bits a weight could make that size."""
    matrices, vectors, router = _counts(spec)
    left_bytes = size_bytes - FP32.bytes_per_weight * (vectors + router)
    if matrices <= 0:
        return None
    bits = left_bytes * BITS_PER_BYTE / matrices
    if not MIN_BITS <= bits <= MAX_BITS:
        return None
    name = format_name(label, file_type, bits)
    mean = WeightFormat(name, bits, "gguf", "bytes of the file over its weights", keeps_embeddings=False)
    parts: dict[Part, PartWeights] = {
        "router": PartWeights(FP32),
        "vision": PartWeights(FP16),
        "audio": PartWeights(FP16),
    }
    return WeightPlan(name, PartWeights(mean), parts, FP32.bytes_per_weight)


def _counts(spec: ModelSpec) -> tuple[int, int, int]:
    """Matrices in the file's type, vectors, and router weights; towers lie in a file apart."""
    counts = spec.matrix_parameters
    matrices = sum(count for part, count in counts.items() if part not in _KEPT_APART)
    return matrices, spec.vector_parameters, counts["router"]
