"""Debian's headless Chromium, driven by Playwright, which brings no browser of its own."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.peers import npm_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

AXE: str = "axe-core@4.14.1"


def chromium() -> str:
    """The browser's path; skips, and says so, where there is none."""
    found = os.environ.get("HUBGAUGE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no Chromium here to look at the page with (apt-get install chromium)")
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """A fresh browser that reaches this machine alone."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
        )
        try:
            yield started
        finally:
            started.close()


def axe() -> str:
    """The source of axe-core; skips where npm cannot bring it."""
    folder = npm_packages("axe-core", AXE) / "node_modules" / "axe-core"
    return Path(folder, "axe.min.js").read_text(encoding="utf-8")
