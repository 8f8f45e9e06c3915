"""What a loopback Hub holds: repositories with commits, files, gates and old names."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a commit; a large one is a length, served as its content and zeros after it."""

    content: bytes = b""
    virtual_bytes: int = 0
    is_lfs: bool = False

    @property
    def size_bytes(self) -> int:
        return self.virtual_bytes or len(self.content)

    @property
    def blob_id(self) -> str:
        """The git blob hash, which the Hub gives as ETag of files outside LFS."""
        return hashlib.sha1(b"blob %d\0" % len(self.content) + self.content, usedforsecurity=False).hexdigest()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content or str(self.virtual_bytes).encode()).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.is_lfs else self.blob_id

    def slice(self, first: int, last: int) -> bytes:
        """The bytes from `first` to `last`, both included."""
        begins = self.content[first : last + 1]
        return begins + bytes(last + 1 - first - len(begins)) if self.virtual_bytes else begins


def json_file(value: Any) -> HubFile:
    """A file with this value as JSON."""
    return HubFile(json.dumps(value, indent=2).encode())


def weights_file(size_bytes: int) -> HubFile:
    """A large file in LFS: a length without content."""
    return HubFile(virtual_bytes=size_bytes, is_lfs=True)


@dataclass(slots=True)
class HubRepo:
    """A model repository; `main` is its last commit, `tags` name earlier ones."""

    repo_id: str
    files: dict[str, HubFile] = field(default_factory=dict)
    pipeline_tag: str | None = None
    library_name: str | None = None
    tags: tuple[str, ...] = ()
    gated: str | bool = False
    is_private: bool = False
    is_disabled: bool = False
    safetensors: dict[str, Any] | None = None
    gguf: dict[str, Any] | None = None
    card: dict[str, Any] = field(default_factory=dict)
    downloads: int = 0
    likes: int = 0
    trending: int = 0
    created_at: str = "2025-01-01T00:00:00.000Z"
    modified_at: str = "2025-06-01T00:00:00.000Z"
    old_names: tuple[str, ...] = ()
    commits: dict[str, dict[str, HubFile]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.commit(self.files)

    def commit(self, files: dict[str, HubFile]) -> str:
        """The hash of a new commit on `main` with these files beside the earlier ones."""
        earlier = self.commits.get(self.refs.get("main", ""), {})
        merged = dict(sorted({**earlier, **files}.items()))
        listing = [self.repo_id, len(self.commits), [(name, file.etag) for name, file in merged.items()]]
        sha = hashlib.sha1(json.dumps(listing).encode(), usedforsecurity=False).hexdigest()
        self.commits[sha] = merged
        self.refs["main"] = sha
        return sha

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag or hash names."""
        revision = "main" if revision == "HEAD" else revision
        return self.refs.get(revision) or (revision if revision in self.commits else None)

    def siblings(self, sha: str, *, with_sizes: bool) -> list[dict[str, Any]]:
        """The files of a commit as `siblings` of a model's info."""
        return [_sibling(name, file, with_sizes=with_sizes) for name, file in self.commits[sha].items()]

    def listed_config(self, sha: str) -> dict[str, Any]:
        """What the Hub itself reads of config.json: architectures, model_type and little else (hub issue 1759)."""
        file = self.commits[sha].get("config.json")
        try:
            config = json.loads(file.content) if file else {}
        except ValueError:
            config = {}
        return {key: config[key] for key in ("architectures", "model_type") if key in config}

    def info(self, sha: str, *, with_sizes: bool = False) -> dict[str, Any]:
        """What `GET /api/models/{id}` says of a commit, without `expand`.

        Keys as in answers of the real Hub, 2025-2026; absent facts are left out, as there.
        """
        stated = {
            "pipeline_tag": self.pipeline_tag,
            "library_name": self.library_name,
            "safetensors": self.safetensors,
            "gguf": self.gguf,
        }
        return {
            "_id": hashlib.sha256(self.repo_id.encode()).hexdigest()[:24],
            "id": self.repo_id,
            "modelId": self.repo_id,
            "author": self.repo_id.rpartition("/")[0],
            "sha": sha,
            "private": self.is_private,
            "gated": self.gated,
            "disabled": self.is_disabled,
            "downloads": self.downloads,
            "likes": self.likes,
            "trendingScore": self.trending,
            "tags": list(self.tags),
            "createdAt": self.created_at,
            "lastModified": self.modified_at,
            "cardData": self.card,
            "config": self.listed_config(sha),
            "siblings": self.siblings(sha, with_sizes=with_sizes),
            "spaces": [],
            "usedStorage": sum(file.size_bytes for file in self.commits[sha].values()),
            **{key: value for key, value in stated.items() if value is not None},
        }


def _sibling(name: str, file: HubFile, *, with_sizes: bool) -> dict[str, Any]:
    if not with_sizes:
        return {"rfilename": name}
    sized = {"rfilename": name, "size": file.size_bytes, "blobId": file.blob_id}
    if file.is_lfs:
        sized["lfs"] = {"size": file.size_bytes, "sha256": file.sha256, "pointerSize": 134}
    return sized
