"""A whole language model: embedding, layers, final norm, output head.

    total = vocab x hidden (embedding) + vocab x hidden (head, unless tied) + layers + final norm

`Decoder` is a row of traits; calling it with a config reads the model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from estimator.model_spec import Headline, LayerGroup
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import (
    Anatomy,
    Flag,
    MixerReader,
    NetworkReader,
    correction_buffers,
    flag,
    grouped,
)
from ingest.families.networks import EXPERTS, GATED, PER_TOKEN
from ingest.families.softmax import GroupedQuery

UNBIASED: Final = GroupedQuery()

Count = Callable[[ConfigReader], int]
"""Parameters that a config adds up to."""
MtpReader = Callable[[ConfigReader, tuple[LayerGroup, ...]], int]
"""Parameters of multi-token prediction in the checkpoint."""


def none_of(config: ConfigReader) -> int:  # noqa: ARG001  # same question to each
    """No parameters."""
    return 0


def no_mtp(config: ConfigReader, layers: tuple[LayerGroup, ...]) -> int:  # noqa: ARG001  # same question to each
    """No multi-token prediction in the checkpoint."""
    return 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class Decoder:
    """Traits of a language model. Called with a config, it gives its anatomy.

    `norms` are the norms of a layer, each of hidden_size weights (twice that with `norm_bias`);
    `norm_weights` is False where norms carry no weights at all (OLMo 1).
    """

    attention: MixerReader = UNBIASED
    network: NetworkReader = GATED
    norms: int = 2
    final_norms: int = 1
    norm_bias: Flag = False
    norm_weights: bool = True
    head_bias: Flag = False
    tied_default: bool = False
    additional: Count = none_of
    mtp: MtpReader = no_mtp
    correction_buffers: bool = False
    buffers: Count = none_of
    layers_key: str = "num_hidden_layers"

    def __call__(self, config: ConfigReader) -> Anatomy:
        """The parts of the model."""
        own = config.optional_section("per_layer_config")
        if own is not None and not own.is_empty:
            raise config.unsupported("per_layer_config", "", "this family is known without layers of their own shape")
        head = headline(config, tied_default=self.tied_default, layers_key=self.layers_key)
        norm = self.norm_width(config, head.hidden_size)
        layers = self.layers(config, head.num_hidden_layers, self.norms * norm)
        embedding = head.vocab_size * head.hidden_size
        return Anatomy(
            headline=head,
            layers=layers,
            embedding_parameters=embedding,
            output_head_parameters=0 if head.tie_word_embeddings else embedding,
            output_head_vector_parameters=head.vocab_size if flag(config, self.head_bias) else 0,
            other_parameters=self.final_norms * norm + self.additional(config),
            mtp_parameters=self.mtp(config, layers),
            buffer_parameters=self.buffers(config) + (correction_buffers(layers) if self.correction_buffers else 0),
        )

    def norm_width(self, config: ConfigReader, hidden_size: int) -> int:
        """Parameters of one norm."""
        return hidden_size * (2 if flag(config, self.norm_bias) else 1) * self.norm_weights

    def layers(self, config: ConfigReader, count: int, other: int) -> tuple[LayerGroup, ...]:
        """The layers, like ones together."""
        mixer, network = self.attention(config), self.network(config)
        return grouped((mixer(layer), network(layer), other) for layer in range(count))


def headline(
    config: ConfigReader,
    *,
    tied_default: bool = False,
    layers_key: str = "num_hidden_layers",
    layers: int | None = None,
    vocab_size: int | None = None,
) -> Headline:
    """The fields that everyone knows, as stated; `layers` and `vocab_size` where the config spells them otherwise."""
    heads = config.optional_int("num_attention_heads")
    hidden_size = config.positive_int("hidden_size")
    return Headline(
        hidden_size=hidden_size,
        num_hidden_layers=layers or config.layer_count(layers_key),
        vocab_size=vocab_size or config.positive_int("vocab_size"),
        intermediate_size=_scalar(config, "intermediate_size"),
        num_attention_heads=heads,
        num_key_value_heads=_scalar(config, "num_key_value_heads") or heads,
        head_dim=_scalar(config, "head_dim") or (hidden_size // heads if heads else None),
        num_experts=_scalar(config, *EXPERTS),
        num_experts_per_tok=_scalar(config, *PER_TOKEN),
        max_position_embeddings=config.optional_int("max_position_embeddings"),
        tie_word_embeddings=config.boolean("tie_word_embeddings", default=tied_default),
    )


def _scalar(config: ConfigReader, *keys: str) -> int | None:
    """One number for all layers, or None where the config gives a list or nothing."""
    return None if config.is_list(*keys) else config.optional_int(*keys)
