"""The front door: a name in, a normalized model out, with its commit, its source and what had to be assumed.

a folder or file         config.json or .gguf, as it stands (only where callers allow paths: never from Slack or HTTP)
a bundled name           from the catalogue: no network, no token; the answer says of when
org/name[@revision]      from the Hub, one or two requests; from our cache where the commit is known
org/name:Q4_K_M          a GGUF file of the repository; another format counted where it holds none
a loose name             the catalogue's nearest, then the Hub's search; the choice is stated, never silent
"""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ingest.catalogue import Catalogue, CatalogueEntry, bundled_catalogue
from ingest.errors import HubUnavailable, IngestError, NoConfig, UnknownModel
from ingest.json_file import MAX_CONFIG_BYTES, read_json_object
from ingest.loaded_model import LoadedModel, Source, model_from_config
from ingest.repo_ref import RepoRef, parse_repo_ref

if TYPE_CHECKING:
    from ingest.hub import HubClient
    from ingest.hub_models import HubModels
    from ingest.settings import Settings

__all__ = ["LoadedModel", "Loader", "Source", "connect", "is_path", "load", "load_path", "model_from_config"]

CONFIG_NAME: Final = "config.json"
QUANT_NAME: Final = "hf_quant_config.json"
LONGEST_SHOWN: Final = 200
"""Characters of a path that a message repeats."""


# -- for scripts ----------------------------------------------------------------------------------------------------


def load(name: str) -> LoadedModel:
    """The model of a name, a repository (`org/name@revision`), a folder, a `config.json` or a GGUF file.

    The bundled catalogue is asked first, then our cache and the Hub that `HF_ENDPOINT` and `HF_TOKEN` name, as they
    stood at the first call of the process. Raises `IngestError` with what to try.
    """
    return _own_loader().load(name)


def connect(settings: "Settings") -> "HubClient":
    """The Hub's client with our cache; imported only now, for it brings httpx2. Offline it serves what is cached."""
    from ingest.cache import RepoCache  # noqa: PLC0415  # start-up: a catalogued answer needs neither
    from ingest.hub import HubClient  # noqa: PLC0415  # as above

    cache = RepoCache(settings.cache_dir, endpoint=settings.endpoint, identity=settings.identity)
    return HubClient(settings, cache=cache)


@cache
def _own_loader() -> "Loader":
    """The process's own: models are normalized once."""
    from ingest.settings import read_settings  # noqa: PLC0415  # fronts read them themselves

    settings = read_settings(os.environ)
    return Loader(connect=lambda: connect(settings), allows_paths=True)


# -- from a path ----------------------------------------------------------------------------------------------------


def is_path(text: str) -> bool:
    """Whether the text names a file or folder here rather than a repository."""
    if text.startswith(("/", "./", "../", "~")) or text.endswith(".json"):
        return True
    if text.lower().endswith(".gguf"):
        return os.path.isfile(text)  # noqa: PTH113  # Path.is_file raises for a name that is too long
    return "/" in text and os.path.isfile(f"{text}/{CONFIG_NAME}")  # noqa: PTH113  # as above


def load_path(text: str) -> LoadedModel:
    """The model of a folder with a config.json, of that file, or of a GGUF file."""
    file, state = _found(text)
    if not stat.S_ISREG(state.st_mode):
        raise NoConfig(f"{_shown(text)}: no regular file", "give a folder with a config.json, or that file")
    if file.name.lower().endswith(".gguf"):
        from ingest.gguf.local import load_gguf_file  # noqa: PLC0415  # most models are none

        return load_gguf_file(file, text)
    config = read_json_object(_read_bytes(file, text), str(file))
    quant_file = file.with_name(QUANT_NAME)
    quant = read_json_object(_read_bytes(quant_file, text), str(quant_file)) if quant_file.is_file() else None
    repo_id = "/".join(file.resolve().parts[-3:-1]) if file.name == CONFIG_NAME else file.stem
    return model_from_config(
        config, quant, repo_id=repo_id, revision=None, asked=text, source="file", read_as=f"{repo_id}, read from {file}"
    )


def _found(asked: str) -> tuple[Path, os.stat_result]:
    """The file that a path means, and its state: what is opened later is known to be no pipe and no device."""
    try:
        path = Path(asked).expanduser()
        state = path.stat()
        if not stat.S_ISDIR(state.st_mode):
            return path, state
        file = path / CONFIG_NAME
        return file, file.stat()
    except FileNotFoundError as error:
        name = Path(error.filename).name
        raise NoConfig(f"{_shown(asked)}: no {name} there", "give a folder with a config.json, or that file") from None
    except (OSError, ValueError, RuntimeError) as error:  # a NUL; a home that nobody has
        raise _unreadable(asked, error) from None


def _read_bytes(file: Path, asked: str) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise _unreadable(asked, error) from None


def _unreadable(asked: str, error: Exception) -> NoConfig:
    return NoConfig(f"{_shown(asked)}: cannot be read ({getattr(error, 'strerror', None) or error})", "check the path")


def _shown(asked: str) -> str:
    return asked if len(asked) <= LONGEST_SHOWN else f"{asked[:LONGEST_SHOWN]}..."


