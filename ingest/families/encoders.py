"""Encoders: BERT and its kin.

An embedding model or reranker has a memory answer and no decode: `generates` is False and its layers stand in
`encoder_layers`.
"""

from dataclasses import dataclass, replace

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import DenseFeedForward
from estimator.model_spec import Headline, LayerGroup
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy
from ingest.families.decoder import headline
from ingest.families.task_heads import label_count
from ingest.families.towers import linear, norm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class Bert:
    """Traits of a BERT-like encoder: its norms beside those of the layers, which heads its architectures carry."""

    has_pooler: bool = True
    other_norms: int = 1
    classifier_is_deep: bool = False

    def __call__(self, config: ConfigReader) -> Anatomy:
        """The parts of the encoder, with the head that `architectures` names."""
        head = replace(headline(config, tied_default=True), tie_word_embeddings=True)
        width, inner = head.hidden_size, config.positive_int("intermediate_size")
        attention = bidirectional(width, config.positive_int("num_attention_heads"), 4 * width)
        network = DenseFeedForward(
            hidden_size=width, intermediate_size=inner, is_gated=False, vector_parameters=inner + width
        )
        group = LayerGroup(
            count=head.num_hidden_layers, mixer=attention, feed_forward=network, other_parameters=2 * norm(width)
        )
        tables = config.positive_int("max_position_embeddings") + config.count("type_vocab_size", default=0)
        return Anatomy(
            headline=head,
            layers=(),
            encoder_layers=(group,),
            embedding_parameters=head.vocab_size * width,
            other_parameters=tables * width + self.other_norms * norm(width) + self.task_head(config, head),
            generates=False,
        )

    def task_head(self, config: ConfigReader, head: Headline) -> int:
        """Pooler, masked-word head or classifier, as the architecture's name says."""
        width, architecture = head.hidden_size, (config.text_list("architectures") or [""])[0]
        if "ForMaskedLM" in architecture or "ForCausalLM" in architecture or architecture.endswith("LMHeadModel"):
            return linear(width, width) + norm(width) + head.vocab_size
        if "ForSequenceClassification" in architecture and self.classifier_is_deep:
            return linear(width, width) + linear(width, label_count(config))
        pooler = linear(width, width) if self.has_pooler else 0
        return pooler + (linear(width, label_count(config)) if "Classification" in architecture else 0)


def bidirectional(width: int, heads: int, vectors: int) -> GroupedQueryAttention:
    """Attention over the whole input, of which nothing is kept."""
    return GroupedQueryAttention(
        hidden_size=width,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=width // heads or 1,
        has_cache=False,
        vector_parameters=vectors,
    )
