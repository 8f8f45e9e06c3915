"""Draws the pictures of the page in `docs/pictures`: `make pictures`."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any, Final

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.bot.http.browser import chromium
from tests.bot.http.serving import served, whole_app
from tests.pictures.__main__ import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

DESKTOP: Final = {"viewport": {"width": 1280, "height": 1180}}
PHONE: Final = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
MOST_BYTES: Final = 200_000
QUESTION: Final = "/?q=deepseek-v3+on+8xH200+FP8+at+32K,+32+users"
VIEWS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "page-light": ("/", DESKTOP),
    "page-dark": (QUESTION, {**DESKTOP, "color_scheme": "dark"}),
    "page-raw": ("/?mode=raw", DESKTOP),
    "page-two": ("/?q=qwen3-32b+on+2xL40S+and+1xH100,+16+users+at+8K", DESKTOP),
    "page-phone": ("/?mode=raw", PHONE),
}


def main() -> None:
    """Draws them all."""
    with served(whole_app()) as address, sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for name, (path, how) in VIEWS.items():
            _keep(_drawn(started, address + path, how), FOLDER / f"{name}.png")
            sys.stdout.write(f"{FOLDER.name}/{name}.png\n")
        started.close()


def _keep(picture: bytes, path: Path) -> None:
    """Writes it in its own colours, 256 of them: a page has soft grounds that fewer would tint."""
    colours = Image.open(io.BytesIO(picture)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    colours.save(path, optimize=True)
    assert path.stat().st_size < MOST_BYTES, f"{path.name}: {path.stat().st_size:,} bytes"


def _drawn(started: Browser, address: str, how: dict[str, Any]) -> bytes:
    context = started.new_context(**how)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".panel .figure")
    page.wait_for_selector(".panel[aria-busy]", state="detached")
    if how is PHONE:
        page.locator('[data-part="curve"]').scroll_into_view_if_needed()
        page.locator('[data-part="curve"]').evaluate("box => box.scrollIntoView()")
    page.wait_for_timeout(300)
    picture = page.screenshot()
    context.close()
    return picture


if __name__ == "__main__":
    main()
