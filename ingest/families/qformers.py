"""BLIP and its heirs: a Q-Former whose queries attend to the image, and the language model that reads them.

Q-Former layer = self-attention + (in each n-th layer) attention to the image + a network for the queries,
and one more network for text where the model reads text there (InstructBLIP)
"""

from estimator.model_spec import Headline
from ingest.config_reader import ConfigReader
from ingest.families import more_towers
from ingest.families.towers import linear, norm


def qformer(config: ConfigReader, source: int, *, networks: int) -> int:
    """The layers of a Q-Former that reads states `source` wide, with so many networks a layer."""
    width, inner, layers = (
        config.positive_int("hidden_size"),
        config.positive_int("intermediate_size"),
        config.layer_count(),
    )
    every = config.positive_int("cross_attention_frequency")
    own = 4 * linear(width, width) + norm(width)
    cross = 2 * linear(width, width) + 2 * linear(source, width) + norm(width)
    network = linear(width, inner) + linear(inner, width) + norm(width)
    return layers * (own + networks * network) + -(-layers // every) * cross


def _bridge(config: ConfigReader, language: Headline) -> int:
    """The queries, and the layer from the Q-Former to the language model."""
    width = config.section("qformer_config").positive_int("hidden_size")
    return config.positive_int("num_query_tokens") * width + linear(width, language.hidden_size)


def blip2_vision(config: ConfigReader, language: Headline) -> int:
    """EVA, a Q-Former with a norm before it, one layer."""
    vision, asking = config.section("vision_config"), config.section("qformer_config")
    networks = 2 if asking.boolean("use_qformer_text_input", default=False) else 1
    former = qformer(asking, vision.positive_int("hidden_size"), networks=networks)
    tower = more_towers.eva(vision, bias=vision.boolean("qkv_bias", default=True))
    return tower + former + norm(asking.positive_int("hidden_size")) + _bridge(config, language)


def instructblip_vision(config: ConfigReader, language: Headline) -> int:
    """EVA, a Q-Former that reads the instruction too (words, positions, a norm), one layer."""
    vision, asking = config.section("vision_config"), config.section("qformer_config")
    width = asking.positive_int("hidden_size")
    rows = asking.positive_int("vocab_size") + asking.positive_int("max_position_embeddings")
    former = qformer(asking, vision.positive_int("hidden_size"), networks=2) + rows * width + norm(width)
    tower = more_towers.eva(vision, bias=vision.boolean("qkv_bias", default=True))
    return tower + former + _bridge(config, language)
