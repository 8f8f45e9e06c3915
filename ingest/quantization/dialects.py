"""The dialects of `quantization_config`: which format, what is left out of it, what takes another.

One function and one row per dialect. A scheme speaks of module names; `ingest.quantization_config` turns them into
shares of the parts of a model. Methods that store weights in a way not counted here are refused by name.
Sources: the configs named in the tests, and for keys that none of them shows, the documented config classes of
transformers (`BitsAndBytesConfig`, `GPTQConfig`, `AwqConfig`, `TorchAoConfig`, `HqqConfig`, `QuantoConfig`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from estimator.dtypes import FP8, INT8, MXFP4, NVFP4, WeightFormat
from ingest.errors import MalformedConfig, UnsupportedArchitecture
from ingest.quantization.formats import (
    bitsandbytes_4bit,
    block_fp8,
    compressed_tensors_format,
    float4_format,
    integer_format,
    modelopt_format,
)

Quant = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a quantization config says, in module names.

    `default` holds for the matrices of the layers that are in no list; None leaves those in 16 bit.
    """

    default: WeightFormat | None
    left_out: tuple[str, ...] = ()
    assigned: tuple[tuple[WeightFormat, tuple[str, ...]], ...] = ()
    cache_format: str | None = None
    warnings: tuple[str, ...] = ()


def names_under(quant: Quant, *keys: str) -> tuple[str, ...]:
    """The names listed under the first of those keys that holds any."""
    for key in keys:
        value = quant.get(key)
        if isinstance(value, list) and value:
            return tuple(str(name) for name in value)
        if isinstance(value, dict) and value:
            return tuple(map(str, value))
    return ()


_LEFT_OUT: Final = ("modules_to_not_convert", "ignored_layers", "ignore", "exclude_modules", "exclude")

_NARROWEST: Final = 2
_WIDEST: Final = 8


def _whole(quant: Quant, key: str, default: int) -> int:
    value = quant.get(key)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedConfig(f"quantization_config.{key} is {value!r:.80}", "a whole number is expected")
    return value


def _width(quant: Quant, *keys: str) -> int:
    """Bits of one element under the first of those keys, 4 where there is none."""
    key = next((key for key in keys if quant.get(key) is not None), keys[0])
    bits = _whole(quant, key, 4)
    if not _NARROWEST <= bits <= _WIDEST:
        raise MalformedConfig(
            f"quantization_config.{key} is {bits:.3g}", f"{_NARROWEST} to {_WIDEST} bits are possible"
        )
    return bits


def _fp8(quant: Quant) -> Scheme:
    """FP8 in blocks, per tensor or per channel; with `quantized_layers` only the base of another format.

    nvidia/DeepSeek-V4-*-NVFP4: the `ignore` list there is of what stays in the fp8 of the base.
    """
    base = Scheme(block_fp8(quant.get("weight_block_size")), names_under(quant, *_LEFT_OUT))
    mixed = _quantized_layers(quant)
    return replace(base, left_out=(), assigned=mixed) if mixed else base


def _awq(quant: Quant) -> Scheme:
    """AWQ: scales and, unless said otherwise, zero points."""
    bits = _width(quant, "bits", "w_bit")
    group_size = _whole(quant, "group_size", _whole(quant, "q_group_size", 128))
    weight = integer_format(bits, group_size, zero_point=quant.get("zero_point") is not False)
    return _with_head(quant, Scheme(weight, names_under(quant, *_LEFT_OUT)))


def _gptq(quant: Quant) -> Scheme:
    """GPTQ stores packed zero points even where they are symmetric."""
    weight = integer_format(_width(quant, "bits"), _whole(quant, "group_size", 128), zero_point=True)
    rules = quant.get("dynamic")
    skipped = tuple(name for name in rules if str(name).startswith("-:")) if isinstance(rules, dict) else ()
    return _with_head(quant, Scheme(weight, (*names_under(quant, *_LEFT_OUT), *skipped)))


