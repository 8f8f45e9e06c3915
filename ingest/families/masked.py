"""Encoders that differ from BERT in their tables, their heads or their layers: ELECTRA, RoFormer, X-MOD, XLM, XLNet.

As with BERT, none has a decode: they have a memory answer. A file is read as the class that `architectures` names, and
with the head of a language model where it names none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from estimator.feedforward import DenseFeedForward
from estimator.model_spec import Headline, LayerGroup
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, FamilyReader, flag
from ingest.families.decoder import Count, headline, none_of
from ingest.families.encoders import bidirectional
from ingest.families.remote import refuse_if
from ingest.families.task_heads import label_count
from ingest.families.towers import linear, norm

LANGUAGE_HEADS: Final = ("ForMaskedLM", "ForCausalLM", "LMHeadModel", "ForPreTraining", "Decoder")

Tables = Callable[[ConfigReader, int], int]
"""Position, type and other tables of that width."""
Head = Callable[[ConfigReader, Headline, int], int]
"""What a language model's head has beside the tied table, given the width of the table."""


def learned_tables(config: ConfigReader, width: int) -> int:
    """Positions and token types."""
    return (config.positive_int("max_position_embeddings") + config.count("type_vocab_size", default=0)) * width


def ernie_tables(config: ConfigReader, width: int) -> int:
    """As BERT's, and one more table with `use_task_id`."""
    tasks = config.positive_int("task_type_vocab_size") if flag(config, "use_task_id") else 0
    return learned_tables(config, width) + tasks * width


def roc_tables(config: ConfigReader, width: int) -> int:
    """As BERT's, with tables of pronunciations and shapes (there even where unused), and the layer that joins them."""
    total, wide = learned_tables(config, width), width
    for part in ("pronunciation", "shape"):
        own = config.positive_int(f"{part}_embed_dim")
        total += config.positive_int(f"{part}_vocab_size") * own
        wide += own if flag(config, f"enable_{part}") else 0
    return total + (linear(wide, width) if flag(config, "concat_input") else 0)


def roformer_tables(config: ConfigReader, width: int) -> int:
    """Token types, and stored sinusoids as wide as one head."""
    head_dim = config.positive_int("hidden_size") // config.positive_int("num_attention_heads")
    return config.count("type_vocab_size") * width + config.positive_int("max_position_embeddings") * head_dim


def transformed(config: ConfigReader, head: Headline, table: int) -> int:  # noqa: ARG001  # same question to each
    """A layer and a norm as wide as the table, and a bias for each word."""
    return linear(head.hidden_size, table) + norm(table) + head.vocab_size


def plain_bias(config: ConfigReader, head: Headline, table: int) -> int:  # noqa: ARG001  # as above
    """A bias for each word."""
    return head.vocab_size


def electra_head(config: ConfigReader, head: Headline, table: int) -> int:
    """The generator's head, or the discriminator's, which tells real words from replaced ones."""
    width, architecture = head.hidden_size, (config.text_list("architectures") or [""])[0]
    if architecture.endswith("ForPreTraining"):
        return linear(width, width) + linear(width, 1)
    return transformed(config, head, table)


def rembert_head(config: ConfigReader, head: Headline, table: int) -> int:  # noqa: ARG001  # as above
    """A layer, a norm and a table of its own, wider than the one at the input."""
    if head.tie_word_embeddings:
        raise config.unsupported("tie_word_embeddings", "true", "this family is known with two tables")
    width = config.positive_int("output_embedding_size", default=1664)  # RemBertConfig's own
    return linear(head.hidden_size, width) + norm(width) + linear(width, head.vocab_size)


