"""Strangers' text -> a reference to a model repository, or an error that says what the text is instead.

    org/name                                    name (of the days before organisations: gpt2)
    org/name@revision                           org/name:Q4_K_M
    https://huggingface.co/org/name             .../tree|blob|resolve|raw/revision/file
    hf.co/org/name                              hf://[models/]org/name[@revision][/file]

Addresses of data sets, spaces and the like are refused as what they are. Nothing here asks the Hub.
Ids, as in huggingface_hub 2.4, `utils/_validators.py`: letters, digits, `-`, `_`, `.`; at most 96; no `--` nor `..`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from ingest.errors import IngestError, NotAGenerativeModel, UnknownModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_TEXT: Final = 2048
MAX_SEGMENT: Final = 96
MAX_REVISION: Final = 255
MAX_QUANTIZATION: Final = 32
COMMIT_LENGTH: Final = 40
HOSTS: Final = frozenset({"huggingface.co", "www.huggingface.co", "hf.co", "www.hf.co"})
ID_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
HEX: Final = frozenset("0123456789abcdef")
REVISION_PAGES: Final = frozenset({"tree", "blob", "resolve", "raw", "commit", "commits", "blame"})
OTHER_PAGES: Final = frozenset({"discussions", "settings", "community", "deploy"})

OTHER_KINDS: Final[Mapping[str, str]] = {
    "datasets": "a data set",
    "spaces": "a space (an app)",
    "buckets": "a storage bucket",
    "kernels": "a kernel",
}
SITE_PAGES: Final = frozenset(
    {
        "api",
        "blog",
        "chat",
        "collections",
        "docs",
        "join",
        "learn",
        "login",
        "models",
        "organizations",
        "papers",
        "posts",
    }
    | {"pricing", "settings", "tasks", "inference", "enterprise", "search"}
)


@dataclass(frozen=True, slots=True)
class RepoRef:
    """A model repository as someone named it; None where they did not say."""

    repo_id: str
    revision: str | None = None
    file: str | None = None
    quantization: str | None = None

    @property
    def is_commit(self) -> bool:
        """Whether the revision is a whole commit hash, which never moves."""
        return self.revision is not None and is_commit(self.revision)

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return f"{self.repo_id}{revision}" + (f":{self.quantization}" if self.quantization else "")


def is_commit(revision: str) -> bool:
    """Whether this is a whole commit hash: 40 lower-case hexadecimal digits."""
    return len(revision) == COMMIT_LENGTH and HEX.issuperset(revision)


def is_repo_id(text: str) -> bool:
    """Whether this could be the id of a repository, by its letters alone."""
    try:
        _check_repo_id(text, text)
    except IngestError:
        return False
    return True


def parse_repo_ref(text: str, *, endpoint: str = "") -> RepoRef:
    """The repository that a text names.

    `endpoint` adds the host of a Hub mirror to those whose addresses are read.

    >>> parse_repo_ref("https://huggingface.co/Qwen/Qwen3-8B/blob/main/config.json")
    RepoRef(repo_id='Qwen/Qwen3-8B', revision='main', file='config.json', quantization=None)
    >>> str(parse_repo_ref("bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M"))
    'bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M'

    Raises: NotAGenerativeModel for other kinds of repository, UnknownModel for what is no name of a repository.
    """
    text = _unwrapped(text)
    if text.startswith("hf://"):
        return _from_uri(text)
    if (path := _path_on_the_hub(text, endpoint)) is not None:
        return _from_path(path, text)
    return _from_name(text)


def _unwrapped(text: str) -> str:
    text = text.strip()
    if text.startswith("<") and text.endswith(">"):  # Slack: <https://address|what is shown>
        text = text[1:-1].partition("|")[0].strip()
    if not text:
        raise UnknownModel("No model was named.", "Name one as org/name, e.g. Qwen/Qwen3-8B.")
    if len(text) > MAX_TEXT:
        raise UnknownModel(f"A name of {len(text)} characters is no model.", f"At most {MAX_TEXT} characters are read.")
    return text


def _path_on_the_hub(text: str, endpoint: str) -> str | None:
    """The path of an address on the Hub; None if the text is no address at all."""
    is_address = text.startswith(("http://", "https://"))
    if not is_address and text.partition("/")[0].lower() not in HOSTS:
        return None
    try:
        parts = urlsplit(text if is_address else f"https://{text}")
        host, own_host = parts.hostname, urlsplit(endpoint).hostname
    except ValueError as error:
        raise _malformed(text, "it is no address") from error
    if host not in HOSTS and (own_host is None or host != own_host):
        raise _malformed(text, "it is not an address on the Hub")
    return parts.path


def _from_path(path: str, text: str) -> RepoRef:
    segments = [segment for segment in path.split("/") if segment]
    if segments[:2] == ["api", "models"]:
        segments = segments[2:]
    if segments and segments[0] not in OTHER_KINDS and segments[0] in SITE_PAGES:
        raise _malformed(text, "it is a page of the Hub, not a model")
    _refuse_other_kinds(segments, text)
    if len(segments) > 1 and segments[1] not in REVISION_PAGES | OTHER_PAGES:
        return _with_page("/".join(segments[:2]), segments[2:], text)
    return _with_page("".join(segments[:1]), segments[1:], text)


def _with_page(named: str, rest: Sequence[str], text: str) -> RepoRef:
    """A reference from `org/name[:quantization]` and what follows it in an address: /tree/main/folder and so on."""
    ref = _from_name(unquote(named), text)
    if len(rest) < 2 or rest[0] not in REVISION_PAGES | {"revision"}:
        return ref
    width = 3 if rest[1] == "refs" else 1  # refs/pr/1 and refs/convert/parquet are written out in some addresses
    revision = unquote("/".join(rest[1 : 1 + width]))
    file = unquote("/".join(rest[1 + width :])) or None
    return RepoRef(ref.repo_id, _checked_revision(revision, text), _checked_file(file, text), ref.quantization)


def _from_uri(text: str) -> RepoRef:
    segments = text.removeprefix("hf://").split("/")
    _refuse_other_kinds(segments, text)
    if segments[0] == "models":
        segments = segments[1:]
    ref = _from_name("/".join(segments[:2]), text)
    return RepoRef(ref.repo_id, ref.revision, _checked_file("/".join(segments[2:]) or None, text), ref.quantization)


def _from_name(name: str, text: str | None = None) -> RepoRef:
    text = text or name
    name, _, quantization = name.partition(":")
    repo_id, at, revision = name.partition("@")
    _refuse_other_kinds(repo_id.split("/") if repo_id.count("/") > 1 else (), text)
    _check_repo_id(repo_id, text)
    if at:
        revision = _checked_revision(unquote(revision), text)
    if ":" in text.rpartition("/")[2]:
        _check_quantization(quantization, text)
    return RepoRef(repo_id, revision or None, None, quantization or None)


def _refuse_other_kinds(segments: Sequence[str], text: str) -> None:
    if len(segments) > 1 and segments[0] in OTHER_KINDS:
        raise NotAGenerativeModel(
            f"{_shown(text)} is {OTHER_KINDS[segments[0]]}, not a model.", "Name a model repository as org/name."
        )


def _check_repo_id(repo_id: str, text: str) -> None:
    if repo_id.startswith((".", "/", "~")) or "\\" in repo_id:
        raise _malformed(text, "it looks like a path, and nothing readable is there")
    segments = repo_id.split("/")
    if len(segments) > 2:
        raise _malformed(text, "it has more than one slash")
    for segment in segments:
        _check_segment(segment, text)


def _check_segment(segment: str, text: str) -> None:
    if not segment:
        raise _malformed(text, "the organisation or the name is empty")
    if len(segment) > MAX_SEGMENT:
        raise _malformed(text, f"a part of it is longer than {MAX_SEGMENT} characters")
    if strange := set(segment) - ID_CHARACTERS:
        raise _malformed(text, f"names hold letters, digits, '-', '_' and '.', not {min(strange)!r}")
    if "--" in segment or ".." in segment or segment[0] in "-." or segment[-1] in "-." or segment.endswith(".git"):
        raise _malformed(text, "names hold no '--' or '..', do not begin or end with '-' or '.', nor end with '.git'")


def _checked_revision(revision: str, text: str) -> str:
    if not revision or len(revision) > MAX_REVISION or not _is_git_ref(revision):
        raise _malformed(text, "what stands after '@' is no branch, tag or commit")
    return revision.lower() if is_commit(revision.lower()) else revision


def _is_git_ref(revision: str) -> bool:
    """Whether git takes it as a name. Source: git-check-ref-format(1), rules 1 to 10, in ASCII."""
    return (
        revision.isascii()
        and revision.isprintable()
        and not set(revision) & set(" ~^:?*[\\")
        and not any(part in revision for part in ("..", "@{", "//"))
        and not any(segment.startswith((".", "-")) or segment.endswith(".lock") for segment in revision.split("/"))
        and revision[0] != "/"
        and revision[-1] not in "/."
    )


def _checked_file(file: str | None, text: str) -> str | None:
    if file is not None and (not file.isprintable() or ".." in file.split("/")):
        raise _malformed(text, "the file in it has no sane name")
    return file


def _check_quantization(quantization: str, text: str) -> None:
    if not quantization or len(quantization) > MAX_QUANTIZATION or not ID_CHARACTERS.issuperset(quantization):
        raise _malformed(text, "what stands after ':' is no format, such as Q4_K_M")


def _malformed(text: str, why: str) -> IngestError:
    return UnknownModel(f"{_shown(text)} names no model: {why}.", "Name it as org/name, e.g. Qwen/Qwen3-8B.")


def _shown(text: str) -> str:
    """The text, fit for a message: quoted, escaped, short."""
    return repr(text if len(text) <= 100 else f"{text[:97]}...")
