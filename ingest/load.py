"""The front door: a name in, a normalized model out, with its commit, its source and what had to be assumed.

a folder or file         read as it stands (only where the caller allows paths: never from Slack or HTTP)
a bundled name           from the catalogue: no network, no token; the answer says of when
org/name[@revision]      from the Hub, one or two requests; from our cache where the commit is known
a loose name             the catalogue's nearest, then the Hub's search; the choice is stated, never silent
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from estimator.model_spec import ModelSpec
from ingest.catalogue import Catalogue, CatalogueEntry, bundled_catalogue
from ingest.errors import HubUnavailable, IngestError, MalformedConfig, NoConfig, UnknownModel
from ingest.json_file import MAX_CONFIG_BYTES, read_json_object
from ingest.normalize import normalize
from ingest.quantization_config import read_weight_plan
from ingest.repo_ref import RepoRef, parse_repo_ref

if TYPE_CHECKING:
    from ingest.fetched_repo import FetchedRepo
    from ingest.hub import HubClient

Source = Literal["file", "bundled", "hub", "cache"]

CONFIG_NAME: Final = "config.json"
QUANT_NAME: Final = "hf_quant_config.json"


@dataclass(frozen=True)
class LoadedModel:
    """A spec and what stands behind it. `read_as` is the sentence that says which model was read, from where."""

    spec: ModelSpec
    asked: str
    source: Source
    read_as: str
    as_of: str | None = None
    is_stale: bool = False
    warnings: tuple[str, ...] = ()
    provenance: Mapping[str, str] | None = None
    stored_dtype: str | None = None
    bytes_source: str = "computed from the shape"

    @property
    def name(self) -> str:
        """The repository's id, or the path's."""
        return self.spec.repo_id


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


# -- from a path ----------------------------------------------------------------------------------------------------


def is_path(text: str) -> bool:
    """Whether the text names a file or folder here rather than a repository."""
    if text.startswith(("/", "./", "../", "~")) or text.endswith(".json"):
        return True
    return "/" in text and (Path(text) / CONFIG_NAME).is_file()


def load_path(text: str) -> LoadedModel:
    """The model of a folder with a config.json, or of that file."""
    path = Path(text).expanduser()
    file = path / CONFIG_NAME if path.is_dir() else path
    config = read_json_object(_read_bytes(file, text), str(file))
    quant_file = file.with_name(QUANT_NAME)
    quant = read_json_object(_read_bytes(quant_file, text), str(quant_file)) if quant_file.is_file() else None
    repo_id = "/".join(file.resolve().parts[-3:-1]) if file.name == CONFIG_NAME else file.stem
    return model_from_config(
        config, quant, repo_id=repo_id, revision=None, asked=text, source="file", read_as=f"{repo_id}, read from {file}"
    )


def _read_bytes(file: Path, asked: str) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        raise NoConfig(f"{asked}: no {file.name} there", "give a folder with a config.json, or that file") from None
    except OSError as error:
        raise NoConfig(f"{asked}: {file.name} cannot be read ({error.strerror})", "check the path") from None


# -- by name --------------------------------------------------------------------------------------------------------


class Loader:
    """Names to models. The Hub's client is made at the first name that the catalogue does not hold."""

    def __init__(
        self,
        catalogue: Catalogue | None = None,
        *,
        connect: Callable[[], "HubClient"] | None = None,
        allows_paths: bool = False,
    ) -> None:
        self._catalogue = catalogue or bundled_catalogue()
        self._connect = connect
        self._allows_paths = allows_paths
        self._bundled: dict[str, LoadedModel] = {}
        self._paths: dict[tuple[str, int, int], LoadedModel] = {}

    @cached_property
    def _hub(self) -> "HubClient | None":
        return self._connect() if self._connect else None

    def load(self, name: str) -> LoadedModel:
        """The model of that name; raises the `IngestError` tree, each error with what to try."""
        if self._allows_paths and is_path(name):
            return self._from_path(name)
        known = self._catalogue.alias(name)
        if known is not None:
            is_exact = name.lower() in {known.lower(), known.split("/")[-1].lower()}
            return self._from_catalogue(known, name, "" if is_exact else f"chosen for {name!r}")
        ref = parse_repo_ref(name) if "/" in name else None
        return self._by_id(ref, name) if ref is not None else self._by_loose_name(name)

    def _from_path(self, text: str) -> LoadedModel:
        """As `load_path`, once for each state of the file: scripts size one folder in a thousand ways."""
        path = Path(text).expanduser()
        file = path / CONFIG_NAME if path.is_dir() else path
        try:
            state = file.stat()
        except OSError:
            return load_path(text)  # which says what is missing
        key = (text, state.st_mtime_ns, state.st_size)
        if key not in self._paths:
            self._paths[key] = load_path(text)
        return self._paths[key]

    def _by_id(self, ref: RepoRef, asked: str) -> LoadedModel:
        bundled = self._catalogue.alias(ref.repo_id)
        if bundled is not None and ref.revision is None:
            return self._from_catalogue(bundled, asked, "")
        if self._hub is None:
            raise HubUnavailable(f"{ref.repo_id} is not bundled and no Hub is asked", "name a bundled model")
        return self._from_hub(self._hub.fetch_model(ref), asked)

    def _by_loose_name(self, name: str) -> LoadedModel:
        from ingest.names import resolve  # noqa: PLC0415  # start-up: most names are aliases

        found = resolve(name, self._catalogue, search=self._search if self._hub is not None else None)
        if found.how == "search":
            return self._by_id(RepoRef(found.repo_id), name)
        return self._from_catalogue(found.repo_id, name, found.note)

    def _search(self, query: str) -> list[str]:
        try:
            return [hit.repo_id for hit in self._hub.search_models(query)] if self._hub is not None else []
        except IngestError:
            return []  # the search is the last step of many: without it the catalogue's own answer stands

    def _from_catalogue(self, repo_id: str, asked: str, note: str) -> LoadedModel:
        model = self._bundled.get(repo_id)
        if model is None:
            entry = self._catalogue.entry(repo_id)
            if entry is None:
                raise UnknownModel(f"{asked}: {repo_id} is named in the catalogue but not held", "report this")
            model = self._bundled[repo_id] = _bundled_model(entry)
        return replace(model, asked=asked, read_as=f"{model.read_as}{'; ' + note if note else ''}")

    def _from_hub(self, repo: "FetchedRepo", asked: str) -> LoadedModel:
        label = f"{repo.repo_id}@{repo.commit[:7]}"
        if repo.config is None:
            raise MalformedConfig(f"{label}: no config.json", "name another repository")
        config = read_json_object(repo.config, f"{label}/{CONFIG_NAME}")
        quant = read_json_object(repo.hf_quant_config, f"{label}/{QUANT_NAME}") if repo.hf_quant_config else None
        origin = "the Hub" if repo.source == "hub" else "our cache of the Hub"
        model = model_from_config(
            config,
            quant,
            repo_id=repo.repo_id,
            revision=repo.commit,
            asked=asked,
            source=repo.source,
            read_as=f"{label}, from {origin}",
        )
        return _with_stated_bytes(_with_staleness(model, repo), repo)