def _auto_round(quant: Quant) -> Scheme:
    """AutoRound, in GPTQ's or AWQ's packing; `extra_config` keeps single modules in 16 bit."""
    kind, group_size = str(quant.get("data_type", "int")), _whole(quant, "group_size", 128)
    bits = _width(quant, "bits")
    if kind != "int" and bits == 4:
        weight = MXFP4 if "mx" in kind else NVFP4
    elif kind != "int":
        weight = FP8
    else:
        symmetric = quant.get("sym") is not False and "gptq" not in str(quant.get("packing_format", ""))
        weight = integer_format(bits, group_size, zero_point=not symmetric)
    extra = quant.get("extra_config")
    pairs = extra.items() if isinstance(extra, dict) else ()
    wide = tuple(str(name) for name, rule in pairs if isinstance(rule, dict) and rule.get("bits", bits) >= 16)
    return _with_head(quant, Scheme(weight, (*names_under(quant, *_LEFT_OUT), *wide)))


def _with_head(quant: Quant, scheme: Scheme) -> Scheme:
    """`lm_head: true` quantizes the output head too."""
    if quant.get("lm_head") is True and scheme.default is not None:
        return replace(scheme, assigned=((scheme.default, ("lm_head",)),))
    return scheme


def _bitsandbytes(quant: Quant) -> Scheme:
    skipped = names_under(quant, "llm_int8_skip_modules", *_LEFT_OUT)
    if quant.get("load_in_4bit") or quant.get("_load_in_4bit"):
        double = quant.get("bnb_4bit_use_double_quant") is True
        return Scheme(bitsandbytes_4bit(double_quant=double), skipped)
    return Scheme(INT8, skipped)


def _mxfp4(quant: Quant) -> Scheme:
    """MXFP4 of the routed experts alone, as gpt-oss has it."""
    return Scheme(None, names_under(quant, *_LEFT_OUT), ((MXFP4, ("experts",)),))


def _compressed_tensors(quant: Quant) -> Scheme:
    """Groups of targets, each with its scheme; `Linear` is every matrix of the layers."""
    groups = quant.get("config_groups")
    packing = str(quant.get("format", ""))
    if not isinstance(groups, dict) or not groups:
        raise UnsupportedArchitecture(
            "quantization_config.config_groups is missing in a compressed-tensors checkpoint", "name the repository"
        )
    default: WeightFormat | None = None
    assigned: list[tuple[WeightFormat, tuple[str, ...]]] = []
    for name, group in groups.items():
        weight, targets = _group(str(name), group, packing)
        if weight is None:
            continue
        if "Linear" in targets:
            default = default or weight
        else:
            assigned.append((weight, targets))
    return Scheme(default, names_under(quant, *_LEFT_OUT), tuple(assigned))


def _group(name: str, group: object, packing: str) -> tuple[WeightFormat | None, tuple[str, ...]]:
    """The format and the targets of one group; a group without weights quantizes activations or the cache only."""
    if not isinstance(group, dict) or not isinstance(group.get("weights"), dict):
        return None, ()
    weight = compressed_tensors_format(group["weights"], str(group.get("format") or packing))
    if weight is None:
        raise UnsupportedArchitecture(
            f"quantization_config.config_groups.{name}.weights is a scheme not understood: {group['weights']!r:.200}",
            "ask for the unquantized model, or name the format yourself",
        )
    return weight, names_under(group, "targets")


def _modelopt(quant: Quant) -> Scheme:
    """TensorRT Model Optimizer: one `quant_algo`, or MIXED_PRECISION with the format of each layer."""
    algorithm, left_out = quant.get("quant_algo"), names_under(quant, *_LEFT_OUT)
    if algorithm == "MIXED_PRECISION":
        mixed = _quantized_layers(quant)
        return Scheme(None, left_out, mixed) if mixed else _compressed_tensors(quant)
    if algorithm is None and quant.get("config_groups"):
        return _compressed_tensors(quant)
    weight = modelopt_format(algorithm, quant.get("group_size"))
    if weight is None:
        raise _unknown("quant_algo", algorithm)
    listed = any(key in quant for key in _LEFT_OUT)
    warning = f"no list of modules left out of {algorithm}: weights are a lower bound"
    return Scheme(weight, left_out, warnings=() if listed else (warning,))


