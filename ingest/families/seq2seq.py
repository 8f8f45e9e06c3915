"""Encoder-decoders: an encoder that reads once, a decoder that attends to itself and to what the encoder read.

    decoder layer = self-attention (its cache grows) + cross-attention (its cache is as long as the input) + network

A file is read as the class that `architectures` names: both halves with their head (`ForConditionalGeneration`,
`MTModel`), both without (`Model`), with a classifier, or the decoder alone (`ForCausalLM`), which is also what the
causal class of transformers builds from a file that names none: that reading is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import DenseFeedForward
from estimator.model_spec import Headline, LayerGroup
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, FamilyReader, Flag, flag
from ingest.families.encoders import bidirectional
from ingest.families.remote import refuse_if
from ingest.families.task_heads import label_count
from ingest.families.towers import linear, norm

CONDITIONAL: Final = ("ForConditionalGeneration", "MTModel", "WithLMHeadModel")
ALONE: Final = ("ForCausalLM", "DecoderWrapper")
CLASSIFIER: Final = "ForSequenceClassification"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class Half:
    """Counts of the encoder or of the decoder."""

    layers: int
    heads: int
    inner: int
    biases: int

    def attention(self, width: int, *, has_cache: bool) -> GroupedQueryAttention:
        """Attention with as many KV heads as heads."""
        mixer = bidirectional(width, self.heads, self.biases * width)
        return replace(mixer, has_cache=has_cache)

    def network(self, width: int) -> DenseFeedForward:
        """Two matrices with their biases."""
        return DenseFeedForward(
            hidden_size=width, intermediate_size=self.inner, is_gated=False, vector_parameters=self.inner + width
        )


def read_half(config: ConfigReader, name: str, biases: int) -> Half:
    """The half of that name: BART says `encoder_layers`, ProphetNet `num_encoder_layers`."""
    return Half(
        layers=config.layer_count(f"{name}_layers", f"num_{name}_layers"),
        heads=config.positive_int(f"{name}_attention_heads", f"num_{name}_attention_heads"),
        inner=config.positive_int(f"{name}_ffn_dim"),
        biases=biases,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class EncoderDecoder:
    """Traits of BART and its kin. Called with a config, it gives the anatomy of the class that the file names.

    `extra_positions` are rows of the position tables beyond the longest context; `unties_alone` says that the decoder
    alone never shares its head; `alone_if_unstated` that a file without `architectures` may be read as that;
    `whole` why the classes with an encoder are not read, where `has_encoder` is False.
    """

    positions: str = "max_position_embeddings"
    extra_positions: int = 0
    embedding_norm: bool = True
    final_norm: bool = False
    attention_bias: Flag = True
    logits_bias: bool = True
    is_ngram: bool = False
    unties_alone: bool = False
    alone_if_unstated: bool = True
    has_encoder: bool = True
    has_key_bias: bool = True
    whole: str = "which halves it has is not known"

    def __call__(self, config: ConfigReader) -> Anatomy:
        """The parts of the model, as the class that the file names has them."""
        refuse_if(config, "use_prompt")
        architecture = (config.text_list("architectures") or [""])[0]
        decoder = self.decoder(config)
        if architecture.endswith(ALONE):
            return self.alone(decoder)
        if not architecture and self.alone_if_unstated:
            told = "architectures names no class: the decoder alone is counted, as a causal language model has it"
            return replace(self.alone(decoder), warnings=(*decoder.warnings, told))
        if not self.has_encoder or not architecture.endswith((*CONDITIONAL, CLASSIFIER, "Model")):
            raise config.unsupported("architectures", architecture, self.whole)
        whole = self.with_encoder(config, decoder)
        if architecture.endswith(CONDITIONAL):
            vocab = decoder.headline.vocab_size
            return replace(whole, buffer_parameters=vocab if self.logits_bias else 0)
        return replace(whole, generates=False, other_parameters=whole.other_parameters + _classifier(config, decoder))

    def biases(self, config: ConfigReader) -> int:
        """Projections of an attention that have a bias."""
        return (4 if self.has_key_bias else 3) * flag(config, self.attention_bias)

    def alone(self, decoder: Anatomy) -> Anatomy:
        """The decoder with its head."""
        if not self.unties_alone:
            return decoder
        head = replace(decoder.headline, tie_word_embeddings=False)
        return replace(decoder, headline=head, output_head_parameters=decoder.embedding_parameters)

    def tables(self, config: ConfigReader, width: int) -> int:
        """Positions and norms of one half beside its layers."""
        rows = config.positive_int(self.positions) + self.extra_positions
        learned = config.boolean("use_learned_position_embeddings", default=True)
        embedding_norm = self.embedding_norm and config.boolean("layernorm_embedding", default=True)
        return rows * width * learned + norm(width) * (embedding_norm + self.final_norm)

    def decoder(self, config: ConfigReader) -> Anatomy:
        """The decoder: two attentions and a network in each layer."""
        head, half = self.headline(config), read_half(config, "decoder", self.biases(config))
        width = head.hidden_size
        crossed = config.optional_int("cross_attention_hidden_size") or width
        if crossed != width:
            raise config.unsupported("cross_attention_hidden_size", crossed, "known is a decoder as wide as its source")
        own = half.attention(width, has_cache=True)
        other = self.tables(config, width)
        if self.is_ngram:  # ProphetNet: a bias for each head and bucket of distance; a stream for each of n tokens
            distances = half.heads * config.positive_int("num_buckets")
            own = replace(
                own,
                extra_matrix_parameters=width * distances,
                vector_parameters=own.vector_parameters + distances,
            )
            other += config.positive_int("ngram") * width
        return Anatomy(
            headline=head,
            layers=decoder_layers(half, own, width),
            embedding_parameters=head.vocab_size * width,
            other_parameters=other,
            warnings=(cross_cache(half.layers, 2 * width),),
        )

    def headline(self, config: ConfigReader) -> Headline:
        """The decoder's fields: it is what generates."""
        width, half = config.positive_int("d_model", "hidden_size"), read_half(config, "decoder", self.biases(config))
        if not config.boolean("tie_word_embeddings", default=True):
            raise config.unsupported(
                "tie_word_embeddings", "false", "known with one table for both halves and the head"
            )
        if not config.boolean("share_encoder_decoder_embeddings", default=True):
            raise config.unsupported(
                "share_encoder_decoder_embeddings", "false", "known with one table for both halves"
            )
        return Headline(
            hidden_size=width,
            num_hidden_layers=half.layers,
            vocab_size=config.positive_int("vocab_size"),
            intermediate_size=half.inner,
            num_attention_heads=half.heads,
            num_key_value_heads=half.heads,
            head_dim=width // half.heads or 1,
            max_position_embeddings=config.optional_int(self.positions),
            tie_word_embeddings=True,
        )

    def with_encoder(self, config: ConfigReader, decoder: Anatomy) -> Anatomy:
        """The decoder and the encoder before it."""
        width, half = decoder.headline.hidden_size, read_half(config, "encoder", self.biases(config))
        group = LayerGroup(
            count=half.layers,
            mixer=half.attention(width, has_cache=False),
            feed_forward=half.network(width),
            other_parameters=2 * norm(width),
        )
        other = decoder.other_parameters + self.tables(config, width)
        return replace(decoder, encoder_layers=(group,), other_parameters=other)


