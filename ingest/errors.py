"""What ingest cannot read.

    IngestError
    ├── UnknownModel               no such repository, or none that we may see; near names offered
    ├── AmbiguousModel             several models fit the name equally; they are named
    ├── GatedModel                 exists, but asks for a licence or a token
    ├── NotAGenerativeModel        a dataset, adapter, diffusion pipeline, ... : said as what it is
    ├── NoConfig                   the repository has no config.json
    ├── MalformedConfig            not JSON, not an object, too large, too deep, or a key with an impossible value
    ├── UnsupportedArchitecture    a shape that is not understood; the key is named
    ├── HubUnavailable             no network, a time-out, 429 or 5xx, and nothing cached
    └── StoreUnavailable           our own database: an address that cannot be read, no answer, written by a newer one

Each says what was asked (`message`: repository, commit, key) and what to try (`hint`).
"""


class IngestError(Exception):
    """A repository or config that cannot be turned into a model spec."""

    def __init__(self, message: str, hint: str = "", *, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.suggestions = suggestions


class UnknownModel(IngestError):
    """No such repository, or none that this identity may see."""


class AmbiguousModel(IngestError):
    """Several models fit the name equally well."""


class GatedModel(IngestError):
    """The repository exists and asks for a licence or a token."""


class NotAGenerativeModel(IngestError):
    """A repository of another kind, named as what it is."""


class NoConfig(IngestError):
    """The repository holds no config.json."""


class MalformedConfig(IngestError):
    """The config is not a JSON object of sane size, or a key holds an impossible value."""


class UnsupportedArchitecture(IngestError):
    """The config describes a shape that is not understood; the key is named."""


class HubUnavailable(IngestError):
    """The Hub did not answer and nothing is cached."""


class StoreUnavailable(IngestError):
    """Our own database cannot be opened."""
