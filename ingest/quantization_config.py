"""What a checkpoint stores: the format of each part of a model, from its config files.

Stated formats only; exact bytes come from the headers of the weights, where someone reads those. Embeddings, output
head, router and towers stay in 16 bit unless a file says otherwise: it is what publishers do, whether they list it or
not (../shared/research/config_traps.md, 39). What is left out is weighed by matrices: a list that spares `q_proj`
spares that share of the attention and no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from typing import Any, Final

from estimator.dtypes import BF16, FORMATS, FP8, FP16, MXFP4, WeightFormat
from estimator.model_spec import Part, PartWeights, WeightPlan
from ingest.errors import IngestError, MalformedConfig
from ingest.quantization.dialects import Scheme, read_scheme
from ingest.quantization.layout import Layout, language_config
from ingest.quantization.names import Coverage, cover

_DTYPES: Final[Mapping[str, str]] = {
    "bfloat16": "bf16",
    "float16": "fp16",
    "half": "fp16",
    "float32": "fp32",
    "float": "fp32",
    "float8_e4m3fn": "fp8",
}
_IN_LAYERS: Final[tuple[Part, ...]] = ("experts", "dense", "recurrent", "attention", "shared", "mtp")
_OUTSIDE: Final[tuple[Part, ...]] = ("embedding", "output_head", "router", "vision", "audio")
_SECTIONS: Final = ("text_config", "llm_config", "language_config", "thinker_config", "llm_cfg")
_QUANT_KEYS: Final = ("quantization_config", "compression_config")
_FALLBACK_DTYPE: Final = "bf16"
_ROUNDING: Final = 1e-9
_SELF_ATTN: Final[tuple[Part, None]] = ("attention", None)


@dataclass(frozen=True, slots=True)
class ReadWeights:
    """A weight plan and what was read for it.

    `stored_dtype` is the plain type the config states (fp32 checkpoints are loaded in bf16); `cache_format` is set
    where the checkpoint carries scales for a quantized KV cache.
    """

    plan: WeightPlan
    cache_format: str | None = None
    warnings: tuple[str, ...] = ()
    keys_read: frozenset[str] = frozenset()
    stored_dtype: str = _FALLBACK_DTYPE


def read_weight_plan(
    config: Mapping[str, Any],
    hf_quant_config: Mapping[str, Any] | None,
    *,
    repo_id: str,
    num_hidden_layers: int,
) -> ReadWeights:
    """How the checkpoint stores every part of the model.

    A quantization method that is not counted raises `UnsupportedArchitecture`, a malformed section `MalformedConfig`;
    both name the key and the repository.
    """
    dtype, warnings, dtype_keys = _stored_dtype(config)
    try:
        quant, quant_keys = _quantization(config, hf_quant_config)
        if quant is None:
            return _unquantized(dtype, warnings, dtype_keys)
        scheme = _with_expert_dtype(config, _with_cache(quant, read_scheme(quant)))
    except IngestError as error:
        raise type(error)(f"{repo_id}: {error.message}", error.hint) from error
    plan, more = _plan(scheme, Layout(config, num_hidden_layers), num_hidden_layers, _sixteen_bit(dtype))
    return ReadWeights(plan, scheme.cache_format, (*warnings, *more), dtype_keys | quant_keys, dtype)


def _stored_dtype(config: Mapping[str, Any]) -> tuple[str, tuple[str, ...], frozenset[str]]:
    """The plain type the file states, at the top or in the language model's section."""
    places = [("", config), *((f"{key}.", config[key]) for key in _SECTIONS if isinstance(config.get(key), dict))]
    for prefix, section in places:
        for key in ("dtype", "torch_dtype"):
            value = section.get(key)
            if isinstance(value, str) and value.removeprefix("torch.") in _DTYPES:
                return _DTYPES[value.removeprefix("torch.")], (), frozenset({prefix + key})
    return _FALLBACK_DTYPE, ("the config states no dtype: counted as bf16",), frozenset()