def _bundled_model(entry: CatalogueEntry) -> LoadedModel:
    at = f"@{entry.commit[:7]}" if entry.commit else ""
    shares = f", which shares the shape of {entry.shares}" if entry.shares else ""
    model = model_from_config(
        entry.config,
        entry.hf_quant_config,
        repo_id=entry.repo_id,
        revision=entry.commit,
        asked=entry.repo_id,
        source="bundled",
        read_as=f"{entry.repo_id}{at}{shares}, bundled as of {entry.as_of}{f' ({entry.note})' if entry.note else ''}",
    )
    return replace(model, as_of=entry.as_of)


def _with_staleness(model: LoadedModel, repo: "FetchedRepo") -> LoadedModel:
    if not repo.stale:
        return model
    said = f"the Hub could not be asked whether this is still its state: {repo.stale_reason}"
    return replace(model, is_stale=True, warnings=(*model.warnings, said))


def _with_stated_bytes(model: LoadedModel, repo: "FetchedRepo") -> LoadedModel:
    """The exact size of the weight files where the Hub states it, and a warning where the shape does not explain it."""
    sizes = [f.size_bytes for f in repo.siblings or () if f.name.endswith(".safetensors") and f.size_bytes is not None]
    if not sizes:
        return model
    stated, counted = sum(sizes), model.spec.weight_bytes(with_mtp=True)
    warnings = model.warnings
    if abs(stated - counted) > 0.02 * counted:
        said = f"the files weigh {stated / 1e9:,.1f} GB and the shape explains {counted / 1e9:,.1f} GB"
        warnings = (*warnings, said)
    spec = replace(model.spec, checkpoint_bytes=stated)
    return replace(model, spec=spec, warnings=warnings, bytes_source="sizes of the files on the Hub")
