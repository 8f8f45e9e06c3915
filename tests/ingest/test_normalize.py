import copy
import json
import os
import time
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimator.model_spec import UNQUANTIZED
from ingest.errors import IngestError, MalformedConfig, NotAGenerativeModel, UnsupportedArchitecture
from ingest.families.table import FAMILIES
from ingest.normalize import normalize

CORPUS: Final = os.environ.get("HUBGAUGE_CORPUS", "")

LLAMA: Final[dict[str, Any]] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "tie_word_embeddings": False,
}


def test_a_small_llama_adds_up_by_hand() -> None:
    spec = normalize(LLAMA, repo_id="acme/tiny").spec
    layer = 64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 128 + 2 * 64  # q, o; k, v; gate, up, down; two norms
    assert spec.total_parameters == 2 * 100 * 64 + 3 * layer + 64
    assert spec.cache_elements_per_token == 3 * 2 * 2 * 16


def test_weights_are_left_for_others_to_fill_in() -> None:
    assert normalize(LLAMA, repo_id="acme/tiny").spec.weights == UNQUANTIZED


def test_what_was_read_and_whence_is_kept() -> None:
    normalized = normalize(LLAMA, repo_id="acme/tiny", revision="1f3c" * 10)
    assert "hidden_size" in normalized.keys_read
    assert normalized.provenance["hidden_size"] == "config.json"
    assert normalized.provenance["head_dim"] == "derived"
    assert normalized.provenance["attention_bias"] == "class default (transformers 5.23.0 LlamaConfig)"


def test_the_keys_that_were_read_are_enough_to_read_it_again() -> None:
    whole = normalize({**LLAMA, "bos_token_id": 1, "rope_theta": 1e4}, repo_id="acme/tiny")
    kept = {key: value for key, value in LLAMA.items() if key in whole.keys_read}
    assert "rope_theta" not in whole.keys_read
    assert normalize(kept, repo_id="acme/tiny").spec == whole.spec


def test_an_unknown_type_is_refused_with_its_architectures() -> None:
    config = {"model_type": "tomorrow", "architectures": ["TomorrowForCausalLM"], "auto_map": {"AutoModel": "x.Y"}}
    with pytest.raises(UnsupportedArchitecture, match=r"acme/new@1f3c1f3: model_type 'tomorrow' .*TomorrowForCausalLM"):
        normalize(config, repo_id="acme/new", revision="1f3c" * 10)


@pytest.mark.parametrize("config", [[], "x", None, 3])
def test_what_is_no_object_is_malformed(config: Any) -> None:
    with pytest.raises(MalformedConfig, match="acme/x"):
        normalize(config, repo_id="acme/x")


def test_an_image_encoder_is_named_as_what_it_is() -> None:
    with pytest.raises(NotAGenerativeModel, match="an image encoder"):
        normalize({"model_type": "vit"}, repo_id="acme/eye")


def test_a_bare_model_and_a_reward_model_have_no_head_and_do_not_generate() -> None:
    bare = normalize({**LLAMA, "architectures": ["LlamaModel"]}, repo_id="acme/x").spec
    judge = normalize({**LLAMA, "architectures": ["LlamaForSequenceClassification"]}, repo_id="acme/x").spec
    full = normalize(LLAMA, repo_id="acme/x").spec
    assert not bare.generates
    assert full.total_parameters - bare.total_parameters == 100 * 64
    assert judge.total_parameters - bare.total_parameters == 2 * 64  # two labels unless stated


def test_layers_of_an_unknown_kind_are_refused_and_named() -> None:
    odd = {**LLAMA, "layer_types": ["full_attention", "quantum_attention", "full_attention"]}
    with pytest.raises(UnsupportedArchitecture, match="quantum_attention"):
        normalize(odd, repo_id="acme/x")


def test_every_family_refuses_an_empty_config_by_key_or_reads_class_defaults() -> None:
    for model_type in FAMILIES:
        try:
            spec = normalize({"model_type": model_type}, repo_id="acme/x").spec
        except IngestError as error:
            assert "acme/x" in error.message  # noqa: PT017  # both outcomes are right; this one must name the repository
        else:
            assert spec.total_parameters > 0


def real_configs() -> list[dict[str, Any]]:
    if not CORPUS:
        return [LLAMA]
    paths = sorted(Path(CORPUS).glob("hub/*/*/config.json"))
    configs = [json.loads(path.read_text(encoding="utf8")) for path in paths]
    by_type = {str(config.get("model_type")): config for config in configs}
    return [LLAMA, *by_type.values()]


REAL: Final = real_configs()
ODD: Final = st.sampled_from(
    [None, True, False, 0, -1, 1, 2, 3, 7, 1.5, 1e308, 10**30, "32", "", [], {}, [1], [None], ["x"], {"a": 1}, 128]
)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A real config with a few keys, in any depth, removed, renamed or given an odd value."""
    config: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(1, 4))):
        place = config
        while sections := [key for key, value in place.items() if isinstance(value, dict) and value]:
            if not draw(st.booleans()):
                break
            place = place[draw(st.sampled_from(sections))]
        key = draw(st.sampled_from(sorted(place))) if place else "model_type"
        value, change = place.pop(key, None), draw(st.integers(0, 3))
        if change == 1:
            place[key] = copy.deepcopy(draw(ODD))
        elif change == 2 and isinstance(value, list):
            place[key] = value[: draw(st.integers(0, len(value)))]
        elif change == 3:
            place[f"{key}s"] = value
    return config


@settings(
    max_examples=int(os.environ.get("HUBGAUGE_MUTATIONS", "600")),
    suppress_health_check=list(HealthCheck),
    deadline=None,
)
@given(mutated())
def test_a_mutated_config_gives_a_spec_or_an_error_that_names_the_repository(config: dict[str, Any]) -> None:
    started = time.perf_counter()
    try:
        spec = normalize(config, repo_id="acme/mutant").spec
    except IngestError as error:
        assert "acme/mutant" in error.message  # noqa: PT017  # a spec is right too
    else:
        assert spec.total_parameters > 0
        assert spec.cache_elements_per_token >= 0
        assert 0 < spec.active_parameters <= spec.language_parameters
    assert time.perf_counter() - started < 1.0