def _sixteen_bit(dtype: str) -> WeightFormat:
    return FP16 if dtype == "fp16" else BF16


def _unquantized(dtype: str, warnings: tuple[str, ...], keys: frozenset[str]) -> ReadWeights:
    if dtype == "fp32":
        warnings = (*warnings, "stored in fp32; engines load it in bf16, and so it is counted")
    if dtype == "fp8":
        outside = dict.fromkeys(_OUTSIDE, PartWeights(BF16))
        return ReadWeights(WeightPlan("fp8", PartWeights(FP8), outside), None, warnings, keys, dtype)
    plain = _sixteen_bit(dtype)
    return ReadWeights(WeightPlan(plain.name, PartWeights(plain)), None, warnings, keys, dtype)


def _quantization(
    config: Mapping[str, Any], hf_quant_config: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, frozenset[str]]:
    """The quantization section, wherever it stands, completed by hf_quant_config.json."""
    found: dict[str, Any] = {}
    keys: set[str] = set()
    for prefix, section in [("", config), *((f"{key}.", config.get(key)) for key in _SECTIONS)]:
        for key in _QUANT_KEYS:
            value = section.get(key) if isinstance(section, Mapping) else None
            if value is not None and not isinstance(value, dict):
                raise MalformedConfig(f"{prefix}{key} is no object: {value!r:.80}", "expected an object, or no key")
            if value and not found:
                found = dict(value)
                keys.add(prefix + key)
    stated = (hf_quant_config or {}).get("quantization")
    if isinstance(stated, dict):
        keys.add("hf_quant_config")
        found = {**{key: value for key, value in stated.items() if value is not None}, **found}
    return (found or None), frozenset(keys)


def _with_cache(quant: Mapping[str, Any], scheme: Scheme) -> Scheme:
    """The cache format that the section states: `kv_cache_quant_algo`, or `kv_cache_scheme`."""
    algorithm, stated = quant.get("kv_cache_quant_algo"), quant.get("kv_cache_scheme")
    if isinstance(stated, dict) and algorithm is None and stated.get("num_bits") == 8:
        algorithm = "FP8" if stated.get("type") == "float" else "INT8"
    if algorithm in ("FP8", "INT8"):  # a tuple: a stranger's value may not be hashable
        return replace(scheme, cache_format=str(algorithm).lower())
    if algorithm is not None:
        return replace(
            scheme, warnings=(*scheme.warnings, f"KV cache {str(algorithm)[:40]} is not known: counted as 16 bit")
        )
    return scheme


def _with_expert_dtype(config: Mapping[str, Any], scheme: Scheme) -> Scheme:
    """DeepSeek-V4 says fp8 in its section and `expert_dtype: fp4` beside it.

    Those experts are e2m1 with a ue8m0 scale for 32 weights, that is MXFP4 (vllm-project/vllm#53709).
    """
    if language_config(config).get("expert_dtype") != "fp4" or scheme.assigned:
        return scheme
    return replace(scheme, assigned=((MXFP4, ("experts",)),))


def _plan(scheme: Scheme, layout: Layout, num_layers: int, sixteen: WeightFormat) -> tuple[WeightPlan, tuple[str, ...]]:
    """Shares of each part, and the names that were not understood as a warning."""
    beside = layout.experts_beside_mlp
    left_out = cover(scheme.left_out, num_layers, experts_beside_mlp=beside)
    assigned = [(weight, cover(names, num_layers, experts_beside_mlp=beside)) for weight, names in scheme.assigned]
    parts: dict[Part, PartWeights] = dict.fromkeys(_OUTSIDE, PartWeights(sixteen))
    for part in (*_IN_LAYERS, *_OUTSIDE):
        default = scheme.default if part in _IN_LAYERS else None
        shares = _shares(part, default, left_out, assigned, layout)
        if shares is not None:
            parts[part] = _part_weights(shares, sixteen)
    default_weights = PartWeights(scheme.default or sixteen)
    kept = {part: weights for part, weights in parts.items() if weights != default_weights}
    plan = WeightPlan(_headline(parts, layout, scheme), default_weights, kept)
    return plan, (*scheme.warnings, *_not_understood([left_out, *(names for _, names in assigned)]))


