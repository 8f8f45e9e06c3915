"""LoRA repositories: the base found, the adapter counted as peft counts it, the answer saying what it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import errors
from ingest.adapters import adapter_parameters, read_adapter
from ingest.hub import HubClient
from ingest.loader import Loader
from ingest.settings import Settings
from tests.hub.fixture_repos import QWEN3_0_6B
from tests.hub.repositories import HubRepo, json_file, weights_file

if TYPE_CHECKING:
    from tests.hub.loopback import LoopbackHub

BASE: Final = Loader().load("meta-llama/Llama-3.1-8B")
ALL_SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def lora(base: str = "Qwen/Qwen3-0.6B", rank: Any = 16, targets: Any = ALL_SEVEN, **more: Any) -> dict[str, Any]:
    return {"peft_type": "LORA", "base_model_name_or_path": base, "r": rank, "target_modules": targets, **more}


# As peft's print_trainable_parameters printed them in public notebooks: "trainable params: 4,194,304 || all params:
# 6,742,609,920" (Llama-2-7B, r=8, q and v), and 41,943,040 (Llama-3.1-8B, r=16, all seven).
TRAINABLE = {
    ("meta-llama/Llama-2-7b-hf", 8, ("q_proj", "v_proj")): 4_194_304,
    ("meta-llama/Llama-3.1-8B", 16, tuple(ALL_SEVEN)): 41_943_040,
    ("meta-llama/Llama-3.1-8B", 16, "all-linear"): 41_943_040,
}


@pytest.mark.parametrize("case", TRAINABLE)
def test_an_adapter_has_as_many_parameters_as_peft_says(case: tuple[str, int, Any]) -> None:
    base, rank, targets = case
    stated = lora(base, rank, targets if isinstance(targets, str) else list(targets))
    adapter = read_adapter(json.dumps(stated).encode(), "a/b")
    assert adapter_parameters(Loader().load(base).spec, adapter) == TRAINABLE[case]


def test_targets_of_another_name_are_not_counted_at_a_guess() -> None:
    adapter = read_adapter(json.dumps(lora(targets=["q_proj", "c_attn"])).encode(), "a/b")
    assert adapter_parameters(Loader().load("meta-llama/Llama-3.1-8B").spec, adapter) is None


@pytest.fixture
def loader(loopback_hub: LoopbackHub) -> Loader:
    return Loader(connect=lambda: HubClient(Settings(endpoint=loopback_hub.url, timeout_s=5.0)))


def adapter_repo(config: Any, size_bytes: int = 40_000_000, **more: Any) -> HubRepo:
    files = {"adapter_config.json": json_file(config), "adapter_model.safetensors": weights_file(size_bytes)}
    return HubRepo("someone/lora", files, library_name="peft", **more)


def test_an_adapter_is_its_base_and_a_little_more(loader: Loader, loopback_hub: LoopbackHub) -> None:
    loopback_hub.add(adapter_repo(lora()))
    model, base = loader.load("someone/lora"), loader.load("Qwen/Qwen3-0.6B")
    # 16 x (rows + columns) over 28 layers: q and o 1024+2048, k and v 1024+1024, three of 1024+3072
    added = 28 * 16 * (2 * 3072 + 2 * 2048 + 3 * 4096)
    assert model.spec.total_parameters == base.spec.total_parameters + added
    assert model.spec.weight_bytes() == base.spec.weight_bytes() + 2 * added
    assert model.spec.cache_elements_per_token == base.spec.cache_elements_per_token
    assert model.name == "someone/lora"
    for said in ("adapter", "rank 16", "Qwen/Qwen3-0.6B", f"plus {2 * added / 1e6:,.1f} MB"):
        assert said in model.read_as


def test_an_adapter_of_unknown_targets_weighs_what_its_file_weighs(loader: Loader, loopback_hub: LoopbackHub) -> None:
    loopback_hub.add(adapter_repo(lora(targets=["c_attn"]), size_bytes=12_300_000))
    assert "plus 12.3 MB" in loader.load("someone/lora").read_as


@pytest.mark.parametrize("base", ["/home/me/model", "./model", "", None, 7, "a b/c"])
def test_a_base_on_the_authors_own_disk_is_found_by_the_tags(
    loader: Loader, loopback_hub: LoopbackHub, base: Any
) -> None:
    loopback_hub.add(adapter_repo(lora(base), tags=("base_model:adapter:Qwen/Qwen3-0.6B",)))
    assert "Qwen/Qwen3-0.6B" in loader.load("someone/lora").read_as


def test_an_adapter_without_a_base_is_refused_as_what_it_is(loader: Loader, loopback_hub: LoopbackHub) -> None:
    loopback_hub.add(adapter_repo(lora("/home/me/model")))
    with pytest.raises(errors.NotAGenerativeModel, match="adapter"):
        loader.load("someone/lora")


def test_a_base_that_is_gone_is_said_to_be_the_adapters(loader: Loader, loopback_hub: LoopbackHub) -> None:
    loopback_hub.add(adapter_repo(lora("no/such")))
    with pytest.raises(errors.UnknownModel, match=r"someone/lora.*adapter.*no/such"):
        loader.load("someone/lora")


def test_adapters_of_adapters_end(loader: Loader, loopback_hub: LoopbackHub) -> None:
    loopback_hub.add(adapter_repo(lora("someone/lora")))
    loopback_hub.add(HubRepo("someone/second", {"adapter_config.json": json_file(lora("someone/lora"))}))
    for name in ("someone/lora", "someone/second"):
        with pytest.raises(errors.NotAGenerativeModel, match="adapter"):
            loader.load(name)


def test_a_whole_model_beside_its_adapter_is_the_model(loader: Loader, loopback_hub: LoopbackHub) -> None:
    files = {"config.json": json_file(QWEN3_0_6B), "model.safetensors": weights_file(1_503_300_328)}
    loopback_hub.add(HubRepo("someone/merged", {**files, "adapter_config.json": json_file(lora())}))
    assert "adapter" not in loader.load("someone/merged").read_as


@pytest.mark.parametrize("rank", [0, -1, "16", 2**40, True, 1.5, [16]])
def test_an_impossible_rank_is_malformed(rank: Any) -> None:
    with pytest.raises(errors.MalformedConfig, match="a/b"):
        read_adapter(json.dumps(lora(rank=rank)).encode(), "a/b")


JSON: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 2**70), st.text(max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(lora(revision="main", modules_to_save=None))), JSON))
def test_any_values_give_an_adapter_or_an_ingest_error(change: dict[str, Any]) -> None:
    said = "a/b"
    try:
        adapter_parameters(BASE.spec, read_adapter(json.dumps({**lora(), **change}).encode(), "a/b"))
    except errors.IngestError as error:
        said = error.message
    assert "a/b" in said
