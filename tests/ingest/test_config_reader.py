import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.config_reader import ConfigReader, Trace
from ingest.errors import IngestError, MalformedConfig, UnsupportedArchitecture


def reader(values: dict[str, Any], model_type: str = "") -> ConfigReader:
    return ConfigReader(values, Trace("acme/tiny@1f3c"), model_type=model_type)


def test_a_missing_key_is_named_under_all_its_names() -> None:
    with pytest.raises(UnsupportedArchitecture) as caught:
        reader({}).positive_int("num_attention_heads", "n_head")
    assert caught.value.message == "acme/tiny@1f3c: none of num_attention_heads, n_head"


def test_a_missing_key_of_a_section_is_named_with_its_section() -> None:
    section = reader({"text_config": {}}).section("text_config")
    with pytest.raises(UnsupportedArchitecture, match="none of hidden_size in text_config"):
        section.positive_int("hidden_size")


@pytest.mark.parametrize("value", ["32", -1, 0, 1.5, True, [], {}, math.nan, math.inf, 10**40, 1e300])
def test_an_impossible_count_names_repository_commit_and_key(value: object) -> None:
    with pytest.raises(MalformedConfig, match="acme/tiny@1f3c: num_attention_heads is"):
        reader({"num_attention_heads": value}).positive_int("num_attention_heads")


def test_a_whole_number_written_as_a_float_is_a_whole_number() -> None:
    assert reader({"hidden_size": 4096.0}).positive_int("hidden_size") == 4096


def test_a_million_layers_are_refused_before_anything_loops_over_them() -> None:
    with pytest.raises(MalformedConfig, match="num_hidden_layers"):
        reader({"num_hidden_layers": 1_000_000}).layer_count()


def test_the_file_wins_over_the_class_and_the_class_over_what_is_derived() -> None:
    llama = reader({"hidden_size": 64}, "llama")  # LlamaConfig: hidden_size 4096, num_attention_heads 32
    assert llama.positive_int("hidden_size", default=1) == 64
    assert llama.positive_int("num_attention_heads", default=1) == 32
    assert llama.positive_int("head_dim", default=2) == 2
    assert llama.trace.provenance["hidden_size"] == "config.json"
    assert llama.trace.provenance["num_attention_heads"] == "class default (transformers 5.23.0 LlamaConfig)"
    assert llama.trace.provenance["head_dim"] == "derived"


def test_a_null_in_the_file_stands_against_the_class_default() -> None:
    # DeepSeek-V2-Lite states q_lora_rank: null; DeepseekV2Config would say 1536.
    assert reader({"q_lora_rank": None}, "deepseek_v2").optional_int("q_lora_rank") is None
    assert reader({}, "deepseek_v2").optional_int("q_lora_rank") == 1536


def test_a_class_answers_under_its_own_name_for_a_key() -> None:
    assert reader({"n_head": 12}, "gpt2").positive_int("num_attention_heads") == 12


def test_only_keys_of_the_file_are_noted_with_the_path_of_their_section() -> None:
    config = reader({"text_config": {"hidden_size": 8, "top_k": 50}, "vocab_size": 9})
    config.section("text_config").positive_int("hidden_size")
    config.positive_int("vocab_size")
    config.optional_int("num_experts")
    assert config.trace.keys == {"text_config", "text_config.hidden_size", "vocab_size"}


def test_a_list_shorter_than_the_layers_is_refused() -> None:
    with pytest.raises(MalformedConfig, match="moe_topk"):
        reader({"moe_topk": [1, 2]}).int_of_layer("moe_topk", layers=3)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_every_reading_of_every_json_value_answers_or_names_the_key(value: object) -> None:
    config = reader({"some_key": value})
    readings = (
        config.positive_int,
        config.count,
        config.optional_int,
        config.number,
        config.boolean,
        config.text,
        config.int_list,
        config.text_list,
        config.section,
        config.objects,
        config.layer_count,
    )
    for read in readings:
        try:
            read("some_key")
        except IngestError as error:
            assert "some_key" in error.message  # noqa: PT017  # an answer is right too