def _shares(
    part: Part,
    default: WeightFormat | None,
    left_out: Coverage,
    assigned: Sequence[tuple[WeightFormat, Coverage]],
    layout: Layout,
) -> list[tuple[WeightFormat, float]] | None:
    """Each format's share of a part; what is missing to 1 is in 16 bit. None where nothing speaks of the part."""
    free = 1.0 - _covered(part, left_out, layout)
    shares: list[tuple[WeightFormat, float]] = []
    for weight, names in assigned:
        share = min(free, _covered(part, names, layout))
        free = max(0.0, free - share)
        shares.append((weight, share))
    shares.append((default or BF16, free if default else 0.0))
    return [(weight, share) for weight, share in shares if share > _ROUNDING] if default or assigned else None


def _covered(part: Part, coverage: Coverage, layout: Layout) -> float:
    """The share of a part's matrices that names cover, over the layers that hold it."""
    found = {leaf: layers for (of, leaf), layers in coverage.layers.items() if of == part}
    if part == "recurrent" and layout.recurrent_is_self_attn and None not in found:
        found.update({leaf: layers for (of, leaf), layers in coverage.layers.items() if (of, leaf) == _SELF_ATTN})
    if not found:
        return 0.0
    if None in found and found[None] is None:
        return 1.0
    within = layout.layers.get(part)
    if not within:
        return 0.0
    whole = within & (found.get(None) or set())
    rest = within - whole
    leaves = ((leaf, rest if layers is None else rest & layers) for leaf, layers in found.items() if leaf is not None)
    share = len(whole) + fsum(layout.fraction(part, leaf) * len(layers) for leaf, layers in leaves)
    return 1.0 if share > len(within) - _ROUNDING else share / len(within)


def _part_weights(shares: list[tuple[WeightFormat, float]], sixteen: WeightFormat) -> PartWeights:
    """One format and the mean of the others."""
    plain = 1.0 - sum(share for _, share in shares)
    if plain > _ROUNDING:
        shares = [*shares, (sixteen, plain)]
    shares = sorted(shares, key=lambda row: -row[1]) or [(sixteen, 1.0)]
    (first, share), others = shares[0], shares[1:]
    if not others:
        return PartWeights(first)
    if len(others) == 1:
        return PartWeights(first, share, others[0][0])
    bits = sum(weight.bits_per_weight * part for weight, part in others) / (1.0 - share)
    mixture = WeightFormat(others[0][0].name, bits, others[0][0].kind, "mean of what the config names")
    return PartWeights(first, share, mixture)


def _headline(parts: Mapping[Part, PartWeights], layout: Layout, scheme: Scheme) -> str:
    """The format of the part that weighs most: experts where there are any, else the dense network."""
    order = _IN_LAYERS if layout.has_experts else _IN_LAYERS[1:]
    for part in order:
        weights = parts.get(part)
        candidates = (
            () if weights is None else (weights.format, weights.rest) if weights.share < 1 else (weights.format,)
        )
        for weight in candidates:
            if weight.name not in {"bf16", "fp16", "fp32"}:
                return weight.name
    default = scheme.default or (scheme.assigned[0][0] if scheme.assigned else BF16)
    return default.name if default.name in FORMATS else BF16.name


def _not_understood(coverages: Sequence[Coverage]) -> tuple[str, ...]:
    names = [name for coverage in coverages for name in coverage.not_understood]
    if not names:
        return ()
    return (f"{len(names)} module name(s) in the quantization config not understood, such as {names[0]!r:.80}",)
