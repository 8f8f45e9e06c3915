"""The corpus of real configs against what transformers builds from them on the meta device, and what the Hub states."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from estimator.model_spec import ModelSpec
from ingest.errors import IngestError
from ingest.normalize import normalize

CORPUS = os.environ.get("HUBGAUGE_CORPUS", "")
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS, reason="HUBGAUGE_CORPUS names no corpus of real configs"),
]

REFUSED = {
    "Qwen/Qwen2.5-Omni-7B": "three parts of which no engine runs all",
    "google/vit-huge-patch14-224-in21k": "an image encoder",
    "openai/whisper-tiny": "a speech recognizer",
}


def rows(name: str) -> list[dict[str, str]]:
    if not CORPUS:
        return []
    with (Path(CORPUS) / "facts" / name).open(encoding="utf8") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def config_of(repo: str) -> dict[str, Any]:
    path = Path(CORPUS) / "hub" / repo / "config.json"
    if not path.exists():
        pytest.skip(f"{repo} is not in this corpus")
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
    return config


def spec_of(repo: str) -> ModelSpec:
    return normalize(config_of(repo), repo_id=repo).spec


def is_judged(row: dict[str, str]) -> bool:
    """Whether the row has a truth: built, not from a class's default tower, and with a cache."""
    noted = "NOT TRUTH" in row["note"] or "ABSENT" in row["note"]
    return row["ok"] == "1" and not noted and bool(row["kv_bytes_tok_bf16_full"]) and row["repo"] not in REFUSED


JUDGED = [row for row in rows("models_truth.tsv") if is_judged(row)]


@pytest.mark.parametrize("row", JUDGED, ids=lambda row: row["repo"])
def test_a_real_config_gives_what_transformers_builds_from_it(row: dict[str, str]) -> None:
    spec = spec_of(row["repo"])
    assert spec.total_parameters == int(row["total"])
    assert spec.active_parameters == int(row["active_lm"])
    assert spec.total_parameters + spec.buffer_parameters == int(row["ckpt_total"])
    assert spec.embedding_parameters == int(row["embed"])
    assert spec.output_head_parameters + spec.output_head_vector_parameters == int(row["lm_head"])
    assert spec.routed_parameters == int(row["experts"])
    towers = int(row["vision"]) + int(row["audio"]) + int(row["projector"])
    assert spec.vision_parameters + spec.audio_parameters == towers
    assert 2 * spec.cache_elements_per_token == int(row["kv_bytes_tok_bf16_full"])
    if row["state_bytes_bf16"]:  # empty where the cache was not measured by a forward pass
        assert 2 * (spec.recurrent_state_elements + spec.conv_state_elements) == int(row["state_bytes_bf16"])


@pytest.mark.parametrize("row", JUDGED, ids=lambda row: row["repo"])
def test_windows_are_as_wide_as_the_cache_that_transformers_keeps(row: dict[str, str]) -> None:
    spec = spec_of(row["repo"])
    windowed = [(g.count, g.mixer) for g in spec.layers if g.mixer is not None and g.mixer.window_tokens is not None]
    tokens = [int(width) for width in row["windows"].split(",") if width]
    in_reach = int(row["kv_bytes_tok_bf16_sliding"])
    if row["model_type"].startswith("deepseek"):  # V4 keeps a window beside its latents: one total for both kinds
        assert 2 * spec.window_elements_per_sequence == in_reach * 128
        return
    assert {mixer.window_tokens for _, mixer in windowed} == set(tokens)
    assert 2 * sum(count * mixer.cache_elements_per_token for count, mixer in windowed) == in_reach


@pytest.mark.parametrize("repo", REFUSED)
def test_a_model_of_another_kind_is_refused_by_name(repo: str) -> None:
    with pytest.raises(IngestError, match=repo):
        normalize(config_of(repo), repo_id=repo)


def only(config: dict[str, Any], keys: frozenset[str], path: str = "") -> dict[str, Any]:
    """The config less the keys that no reader asked for."""
    kept: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{path}.{key}" if path else key
        if name in keys:
            kept[key] = only(value, keys, name) if isinstance(value, dict) and key != "id2label" else value
    return kept


@pytest.mark.parametrize("row", JUDGED, ids=lambda row: row["repo"])
def test_the_keys_that_were_read_are_all_that_a_catalogue_must_keep(row: dict[str, str]) -> None:
    config = config_of(row["repo"])
    whole = normalize(config, repo_id=row["repo"])
    assert normalize(only(config, whole.keys_read), repo_id=row["repo"]).spec == whole.spec


UNEXPLAINED = {
    "moonshotai/Kimi-K2-Instruct": "3,416 more on the Hub; not explained",
    "stepfun-ai/Step-3.7-Flash": "the copy of the config was rewritten and leaves the tower out",
}
STORED_BESIDE = {
    "meta-llama/Llama-2-7b-hf": 32 * 64,  # rotary inverse frequencies, 64 a layer
    "meta-llama/Llama-2-7b-chat-hf": 32 * 64,
    "meta-llama/Llama-2-13b-chat-hf": 40 * 64,
    "mistralai/Devstral-2-123B-Instruct-2512": 1232,  # static fp8 scales
    "MiniMaxAI/MiniMax-M2.5": 13_880_064,  # fp8 block scales
    "deepseek-ai/DeepSeek-V3": 41_540_496,  # fp8 block scales, the multi-token-prediction layer's included
    "deepseek-ai/DeepSeek-R1": 41_540_496,
    "deepseek-ai/DeepSeek-V3.1": 41_540_496,
    "deepseek-ai/DeepSeek-V3.2-Exp": 41_591_584,
}


@pytest.mark.parametrize("row", rows("published_totals.tsv"), ids=lambda row: row["repo"])
def test_the_hub_states_the_same_checkpoint_to_the_parameter(row: dict[str, str]) -> None:
    repo = row["repo"]
    if repo in UNEXPLAINED:
        pytest.skip(UNEXPLAINED[repo])
    beside = STORED_BESIDE.get(repo, 0)
    assert spec_of(repo).checkpoint_parameters + beside == int(row["safetensors_total"])


def sweep() -> dict[str, list[dict[str, str]]]:
    types: dict[str, list[dict[str, str]]] = {}
    for row in rows("sweep_truth.tsv"):
        if row["ok"] == "1" and (Path(CORPUS) / "sweep" / f"{row['model_type']}.json").exists():
            types.setdefault(row["model_type"], []).append(row)
    return types


def agrees(spec: ModelSpec, row: dict[str, str]) -> bool:
    total = int(row["total"])
    cache = row["kv_bytes_tok_bf16_full"]
    is_near = abs(spec.total_parameters - total) <= total // 1000  # null `architectures`: which head is not known
    return is_near and (not cache or 2 * spec.cache_elements_per_token == int(cache))


def test_class_defaults_of_transformers_are_read_right_or_refused_never_wrong() -> None:
    right: list[str] = []
    wrong: list[str] = []
    for model_type, truths in sweep().items():
        config = json.loads((Path(CORPUS) / "sweep" / f"{model_type}.json").read_text(encoding="utf8"))
        try:
            spec = normalize(config, repo_id=model_type).spec
        except IngestError:
            continue
        (right if any(agrees(spec, row) for row in truths) else wrong).append(model_type)
    assert wrong == []
    assert len(right) >= 237