def _quantized_layers(quant: Quant) -> tuple[tuple[WeightFormat, tuple[str, ...]], ...]:
    """Modules by format, from the map of a mixed-precision checkpoint."""
    layers = quant.get("quantized_layers")
    named: dict[WeightFormat, list[str]] = {}
    for name, rule in layers.items() if isinstance(layers, dict) else ():
        algorithm = rule.get("quant_algo") if isinstance(rule, dict) else rule
        weight = modelopt_format(algorithm, rule.get("group_size") if isinstance(rule, dict) else None)
        if weight is None:
            raise _unknown(f"quantized_layers.{name}.quant_algo", algorithm)
        named.setdefault(weight, []).append(str(name))
    return tuple((weight, tuple(names)) for weight, names in named.items())


def _quark(quant: Quant) -> Scheme:
    """AMD Quark: a global scheme and some per layer."""
    overall = quant.get("global_quant_config")
    default = _quark_weight(overall.get("weight")) if isinstance(overall, dict) else None
    per_layer = quant.get("layer_quant_config")
    rules = per_layer.items() if isinstance(per_layer, dict) else ()
    found = ((_quark_weight(rule.get("weight")), str(name)) for name, rule in rules if isinstance(rule, dict))
    assigned = tuple((weight, (name,)) for weight, name in found if weight is not None and weight != default)
    return Scheme(default, names_under(quant, *_LEFT_OUT), assigned, cache_format=_quark_cache(per_layer))


def _quark_weight(weight: object) -> WeightFormat | None:
    """The narrowest of the stages a weight passes: that is what is stored."""
    if isinstance(weight, list):
        stages = [found for found in map(_quark_weight, weight) if found is not None]
        return min(stages, key=lambda stage: stage.bits_per_weight, default=None)
    if not isinstance(weight, dict):
        return None
    dtype = str(weight.get("dtype", ""))
    group_size = weight.get("group_size")
    group = group_size if isinstance(group_size, int) else None
    if dtype.startswith("fp8"):
        return FP8
    if "fp4" in dtype or str(weight.get("mx_element_dtype") or "").startswith("fp4"):
        return float4_format(group)
    for width in (2, 3, 4, 8):
        if dtype in {f"int{width}", f"uint{width}"}:
            return integer_format(width, group, zero_point=weight.get("symmetric") is False)
    raise _unknown("weight.dtype", dtype)


def _quark_cache(per_layer: object) -> str | None:
    """FP8 where the outputs of the key projection are stored so."""
    keys = per_layer.get("*k_proj") if isinstance(per_layer, dict) else None
    output = keys.get("output_tensors") if isinstance(keys, dict) else None
    return "fp8" if isinstance(output, dict) and str(output.get("dtype", "")).startswith("fp8") else None


def _torchao(quant: Quant) -> Scheme:
    """Torchao's `quant_type`: a name, or a config object by class under `default`."""
    kind: Any = quant.get("quant_type")
    rule = kind.get("default", kind) if isinstance(kind, dict) else kind
    data = rule.get("_data", {}) if isinstance(rule, dict) else quant.get("quant_type_kwargs") or {}
    text = str(rule.get("_type", "") if isinstance(rule, dict) else rule).lower().replace("_", "")
    group_size = data.get("group_size") if isinstance(data, dict) else None
    left_out = names_under(quant, *_LEFT_OUT)
    for word, weight in (("nvfp4", NVFP4), ("mxfp4", MXFP4), ("float8", FP8), ("fp8", FP8)):
        if word in text:
            return Scheme(weight, left_out)
    if "int4" in text or text.endswith("intxweightonly"):
        return Scheme(integer_format(4, group_size or 128, zero_point=True), left_out)
    if "int8" in text:
        return Scheme(INT8, left_out)
    raise _unknown("quant_type", kind)


