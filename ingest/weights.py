"""Stated bytes and parameters against computed ones: exact where the Hub states them, explained where they differ.

A checkpoint may hold more than the model that generates:

    multi-token prediction      layers no engine loads unless asked to speculate (DeepSeek-V3: 13,463,426,304)
    buffers                     router corrections, one value an expert (DeepSeek-V3: 14,848)
    rotary frequencies          half a head for each layer, in some checkpoints (Llama-2-7B: 2,048; Kimi-K2: 3,416)
    a copy of the embedding     a tied head stored all the same
    scales                      of fp8 tensors, counted by the Hub like any other tensor (DeepSeek-V3: 41,540,496)

Source: totals that others published beside those of the built models, ../shared/facts/published_totals.tsv.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Final

from estimator.dtypes import BF16, FP16, WeightFormat
from estimator.model_spec import ModelSpec, PartWeights, WeightPlan
from ingest.fetched_repo import FetchedRepo, RepoFile
from ingest.loaded_model import LoadedModel

BYTES_SOURCE: Final = "sizes of the files on the Hub"
NO_DTYPE: Final = "the config states no dtype: counted as bf16"
"""What `quantization_config` warns of; the tensors' own types settle it."""
COUNTED_PER_WEIGHT: Final = frozenset({"bf16", "fp16", "fp32", "fp8"})
"""Formats whose tensors hold one element a weight; packed ones cannot be compared by count."""
SCALE_TYPES: Final = ("F32", "F8_E8M0", "BF16", "F16")
UNEXPLAINED_FRACTION: Final = 1e-6
BYTES_FRACTION: Final = 0.02
_STORED: Final[Mapping[str, tuple[str, WeightFormat]]] = {
    "F16": ("fp16", FP16),
    "BF16": ("bf16", BF16),
    "F32": ("fp32", BF16),
}


def weight_files(repo: FetchedRepo) -> tuple[RepoFile, ...]:
    """The files that an engine loads: safetensors at the top, else PyTorch's; copies in other layouts left out."""
    top = [file for file in repo.siblings or () if "/" not in file.name]
    for ending in (".safetensors", ".bin", ".pth"):
        found = [file for file in top if file.name.endswith(ending) and _is_of_the_model(file.name)]
        plain = [file for file in found if not file.name.startswith("consolidated")]
        if plain or found:
            return tuple(plain or found)
    return ()


def _is_of_the_model(name: str) -> bool:
    if name.startswith(("adapter_", "training_args", "optimizer", "scheduler", "rng_state")):
        return False
    return not any(mark in name for mark in (".fp16.", ".fp32.", ".bf16.", "non_ema", "tokenizer"))


def with_stated_weights(model: LoadedModel, repo: FetchedRepo) -> LoadedModel:
    """The model with the exact size of its files, and what they hold beyond its shape, or a warning that says so."""
    model = _with_stored_dtype(model, repo.safetensors_parameters or {})
    sizes = [file.size_bytes for file in weight_files(repo)]
    if sizes and None not in sizes:
        stated_bytes = sum(size for size in sizes if size is not None)
        model = replace(model, spec=replace(model.spec, checkpoint_bytes=stated_bytes), bytes_source=BYTES_SOURCE)
    if repo.safetensors_total and model.spec.weights.name in COUNTED_PER_WEIGHT:
        return _with_counts(model, repo.safetensors_total, repo.safetensors_parameters or {})
    return _with_bytes(model)


# -- the type that is stored ----------------------------------------------------------------------------------------


def _with_stored_dtype(model: LoadedModel, counts: Mapping[str, int]) -> LoadedModel:
    """The plain type that most tensors have, where the config states none or another."""
    plain = {name: count for name, count in counts.items() if name in _STORED}
    if not plain or sum(plain.values()) * 2 < sum(counts.values()) or model.spec.weights.name not in {"bf16", "fp16"}:
        return model
    stored, weight = _STORED[max(plain, key=lambda name: plain[name])]
    if stored == model.stored_dtype and NO_DTYPE not in model.warnings:
        return model
    warnings = tuple(said for said in model.warnings if said != NO_DTYPE)
    if stored == "fp32" and model.stored_dtype != "fp32":
        warnings = (*warnings, "stored in fp32; engines load it in 16 bit, and so it is counted")
    spec = model.spec
    if stored != "fp32":
        spec = replace(spec, weights=WeightPlan(weight.name, PartWeights(weight)))
    return replace(model, spec=spec, stored_dtype=stored, warnings=warnings)


