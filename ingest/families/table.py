"""Every model_type that is understood, and how its config is read.

A row composes the blocks beside it. A family of a known shape is one row.
"""

from collections.abc import Mapping
from typing import Final

from ingest.families.anatomy import FamilyReader
from ingest.families.decoder import Decoder
from ingest.families.latent import Latent
from ingest.families.linear import delta_hybrid
from ingest.families.multimodal import Multimodal
from ingest.families.networks import Dense, Experts, after_first_dense, counted_shared, sparse_step, stated_shared
from ingest.families.softmax import GroupedQuery
from ingest.families.towers import linear, qwen3_vision, siglip
from ingest.families.windows import one_window, patterned, window_when_used

BIASED = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias")
QWEN3 = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head", windows=window_when_used)
QWEN_GATED = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head", is_gated=True)
QWEN_EXPERTS = Experts(
    shared=stated_shared("shared_expert_intermediate_size"), shared_gate=True, sparse_layers=sparse_step
)
DEEPSEEK_EXPERTS = Experts(shared=counted_shared("n_shared_experts"), sparse_layers=after_first_dense)
GEMMA3 = Decoder(
    attention=GroupedQuery(
        qkv_bias="attention_bias",
        output_bias="attention_bias",
        qk_norm="head",
        windows=patterned(6, "sliding_window_pattern"),
    ),
    norms=4,
)
QWEN3_5 = Decoder(attention=delta_hybrid(QWEN_GATED))
QWEN3_5_MOE = Decoder(attention=delta_hybrid(QWEN_GATED), network=QWEN_EXPERTS)

LANGUAGE: Final[Mapping[str, FamilyReader]] = {
    "llama": Decoder(attention=BIASED, network=Dense(bias="mlp_bias")),
    "mistral": Decoder(attention=GroupedQuery(windows=one_window)),
    "ministral3": Decoder(attention=GroupedQuery(windows=one_window)),
    "mixtral": Decoder(attention=GroupedQuery(windows=one_window), network=Experts(size=("intermediate_size",))),
    "qwen2": Decoder(attention=GroupedQuery(qkv_bias=True, windows=window_when_used)),
    "qwen3": Decoder(attention=QWEN3),
    "qwen3_moe": Decoder(attention=QWEN3, network=Experts(sparse_layers=sparse_step)),
    "phi3": Decoder(attention=GroupedQuery(windows=one_window)),
    "glm": Decoder(attention=GroupedQuery(qkv_bias="attention_bias")),
    "glm4": Decoder(attention=GroupedQuery(qkv_bias="attention_bias"), norms=4),
    "glm4_moe": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", qk_norm="head", has_qk_norm="use_qk_norm"),
        network=DEEPSEEK_EXPERTS,
        correction_buffers=True,
    ),
    "gpt_oss": Decoder(
        attention=GroupedQuery(qkv_bias=True, output_bias=True, has_sinks=True, windows=patterned(2)),
        network=Experts(size=("intermediate_size",), expert_bias=True, router_bias=True),
    ),
    "gemma": Decoder(attention=BIASED),
    "gemma2": Decoder(
        attention=GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", windows=patterned(2)), norms=4
    ),
    "gemma3_text": GEMMA3,
    "deepseek_v2": Decoder(attention=Latent(), network=DEEPSEEK_EXPERTS),
    "deepseek_v3": Decoder(attention=Latent(), network=DEEPSEEK_EXPERTS, correction_buffers=True),
    "kimi_k2": Decoder(attention=Latent(), network=DEEPSEEK_EXPERTS, correction_buffers=True),
    "deepseek_v32": Decoder(attention=Latent(has_indexer=True), network=DEEPSEEK_EXPERTS, correction_buffers=True),
    "qwen3_next": Decoder(attention=delta_hybrid(QWEN_GATED), network=QWEN_EXPERTS),
    "qwen3_5_text": QWEN3_5,
    "qwen3_5_moe_text": QWEN3_5_MOE,
}

FAMILIES: Final[Mapping[str, FamilyReader]] = {
    **LANGUAGE,
    "gemma3": Multimodal(
        language=GEMMA3,
        language_type="gemma3_text",
        vision=lambda config, language: (
            siglip(vision := config.section("vision_config"))
            + linear(vision.positive_int("hidden_size"), language.hidden_size, bias=False)
            + vision.positive_int("hidden_size")
        ),
    ),
    "qwen3_5": Multimodal(
        language=QWEN3_5,
        language_type="qwen3_5_text",
        vision=lambda config, _: qwen3_vision(config.section("vision_config")),
    ),
    "qwen3_5_moe": Multimodal(
        language=QWEN3_5_MOE,
        language_type="qwen3_5_moe_text",
        vision=lambda config, _: qwen3_vision(config.section("vision_config")),
    ),
}
