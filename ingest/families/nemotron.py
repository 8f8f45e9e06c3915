"""Nemotron-H and its heirs: every layer is one thing, a Mamba-2 mixer, attention, experts or a dense network.

Traps, with their witnesses: the pattern is a string of M * E - (`hybrid_override_pattern`, Nano) or a list of words
(`layers_block_type`, Ultra, which states no number of layers); networks are not gated (relu squared: two matrices);
experts may act in a latent width (`moe_latent_size`, Super and Ultra) between two projections that all tokens use.
"""

from typing import Final

from estimator.attention import Mixer
from estimator.feedforward import FeedForward, MixtureOfExperts
from ingest.config_reader import MAX_LAYERS, ConfigReader
from ingest.families.anatomy import Anatomy, correction_buffers, grouped
from ingest.families.decoder import headline
from ingest.families.linear import mamba2
from ingest.families.networks import Dense
from ingest.families.softmax import GroupedQuery, read_heads

LETTERS: Final = {"M": "mamba", "*": "attention", "E": "moe", "-": "mlp"}
WORDS: Final = {
    "mamba": "mamba",
    "linear_attention": "mamba",
    "attention": "attention",
    "full_attention": "attention",
    "moe": "moe",
    "mlp": "mlp",
}
ATTENTION: Final = GroupedQuery(qkv_bias="attention_bias", output_bias="attention_bias")
NETWORK: Final = Dense(is_gated=False, bias="mlp_bias")


Layer = tuple[Mixer | None, FeedForward | None, int]


def nemotron_h(config: ConfigReader) -> Anatomy:
    """The language model of Nemotron-H, Nemotron-3 Nano, Super and Ultra."""
    kinds = block_kinds(config)
    head = headline(config, layers=len(kinds))
    built = {kind: _layer(config, kind) for kind in dict.fromkeys(kinds)}
    layers = grouped(built[kind] for kind in kinds)
    embedding = head.vocab_size * head.hidden_size
    return Anatomy(
        headline=head,
        layers=layers,
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=head.hidden_size,
        buffer_parameters=correction_buffers(layers),
    )


def block_kinds(config: ConfigReader) -> list[str]:
    """What each layer is, from the pattern string or the list of words; cut to `num_hidden_layers` where stated."""
    words = config.text_list("layers_block_type") or config.text_list("layer_types")
    if words is None:
        words = [LETTERS.get(letter, letter) for letter in config.text("hybrid_override_pattern")]
    if not 0 < len(words) <= MAX_LAYERS:
        raise config.malformed("layers_block_type", f"{len(words)} layers", f"between 1 and {MAX_LAYERS}")
    unknown = next((word for word in words if word not in WORDS), None)
    if unknown is not None:
        raise config.unsupported("layers_block_type", unknown, "no such kind of layer is known")
    return [WORDS[word] for word in words]


def _layer(config: ConfigReader, kind: str) -> Layer:
    hidden_size = config.positive_int("hidden_size")
    if kind == "mamba":
        return mamba2(config), None, hidden_size
    if kind == "attention":
        return ATTENTION.mixer(config, read_heads(config), None), None, hidden_size
    if kind == "mlp":
        return None, NETWORK.network(config), hidden_size
    return None, _experts(config), hidden_size


def _experts(config: ConfigReader) -> MixtureOfExperts:
    hidden_size = config.positive_int("hidden_size")
    latent = config.optional_int("moe_latent_size") or 0
    experts = config.positive_int("n_routed_experts", at_most=65536)
    shared = 2 * hidden_size * config.count("moe_shared_expert_intermediate_size", default=0)
    return MixtureOfExperts(
        num_experts=experts,
        num_experts_per_tok=config.positive_int("num_experts_per_tok", at_most=experts),
        expert_hidden_size=latent or hidden_size,
        expert_intermediate_size=config.positive_int("moe_intermediate_size"),
        is_gated=False,
        shared_parameters=shared * config.count("n_shared_experts", default=1) + 2 * hidden_size * latent,
        router_parameters=experts * hidden_size,
    )