# -- counts ---------------------------------------------------------------------------------------------------------


def _with_counts(model: LoadedModel, stated: int, counts: Mapping[str, int]) -> LoadedModel:
    extra = stated - model.spec.total_parameters
    found = explain(model.spec, stated, counts)
    if found is None and abs(extra) > UNEXPLAINED_FRACTION * stated:
        counted = model.spec.total_parameters
        return model.warned(f"the checkpoint holds {stated:,} parameters and the shape explains {counted:,}")
    if found:
        said = " and ".join(f"{name} ({count:,})" for name, count in found)
        return replace(model, bytes_source=f"{model.bytes_source}; beyond the model's parameters they hold {said}")
    return model


Part = tuple[str, int]


def explain(spec: ModelSpec, stated: int, counts: Mapping[str, int]) -> tuple[Part, ...] | None:
    """What a checkpoint of `stated` parameters holds beyond the model: nothing, named parts, or None: not explained.

    `counts` are the parameters by safetensors type. Scales are believed where nothing else explains the rest, beside
    fp8 tensors alone, and up to the number of elements in types that scales have.
    """
    extra = stated - spec.total_parameters
    layers, copies = _layers(spec), _copies(spec)
    exact = (chosen for chosen in _choices([*layers, *copies]) if sum(count for _, count in chosen) == extra)
    if (found := next(exact, None)) is not None:
        return found
    scales = _most_scales(counts)
    with_scales = [(*chosen, ("scales", extra - sum(count for _, count in chosen))) for chosen in _choices(layers)]
    likely = [chosen for chosen in with_scales if 0 < chosen[-1][1] <= scales]
    return min(likely, key=lambda chosen: chosen[-1][1], default=None)


def _choices(parts: list[Part]) -> Iterator[tuple[Part, ...]]:
    """Every choice among the parts, the shortest first."""
    for size in range(len(parts) + 1):
        yield from combinations(parts, size)


def _layers(spec: ModelSpec) -> list[Part]:
    parts = [("multi-token prediction", spec.mtp_parameters), ("router buffers", spec.buffer_parameters)]
    return [part for part in parts if part[1] > 0]


def _copies(spec: ModelSpec) -> list[Part]:
    head = spec.headline
    parts = [("stored rotary frequencies", head.num_hidden_layers * ((head.head_dim or 0) // 2))]
    if head.tie_word_embeddings and not spec.output_head_parameters:
        parts.append(("a copy of the tied embedding", spec.embedding_parameters))
    return [part for part in parts if part[1] > 0]


def _most_scales(counts: Mapping[str, int]) -> int:
    """The most elements that scales may be: a scale for 32 weights is the finest there is, and in a type of theirs."""
    eights = sum(count for name, count in counts.items() if name in {"F8_E4M3", "F8_E5M2"})
    return min(eights // 32, max(counts.get(name, 0) for name in SCALE_TYPES))


# -- bytes ----------------------------------------------------------------------------------------------------------


def _with_bytes(model: LoadedModel) -> LoadedModel:
    """A warning where the files weigh neither what the model does nor what it does with its extra layers."""
    stated = model.spec.checkpoint_bytes
    if stated is None:
        return model
    factor = 2.0 if model.stored_dtype == "fp32" and model.spec.weights.name != "fp32" else 1.0
    counted = [factor * model.spec.weight_bytes(with_mtp=with_mtp) for with_mtp in (False, True)]
    if any(abs(stated - size) <= BYTES_FRACTION * size for size in counted):
        return model
    return model.warned(f"the files weigh {stated / 1e9:,.1f} GB and the shape explains {counted[0] / 1e9:,.1f} GB")
