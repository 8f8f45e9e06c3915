"""The bundled catalogue: what it holds, the names that find it, and that its cuts lose nothing."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from ingest.catalogue import Catalogue, bundled_catalogue
from ingest.catalogue.names import ALIASES
from ingest.catalogue.shares import SHARES
from ingest.errors import IngestError
from ingest.normalize import normalize
from ingest.quantization_config import read_weight_plan

CATALOGUE = bundled_catalogue()
REPO_IDS = CATALOGUE.repo_ids()
ROOT = Path(__file__).parents[2]
MODELS = ROOT / "ingest" / "catalogue" / "models.jsonl"


@pytest.fixture
def corpus() -> Path:
    place = os.environ.get("HUBGAUGE_CORPUS")
    if not place:
        pytest.skip("HUBGAUGE_CORPUS is not set: the shared corpus is not there")
    return Path(place)


def test_at_least_eighty_models_are_bundled() -> None:
    assert len(REPO_IDS) >= 80


def test_the_file_is_sorted_and_names_nothing_twice() -> None:
    assert list(REPO_IDS) == sorted(set(REPO_IDS), key=str.lower)


@pytest.mark.parametrize("repo_id", REPO_IDS)
def test_every_model_says_whence_and_of_when(repo_id: str) -> None:
    entry = CATALOGUE.entry(repo_id)
    assert entry is not None
    assert entry.config["model_type"]
    assert "@" in entry.source
    assert entry.as_of.startswith("2026-")
    assert (entry.shares is None) or entry.note.startswith("shape shared: ")


def test_gated_models_are_among_them() -> None:
    assert {"meta-llama/Llama-3.1-8B-Instruct", "google/gemma-3-27b-it"} <= set(REPO_IDS)


@pytest.mark.parametrize(
    ("typed", "repo_id"),
    [
        ("deepseek-v3", "deepseek-ai/DeepSeek-V3"),
        ("DeepSeek V3", "deepseek-ai/DeepSeek-V3"),
        ("r1", "deepseek-ai/DeepSeek-R1"),
        ("deepseek-r1:671b", "deepseek-ai/DeepSeek-R1"),
        ("llama-3.3-70b", "meta-llama/Llama-3.3-70B-Instruct"),
        ("Llama 3.1 8B", "meta-llama/Llama-3.1-8B-Instruct"),
        ("gpt-oss 120b", "openai/gpt-oss-120b"),
        ("qwen3-30b-a3b", "Qwen/Qwen3-30B-A3B"),
        ("mixtral", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
        ("kimi-k2", "moonshotai/Kimi-K2-Instruct"),
        ("gemma-3-27b", "google/gemma-3-27b-it"),
        ("gemma 3 4b", "google/gemma-3-4b-it"),
        ("phi-4", "microsoft/phi-4"),
        ("QWEN/qwen3-8b", "Qwen/Qwen3-8B"),
        ("openai/GPT_OSS_20b", "openai/gpt-oss-20b"),
    ],
)
def test_a_typed_name_finds_its_model(typed: str, repo_id: str) -> None:
    assert CATALOGUE.alias(typed) == repo_id


@pytest.mark.parametrize("typed", ["llama-9-8b", "glm-4.5-air", "minimax-m2", "qwen3-7b", "", "34b"])
def test_a_name_with_other_digits_finds_nothing(typed: str) -> None:
    assert CATALOGUE.alias(typed) is None


def test_every_nickname_leads_to_a_model() -> None:
    assert set(ALIASES.values()) <= set(REPO_IDS)


def test_every_nickname_is_spelled_as_names_are_looked_up() -> None:
    assert [name for name in ALIASES if name != "-".join(name.lower().replace("_", "-").split())] == []


def test_a_model_that_is_not_bundled_has_no_entry() -> None:
    assert CATALOGUE.entry("acme/none") is None
    assert CATALOGUE.entry('acme/none", "x') is None


def test_a_shared_shape_names_its_model_and_reason() -> None:
    entry = CATALOGUE.entry("meta-llama/Llama-3.3-70B-Instruct")
    assert entry is not None
    assert entry.shares == "meta-llama/Llama-3.1-70B-Instruct"
    assert "327,680" in entry.note


def test_a_quantized_model_s_shape_is_shared_without_its_format() -> None:
    entry = CATALOGUE.entry("zai-org/GLM-5.2")
    assert entry is not None
    assert "quantization_config" not in entry.config
    assert entry.hf_quant_config is None


def test_every_share_says_why() -> None:
    assert [share.repo_id for share in SHARES if len(share.source) < 20] == []


@pytest.mark.parametrize("noise", ["auto_map", "rope_theta", "transformers_version", "initializer_range", "label2id"])
def test_noise_is_not_bundled(noise: str) -> None:
    assert f'"{noise}"' not in MODELS.read_text(encoding="ascii")


def test_labels_are_bundled_where_a_classifier_has_a_row_for_each() -> None:
    labelled = [r for r in REPO_IDS if (entry := CATALOGUE.entry(r)) and "id2label" in entry.config]
    assert labelled == ["BAAI/bge-reranker-large", "BAAI/bge-reranker-v2-m3"]


def test_one_answer_parses_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    loads = json.loads

    def counting(text: bytes) -> object:
        parsed.append(len(text))
        return loads(text)

    monkeypatch.setattr(json, "loads", counting)
    Catalogue().entry("deepseek-ai/DeepSeek-V3")
    assert len(parsed) == 1


def test_an_answer_takes_less_than_three_milliseconds() -> None:
    """The best of many, so that a busy machine does not judge; measured 0.3 ms, file read included."""

    def once() -> float:
        start = time.perf_counter()
        Catalogue().entry("deepseek-ai/DeepSeek-V3")
        return time.perf_counter() - start

    assert min(once() for _ in range(20)) < 0.003


@pytest.mark.corpus
def test_the_corpus_gives_the_same_bytes(corpus: Path) -> None:
    from ingest.catalogue.build import build

    assert build(corpus) == MODELS.read_text(encoding="ascii")


def read(config: dict[str, Any], beside: dict[str, Any] | None, repo_id: str) -> object:
    """Spec and weights, or the refusal."""
    try:
        spec = normalize(config, repo_id=repo_id).spec
        layers = spec.headline.num_hidden_layers
        weights = read_weight_plan(config, beside, repo_id=repo_id, num_hidden_layers=layers)
    except IngestError as error:
        return type(error), error.message
    return spec, weights.plan, weights.cache_format, weights.warnings


@pytest.mark.corpus
@pytest.mark.parametrize("repo_id", [r for r in REPO_IDS if r not in {share.repo_id for share in SHARES}])
def test_a_bundled_model_reads_as_its_whole_config_does(repo_id: str, corpus: Path) -> None:
    folder = corpus / "hub" / repo_id
    whole = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    beside = folder / "hf_quant_config.json"
    stated = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else None
    entry = CATALOGUE.entry(repo_id)
    assert entry is not None
    assert read(entry.config, entry.hf_quant_config, repo_id) == read(whole, stated, repo_id)


def test_the_page_of_models_is_that_of_the_catalogue() -> None:
    from ingest.catalogue.page import page

    assert (ROOT / "docs" / "models.md").read_text(encoding="utf-8") == page(CATALOGUE)


def test_every_listed_name_means_its_model_and_there_are_enough() -> None:
    from ingest.catalogue.page import names_by_model

    names = names_by_model(CATALOGUE)
    assert sum(len(each) for each in names.values()) >= 600
    assert [(name, r) for r, each in names.items() for name in each if CATALOGUE.alias(name) != r] == []
