"""The routes of a Hub and what each answers: pure functions of the Hub's state and a request.

Routes, headers and error codes as huggingface_hub 2.4 and recorded answers of the real Hub have them.
Judged by huggingface_hub itself in `test_loopback_hub.py`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.hub.repositories import HubFile, HubRepo

LIST_REFUSES = {"baseModels", "childrenModelCount", "usedStorage"}
EXPANDABLE = {
    "author", "baseModels", "cardData", "childrenModelCount", "config", "createdAt", "disabled", "downloads",
    "downloadsAllTime", "evalResults", "gated", "gguf", "inference", "inferenceProviderMapping", "lastModified",
    "library_name", "likes", "mask_token", "model-index", "pipeline_tag", "private", "resourceGroup",
    "safetensors", "sha", "siblings", "spaces", "tags", "transformersInfo", "trendingScore", "usedStorage",
    "widgetData",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def token(self) -> str | None:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else None

    def first(self, key: str, default: str = "") -> str:
        return self.query.get(key, [default])[0]

    @property
    def query_text(self) -> str:
        return "?" + urlencode([(k, v) for k, values in self.query.items() for v in values]) if self.query else ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the Hub answers."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(slots=True)
class State:
    """Everything that a Hub knows."""

    repos: dict[str, HubRepo] = field(default_factory=dict)
    tokens: dict[str, set[str]] = field(default_factory=dict)
    has_resolve_hop: bool = False
    collections: dict[str, list[str]] = field(default_factory=dict)
    page_size: int = 100
    origin: str = ""
    storage_origin: str = ""

    def find(self, repo_id: str) -> HubRepo | None:
        return self.repos.get(repo_id)

    def renamed(self, repo_id: str) -> str | None:
        """The present name of a repository known by an old name or in another case."""
        for repo in self.repos.values():
            if repo_id in repo.old_names or repo_id.lower() == repo.repo_id.lower():
                return repo.repo_id
        return None


class RefusedError(Exception):
    """A reply that ends the handling of a request early."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def refusal(status: int, message: str, code: str | None = None, **headers: str) -> RefusedError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named |= {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return RefusedError(json_reply({"error": message}, status, named))


def json_reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(
        status, {"Content-Type": "application/json; charset=utf-8", **(headers or {})}, json.dumps(value).encode()
    )


