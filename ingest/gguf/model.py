"""A header and the size of its files -> a loaded model: shape, weight plan, exact bytes, and what is not certain."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from estimator.model_spec import ModelSpec
from estimator.quantization import requantize
from ingest.errors import IngestError, MalformedConfig, NotAGenerativeModel, UnsupportedArchitecture
from ingest.gguf.architectures import ARCHITECTURES, NOT_GENERATIVE
from ingest.gguf.files import Quantization, is_whole
from ingest.gguf.formats import format_name, plan_of_file
from ingest.gguf.header import GgufHeader
from ingest.gguf.shape import Architecture, Config, config_of
from ingest.loaded_model import LoadedModel, Named
from ingest.normalize import Normalized, normalize

TOLERANCE: Final = 0.005
"""Totals of a model with and without an output head of its own differ by more in every model of the corpus."""
EXPLAINED: Final = 1e-4
"""What the shape leaves open of a stated total without a word: factors of rotary scaling, norms that no header names.
GLM-5.2, whose header does not say that most of its layers share an indexer, is off by 7e-4 and said to be."""
TIE: Final = "tie_word_embeddings"
FROM_HEADER: Final = "GGUF header"
BYTES_SOURCE: Final = "sizes of the GGUF files"


def architecture_of(header: GgufHeader, label: str) -> Architecture:
    """How the header's architecture is read.

    Raises: NotAGenerativeModel for encoders, projectors and the like, UnsupportedArchitecture by name for the rest.
    """
    name = header.architecture
    if name in NOT_GENERATIVE:
        raise NotAGenerativeModel(
            f"{label}: the GGUF architecture {name} is {NOT_GENERATIVE[name]}, no language model",
            "ask for a model that generates text",
        )
    row = ARCHITECTURES.get(name)
    if row is None:
        said = f"the GGUF architecture {name[:60]!r} is not described" if name else "no general.architecture"
        raise UnsupportedArchitecture(f"{label}: {said}", "name the model that the file was made from")
    return row


def needs_tensors(header: GgufHeader, stated_parameters: int | None) -> bool:
    """Whether the list of tensors must be read to know if the output head is the embedding."""
    row = ARCHITECTURES.get(header.architecture)
    return row is not None and row.is_tied is None and stated_parameters is None


def model_from_gguf(
    header: GgufHeader, one: Quantization, named: Named, *, stated_parameters: int | None = None
) -> LoadedModel:
    """The model of a header; `stated_parameters` is the total that the Hub states for the repository, if it does."""
    row = architecture_of(header, named.label)
    shape, warnings = _shape(config_of(header, row, named.label), header, named, stated_parameters)
    warnings += _what_is_odd(header, shape.spec, stated_parameters)
    model = LoadedModel(
        spec=shape.spec,
        asked=named.asked,
        source=named.source,
        read_as=named.read_as,
        warnings=(*shape.warnings, *warnings),
        provenance={key: _origin(origin) for key, origin in shape.provenance.items()},
    )
    file_type = header.values.get("general.file_type")
    return with_gguf_weights(model, one, file_type if isinstance(file_type, int) else None)


def with_gguf_files(model: LoadedModel, one: Quantization, stated_parameters: int | None) -> LoadedModel:
    """A model read from the config.json beside the files, with their weights.

    Whether they hold the layers of multi-token prediction is told by the total that the Hub states: DeepSeek's do not,
    GLM's do. Towers lie in a file apart.
    """
    spec = model.spec
    alone, with_mtp = spec.language_parameters, spec.language_parameters + spec.mtp_parameters
    if stated_parameters and abs(stated_parameters - alone) < abs(stated_parameters - with_mtp):
        model = replace(model, spec=replace(spec, mtp_parameters=0))
    odd = stated_parameters and all(abs(n - stated_parameters) > EXPLAINED * n for n in (alone, with_mtp))
    said = f"the files hold {stated_parameters:,} parameters and the shape explains {alone:,}" if odd else ""
    return with_gguf_weights(model.warned(said) if said else model, one)


def with_gguf_weights(model: LoadedModel, one: Quantization, file_type: int | None = None) -> LoadedModel:
    """The model with the weights of those files: their type, their exact bytes."""
    spec, size_bytes = model.spec, one.size_bytes
    plan = plan_of_file(spec, one.label, file_type, size_bytes) if size_bytes is not None else None
    if plan is None:
        name = format_name(one.label, file_type, 4.5)
        said = (
            "the size of the files is not stated"
            if size_bytes is None
            else f"files of {size_bytes:,} bytes fit no type"
        )
        model = replace(model, spec=replace(spec, weights=requantize(spec, name))).warned(f"{said}: counted as {name}")
    else:
        model = replace(model, spec=replace(spec, weights=plan, checkpoint_bytes=size_bytes), bytes_source=BYTES_SOURCE)
    missing = () if is_whole(one) else (f"only {len(one.files)} of the numbered parts are there",)
    return replace(model, stored_dtype=(one.label or model.spec.weights.name).lower()).warned(*missing)


def _origin(origin: str) -> str:
    return FROM_HEADER if origin == "config.json" else origin


def _shape(config: Config, header: GgufHeader, named: Named, stated: int | None) -> tuple[Normalized, tuple[str, ...]]:
    """The shape, its output head tied or not as the file tells, by its tensors or by its total."""
    if TIE in config:
        return _normalized(config, named), ()
    if header.tensors is not None:
        return _normalized({**config, TIE: not header.tensors.has_output_head}, named), ()
    apart, tied = (_normalized({**config, TIE: is_tied}, named) for is_tied in (False, True))
    nearest = min((apart, tied), key=lambda shape: abs(shape.spec.total_parameters - (stated or 0)))
    if stated is not None and abs(nearest.spec.total_parameters - stated) <= TOLERANCE * stated:
        return nearest, ()
    return apart, ("whether the output head is the embedding is not known: counted as a matrix of its own",)


def _normalized(config: Mapping[str, Any], named: Named) -> Normalized:
    try:
        return normalize(config, repo_id=named.repo_id, revision=named.revision)
    except IngestError as error:
        raise type(error)(f"{error.message} (read from the GGUF header)", "fetch the file again") from error


def _what_is_odd(header: GgufHeader, spec: ModelSpec, stated: int | None) -> tuple[str, ...]:
    """What the answer owes its reader: a total that the shape does not explain, a cache that an old file makes wide."""
    found = []
    total = header.tensors.parameters if header.tensors is not None else stated
    counted = spec.total_parameters + spec.mtp_parameters
    if total and all(abs(count - total) > EXPLAINED * total for count in (counted, spec.total_parameters)):
        found.append(f"the file holds {total:,} parameters and the header's shape explains {counted:,}")
    name = header.architecture
    if f"{name}.attention.kv_lora_rank" in header.values and f"{name}.attention.key_length_mla" not in header.values:
        found.append("converted before llama.cpp kept latent caches: it runs such a file with keys and values in full")
    return tuple(found)


def missing_shape(label: str) -> MalformedConfig:
    """The error for a header that ends, or is too long, before it tells the shape."""
    return MalformedConfig(
        f"{label}: the GGUF header does not tell layers, width and vocabulary within what is read of it",
        "name the model that the file was made from",
    )
