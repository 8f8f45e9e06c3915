"""The weights of a model in another format than its checkpoint's: what is converted and what stays.

int8, fp8, int4 and nf4 take every matrix of the layers; embeddings, output head, router and towers stay in 16 bit
(measured: ../shared/research/memory.md section 3, to 0.4 % for 8 bit and 0.3 % for int4 of text models).

nvfp4 and mxfp4 of a mixture of experts take the routed experts alone. Of nvidia's 15 NVFP4 checkpoints of such models
whose lists we have, 11 leave attention in 16 bit (GLM-5, 5.1, 5.2, Kimi-K2.5, K2.7-Code, MiniMax-M2.5, M2.7,
Gemma-4-26B, Qwen3.5-122B, 397B, Nemotron-3-Nano), 2 keep it in the base's fp8 (DeepSeek-V4), 1 converts the output
projection (DeepSeek-V3.2), 1 all of it (Qwen3-235B); shared experts stay in 8 and are converted in 4. gpt-oss and
Kimi-K3 (MXFP4) convert routed experts alone.

GGUF types take the embeddings as well; ggml keeps routers and norms in fp32 and the towers in a 16-bit file apart.
"""

from collections.abc import Mapping
from typing import Final, Literal

from estimator.dtypes import BF16, FORMATS, FP16, FP32, WeightFormat, weight_format
from estimator.model_spec import ModelSpec, Part, PartWeights, WeightPlan

Origin = Literal["own", "cast", "quantized", "dequantized"]
"""How a format comes about: the checkpoint's own, another plain type, made narrower, or made from a narrower one."""

_PLAIN: Final = frozenset({"bf16", "fp16", "fp32"})
_MICROSCALED: Final = frozenset({"nvfp4", "mxfp4"})
_KEPT: Final[tuple[Part, ...]] = ("embedding", "output_head", "router", "vision", "audio", "mtp")
_KEPT_BESIDE_EXPERTS: Final[tuple[Part, ...]] = ("attention", "recurrent", "shared", "dense")
_TOWERS: Final[tuple[Part, ...]] = ("vision", "audio")


def requantize(spec: ModelSpec, name: str) -> WeightPlan:
    """The plan of a model in the format of that name; the checkpoint's own plan where that is its format.

    `UnknownFormat` where there is no such format. Whether the conversion exists is `format_origin`'s to say.
    """
    asked = weight_format(name)
    if asked.name == spec.weights.name:
        return spec.weights
    if asked.name in _PLAIN:
        return WeightPlan(asked.name, PartWeights(asked), vector_bytes=asked.bytes_per_weight)
    if asked.kind == "gguf":
        return _gguf(asked)
    kept = _KEPT + (_KEPT_BESIDE_EXPERTS if asked.name in _MICROSCALED and _has_experts(spec) else ())
    return WeightPlan(asked.name, PartWeights(asked), _in_format(kept, _sixteen_bit(spec)))


def format_origin(spec: ModelSpec, name: str) -> Origin:
    """Whether the checkpoint has that format, or how it would be made from it. `UnknownFormat` as `requantize`."""
    asked, own = weight_format(name), FORMATS[spec.weights.name]
    if asked.name == own.name:
        return "own"
    if asked.name in _PLAIN:
        return "cast" if own.name in _PLAIN else "dequantized"
    return "quantized" if asked.bits_per_weight < own.bits_per_weight else "dequantized"


def format_note(spec: ModelSpec, name: str) -> str | None:
    """What to say about a format that is not the checkpoint's own, as an assumption; None where it is."""
    own = spec.weights.name
    match format_origin(spec, name):
        case "quantized":
            return f"weights in {name}: made from the {own} checkpoint, or a published conversion of it"
        case "dequantized":
            return f"weights in {name}: the checkpoint is {own}, so this dequantizes it and regains no quality"
        case "cast" if name == "fp32":
            return f"weights in fp32: cast from {own}, twice the bytes for no gain"
        case _:
            return None


def _gguf(asked: WeightFormat) -> WeightPlan:
    towers = _in_format(_TOWERS, FP16)
    return WeightPlan(asked.name, PartWeights(asked), {**towers, "router": PartWeights(FP32)}, FP32.bytes_per_weight)


def _in_format(parts: tuple[Part, ...], weight: WeightFormat) -> Mapping[Part, PartWeights]:
    return dict.fromkeys(parts, PartWeights(weight))


def _has_experts(spec: ModelSpec) -> bool:
    return spec.matrix_parameters["experts"] > 0


def _sixteen_bit(spec: ModelSpec) -> WeightFormat:
    """The 16-bit type of the parts that stay: the checkpoint's own, bf16 unless it says fp16."""
    return FP16 if spec.weights.of("embedding").format == FP16 else BF16