def decoder_layers(half: Half, own: GroupedQueryAttention, width: int) -> tuple[LayerGroup, ...]:
    """Self-attention, whose cache grows, then cross-attention and a network, a norm for each."""
    cross = half.attention(width, has_cache=False)
    return (
        LayerGroup(count=half.layers, mixer=own, feed_forward=None, other_parameters=norm(width)),
        LayerGroup(count=half.layers, mixer=cross, feed_forward=half.network(width), other_parameters=2 * norm(width)),
    )


def cross_cache(layers: int, elements: int) -> str:
    """What stands beside the growing cache."""
    return (
        f"beside the KV cache, cross-attention keeps {2 * layers * elements:,} B (16 bit) for each token that the "
        "encoder read; it does not grow with the answer and is not counted"
    )


def _classifier(config: ConfigReader, decoder: Anatomy) -> int:
    """A layer and a classifier where the class is one."""
    width, architecture = decoder.headline.hidden_size, (config.text_list("architectures") or [""])[0]
    if not architecture.endswith(CLASSIFIER):
        return 0
    labels = label_count(config) if config.states("num_labels", "id2label") else 3  # BartConfig's own default
    return linear(width, width) + linear(width, labels)


# -- T5 -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class T5:
    """Traits of T5 and its kin: no biases, heads of a width of their own, positions as a bias on distances.

    The bias stands in the first layer of each half, or in each layer (UMT5: `bias_in_each_layer`).
    """

    bias_in_each_layer: bool = False

    def __call__(self, config: ConfigReader) -> Anatomy:
        """Both halves, or the encoder alone, as the class that the file names has them."""
        architecture = (config.text_list("architectures") or [""])[0]
        is_encoder = architecture.endswith("EncoderModel")
        if not architecture.endswith((*CONDITIONAL, "Model")):
            raise config.unsupported("architectures", architecture, "which halves it has is not known")
        width, heads, count = self._size(config)
        own, network = self._attention(config, has_cache=False), self._network(config)
        encoder = LayerGroup(count=count, mixer=own, feed_forward=network, other_parameters=2 * width)
        read = Anatomy(
            headline=self.headline(config),
            layers=(),
            encoder_layers=(encoder,),
            embedding_parameters=config.positive_int("vocab_size") * width,
            other_parameters=width + self._distances(config, heads, count),
            generates=False,
        )
        return read if is_encoder else self.with_decoder(config, read, architecture)

    def with_decoder(self, config: ConfigReader, read: Anatomy, architecture: str) -> Anatomy:
        """The encoder and the decoder after it."""
        width, heads, count = self._size(config)
        layers = config.layer_count("num_decoder_layers", default=count)
        cross = self._attention(config, has_cache=False)
        generates = architecture.endswith(CONDITIONAL)
        head = read.embedding_parameters if generates and not read.headline.tie_word_embeddings else 0
        return replace(
            read,
            layers=(
                LayerGroup(
                    count=layers,
                    mixer=self._attention(config, has_cache=True),
                    feed_forward=None,
                    other_parameters=width,
                ),
                LayerGroup(count=layers, mixer=cross, feed_forward=self._network(config), other_parameters=2 * width),
            ),
            output_head_parameters=head,
            other_parameters=read.other_parameters + width + self._distances(config, heads, layers),
            generates=generates,
            warnings=(cross_cache(layers, 2 * heads * config.positive_int("d_kv")),),
        )

    def headline(self, config: ConfigReader) -> Headline:
        """The decoder's fields."""
        width, heads, count = self._size(config)
        return Headline(
            hidden_size=width,
            num_hidden_layers=config.layer_count("num_decoder_layers", default=count),
            vocab_size=config.positive_int("vocab_size"),
            intermediate_size=config.positive_int("d_ff"),
            num_attention_heads=heads,
            num_key_value_heads=heads,
            head_dim=config.positive_int("d_kv"),
            tie_word_embeddings=config.boolean("tie_word_embeddings", default=True),
        )

    @staticmethod
    def _size(config: ConfigReader) -> tuple[int, int, int]:
        return (
            config.positive_int("d_model"),
            config.positive_int("num_heads", at_most=65536),
            config.layer_count("num_layers"),
        )

    def _distances(self, config: ConfigReader, heads: int, layers: int) -> int:
        buckets = config.positive_int("relative_attention_num_buckets")
        return buckets * heads * (layers if self.bias_in_each_layer else 1)

    def _attention(self, config: ConfigReader, *, has_cache: bool) -> GroupedQueryAttention:
        width, heads, _ = self._size(config)
        return GroupedQueryAttention(
            hidden_size=width,
            num_attention_heads=heads,
            num_key_value_heads=heads,
            head_dim=config.positive_int("d_kv"),
            has_cache=has_cache,
        )

    @staticmethod
    def _network(config: ConfigReader) -> DenseFeedForward:
        """Gated in T5 1.1 and FLAN-T5 (`gated-gelu`), plain in T5 (`relu`)."""
        return DenseFeedForward(
            hidden_size=config.positive_int("d_model"),
            intermediate_size=config.positive_int("d_ff"),
            is_gated=config.text("feed_forward_proj").startswith("gated-"),
        )


BART: Final = EncoderDecoder(extra_positions=2)
PEGASUS: Final = EncoderDecoder(embedding_norm=False, final_norm=True)

SEQ2SEQ: Final[Mapping[str, FamilyReader]] = {
    "bart": BART,  # bart-large-cnn: 406,290,432
    "bigbird_pegasus": EncoderDecoder(attention_bias="use_bias", unties_alone=True),
    "blenderbot": replace(PEGASUS, alone_if_unstated=False),
    "blenderbot-small": EncoderDecoder(),
    "marian": EncoderDecoder(embedding_norm=False),
    "mbart": replace(BART, final_norm=True),
    "mt5": T5(),
    "mvp": BART,
    "pegasus": PEGASUS,
    "plbart": BART,
    "prophetnet": EncoderDecoder(logits_bias=False, is_ngram=True),
    "t5": T5(),  # flan-t5-base: 247,577,856
    "trocr": replace(BART, has_encoder=False),
    "umt5": T5(bias_in_each_layer=True),
    "whisper": replace(
        PEGASUS,
        positions="max_target_positions",
        has_key_bias=False,
        has_encoder=False,
        whole="a speech recognizer: its encoder hears sound, and a load in seconds of sound is not estimated",
    ),
}
