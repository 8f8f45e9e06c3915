"""A model as it was loaded: the spec, and what stands behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from estimator.model_spec import ModelSpec
from ingest.normalize import normalize
from ingest.quantization_config import read_weight_plan

Source = Literal["file", "bundled", "hub", "cache"]
COMPUTED: Final = "computed from the shape"


@dataclass(frozen=True)
class LoadedModel:
    """A spec and what stands behind it. `read_as` is the sentence that says which model was read, from where."""

    spec: ModelSpec
    asked: str
    source: Source
    read_as: str
    as_of: str | None = None
    is_stale: bool = False
    is_private: bool = False
    warnings: tuple[str, ...] = ()
    provenance: Mapping[str, str] | None = None
    stored_dtype: str | None = None
    bytes_source: str = COMPUTED

    @property
    def name(self) -> str:
        """The repository's id, or the path's."""
        return self.spec.repo_id

    def warned(self, *said: str) -> "LoadedModel":
        """The same model with more to mind."""
        return replace(self, warnings=(*self.warnings, *said)) if said else self


@dataclass(frozen=True, slots=True)
class Named:
    """Which model is read, and how the answer is to say so."""

    repo_id: str
    asked: str
    source: Source
    read_as: str
    revision: str | None = None

    @property
    def label(self) -> str:
        """The repository at its commit, for messages."""
        return f"{self.repo_id}@{self.revision[:7]}" if self.revision else self.repo_id


def model_from_config(
    config: Mapping[str, Any],
    quant: Mapping[str, Any] | None,
    *,
    repo_id: str,
    revision: str | None,
    asked: str,
    source: Source,
    read_as: str,
) -> LoadedModel:
    """Shape and weight formats read from the two files and joined in one spec; raises the `IngestError` tree."""
    shape = normalize(config, repo_id=repo_id, revision=revision)
    layers = shape.spec.headline.num_hidden_layers
    weights = read_weight_plan(config, quant, repo_id=repo_id, num_hidden_layers=layers)
    return LoadedModel(
        spec=replace(shape.spec, weights=weights.plan, cache_format=weights.cache_format),
        asked=asked,
        source=source,
        read_as=read_as,
        warnings=(*shape.warnings, *weights.warnings),
        provenance=shape.provenance,
        stored_dtype=weights.stored_dtype,
    )
