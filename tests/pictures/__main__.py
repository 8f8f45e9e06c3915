"""Draws `docs/pictures` anew from the blocks of the main answers: `make pictures`.

The blocks are turned into a page by slack-blocks-to-jsx (npm, fetched into the cache of the peers at run time) and the
page into pictures by the system's Chromium. Neither is Slack: colours and widths differ a little from the real thing.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import sync_playwright

from bot.bootstrap import asker, model_loader
from bot.question import parse
from bot.question.stored import stored
from bot.render.block_models import message_fault, view_fault
from bot.render.blocks import to_message
from bot.slack.controls import controls
from bot.slack.home import home_view
from bot.slack.unfurl import note
from bot.store.answers import Kept
from tests.peers import npm_packages

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
PACKAGES: Final = ("slack-blocks-to-jsx@1.1.1", "react@19.2.0", "react-dom@19.2.0")
MOST_BYTES: Final = 150_000
COLOURS: Final = 48
QUESTIONS: Final = {
    "fits": "llama-3.1-8b on 1xH100 at 8K",
    "does-not-fit": "deepseek-v3 on 8×H100 FP8 at 32K",
    "comparison": "qwen3-32b fp8 on 1xH100 vs 1xH200",
    "cheapest": "cheapest way to run llama-3.3-70b for 50 users at 16k",
    "launch-line": "vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 131072 on a 4090",
    "arithmetic": "explain llama-3.1-8b on 1xH100 at 8K",
    "unknown": "qwem-9 on 1xH100",
}


def all_blocks() -> dict[str, list[dict[str, Any]]]:
    """The blocks of each picture, as they would be sent."""
    ask = asker(model_loader())
    found = {}
    for name, question in QUESTIONS.items():
        report = ask(question)
        below = controls("token", report.query, is_private=False) if report.query is not None else []
        found[name] = to_message(report, below).blocks
        assert message_fault(found[name]) == "", name
    before = [Kept("token", "T1", "U1", stored(parse(question))) for question in list(QUESTIONS.values())[:4]]
    home = home_view("8x H100", before)
    assert view_fault(home) == ""
    return {**found, "link": note(ask("Qwen/Qwen3-32B")), "home": home["blocks"]}


def page_of(blocks: dict[str, list[dict[str, Any]]]) -> str:
    """The page with all of them."""
    command = ["node", str(Path(__file__).with_name("draw.cjs")), str(npm_packages("blocks-to-jsx", *PACKAGES))]
    return subprocess.run(command, input=json.dumps(blocks), capture_output=True, text=True, check=True).stdout


def draw(page: str, names: list[str]) -> None:
    """Writes one picture for each name."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 680, "height": 800})
        tab.set_content(page)
        for name in names:
            keep(tab.locator(f"#{name}").screenshot(), FOLDER / f"{name}.png")
        browser.close()


def keep(picture: bytes, path: Path) -> None:
    """Writes the picture in few colours, so that the repository stays small."""
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(
        path, optimize=True
    )
    assert path.stat().st_size < MOST_BYTES, f"{path.name}: {path.stat().st_size:,} bytes"


def main() -> None:
    """Draws those that are named, or all."""
    blocks = all_blocks()
    names = sys.argv[1:] or list(blocks)
    FOLDER.mkdir(parents=True, exist_ok=True)
    draw(page_of({name: blocks[name] for name in names}), names)
    sys.stdout.writelines(f"{FOLDER.name}/{name}.png\n" for name in names)


if __name__ == "__main__":
    main()