def _hqq(quant: Quant) -> Scheme:
    """HQQ: groups with scale and zero point in 16 bit each."""
    inner = quant.get("quant_config")
    params = inner.get("weight_quant_params") if isinstance(inner, dict) else None
    if not isinstance(params, dict):
        raise _unknown("quant_config", inner)
    bits, group_size = _width(params, "nbits"), _whole(params, "group_size", 64)
    if group_size <= 0:
        raise MalformedConfig(f"quantization_config.group_size is {group_size}", "a positive number is expected")
    name = integer_format(bits, group_size, zero_point=True).name
    weight = WeightFormat(name, bits + 32 / group_size, "group", f"HQQ: {bits} bits, scale and zero for {group_size}")
    return Scheme(weight, names_under(quant, "skip_modules", *_LEFT_OUT))


def _quanto(quant: Quant) -> Scheme:
    kinds = {"float8": FP8, "int8": INT8, "int4": integer_format(4, 128, zero_point=True)}
    weight = kinds.get(str(quant.get("weights")))
    if weight is None:
        raise _unknown("weights", quant.get("weights"))
    return Scheme(weight, names_under(quant, *_LEFT_OUT))


def _int8(quant: Quant) -> Scheme:
    return Scheme(INT8, names_under(quant, *_LEFT_OUT))


DIALECTS: Final[Mapping[str, Callable[[Quant], Scheme]]] = {
    "fp8": _fp8,
    "fbgemm_fp8": _fp8,
    "ptpc_fp8": _fp8,
    "awq": _awq,
    "awq_marlin": _awq,
    "gptq": _gptq,
    "gptq_marlin": _gptq,
    "auto-round": _auto_round,
    "auto_round": _auto_round,
    "intel/auto-round": _auto_round,
    "inc": _auto_round,
    "bitsandbytes": _bitsandbytes,
    "mxfp4": _mxfp4,
    "compressed-tensors": _compressed_tensors,
    "compressed_tensors": _compressed_tensors,
    "modelopt": _modelopt,
    "modelopt_fp4": _modelopt,
    "modelopt_mixed": _modelopt,
    "quark": _quark,
    "torchao": _torchao,
    "hqq": _hqq,
    "quanto": _quanto,
    "eetq": _int8,
    "experts_int8": _int8,
    "w8a8_int8": _int8,
    "w8a8_fp8": _fp8,
}


def read_scheme(quant: Quant) -> Scheme:
    """The scheme of a quantization config; `UnsupportedArchitecture` names a method that is not counted."""
    method = quant.get("quant_method")
    if method is None:
        method = _implied_method(quant)
    reader = DIALECTS.get(str(method).lower())
    if reader is None:
        raise _unknown("quant_method", method)
    return reader(quant)


def _implied_method(quant: Quant) -> str | None:
    """The method of a config that does not name one (Qwen3-32B-FP8-Static-PerTensor has `quant_algo` alone)."""
    signs = (
        ("quant_algo", "modelopt"),
        ("config_groups", "compressed-tensors"),
        ("load_in_4bit", "bitsandbytes"),
        ("load_in_8bit", "bitsandbytes"),
        ("global_quant_config", "quark"),
    )
    return next((method for key, method in signs if key in quant), None)


def _unknown(key: str, value: object) -> UnsupportedArchitecture:
    readable: Iterable[str] = sorted(DIALECTS)
    return UnsupportedArchitecture(
        f"quantization_config.{key} is {str(value)[:80]!r}, which is not read",
        f"methods that are: {', '.join(readable)}; or ask for the model it was made from, with a format",
    )
