"""params.json as Mistral and Meta write it, held against the models that it stands for."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import IngestError, UnsupportedArchitecture
from ingest.loaded_model import LoadedModel, model_from_config
from ingest.mistral_format import READ, SIZELESS, config_of_params

# Source: mistralai/Mistral-7B-v0.1 and meta-llama/Meta-Llama-3-8B, params.json.
MISTRAL_7B: Final[dict[str, Any]] = {
    "dim": 4096,
    "n_layers": 32,
    "head_dim": 128,
    "hidden_dim": 14336,
    "n_heads": 32,
    "n_kv_heads": 8,
    "norm_eps": 1e-05,
    "sliding_window": 4096,
    "vocab_size": 32000,
}
LLAMA_3_8B: Final[dict[str, Any]] = {
    "dim": 4096,
    "n_layers": 32,
    "n_heads": 32,
    "n_kv_heads": 8,
    "vocab_size": 128256,
    "multiple_of": 1024,
    "ffn_dim_multiplier": 1.3,
    "norm_eps": 1e-05,
    "rope_theta": 500000.0,
}
PIXTRAL: Final[dict[str, Any]] = {
    **{key: value for key, value in MISTRAL_7B.items() if key != "sliding_window"},
    "dim": 5120,
    "n_layers": 40,
    "vocab_size": 131072,
    "vision_encoder": {
        "hidden_size": 1024,
        "num_channels": 3,
        "image_size": 1024,
        "patch_size": 16,
        "rope_theta": 10000.0,
        "intermediate_size": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "adapter_bias": True,
    },
}


def model(params: dict[str, Any]) -> LoadedModel:
    return model_from_config(
        config_of_params(params, "a/b"), None, repo_id="a/b", revision=None, asked="a/b", source="hub", read_as="a/b"
    )


# Totals: ../shared/facts/published_totals.tsv; the 70B is the 8B's layout at its own widths.
TOTALS = {
    7_241_732_096: MISTRAL_7B,
    46_702_792_704: {
        **{key: value for key, value in MISTRAL_7B.items() if key != "sliding_window"},
        "moe": {"num_experts_per_tok": 2, "num_experts": 8},
    },
    8_030_261_248: LLAMA_3_8B,
    70_553_706_496: {**LLAMA_3_8B, "dim": 8192, "n_layers": 80, "n_heads": 64, "multiple_of": 4096},
}


@pytest.mark.parametrize("total", TOTALS)
def test_the_makers_own_layout_gives_the_same_model(total: int) -> None:
    assert model(TOTALS[total]).spec.total_parameters == total


def test_a_window_of_the_makers_layout_is_a_window() -> None:
    assert model(MISTRAL_7B).spec.window_elements_per_sequence == 32 * 2 * 8 * 128 * 4096


def test_pixtral_is_nemo_and_a_tower_of_four_hundred_million() -> None:
    spec = model(PIXTRAL).spec
    assert spec.language_parameters == 12_247_782_400  # Mistral-Nemo's: ../shared/facts/published_totals.tsv
    assert 0.40e9 < spec.vision_parameters < 0.45e9  # "400M parameter vision encoder", Pixtral's model card


def test_an_fp8_checkpoint_says_so() -> None:
    quantized = {**MISTRAL_7B, "quantization": {"qformat_weight": "fp8_e4m3", "qscheme_act": "TENSOR"}}
    assert model(quantized).spec.weights.name == "fp8"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"dim": None}, "dim"),
        ({"vocab_size": -1}, "vocab_size"),
        ({"q_lora_rank": 1536}, "q_lora_rank"),
        ({"use_biases": True}, "use_biases"),
        ({"moe": {"num_experts": 8, "num_experts_per_tok": 2, "num_shared_experts": 1}}, "num_shared_experts"),
        ({"vision_encoder": {"hidden_size": 1, "add_pre_mm_projector_layer_norm": True}}, "add_pre_mm_projector"),
        ({"quantization": {"qformat_weight": "int3"}}, "int3"),
    ],
)
def test_what_is_not_understood_is_refused_by_key(change: dict[str, Any], key: str) -> None:
    with pytest.raises(IngestError, match=key):
        model({**MISTRAL_7B, **change})


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(UnsupportedArchitecture, match="no dim"):
        model({})


JSON: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 2**70), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=4,
)


@given(st.dictionaries(st.one_of(st.sampled_from(sorted(READ | SIZELESS)), st.text(max_size=5)), JSON, max_size=4))
def test_any_values_give_a_model_or_an_ingest_error(change: dict[str, Any]) -> None:
    for params in ({**MISTRAL_7B, **change}, {**PIXTRAL, **change}):
        try:
            model(params)
        except IngestError as error:
            said = error.message
        else:
            said = "a/b"
        assert "a/b" in said
