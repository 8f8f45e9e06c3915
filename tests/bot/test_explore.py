"""What the page is given, for every model that is bundled."""

import pytest

from bot.errors import USER_ERRORS
from bot.explore import Explored, ExploreRequest, explore_json
from bot.http.product import written
from ingest.loader import Loader

MODELS = Loader()


@pytest.mark.parametrize(("hardware", "gpus"), [("h100-sxm-80gb", 8), ("m4-max-40core", 1), ("rtx-4090", 2)])
def test_every_bundled_model_has_a_view_of_finite_numbers(hardware: str, gpus: int) -> None:
    seen = 0
    for name in MODELS.known():
        try:
            found = explore_json(ExploreRequest(model=name, hardware=hardware, gpus=gpus), MODELS)
        except USER_ERRORS:
            continue  # bundled for its name only, or no path runs its format there: said as what it is
        Explored.model_validate_json(written(found), strict=True)
        seen += 1
    assert seen > 0.9 * len(MODELS.known())


def test_the_memory_bar_adds_up() -> None:
    asked = {"model": "qwen3-32b", "hardware": "h100-sxm-80gb", "gpus": 2, "context_tokens": 8192, "concurrency": 4}
    bar = explore_json(ExploreRequest(**asked), MODELS)["memory_bar"]  # type: ignore[arg-type]  # by name
    assert sum(part["bytes"] for part in bar["parts"]) == pytest.approx(bar["usable_bytes"], abs=len(bar["parts"]))
    full = explore_json(ExploreRequest(model="deepseek-v3", hardware="h100-sxm-80gb", gpus=8), MODELS)["memory_bar"]
    assert full["shown_bytes"] > full["capacity_bytes"]
    assert sum(part["bytes"] for part in full["parts"]) == pytest.approx(full["shown_bytes"], abs=4)
