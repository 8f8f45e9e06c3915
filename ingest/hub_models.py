"""A repository on the Hub -> a loaded model, whatever its weights are: the one place that knows the kinds.

    config.json             the model as transformers knows it
    *.gguf                  a quantization chosen, its header read by range
    adapter_config.json     the base model, loaded in turn, and what the adapter adds
    params.json             the makers' own layout

What is none of them is refused as what it is (`repo_kind`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from ingest import weights
from ingest.errors import IngestError, UnknownModel
from ingest.json_file import read_json_object
from ingest.loaded_model import LoadedModel, Named, model_from_config
from ingest.repo_kind import missing_config
from ingest.repo_ref import RepoRef, is_repo_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.fetched_repo import FetchedRepo
    from ingest.gguf.files import Quantization
    from ingest.gguf.header import GgufHeader

CONFIG_NAME: Final = "config.json"
QUANT_NAME: Final = "hf_quant_config.json"


class RepoSource(Protocol):
    """Where repositories come from: `ingest.hub.HubClient`, or a store of what it once said."""

    def fetch_repo(self, ref: RepoRef) -> FetchedRepo:
        """The repository, whatever it holds."""

    def fetch_part(self, repo: FetchedRepo, name: str) -> bytes | None:
        """The bytes of another small file of it."""

    def fetch_gguf_header(self, repo: FetchedRepo, name: str, *, with_tensors: bool = False) -> GgufHeader:
        """The header of a GGUF file of it."""


@dataclass(frozen=True, slots=True)
class HubModels:
    """Models of one Hub. `base_of` loads the base of an adapter, from wherever it is known."""

    hub: RepoSource
    base_of: Callable[[RepoRef], LoadedModel]

    def load(self, ref: RepoRef, asked: str, *, is_base: bool = False) -> LoadedModel:
        """The model of that reference; raises the `IngestError` tree. A base may be no adapter itself."""
        repo = self.hub.fetch_repo(ref)
        return _said(self._read(repo, ref, asked, is_base=is_base), repo)

    def _read(self, repo: FetchedRepo, ref: RepoRef, asked: str, *, is_base: bool) -> LoadedModel:
        if _asks_for_gguf(repo, ref):
            return self._gguf(repo, ref, asked)
        if repo.adapter_config is not None and (repo.config is None or repo.is_adapter_only):
            if is_base:
                raise missing_config(repo)
            return self._adapter(repo, asked)
        if repo.config is not None:
            model = weights.with_stated_weights(_from_config(repo, repo.config, asked), repo)
            return _converted(model, ref)
        params = self.hub.fetch_part(repo, "params.json") if _is_makers_own(repo) else None
        if params is None:
            raise missing_config(repo)
        return _converted(weights.with_stated_weights(_from_params(repo, params, asked), repo), ref)

    # -- GGUF -------------------------------------------------------------------------------------------------------

    def _gguf(self, repo: FetchedRepo, ref: RepoRef, asked: str) -> LoadedModel:
        from ingest.gguf.files import choose, quantizations  # noqa: PLC0415  # most models have none
        from ingest.gguf.model import with_gguf_files  # noqa: PLC0415  # as above

        one = choose(repo.repo_id, quantizations(repo.siblings or ()), ref.quantization, _gguf_file(ref))
        if repo.config is not None:
            model = with_gguf_files(_from_config(repo, repo.config, asked), one, _stated_gguf_parameters(repo))
            return replace(model, read_as=f"{model.read_as}; {_files(one)}")
        return self._from_header(repo, one, asked)

    def _from_header(self, repo: FetchedRepo, one: Quantization, asked: str) -> LoadedModel:
        from ingest.gguf.model import model_from_gguf, needs_tensors  # noqa: PLC0415  # as above

        stated, name = _stated_gguf_parameters(repo), one.files[0].name
        header = self.hub.fetch_gguf_header(repo, name)
        if needs_tensors(header, stated) and len(one.files) == 1:
            header = self.hub.fetch_gguf_header(repo, name, with_tensors=True)
        named = replace(_named(repo, asked), read_as=f"{_named(repo, asked).read_as}; {_files(one)}")
        return model_from_gguf(header, one, named, stated_parameters=stated)

    # -- adapters ---------------------------------------------------------------------------------------------------

    def _adapter(self, repo: FetchedRepo, asked: str) -> LoadedModel:
        from ingest.adapters import no_base, read_adapter, with_adapter  # noqa: PLC0415  # few models are

        label = _label(repo)
        adapter = read_adapter(repo.adapter_config or b"", label)
        base = adapter.base or next((RepoRef(name) for name in repo.base_models if is_repo_id(name)), None)
        if base is None or base.repo_id.lower() == repo.repo_id.lower():
            raise missing_config(repo)
        try:
            model = self.base_of(base)
        except IngestError as error:
            raise no_base(label, error) from error
        sizes = [file.size_bytes for file in repo.weight_files if file.name.startswith("adapter_model.")]
        return with_adapter(
            model,
            adapter,
            repo_id=repo.repo_id,
            commit=repo.commit,
            asked=asked,
            size_bytes=sizes[0] if sizes else None,
        )


def _asks_for_gguf(repo: FetchedRepo, ref: RepoRef) -> bool:
    """Whether GGUF files are meant: asked for by label or file, or nothing else is there."""
    from ingest.gguf.files import is_gguf  # noqa: PLC0415  # as above

    has_gguf = any(is_gguf(file.name) for file in repo.siblings or ())
    return has_gguf and (ref.quantization is not None or _gguf_file(ref) is not None or _is_only_gguf(repo))


def _is_only_gguf(repo: FetchedRepo) -> bool:
    return repo.config is None or repo.is_gguf_only


def _gguf_file(ref: RepoRef) -> str | None:
    return ref.file if ref.file is not None and ref.file.lower().endswith(".gguf") else None


def _files(one: Quantization) -> str:
    parts = f" in {len(one.files)} parts" if len(one.files) > 1 else ""
    return f"{one.label or one.stem}{parts}"


def _stated_gguf_parameters(repo: FetchedRepo) -> int | None:
    """The parameters of one of its GGUF files, as the Hub counted them."""
    total = repo.gguf.get("total") if repo.gguf is not None else None
    return total if isinstance(total, int) and total > 0 else None


def _is_makers_own(repo: FetchedRepo) -> bool:
    return repo.siblings is not None and repo.has_file("params.json")


def _label(repo: FetchedRepo) -> str:
    return f"{repo.repo_id}@{repo.commit[:7]}"


def _named(repo: FetchedRepo, asked: str) -> Named:
    origin = "the Hub" if repo.source == "hub" else "our cache of the Hub"
    return Named(
        repo_id=repo.repo_id,
        asked=asked,
        source=repo.source,
        read_as=f"{_label(repo)}, from {origin}",
        revision=repo.commit,
    )


def _from_config(repo: FetchedRepo, config: bytes, asked: str) -> LoadedModel:
    label, named = _label(repo), _named(repo, asked)
    quant = read_json_object(repo.hf_quant_config, f"{label}/{QUANT_NAME}") if repo.hf_quant_config else None
    return model_from_config(
        read_json_object(config, f"{label}/{CONFIG_NAME}"),
        quant,
        repo_id=named.repo_id,
        revision=named.revision,
        asked=asked,
        source=named.source,
        read_as=named.read_as,
    )


def _from_params(repo: FetchedRepo, params: bytes, asked: str) -> LoadedModel:
    from ingest.mistral_format import PARAMS, config_of_params  # noqa: PLC0415  # few repositories have it

    label, named = _label(repo), _named(repo, asked)
    config = config_of_params(read_json_object(params, f"{label}/{PARAMS}"), label)
    model = model_from_config(
        config,
        None,
        repo_id=named.repo_id,
        revision=named.revision,
        asked=asked,
        source=named.source,
        read_as=f"{named.read_as}; its makers' {PARAMS}",
    )
    provenance = {key: origin.replace(CONFIG_NAME, PARAMS) for key, origin in (model.provenance or {}).items()}
    return replace(model, provenance=provenance)


def _converted(model: LoadedModel, ref: RepoRef) -> LoadedModel:
    """The model in the format asked for after the colon, where the repository has no file of it."""
    return in_format(model, ref.quantization) if ref.quantization is not None else model


def in_format(model: LoadedModel, asked: str) -> LoadedModel:
    """The model in another format than its checkpoint's, and said so; `UnknownModel` for what is no format."""
    from estimator.dtypes import FORMATS  # noqa: PLC0415  # loaded already
    from estimator.quantization import requantize  # noqa: PLC0415  # as above

    name = asked.lower()
    if name not in FORMATS:
        raise UnknownModel(
            f"{model.name}: {asked!r} is no format that is known, and no GGUF file of the repository has that label",
            f"name one of {', '.join(FORMATS)}",
        )
    if name == model.spec.weights.name:
        return model
    spec = replace(model.spec, weights=requantize(model.spec, name), checkpoint_bytes=None)
    said = f"{model.read_as}; counted in {name}: the repository holds {model.spec.weights.name}"
    return replace(model, spec=spec, read_as=said, bytes_source="computed from the shape")


RELATIONS: Final = {
    "quantized": "a quantization of",
    "adapter": "an adapter of",
    "finetune": "a fine-tune of",
    "merge": "a merge of",
}


def _said(model: LoadedModel, repo: FetchedRepo) -> LoadedModel:
    """The model with what the repository says of its origin, and whether that is still its state."""
    others = [name for name in repo.base_models if name.lower() != repo.repo_id.lower() and name not in model.read_as]
    if others:
        model = replace(model, read_as=f"{model.read_as}; {_relation(repo)} {', '.join(others[:3])}")
    if repo.is_private:
        model = replace(model, is_private=True).warned("a private repository: read with this machine's token")
    if not repo.stale:
        return model
    said = f"the Hub could not be asked whether this is still its state: {repo.stale_reason}"
    return replace(model, is_stale=True).warned(said)


def _relation(repo: FetchedRepo) -> str:
    """How it comes from its base, by its tags `base_model:<relation>:<id>`."""
    found = (said for key, said in RELATIONS.items() if any(tag.startswith(f"base_model:{key}:") for tag in repo.tags))
    return next(found, "made from")