def xmod_adapters(config: ConfigReader) -> int:
    """An adapter for each language in each layer: two layers, and a norm of its own where the config wants one."""
    width = config.positive_int("hidden_size")
    factor = config.number("adapter_reduction_factor", default=2)
    if not 1 <= factor <= width:
        raise config.malformed("adapter_reduction_factor", factor, f"between 1 and {width}")
    waist = int(width // factor)
    languages = len(config.text_list("languages") or ["en_XX"])
    return languages * (linear(width, waist) + linear(waist, width)) + (
        norm(width) if flag(config, "adapter_layer_norm") else 0
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class Masked:
    """Traits of an encoder. Called with a config, it gives the anatomy of the class that the file names.

    `table_width` is the key of the embedding's width where it is narrower than the model; `projects` says when a layer
    widens it. `pooler` stands in the bare model, in all classes, or nowhere.
    """

    table_width: str = "hidden_size"
    projects: Literal["always", "narrow"] = "narrow"
    tables: Tables = learned_tables
    head: Head = transformed
    pooler: Literal["bare", "always", "never"] = "bare"
    classifier_is_deep: bool = False
    adapters: Count = none_of

    def __call__(self, config: ConfigReader) -> Anatomy:
        """The parts of the encoder, with the head that `architectures` names."""
        refuse_if(config, "add_cross_attention")
        head = headline(config, tied_default=True)
        width, table = head.hidden_size, config.positive_int(self.table_width, default=head.hidden_size)
        inner = config.positive_int("intermediate_size")
        group = LayerGroup(
            count=head.num_hidden_layers,
            mixer=bidirectional(width, config.positive_int("num_attention_heads"), 4 * width),
            feed_forward=DenseFeedForward(
                hidden_size=width, intermediate_size=inner, is_gated=False, vector_parameters=inner + width
            ),
            other_parameters=2 * norm(width) + self.adapters(config),
        )
        norms = norm(table) + (norm(width) if flag(config, "pre_norm") else 0)
        widened = linear(table, width) if self.projects == "always" or table != width else 0
        other = self.tables(config, table) + norms + widened
        return Anatomy(
            headline=head,
            layers=(),
            encoder_layers=(group,),
            embedding_parameters=head.vocab_size * table,
            other_parameters=other + self.task_head(config, head, table),
            generates=False,
        )

    def task_head(self, config: ConfigReader, head: Headline, table: int) -> int:
        """Pooler, head of a language model or classifier, as the class's name says."""
        width, architecture = head.hidden_size, (config.text_list("architectures") or [""])[0]
        pooler = linear(width, width)
        always = pooler if self.pooler == "always" else 0
        if not architecture or architecture.endswith(LANGUAGE_HEADS):
            return self.head(config, head, table) + always
        if architecture.endswith("ForSequenceClassification"):
            deep = linear(width, width) + always if self.classifier_is_deep else pooler
            return deep + linear(width, label_count(config))
        if architecture.endswith(("Model", "Encoder")):
            return 0 if self.pooler == "never" else pooler
        raise config.unsupported("architectures", architecture, "which head it has is not known in this family")


# -- XLM and XLNet --------------------------------------------------------------------------------------------------


def xlm(config: ConfigReader) -> Anatomy:
    """XLM: a table of languages where it has several, networks four times as wide as the model."""
    refuse_if(config, "asm")
    vocab = config.positive_int("n_words", "vocab_size")
    width, heads, count = (
        config.positive_int("emb_dim"),
        config.positive_int("n_heads", at_most=65536),
        config.layer_count("n_layers"),
    )
    languages = config.count("n_langs", default=1)
    tables = config.positive_int("max_position_embeddings") * width
    tables += languages * width if languages > 1 and config.boolean("use_lang_emb", default=True) else 0
    group = LayerGroup(
        count=count,
        mixer=bidirectional(width, heads, 4 * width),
        feed_forward=DenseFeedForward(
            hidden_size=width, intermediate_size=4 * width, is_gated=False, vector_parameters=5 * width
        ),
        other_parameters=2 * norm(width),
    )
    return _encoder(config, _head(vocab, width, heads, count), group, tables + norm(width))


def xlnet(config: ConfigReader) -> Anatomy:
    """XLNet: a fifth matrix for relative positions, three biases a head, segments in each layer."""
    refuse_if(config, "untie_r")
    width, heads, count = (
        config.positive_int("d_model"),
        config.positive_int("n_head", at_most=65536),
        config.layer_count("n_layer"),
    )
    inner, wide = config.positive_int("d_inner"), heads * (width // heads)
    if wide != width:
        raise config.malformed("n_head", heads, f"a divisor of {width}")
    mixer = replace(bidirectional(width, heads, 5 * width), extra_matrix_parameters=width * width)
    network = DenseFeedForward(
        hidden_size=width, intermediate_size=inner, is_gated=False, vector_parameters=inner + width
    )
    group = LayerGroup(count=count, mixer=mixer, feed_forward=network, other_parameters=2 * norm(width))
    head = _head(config.positive_int("vocab_size"), width, heads, count)
    return _encoder(config, head, group, width)


def _head(vocab: int, width: int, heads: int, layers: int) -> Headline:
    return Headline(
        hidden_size=width,
        num_hidden_layers=layers,
        vocab_size=vocab,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=width // heads or 1,
        tie_word_embeddings=True,
    )


def _encoder(config: ConfigReader, head: Headline, group: LayerGroup, other: int) -> Anatomy:
    """The encoder, with a bias for each word where it has the head of a language model."""
    architecture = (config.text_list("architectures") or [""])[0]
    if not architecture or architecture.endswith(LANGUAGE_HEADS):
        other += head.vocab_size
    elif not architecture.endswith("Model"):
        raise config.unsupported("architectures", architecture, "which head it has is not known in this family")
    return Anatomy(
        headline=head,
        layers=(),
        encoder_layers=(group,),
        embedding_parameters=head.vocab_size * head.hidden_size,
        other_parameters=other,
        generates=False,
    )


MASKED: Final[Mapping[str, FamilyReader]] = {
    "bert-generation": Masked(head=plain_bias, pooler="never"),
    "big_bird": Masked(pooler="always", classifier_is_deep=True),
    "electra": Masked(table_width="embedding_size", head=electra_head, pooler="never", classifier_is_deep=True),
    "ernie": Masked(tables=ernie_tables),
    "rembert": Masked(table_width="input_embedding_size", projects="always", head=rembert_head),
    "roc_bert": Masked(tables=roc_tables),
    "roformer": Masked(table_width="embedding_size", tables=roformer_tables, pooler="never", classifier_is_deep=True),
    "xlm": xlm,
    "xlm-roberta-xl": Masked(classifier_is_deep=True),
    "xlnet": xlnet,
    "xmod": Masked(adapters=xmod_adapters, classifier_is_deep=True),
}
