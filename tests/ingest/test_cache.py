from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from ingest.cache import FILE_NAME, RepoCache
from ingest.fetched_repo import FetchedRepo, RepoFile

if TYPE_CHECKING:
    from pathlib import Path

HUB = "https://huggingface.co"


def commit(number: int) -> str:
    return f"{number:040x}"


def some_repo(
    repo_id: str = "acme/tiny", number: int = 1, *, at_s: float = 1000.0, config: bytes = b"{}"
) -> FetchedRepo:
    return FetchedRepo(
        repo_id,
        commit(number),
        config=config,
        tags=("a", "b"),
        safetensors_parameters={"BF16": 7},
        siblings=(RepoFile("config.json", 2), RepoFile("model.safetensors")),
        gguf={"architecture": "llama"},
        fetched_at_s=at_s,
    )


class Said(list[str]):
    """The warnings of a cache."""

    def __call__(self, message: str) -> None:
        self.append(message)


@pytest.fixture
def said() -> Said:
    return Said()


def cache_in(folder: Path | None, said: Said, identity: str = "anonymous", **bounds: int) -> RepoCache:
    return RepoCache(folder, endpoint=HUB, identity=identity, warn=said, **bounds)


def test_what_was_kept_comes_back_whole_also_in_another_process(tmp_path: Path, said: Said) -> None:
    writer = cache_in(tmp_path, said)
    writer.put(some_repo(), asked="acme/Tiny", revision="main", etag='W/"1"')
    writer.close()
    reader = cache_in(tmp_path, said)
    seen = reader.ref("ACME/tiny", "main")
    assert seen is not None
    assert seen.etag == 'W/"1"'
    assert seen.repo == reader.repo("acme/tiny", commit(1))
    kept = seen.repo
    assert (kept.config, kept.tags, kept.siblings) == (b"{}", ("a", "b"), some_repo().siblings)
    assert kept.source == "cache"
    assert not said
    reader.close()


def test_a_branch_that_stands_still_is_seen_anew_without_its_files(tmp_path: Path, said: Said) -> None:
    cache = cache_in(tmp_path, said)
    cache.put(some_repo(at_s=1000), asked="acme/tiny", revision="main", etag="1")
    cache.touch(some_repo(at_s=2000), asked="acme/tiny", revision="main", etag="1")
    seen = cache.ref("acme/tiny", "main")
    assert seen is not None
    assert seen.fetched_at_s == seen.repo.fetched_at_s == 2000
    cache.close()


def test_one_caller_never_sees_what_another_fetched(tmp_path: Path, said: Said) -> None:
    insider, outsider = cache_in(tmp_path, said, "insider"), cache_in(tmp_path, said, "outsider")
    insider.put(some_repo("meta-llama/gated"), asked="meta-llama/gated", revision="main", etag=None)
    assert insider.repo("meta-llama/gated", commit(1)) is not None
    assert outsider.repo("meta-llama/gated", commit(1)) is None
    assert outsider.ref("meta-llama/gated", "main") is None
    other_hub = RepoCache(tmp_path, endpoint="https://mirror", identity="insider", warn=said)
    assert other_hub.repo("meta-llama/gated", commit(1)) is None
    for cache in (insider, outsider, other_hub):
        cache.close()


def test_the_oldest_go_when_there_are_too_many_rows(tmp_path: Path, said: Said) -> None:
    cache = cache_in(tmp_path, said, max_rows=10)
    for number in range(25):
        cache.put(
            some_repo(f"acme/m{number}", number, at_s=number), asked=f"acme/m{number}", revision="main", etag=None
        )
    kept = [number for number in range(25) if cache.repo(f"acme/m{number}", commit(number))]
    assert 1 <= len(kept) <= 10
    assert kept == list(range(25 - len(kept), 25))
    assert cache.ref("acme/m0", "main") is None
    assert not said
    cache.close()


def test_the_oldest_go_when_there_are_too_many_bytes(tmp_path: Path, said: Said) -> None:
    cache = cache_in(tmp_path, said, max_bytes=100_000)
    for number in range(30):
        big = some_repo(f"acme/m{number}", number, at_s=number, config=b"x" * 10_000)
        cache.put(big, asked=f"acme/m{number}", revision="main", etag=None)
    kept = [number for number in range(30) if cache.repo(f"acme/m{number}", commit(number))]
    assert 1 <= len(kept) <= 10
    assert kept[-1] == 29
    huge = some_repo("acme/huge", 99, config=b"x" * 99_999)
    cache.put(huge, asked="acme/huge", revision="main", etag=None)
    assert cache.repo("acme/huge", commit(99)) is None
    assert cache.repo("acme/m29", commit(29)) is not None
    cache.close()