def conditional(request: Request, reply: Reply, etag: str) -> Reply:
    """The reply with its ETag, or 304 if the client has it already."""
    headers = {**reply.headers, "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Reply(304, headers)
    return Reply(reply.status, headers, reply.body)


def answer(state: State, request: Request) -> Reply:
    """What the Hub answers to a request."""
    try:
        if request.token is not None and request.token not in state.tokens:
            raise refusal(401, "Invalid credentials in Authorization header")
        return _api(state, request) if request.path.startswith("/api/") else _file_page(state, request)
    except RefusedError as refused:
        return refused.reply


def _api(state: State, request: Request) -> Reply:
    segments = request.path.removeprefix("/api/").strip("/").split("/")
    if segments == ["whoami-v2"]:
        return _whoami(request)
    if segments == ["agent-harnesses"]:
        return json_reply({})
    if segments == ["models"]:
        return _list_models(state, request)
    if segments[0] == "collections":
        return _collection(state, "/".join(segments[1:]))
    if segments[:2] == ["resolve-cache", "models"]:
        repo_id, rest = _split(state, segments[2:], known=True)
        return _file(state, request, repo_id, unquote(rest[0]), unquote("/".join(rest[1:])), may_hop=False)
    if segments[0] == "models":
        return _model(state, request, segments[1:])
    raise refusal(404, "Sorry, we can't find the page you are looking for.")


def _whoami(request: Request) -> Reply:
    if request.token is None:
        raise refusal(401, "Invalid username or password.")
    return json_reply({"type": "user", "id": "0" * 24, "name": "tester", "orgs": [], "auth": {"type": "access_token"}})


def _split(state: State, segments: list[str], *, known: bool = False) -> tuple[str, list[str]]:
    """The repository id and the segments after it; ids have one segment or two."""
    pages = {
        "resolve",
        "raw",
        "revision",
        "tree",
        "refs",
        "commits",
        "paths-info",
        "safetensors-metadata",
        "auth-check",
    }
    one, two = segments[0], "/".join(segments[:2])
    single = len(segments) == 1 or segments[1] in pages or (known and state.find(two) is None)
    return (one, segments[1:]) if single else (two, segments[2:])


def _visible(state: State, request: Request, repo_id: str) -> HubRepo:
    """The repository, if this caller may know of it; a redirect if it has moved."""
    repo = state.find(repo_id)
    if repo is None and (now := state.renamed(repo_id)):
        target = request.path.replace(f"/{repo_id}", f"/{now}", 1) + request.query_text
        raise RefusedError(Reply(307, {"Location": target}))
    granted = state.tokens.get(request.token or "", set())
    if repo is None or (repo.is_private and repo.repo_id not in granted):
        anonymous = request.token is None
        message = "Invalid username or password." if anonymous else "Repository not found"
        raise refusal(401 if anonymous else 404, message, "RepoNotFound")
    if repo.is_disabled:
        raise refusal(403, "Access to this resource is disabled.")
    return repo


def _open(state: State, request: Request, repo_id: str) -> HubRepo:
    """The repository, if this caller may read its files."""
    repo = _visible(state, request, repo_id)
    if repo.gated and repo.repo_id not in state.tokens.get(request.token or "", set()):
        message = f"Access to model {repo.repo_id} is restricted. You must have access to it and be authenticated."
        raise refusal(401 if request.token is None else 403, message, "GatedRepo")
    return repo


def _commit(repo: HubRepo, revision: str) -> str:
    sha = repo.resolve(revision)
    if sha is None:
        raise refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    return sha


def _model(state: State, request: Request, segments: list[str]) -> Reply:
    repo_id, rest = _split(state, segments)
    route = rest[0] if rest else "revision"
    revision = unquote(rest[1]) if len(rest) > 1 else "main"
    if route == "auth-check":
        _open(state, request, repo_id)
        return json_reply({})
    if route == "safetensors-metadata":
        return _safetensors_metadata(_open(state, request, repo_id), "/".join(rest[1:]))
    repo = _visible(state, request, repo_id)
    routes: dict[str, Callable[[], Reply]] = {
        "revision": lambda: _model_info(request, repo, _commit(repo, revision)),
        "tree": lambda: _tree(request, repo, _commit(repo, revision), unquote("/".join(rest[2:]))),
        "refs": lambda: _refs(repo),
        "commits": lambda: json_reply(
            [{"id": sha, "title": "commit", "authors": []} for sha in reversed(repo.commits)]
        ),
        "paths-info": lambda: _paths_info(request, repo, _commit(repo, revision)),
    }
    if route not in routes:
        raise refusal(404, "Sorry, we can't find the page you are looking for.")
    return routes[route]()


def _model_info(request: Request, repo: HubRepo, sha: str) -> Reply:
    info = repo.info(sha, with_sizes=request.first("blobs").lower() in {"true", "1"})
    if expand := request.query.get("expand"):
        info = _expanded(info, expand, EXPANDABLE)
    reply = json_reply(info)
    return conditional(request, reply, f'W/"{hashlib.sha256(reply.body).hexdigest()[:32]}"')


def _expanded(info: dict[str, Any], wanted: list[str], allowed: set[str]) -> dict[str, Any]:
    if strange := set(wanted) - allowed:
        raise refusal(400, f"Invalid expand: {min(strange)}")
    return {key: value for key, value in info.items() if key in {"_id", "id", *wanted}}


def _entry(name: str, file: HubFile) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": name, "size": file.size_bytes, "oid": file.blob_id}
    if file.is_lfs:
        entry["lfs"] = {"oid": file.sha256, "size": file.size_bytes, "pointerSize": 134}
    return entry


def _tree(request: Request, repo: HubRepo, sha: str, folder: str) -> Reply:
    prefix = f"{folder}/" if folder else ""
    inside = {name: file for name, file in repo.commits[sha].items() if name.startswith(prefix)}
    if folder and not inside:
        raise refusal(404, f"{folder} does not exist on {sha}", "EntryNotFound", X_Repo_Commit=sha)
    deep = request.first("recursive").lower() in {"true", "1"}
    entries = [_entry(n, f) for n, f in inside.items() if deep or "/" not in n.removeprefix(prefix)]
    folders = {prefix + n.removeprefix(prefix).split("/")[0] for n in inside if "/" in n.removeprefix(prefix)}
    return json_reply(
        [*({"type": "directory", "path": f, "oid": "0" * 40, "size": 0} for f in sorted(folders)), *entries]
    )


def _refs(repo: HubRepo) -> Reply:
    tags = [name for name in repo.refs if name != "main"]
    return json_reply(
        {
            "branches": [{"name": "main", "ref": "refs/heads/main", "targetCommit": repo.refs["main"]}],
            "tags": [{"name": name, "ref": f"refs/tags/{name}", "targetCommit": repo.refs[name]} for name in tags],
            "converts": [],
        }
    )


def _paths_info(request: Request, repo: HubRepo, sha: str) -> Reply:
    files = repo.commits[sha]
    is_json = "json" in request.headers.get("content-type", "")  # huggingface_hub sends a form, the JS client JSON
    asked = json.loads(request.body) if is_json else parse_qs(request.body.decode())
    paths = asked.get("paths", [])
    return json_reply([_entry(path, files[path]) for path in paths if path in files])


def _safetensors_metadata(repo: HubRepo, index: str) -> Reply:
    """The headers of all shards in one answer: here one tensor of the stated size per shard."""
    shards = [name for name in repo.commits[repo.refs["main"]] if name.endswith(".safetensors")]
    if index not in repo.commits[repo.refs["main"]] or not shards:
        raise refusal(404, f"{index} does not exist", "EntryNotFound")
    sizes = {name: repo.commits[repo.refs["main"]][name].size_bytes for name in shards}
    headers = {n: {"weight": {"dtype": "BF16", "shape": [b // 2], "data_offsets": [0, b]}} for n, b in sizes.items()}
    return json_reply({"index": {"metadata": {"total_size": sum(sizes.values())}}, "headers": headers})


def _list_models(state: State, request: Request) -> Reply:
    expand = request.query.get("expand", [])
    limit = min(int(request.first("limit", str(state.page_size))), state.page_size)
    start = int(request.first("cursor", "0"))
    found = _matching(state, request)
    page = [repo.info(repo.refs["main"]) for repo in found[start : start + limit]]
    if expand:
        page = [_expanded(info, expand, EXPANDABLE - LIST_REFUSES) for info in page]
    headers = {}
    if start + limit < len(found):
        query = urlencode(
            [(k, v) for k, vs in request.query.items() if k != "cursor" for v in vs] + [("cursor", start + limit)]
        )
        headers["Link"] = f'<{state.origin}/api/models?{query}>; rel="next"'
    return json_reply(page, headers=headers)


def _collection(state: State, slug: str) -> Reply:
    if slug not in state.collections:
        raise refusal(404, "Collection not found")
    return json_reply(
        {"slug": slug, "items": [{"type": "model", "id": repo_id} for repo_id in state.collections[slug]]}
    )


def _matching(state: State, request: Request) -> list[HubRepo]:
    words, author, tags = request.first("search").lower(), request.first("author"), set(request.query.get("filter", []))
    found = [
        repo
        for repo in list(state.repos.values())
        if words in repo.repo_id.lower()
        and (not author or repo.repo_id.startswith(f"{author}/"))
        and tags <= {*repo.tags, repo.library_name, repo.pipeline_tag}
        and not repo.is_private
    ]
    return sorted(found, key=SORTS[request.first("sort")], reverse=True) if request.first("sort") in SORTS else found


SORTS: dict[str, Callable[[HubRepo], Any]] = {
    "downloads": lambda repo: repo.downloads,
    "likes": lambda repo: repo.likes,
    "trendingScore": lambda repo: repo.trending,
    "createdAt": lambda repo: repo.created_at,
    "lastModified": lambda repo: repo.modified_at,
}
"""Orders of lists, the largest first: the Hub knows no other direction."""


def _file_page(state: State, request: Request) -> Reply:
    segments = request.path.strip("/").split("/")
    if segments[0] == "cdn":
        return _cdn(state, request, segments[1])
    repo_id, rest = _split(state, segments)
    if len(rest) < 3 or rest[0] not in {"resolve", "raw"}:
        raise refusal(404, "Sorry, we can't find the page you are looking for.")
    may_hop = state.has_resolve_hop and rest[0] == "resolve"
    return _file(state, request, repo_id, unquote(rest[1]), unquote("/".join(rest[2:])), may_hop=may_hop)


def _file(state: State, request: Request, repo_id: str, revision: str, name: str, *, may_hop: bool) -> Reply:
    repo = _open(state, request, repo_id)
    sha = _commit(repo, revision)
    file = repo.commits[sha].get(name)
    if file is None:
        raise refusal(404, "Entry not found", "EntryNotFound", X_Repo_Commit=sha)
    headers = {"X-Repo-Commit": sha, "Accept-Ranges": "bytes", "Content-Type": "text/plain; charset=utf-8"}
    if file.is_lfs:
        linked = {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(file.size_bytes)}
        return Reply(302, {**headers, **linked, "Location": f"{state.storage_origin}/cdn/{file.sha256}"})
    if may_hop:
        target = f"/api/resolve-cache/models/{repo.repo_id}/{sha}/{quote(name, safe='')}{request.query_text}"
        return Reply(
            307, {**headers, "ETag": f'"{file.etag}"', "X-Linked-Size": str(file.size_bytes), "Location": target}
        )
    return conditional(request, _ranged(request, file, headers), f'"{file.etag}"')


def _cdn(state: State, request: Request, sha256: str) -> Reply:
    for repo in state.repos.values():
        for file in (file for files in repo.commits.values() for file in files.values()):
            if file.is_lfs and file.sha256 == sha256:
                return _ranged(request, file, {"ETag": f'"{sha256}"', "Accept-Ranges": "bytes"})
    raise refusal(404, "Not found")


def _ranged(request: Request, file: HubFile, headers: dict[str, str]) -> Reply:
    size, asked = file.size_bytes, request.headers.get("range", "")
    if not asked.startswith("bytes="):
        body = b"" if request.method == "HEAD" else file.slice(0, size - 1)
        return Reply(200, {**headers, "Content-Length": str(size)}, body)
    first, _, last = asked.removeprefix("bytes=").partition("-")
    begin = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if last and first else size - 1
    if begin >= size:
        return Reply(416, {**headers, "Content-Range": f"bytes */{size}"})
    return Reply(206, {**headers, "Content-Range": f"bytes {begin}-{end}/{size}"}, file.slice(begin, end))
