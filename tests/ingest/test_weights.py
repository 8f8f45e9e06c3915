"""What checkpoints hold beyond the model that generates, told from the totals that the Hub states.

Totals: ../shared/facts/published_totals.tsv (the Hub's safetensors totals as others recorded them). DeepSeek-V3 by
type: the Hub's model info, whose sum is that total.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from ingest.catalogue import bundled_catalogue
from ingest.fetched_repo import FetchedRepo, RepoFile
from ingest.hub import HubClient
from ingest.loader import Loader
from ingest.settings import Settings
from ingest.weights import NO_DTYPE, explain, weight_files, with_stated_weights
from tests.hub.repositories import HubRepo, json_file, weights_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.hub.loopback import LoopbackHub

LOADER: Final = Loader()
DEEPSEEK_V3: Final = {"BF16": 3_918_786_560, "F8_E4M3": 680_571_043_840, "F32": 41_555_600}
MTP, BUFFERS, ROTARY, SCALES = "multi-token prediction", "router buffers", "stored rotary frequencies", "scales"

EXPLAINED = {
    "Qwen/Qwen3-8B": (8_190_735_360, {}),
    "meta-llama/Llama-2-7b-hf": (6_738_417_664, {ROTARY: 2048}),
    "Qwen/Qwen3-Next-80B-A3B-Instruct": (81_324_862_720, {MTP: 1_650_471_424}),
    "zai-org/GLM-4.5": (358_337_791_296, {MTP: 5_539_962_272, BUFFERS: 14_240}),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_a_stated_total_is_explained_to_the_parameter(name: str) -> None:
    stated, parts = EXPLAINED[name]
    assert dict(explain(LOADER.load(name).spec, stated, {"BF16": stated}) or ()) == parts


def test_the_scales_of_an_fp8_checkpoint_are_the_rest_that_f32_tensors_hold() -> None:
    spec = LOADER.load("deepseek-ai/DeepSeek-V3").spec
    assert sum(DEEPSEEK_V3.values()) == 684_531_386_000
    # The F32 tensors are the scales and the corrections of 58 routers and that of the predicting layer, 256 each.
    assert dict(explain(spec, 684_531_386_000, DEEPSEEK_V3) or ()) == {
        MTP: 13_463_426_304,
        BUFFERS: 14_848,
        SCALES: 41_555_600 - 59 * 256,
    }


def test_a_total_that_nothing_explains_is_not_explained() -> None:
    spec = LOADER.load("Qwen/Qwen3-8B").spec
    assert explain(spec, 8_190_735_361, {"BF16": 8_190_735_361}) is None
    assert explain(spec, 8_190_735_359, {"BF16": 8_190_735_359}) is None


def repo(files: Mapping[str, int], counts: dict[str, int] | None = None) -> FetchedRepo:
    return FetchedRepo(
        "a/b",
        "c" * 40,
        siblings=tuple(RepoFile(name, size) for name, size in files.items()),
        safetensors_parameters=counts,
        safetensors_total=sum(counts.values()) if counts else None,
    )


QWEN3_8B = {"model-00001-of-00002.safetensors": 8_000_000_000, "model-00002-of-00002.safetensors": 8_381_470_720}


def test_the_bytes_of_a_checkpoint_are_those_of_its_files() -> None:
    model = with_stated_weights(LOADER.load("Qwen/Qwen3-8B"), repo(QWEN3_8B, {"BF16": 8_190_735_360}))
    assert model.spec.checkpoint_bytes == 16_381_470_720
    assert model.bytes_source == "sizes of the files on the Hub"
    assert model.warnings == ()


def test_what_the_files_hold_besides_is_said_with_their_source() -> None:
    files = {"model.safetensors": 688_586_727_753}
    model = with_stated_weights(LOADER.load("deepseek-ai/DeepSeek-V3"), repo(files, DEEPSEEK_V3))
    assert "multi-token prediction (13,463,426,304)" in model.bytes_source
    assert not any("explains" in said for said in model.warnings)


def test_a_checkpoint_of_163_shards_costs_two_requests(loopback_hub: LoopbackHub) -> None:
    config = LOADER.load("deepseek-ai/DeepSeek-V3")
    bundled = bundled_catalogue().entry("deepseek-ai/DeepSeek-V3")
    assert bundled is not None
    shards = {f"model-{n:05}-of-000163.safetensors": weights_file(4_224_459_679 + (n == 1) * 36) for n in range(1, 164)}
    stated = {"parameters": DEEPSEEK_V3, "total": sum(DEEPSEEK_V3.values())}
    loopback_hub.add(HubRepo("acme/V3", {"config.json": json_file(bundled.config), **shards}, safetensors=stated))
    loader = Loader(connect=lambda: HubClient(Settings(endpoint=loopback_hub.url, timeout_s=5.0)))
    model = loader.load("acme/V3")
    assert len(loopback_hub.paths()) == 2
    assert model.spec.checkpoint_bytes == 163 * 4_224_459_679 + 36
    assert model.spec.total_parameters == config.spec.total_parameters
    assert "scales (41,540,496)" in model.bytes_source


def test_parameters_that_the_shape_does_not_explain_are_warned_of() -> None:
    model = with_stated_weights(LOADER.load("Qwen/Qwen3-8B"), repo(QWEN3_8B, {"BF16": 8_290_735_360}))
    assert any("8,290,735,360" in said and "8,190,735,360" in said for said in model.warnings)


def test_bytes_that_the_shape_does_not_explain_are_warned_of() -> None:
    model = with_stated_weights(LOADER.load("Qwen/Qwen3-8B"), repo({"model.safetensors": 9_000_000_000}))
    assert any("9.0 GB" in said and "16.4 GB" in said for said in model.warnings)


def test_copies_in_other_layouts_are_not_counted_twice() -> None:
    beside = {"consolidated.safetensors": 1, "original/model.safetensors": 2, "model.fp16.safetensors": 3}
    others = {"adapter_model.safetensors": 4, "pytorch_model.bin": 5, "tokenizer.safetensors": 6}
    assert {file.name for file in weight_files(repo({**QWEN3_8B, **beside, **others}))} == QWEN3_8B.keys()
    assert [file.name for file in weight_files(repo({"consolidated.safetensors": 1}))] == ["consolidated.safetensors"]
    assert [file.name for file in weight_files(repo({"pytorch_model.bin": 1, "training_args.bin": 2}))] == [
        "pytorch_model.bin"
    ]


def test_the_type_that_is_stored_is_read_from_the_tensors_where_the_config_states_none() -> None:
    from dataclasses import replace

    silent = replace(LOADER.load("Qwen/Qwen3-8B"), warnings=(NO_DTYPE,))
    half = with_stated_weights(silent, repo(QWEN3_8B, {"F16": 8_190_735_360}))
    assert (half.spec.weights.name, half.stored_dtype, half.warnings) == ("fp16", "fp16", ())
    whole = with_stated_weights(silent, repo({"model.safetensors": 32_762_941_440}, {"F32": 8_190_735_360}))
    assert (whole.spec.weights.name, whole.stored_dtype) == ("bf16", "fp32")
    assert [said for said in whole.warnings if "fp32" in said] == list(whole.warnings)


def test_the_warning_of_a_silent_config_is_the_one_that_is_settled_here() -> None:
    from ingest.quantization_config import read_weight_plan

    assert read_weight_plan({}, None, repo_id="a/b", num_hidden_layers=1).warnings == (NO_DTYPE,)
