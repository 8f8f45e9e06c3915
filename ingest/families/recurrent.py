"""Language models with recurrent layers: a row of traits each."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, FamilyReader
from ingest.families.decoder import Decoder
from ingest.families.hybrids import (
    every_nth,
    falcon_h1,
    flagged,
    half_wide,
    kimi_linear_kinds,
    listed,
    longcat,
    mixed,
    recurrent_gemma_kinds,
    rwkv,
    without_network,
)
from ingest.families.latent import Latent
from ingest.families.linear import (
    delta_attention,
    gated_delta_net,
    hybrid,
    interval_types,
    jamba_mamba,
    lightning,
    mamba1,
    mamba2,
    rg_lru,
    short_conv,
)
from ingest.families.networks import Dense, Experts, after_dense_layers, after_first_dense, counted_shared, periodic
from ingest.families.remote import refuse_if
from ingest.families.softmax import GroupedQuery

BIASED: Final = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias")

KIMI_LINEAR: Final = Decoder(
    attention=mixed(kimi_linear_kinds, delta_attention, Latent()),
    network=Experts(shared=counted_shared("num_shared_experts"), sparse_layers=after_first_dense),
    correction_buffers=True,
)


def kimi_linear(config: ConfigReader) -> Anatomy:
    """Kimi-Linear; Kimi-K3 names its text the same and has experts in a latent width and gates of full rank."""
    refuse_if(config, "routed_expert_hidden_size", "mla_use_output_gate", "attn_res_block_size")
    return KIMI_LINEAR(config)


MINIMAX: Final = Decoder(
    attention=mixed(flagged("attn_type_list"), lightning, GroupedQuery()),
    network=Experts(size=("intermediate_size",)),
)

LFM3: Final = Decoder(
    attention=hybrid(
        short_conv,
        GroupedQuery(
            qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head", head_gate="use_attention_gate"
        ),
    ),
    norms=4,
    tied_default=True,
)


def lfm3(config: ConfigReader) -> Anatomy:
    """LFM3: norms before and after each part, or before it alone where the config wants no sandwich."""
    return (LFM3 if config.boolean("use_sandwich_norm", default=True) else replace(LFM3, norms=2))(config)


RECURRENT: Final[Mapping[str, FamilyReader]] = {
    "bailing_hybrid": Decoder(
        attention=mixed(
            every_nth("layer_group_size"), partial(delta_attention, full_rank=True), Latent(head_gate=True)
        ),
        network=Experts(shared=counted_shared("num_shared_experts"), sparse_layers=after_first_dense),
        correction_buffers=True,
    ),
    "bamba": Decoder(
        attention=mixed(listed("attn_layer_indices", unstated="linear"), mamba2, BIASED), network=Dense(bias="mlp_bias")
    ),
    "falcon_h1": falcon_h1,
    "falcon_mamba": without_network(mamba1),
    "jamba": Decoder(
        attention=mixed(every_nth("attn_layer_period", "attn_layer_offset"), jamba_mamba, GroupedQuery()),
        network=Experts(
            size=("intermediate_size",), sparse_layers=periodic("expert_layer_period", "expert_layer_offset")
        ),
    ),
    "kimi_linear": kimi_linear,
    "lfm2_moe": Decoder(
        attention=mixed(listed("full_attn_idxs", unstated="attention"), short_conv, GroupedQuery(qk_norm="head")),
        network=Experts(sparse_layers=after_dense_layers("num_dense_layers")),
        tied_default=True,
        correction_buffers=True,
    ),
    "lfm3": lfm3,
    "longcat_flash": longcat,
    "mamba": without_network(mamba1),
    "mamba2": without_network(mamba2),
    "minimax": MINIMAX,
    "minimax_m1": MINIMAX,
    "minimax_text_01": MINIMAX,
    "olmo_hybrid": Decoder(
        attention=mixed(
            interval_types,
            gated_delta_net,
            GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="width"),
        )
    ),
    "recurrent_gemma": Decoder(
        attention=mixed(recurrent_gemma_kinds, rg_lru, GroupedQuery(qkv_bias="attention_bias", output_bias=True)),
        network=half_wide,
    ),
    "rwkv": rwkv,
}
