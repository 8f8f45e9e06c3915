"""The site builds with no broken link, loads nothing from elsewhere, and its pages keep to their form."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.reference.pages import PAGES
from tests.bot.http.browser import browser
from tests.house.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

METHOD = sorted(path for path in (ROOT / "docs" / "method").glob("*.md") if path.name != "index.md")
ORDER = ["Question", "Formula", "Symbols", "A real model's number", "Caveats"]
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
KEPT_LINKS = {"canonical", "next", "prev", "edit"}
"""Links that name a place and load nothing."""


def build(folder: Path, docs: Path) -> subprocess.CompletedProcess[str]:
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    config = config.replace("docs_dir: docs", f"docs_dir: {docs}").replace("site_dir: build/site", "site_dir: site")
    (folder / "mkdocs.yml").write_text(config, encoding="utf-8")
    command = [str(Path(sys.executable).with_name("mkdocs")), "build", "--strict"]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(folder, ROOT / "docs")
    assert done.returncode == 0, done.stderr
    return folder / "site"


class Loaded(HTMLParser):
    """What a page loads when it is opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in LOADS and found.get("rel") not in KEPT_LINKS and (address := found.get(LOADS[tag])):
            self.addresses.append(address)


def loaded(site: Path) -> Iterator[str]:
    for page in site.rglob("*.html"):
        yield from Loaded(page.read_text(encoding="utf-8")).addresses
    for sheet in site.rglob("*.css"):
        yield from re.findall(r"(?:@import|url\()\s*[\"']?([^\"')]+)", sheet.read_text(encoding="utf-8"))


def test_every_page_is_in_the_site(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert pages <= {path.relative_to(site) for path in site.rglob("*.html")}


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    addresses = set(loaded(site))
    assert len(addresses) > 10
    assert [address for address in addresses if re.match(r"(https?:)?//", address)] == []


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """The site on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.enable_socket
def test_a_reader_finds_a_page_by_its_words_and_nothing_leaves_the_machine(address: str) -> None:
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        asked: list[str] = []
        wrong: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.goto(f"{address}/index.html")
        page.wait_for_load_state("networkidle")  # the search has its index, and hears keys
        page.keyboard.press("f")
        page.locator("[data-md-component=search-query]").press_sequentially("sliding window", delay=20)
        page.wait_for_selector(".md-search-result__item a[href*='kv-cache']", state="attached")
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    assert wrong == []


def test_a_broken_link_ends_the_build(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("[away](nowhere.md)", encoding="utf-8")
    done = build(tmp_path, docs)
    assert done.returncode != 0
    assert "nowhere.md" in done.stderr


@pytest.mark.parametrize("path", METHOD, ids=lambda path: path.stem)
def test_a_page_of_the_method_goes_from_the_question_to_the_caveats(path: Path) -> None:
    assert re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE) == ORDER


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_that_comes_from_a_table_says_what_the_table_says(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), "make pages writes it"


def test_every_page_that_says_it_is_written_comes_from_a_table() -> None:
    ours = {path.name for path in (ROOT / "docs").glob("*.md") if "Written by `" in path.read_text(encoding="utf-8")}
    assert ours == PAGES.keys() | {"accuracy.md"}  # that one is written from the corpus, by `make validate`
