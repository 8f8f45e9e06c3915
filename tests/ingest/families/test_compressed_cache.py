"""DeepSeek-V4's cache: a window in every layer, and latents of 4 or 128 tokens beside it."""

from typing import Any, Final

import pytest

from estimator.attention import Mixer
from estimator.model_spec import ModelSpec
from ingest.errors import UnsupportedArchitecture
from ingest.normalize import normalize

# The keys of DeepSeek-V4-Flash that shape its cache (its config.json); 2 window layers, 21 sparse, 20 heavy, and one
# entry more for the multi-token-prediction layer.
FLASH: Final[dict[str, Any]] = {
    "model_type": "deepseek_v4",
    "hidden_size": 4096,
    "num_hidden_layers": 43,
    "num_attention_heads": 64,
    "num_key_value_heads": 1,
    "head_dim": 512,
    "q_lora_rank": 1024,
    "o_groups": 8,
    "o_lora_rank": 1024,
    "index_head_dim": 128,
    "index_n_heads": 64,
    "index_topk": 512,
    "sliding_window": 128,
    "hc_mult": 4,
    "num_hash_layers": 3,
    "n_routed_experts": 256,
    "num_experts_per_tok": 6,
    "n_shared_experts": 1,
    "moe_intermediate_size": 2048,
    "vocab_size": 129280,
    "tie_word_embeddings": False,
    "compress_ratios": [0, 0, *[4, 128] * 20, 4, 0],
}


def flash(**keys: Any) -> ModelSpec:
    return normalize({**FLASH, **keys}, repo_id="deepseek-ai/DeepSeek-V4-Flash").spec


def mixers() -> list[tuple[int, Mixer]]:
    return [(group.count, group.mixer) for group in flash().layers if group.mixer is not None]


def test_one_more_token_of_context_costs_6880_bytes() -> None:
    # 21 x (512 + 128) / 4 + 20 x 512 / 128 elements of 2 B; measured by forward passes of 256 to 8,192 tokens.
    assert 2 * flash().cache_elements_per_token == 6880


def test_every_layer_keeps_its_window_of_128_tokens() -> None:
    assert flash().window_elements_per_sequence == 43 * 512 * 128


def test_what_is_stored_is_windows_and_latents() -> None:
    context = 8192
    assert flash().stored_cache_elements(context) == 43 * 512 * 128 + 3440 * context


def test_a_short_context_does_not_fill_the_windows() -> None:
    assert flash().stored_cache_elements(64) == 43 * 512 * 64 + 3440 * 64


@pytest.mark.parametrize("context_tokens", [1, 127, 128, 4096, 1_000_000])
def test_no_layer_reads_more_than_it_stores(context_tokens: int) -> None:
    for _, mixer in mixers():
        assert 0 < mixer.read_elements(context_tokens) <= mixer.stored_elements(context_tokens)


def test_a_decoded_token_reads_at_most_the_picked_latents() -> None:
    sparse = next(mixer for count, mixer in mixers() if count == 21)
    assert sparse.attended_tokens(1_000_000) == 128 + 512


def test_every_rank_holds_the_single_head() -> None:
    assert {mixer.cache_shards(8) for _, mixer in mixers()} == {1}


def test_another_spelling_of_the_layers_is_refused_until_a_real_file_shows_it() -> None:
    with pytest.raises(UnsupportedArchitecture, match="compress_ratios"):
        flash(compress_ratios=None, layer_types=["sliding_attention"] * 43)