class _ReadFile(NamedTuple):
    """A file that was read, as it was then."""

    file: str
    state: tuple[int, int] | None
    model: LoadedModel


def _state_of(file: str) -> tuple[int, int] | None:
    """When the file was last written and its size; None where it is gone."""
    try:
        found = os.stat(file)  # noqa: PTH116  # a third of the time of Path.stat, once for each request of a script
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


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
        self._paths: dict[str, _ReadFile] = {}

    @cached_property
    def _hub(self) -> "HubClient | None":
        return self._connect() if self._connect else None

    def known(self) -> Sequence[str]:
        """Ids of the bundled models."""
        return self._catalogue.repo_ids()

    @cached_property
    def _models(self) -> "HubModels | None":
        if self._hub is None:
            return None
        from ingest.hub_models import HubModels  # noqa: PLC0415  # only when the Hub is asked

        return HubModels(self._hub, self._base)

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
        known = self._paths.get(text)
        if known is not None and _state_of(known.file) == known.state:
            return known.model
        file, _ = _found(text)
        state = _state_of(str(file))
        model = load_path(text)
        self._paths[text] = _ReadFile(str(file), state, model)
        return model

    def _by_id(self, ref: RepoRef, asked: str, *, is_base: bool = False) -> LoadedModel:
        bundled = self._catalogue.alias(ref.repo_id) if ref.revision is None and ref.file is None else None
        if bundled is not None:
            return self._in_format(self._from_catalogue(bundled, asked, ""), ref.quantization)
        try:
            return self._from_hub(ref, asked, is_base=is_base)
        except HubUnavailable as error:
            known = self._of_that_name(ref, asked, error)
            if known is None:
                raise
            return known

    def _from_hub(self, ref: RepoRef, asked: str, *, is_base: bool) -> LoadedModel:
        if self._models is None:
            raise HubUnavailable(f"{ref.repo_id} is not bundled and no Hub is asked", "name a bundled model")
        return self._models.load(ref, asked, is_base=is_base)

    def _of_that_name(self, ref: RepoRef, asked: str, why: HubUnavailable) -> LoadedModel | None:
        """The bundled model that this repository offers again, and that it was not read."""
        from ingest.reuploads import same_name  # noqa: PLC0415  # only where the Hub cannot be asked

        found = same_name(ref, self._catalogue.repo_ids())
        if found is None:
            return None
        model = self._in_format(self._from_catalogue(found.repo_id, asked, "as its name says"), found.weights)
        return model.warned(f"{ref} was not read: sized as {found.repo_id}, whose name it has ({why.message})")

    def _in_format(self, model: LoadedModel, asked: str | None) -> LoadedModel:
        if asked is None:
            return model
        from ingest.hub_models import in_format  # noqa: PLC0415  # only where a format is named

        return in_format(model, asked)

    def _base(self, ref: RepoRef) -> LoadedModel:
        """The base of an adapter, by its id alone: never a path, for a stranger named it."""
        return self._by_id(ref, ref.repo_id, is_base=True)

    def _by_loose_name(self, name: str) -> LoadedModel:
        from ingest.names import resolve  # noqa: PLC0415  # start-up: most names are aliases

        unasked: list[str] = []
        search = (lambda query: self._search(query, unasked)) if self._hub is not None else None
        try:
            found = resolve(name, self._catalogue, search=search)
        except UnknownModel as error:
            if unasked:
                error.hint = f"{error.hint} The Hub could not be asked: {unasked[0]}".lstrip()
            raise
        if found.how == "search":
            return self._by_id(RepoRef(found.repo_id), name)
        return self._from_catalogue(found.repo_id, name, found.note)

    def _search(self, query: str, unasked: list[str]) -> list[str]:
        """Ids that the Hub finds; why it was not asked goes to `unasked`, for the catalogue may still know."""
        try:
            return [hit.repo_id for hit in self._hub.search_models(query)] if self._hub is not None else []
        except IngestError as error:
            unasked.append(error.message)
            return []

    def _from_catalogue(self, repo_id: str, asked: str, note: str) -> LoadedModel:
        model = self._bundled.get(repo_id)
        if model is None:
            entry = self._catalogue.entry(repo_id)
            if entry is None:
                raise UnknownModel(f"{asked}: {repo_id} is named in the catalogue but not held", "report this")
            model = self._bundled[repo_id] = _bundled_model(entry)
        return replace(model, asked=asked, read_as=f"{model.read_as}{'; ' + note if note else ''}")


def _bundled_model(entry: CatalogueEntry) -> LoadedModel:
    at = f"@{entry.commit[:7]}" if entry.commit else ""
    shares = f", which shares the shape of {entry.shares}" if entry.shares else ""
    remark = f" ({entry.note})" if entry.note and not entry.shares else ""  # why it shares stands in the provenance
    model = model_from_config(
        entry.config,
        entry.hf_quant_config,
        repo_id=entry.repo_id,
        revision=entry.commit,
        asked=entry.repo_id,
        source="bundled",
        read_as=f"{entry.repo_id}{at}{shares}, bundled as of {entry.as_of}{remark}",
    )
    stands_on = {"source": entry.source, **({"shares": entry.note} if entry.shares else {})}
    return replace(model, as_of=entry.as_of, provenance={**(model.provenance or {}), **stands_on})
