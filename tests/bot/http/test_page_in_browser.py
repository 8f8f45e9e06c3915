"""The page in a real browser: what is on the screen, what a hand or a key does to it, what is left without charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.bot.http.browser import axe, browser
from tests.bot.http.serving import served, whole_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

RAW_KEYS = ("n_active", "compute", "n_total", "bandwidth", "context_tokens", "kv_bytes", "batch", "max_batch")
PUBLISHED = {
    "t_compute": "12.8 ms",
    "t_memory": "60.01 ms",
    "t_weights": "60 ms",
    "t_kv": "0.01049 ms",
    "kv_share": "0.02 %",
    "slope": "0.00008192 ms",
    "crossover": "600.49",
    "ratio": "0.213",
    "latency": "60.01 ms",
    "regime": "memory-bound",
}
"""The published simulator at its defaults, to its printed digits. Source: DESIGN, section 3."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(whole_app()) as found:
        yield found


@pytest.fixture(scope="module")
def chromium(address: str) -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture
def opened(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens a view; at the end nothing may have failed, been refused by the policy, or gone elsewhere."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("request", lambda asked: None if asked.url.startswith(address) else wrong.append(asked.url))

    def open_view(path: str, *, has_charts: bool = True, is_watched: bool = True, **how: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        if is_watched and has_charts:
            watch(page)
        if not has_charts:
            page.route("**/static/chart.js*", lambda route: route.abort())
        page.goto(address + path)
        settle(page)
        return page

    yield open_view
    for context in contexts:
        context.close()
    assert wrong == []


def settle(page: Page) -> None:
    """Waits until every set-up has its answer."""
    page.wait_for_selector(".panel .figure, .panel .refused")
    page.wait_for_selector(".panel[aria-busy]", state="detached")


def moved(page: Page, act: Callable[[], object]) -> None:
    """Acts, and waits for the answer to what the knobs then say."""
    with page.expect_response(lambda response: "/v1/" in response.url):
        act()
    settle(page)


def press(page: Page, key: str, times: int) -> None:
    for _ in range(times):
        page.keyboard.press(key)


def figure(page: Page, key: str, panel: str = "A") -> str:
    return page.locator(f'[data-panel="{panel}"] [data-figure="{key}"] .value').inner_text()


def in_address(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


# -- the simulator ----------------------------------------------------------------------------------------------------


def test_the_simulators_defaults_are_on_the_screen(opened: Callable[..., Page]) -> None:
    page = opened("/?mode=raw")
    assert {key: figure(page, key) for key in PUBLISHED} == PUBLISHED
    assert "memory-bound" in page.locator('[data-part="curve"] .words').inner_text()


@pytest.mark.parametrize("knob", ["context_tokens", "kv_bytes", "bandwidth"])
@pytest.mark.parametrize("by", ["hand", "key"])
def test_dragging_moves_the_crossover_as_the_api_says(
    opened: Callable[..., Page], address: str, knob: str, by: str
) -> None:
    page = opened("/?mode=raw&context_tokens=65536&kv_bytes=64")
    before = figure(page, "crossover")
    slider = page.locator(f'[data-knob="{knob}"]')
    if by == "hand":
        box = slider.bounding_box()
        assert box is not None
        moved(page, lambda: _drag(page, box["x"] + box["width"] * 0.45, box["y"] + box["height"] / 2))
    else:
        slider.focus()
        moved(page, lambda: press(page, "ArrowRight", 12))
    asked = {name: float(value) for name, value in in_address(page).items() if name in RAW_KEYS}
    told = httpx2.post(f"{address}/v1/roofline", json={**asked, "max_batch": int(asked["max_batch"])}, trust_env=False)
    crossover = told.json()["figures"]["crossover_batch"]
    shown = figure(page, "crossover")
    assert shown != before
    assert shown == ("none" if crossover is None else f"{crossover:,.2f}")


def _drag(page: Page, x: float, y: float) -> None:
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 6, y, steps=3)
    page.mouse.up()


def test_where_no_crossover_exists_the_page_says_so_in_words(opened: Callable[..., Page]) -> None:
    """L b / BW = 2e7 x 2 / 200e9 = 2e-4 s is more than N_active / C = 1e-4 s."""
    page = opened("/?mode=raw&context_tokens=20000000")
    assert figure(page, "crossover") == "none"
    assert "There is no crossover" in page.locator('[data-part="curve"] .words').inner_text()


def test_an_exact_number_may_be_typed(opened: Callable[..., Page]) -> None:
    """Twice the bandwidth halves both terms of T_memory: 30.005 ms, to four digits."""
    page = opened("/?mode=raw")
    field = page.locator('[data-exact="bandwidth"]')
    field.fill("400e9")
    moved(page, lambda: field.press("Enter"))
    assert figure(page, "t_memory") in {"30 ms", "30.01 ms"}
    assert float(in_address(page)["bandwidth"]) == 400e9


# -- a model on a machine --------------------------------------------------------------------------------------------


def test_a_question_becomes_a_set_up_that_its_link_shows_again(opened: Callable[..., Page]) -> None:
    page = opened("/")
    page.fill("#q", "deepseek-v3 on 8×H100 FP8 at 32K, tp 8")
    page.press("#q", "Enter")
    page.wait_for_selector(".verdict.no")
    settle(page)
    assert page.locator(".verdict .word").inner_text() == "Does not fit"
    assert page.locator('[data-knob="gpus"]').get_attribute("aria-valuetext") == "8 GPUs"
    assert in_address(page)["split"].startswith("8.1.1.")
    page.wait_for_selector('[aria-label="What would work"] table')
    again = opened(f"/?{urlsplit(page.url).query}")
    again.wait_for_selector('[aria-label="What would work"] table')
    for part in ("verdict", "curve", "memory", "notes"):
        there, here = (each.locator(f'[data-part="{part}"]').inner_text() for each in (page, again))
        assert there == here


def test_a_link_with_a_question_alone_is_answered(opened: Callable[..., Page]) -> None:
    page = opened("/?q=llama-3.1-8b+on+rtx+4090+at+4K")
    assert page.locator('[data-pick="hardware"]').input_value() == "rtx-4090"
    assert page.input_value("#q") == "llama-3.1-8b on rtx 4090 at 4K"


def test_the_screen_says_what_the_api_says(opened: Callable[..., Page], address: str) -> None:
    page = opened("/?model=qwen3-32b&hardware=h200-sxm-141gb&gpus=2&context_tokens=8192&concurrency=8")
    asked = {"model": "qwen3-32b", "hardware": "h200-sxm-141gb", "gpus": 2, "context_tokens": 8192, "concurrency": 8}
    told = httpx2.post(f"{address}/v1/estimate", json=asked, trust_env=False).json()
    assert figure(page, "tpot") == f"{told['latency']['tpot_s']['value'] * 1e3:.3g} ms"
    assert figure(page, "throughput") == f"{told['throughput']['output_tokens_per_s']['value']:,.0f}"
    weights = told["memory"]["weights_bytes"] / 2**30
    assert f"Weights {weights:.1f} GiB" in page.locator('[data-part="memory"] .legend').inner_text()
    assert page.locator('[data-part="notes"] li').count() >= len(told["assumptions"])


def test_formats_count_bandwidth_and_compute_move_the_answer(opened: Callable[..., Page]) -> None:
    page = opened("/?model=llama-3.3-70b&hardware=h100-sxm-80gb&gpus=4&context_tokens=1024&concurrency=8")
    seen = [figure(page, "t_memory")]
    moved(page, lambda: page.select_option('[data-pick="weights"]', "fp8"))
    seen.append(figure(page, "t_memory"))
    for knob in ("gpus", "bandwidth_bytes_per_s"):
        page.locator(f'[data-knob="{knob}"]').focus()
        moved(page, lambda: press(page, "ArrowRight", 2))
        seen.append(figure(page, "t_memory"))
    assert len(set(seen)) == len(seen)
    computing = figure(page, "t_compute")
    page.locator('[data-knob="compute_flops_per_s"]').focus()
    moved(page, lambda: page.keyboard.press("PageUp"))
    assert figure(page, "t_compute") != computing
    assert "not the card's own" in page.locator('[data-part="notes"]').inner_text()


def test_pointing_at_a_figure_shows_how_it_comes_about(opened: Callable[..., Page]) -> None:
    page = opened("/?model=llama-3.1-8b&hardware=h100-sxm-80gb&gpus=1")
    page.locator('[data-figure="tpot"]').hover()
    derivation, why = page.locator('[data-part="derivation"]'), page.locator('[data-part="why"]')
    assert "TPOT and TTFT" in derivation.inner_text()
    assert why.inner_text().startswith("TPOT = ")
    page.keyboard.press("Escape")
    assert not why.is_visible()
    page.locator('[data-figure="max_context"]').focus()
    assert "KV cache" in derivation.locator("h3").inner_text()
    assert page.locator('[data-figure="max_context"]').get_attribute("aria-pressed") == "true"


def test_two_set_ups_stand_side_by_side_and_move_apart(opened: Callable[..., Page]) -> None:
    page = opened("/?model=llama-3.1-8b&hardware=h100-sxm-80gb&gpus=1&concurrency=1")
    page.click("#compare")
    page.wait_for_selector('[data-panel="B"] .figure')
    settle(page)
    assert figure(page, "tpot", "A") == figure(page, "tpot", "B")
    moved(page, lambda: page.select_option('[data-panel="B"] [data-pick="hardware"]', "l40s"))
    assert figure(page, "tpot", "A") != figure(page, "tpot", "B")
    row = page.locator("#beside tbody tr", has_text="Time per token").locator("td").all_inner_texts()
    assert row == [figure(page, "tpot", "A"), figure(page, "tpot", "B")]
    boxes = [page.locator(f'[data-panel="{name}"]').bounding_box() for name in "AB"]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    again = opened(f"/?{urlsplit(page.url).query}")
    assert figure(again, "tpot", "B") == figure(page, "tpot", "B")


def test_what_cannot_be_answered_is_said_with_what_to_try(opened: Callable[..., Page]) -> None:
    page = opened("/?model=llama-99&hardware=h100-sxm-80gb", is_watched=False)  # the browser logs the 404
    assert "llama-99" in page.locator(".refused").inner_text()


# -- for everybody ---------------------------------------------------------------------------------------------------

VIEWS = ("/", "/?mode=raw", "/?q=deepseek-v3+on+8xH100+FP8+at+32K", "/?mode=raw&b.batch=64", "/?model=llama-99")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", VIEWS)
def test_axe_finds_nothing_serious(opened: Callable[..., Page], path: str, scheme: str) -> None:
    page = opened(path, is_watched=path != VIEWS[-1], color_scheme=scheme, bypass_csp=True)
    page.add_script_tag(content=axe())
    found = page.evaluate("async () => (await axe.run()).violations")
    assert [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in {"serious", "critical"}] == []


@pytest.mark.parametrize("path", ["/?mode=raw", "/"])
def test_nothing_is_wider_than_a_phone(opened: Callable[..., Page], path: str) -> None:
    page = opened(path, viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_every_control_is_reached_and_named_by_keyboard(opened: Callable[..., Page]) -> None:
    page = opened("/?mode=raw")
    wanted = {f"knob:{key}" for key in RAW_KEYS} | {f"figure:{key}" for key in PUBLISHED}
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached |= set(page.evaluate(_FOCUSED))
    assert wanted <= reached


_FOCUSED = """() => { const { knob, figure } = document.activeElement.dataset;
  return [knob && `knob:${knob}`, figure && `figure:${figure}`].filter(Boolean); }"""


def test_without_its_charts_every_number_is_still_there(opened: Callable[..., Page]) -> None:
    page = opened("/?mode=raw", has_charts=False)
    assert {key: figure(page, key) for key in PUBLISHED} == PUBLISHED
    assert page.locator("canvas:visible").count() == 0
    assert page.locator('[data-part="curve"] table tbody tr:visible').count() > 5
    page = opened("/?model=llama-3.1-8b&hardware=h100-sxm-80gb", has_charts=False)
    for part in ("curve", "memory", "front"):
        assert page.locator(f'[data-part="{part}"] table tbody tr:visible').count() > 1


def test_charts_are_drawn_and_described(opened: Callable[..., Page]) -> None:
    page = opened("/")
    canvases = page.locator("canvas")
    assert canvases.count() == 3
    for index in range(3):
        assert len(canvases.nth(index).get_attribute("aria-label") or "") > 40
        assert canvases.nth(index).evaluate(_INKED) > 500


_INKED = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
  .reduce((count, value, index) => count + (index % 4 === 3 && value > 0 ? 1 : 0), 0)"""


def test_the_first_view_is_light_apart_from_the_charts(chromium: Browser, address: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    sizes: dict[str, int] = {}
    page.on("requestfinished", lambda asked: sizes.update({asked.url: asked.sizes()["responseBodySize"]}))
    page.goto(address)
    settle(page)
    context.close()
    own = sum(size for url, size in sizes.items() if "/static/chart.js" not in url)
    assert 10_000 < own < 300_000
    assert any("/static/chart.js" in url for url in sizes)


def test_a_server_with_keys_asks_for_one_and_then_answers(chromium: Browser) -> None:
    key = "a-key-for-the-page-itself"
    with served(whole_app(api_keys=f"page:{key}")) as address:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{address}/?mode=raw")
        page.wait_for_selector("#keyed:not([hidden])")
        page.fill("#key", key)
        page.press("#key", "Enter")
        page.wait_for_selector(".figure")
        assert figure(page, "crossover") == PUBLISHED["crossover"]
        context.close()