@pytest.mark.parametrize("damage", [b"this is no database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_is_moved_aside_and_begun_anew(tmp_path: Path, said: Said, damage: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(damage)
    cache = cache_in(tmp_path, said)
    cache.put(some_repo(), asked="acme/tiny", revision="main", etag=None)
    assert cache.repo("acme/tiny", commit(1)) is not None
    assert len(said) == 1
    assert "damaged" in said[0]
    (aside,) = tmp_path.glob("*.damaged-*")
    assert aside.read_bytes() == damage
    cache.close()


def test_damage_in_the_middle_of_the_pages_is_survived(tmp_path: Path, said: Said) -> None:
    cache = cache_in(tmp_path, said)
    for number in range(200):
        cache.put(some_repo(f"acme/m{number}", number), asked=f"acme/m{number}", revision="main", etag=None)
    cache.close()
    file = tmp_path / FILE_NAME
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    again = cache_in(tmp_path, said)
    assert again.repo("acme/m1", commit(1)) is None
    again.put(some_repo(), asked="acme/tiny", revision="main", etag=None)
    assert again.repo("acme/tiny", commit(1)) is not None
    assert any("damaged" in message for message in said)
    again.close()


def test_a_folder_that_cannot_be_means_no_cache_and_is_said_once(tmp_path: Path, said: Said) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = cache_in(tmp_path / "file" / "cache", said)
    for _ in range(3):
        cache.put(some_repo(), asked="acme/tiny", revision="main", etag=None)
        assert cache.repo("acme/tiny", commit(1)) is None
    assert len(said) == 1
    assert "HUBGAUGE_CACHE_DIR" in said[0]


def test_no_folder_means_no_cache_and_needs_no_word(said: Said) -> None:
    cache = cache_in(None, said)
    cache.put(some_repo(), asked="acme/tiny", revision="main", etag=None)
    assert cache.ref("acme/tiny", "main") is None
    assert not said


def test_a_later_version_is_left_alone_and_an_older_one_made_anew(tmp_path: Path, said: Said) -> None:
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    cache = cache_in(tmp_path, said)
    assert cache.repo("acme/tiny", commit(1)) is None
    assert "later version" in said[0]
    older = tmp_path / "older"
    older.mkdir()
    with sqlite3.connect(older / FILE_NAME) as db:
        db.execute("CREATE TABLE repos (something TEXT)")
    db.close()
    cache = cache_in(older, said)
    cache.put(some_repo(), asked="acme/tiny", revision="main", etag=None)
    assert cache.repo("acme/tiny", commit(1)) is not None
    assert len(said) == 1
    cache.close()


@pytest.mark.skipif(os.name != "posix", reason="modes of folders are POSIX")
def test_the_folder_is_the_callers_own(tmp_path: Path, said: Said) -> None:
    cache = cache_in(tmp_path / "new", said)
    cache.put(some_repo(), asked="acme/tiny", revision="main", etag=None)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert cache.path is not None
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600
    cache.close()


WRITER = """
import sys
from pathlib import Path
from ingest.cache import RepoCache
from ingest.fetched_repo import FetchedRepo
cache = RepoCache(Path(sys.argv[1]), endpoint="e", identity="i", max_rows=200)
first = int(sys.argv[2])
for number in range(first, first + int(sys.argv[3])):
    repo = FetchedRepo(f"acme/m{number}", f"{number:040x}", config=b"x" * 3000, fetched_at_s=number)
    cache.put(repo, asked=repo.repo_id, revision="main", etag=None)
    print(number, flush=True)
"""


def writer(folder: Path, first: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(first), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_writer_killed_in_the_middle_leaves_a_usable_cache(tmp_path: Path, said: Said) -> None:
    with writer(tmp_path, 0, 10**9) as process:
        assert process.stdout is not None
        seen = [int(process.stdout.readline()) for _ in range(50)]
        process.send_signal(signal.SIGKILL)
    cache = RepoCache(tmp_path, endpoint="e", identity="i", warn=said)
    assert all(cache.repo(f"acme/m{number}", commit(number)) for number in seen)
    cache.put(some_repo(), asked="acme/tiny", revision="main", etag=None)
    assert cache.repo("acme/tiny", commit(1)) is not None
    cache.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    assert not said


def test_several_processes_write_at_once_and_lose_nothing(tmp_path: Path, said: Said) -> None:
    writers = [writer(tmp_path, first, 40) for first in (0, 1000, 2000)]
    for process in writers:
        _, complaints = process.communicate(timeout=60)
        assert complaints == ""
        assert process.returncode == 0
    cache = RepoCache(tmp_path, endpoint="e", identity="i", warn=said)
    kept = [n for first in (0, 1000, 2000) for n in range(first, first + 40) if cache.repo(f"acme/m{n}", commit(n))]
    assert len(kept) == 120
    cache.close()


def test_a_writer_that_keeps_the_file_locked_costs_one_call_not_the_cache(tmp_path: Path, said: Said) -> None:
    cache = cache_in(tmp_path, said)
    cache.put(some_repo(), asked="acme/tiny", revision="main", etag=None)
    blocker = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    cache.put(some_repo(number=2), asked="acme/tiny", revision="main", etag=None)
    assert time.monotonic() - began < 10
    assert cache.repo("acme/tiny", commit(1)) is not None
    blocker.execute("ROLLBACK")
    blocker.close()
    cache.put(some_repo(number=2), asked="acme/tiny", revision="main", etag=None)
    assert cache.repo("acme/tiny", commit(2)) is not None
    assert not said
    cache.close()
