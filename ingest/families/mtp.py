"""Multi-token prediction: layers of the checkpoint that no engine loads unless asked to speculate.

    parameters = one more layer + 2 H^2 (the projection of embedding and state) + 3 H (norms) [+ 2 V H (copies)]

Published totals agree to the unit with GLM-4.5 (5,539,962,272, embedding and head copied), GLM-5 (9,952,920,576, not
copied), Qwen3-Next (1,650,471,424, though its config has no key for it), Qwen3.5-9B (243,290,624) and DeepSeek-V3.2
(13,477,385,728); DeepSeek-V3's 13,504,966,800 are these 13,463,426,304 and fp8 scales. Kimi-K2 states 0;
MiniMax-M2.5 states 3 and stores none.
"""

from estimator.feedforward import MixtureOfExperts
from estimator.model_spec import LayerGroup
from ingest.config_reader import ConfigReader
from ingest.families.decoder import MtpReader


def extra_layers(
    *keys: str, copies_embedding: bool = False, has_correction: bool = False, unstated: int = 0
) -> MtpReader:
    """So many layers as one of the keys states; `unstated` where the family's files state nothing."""

    def parameters(config: ConfigReader, layers: tuple[LayerGroup, ...]) -> int:
        count = config.count(*keys, at_most=16) if config.states(*keys) else unstated
        if not count:
            return 0
        hidden_size = config.positive_int("hidden_size")
        total = _layer(layers, has_correction=has_correction) + 2 * hidden_size * hidden_size + 3 * hidden_size
        if copies_embedding:
            total += 2 * config.positive_int("vocab_size") * hidden_size
        return count * total

    return parameters


def _layer(layers: tuple[LayerGroup, ...], *, has_correction: bool) -> int:
    """The last kind of layer with softmax attention and a network: experts where the model has any."""
    whole = [group for group in layers if group.mixer and not group.mixer.is_recurrent and group.feed_forward]
    if not whole:
        return 0
    mixer, network = whole[-1].mixer, whole[-1].feed_forward
    assert mixer is not None
    assert network is not None
    total = mixer.matrix_parameters + mixer.vector_parameters + whole[-1].other_parameters
    total += network.matrix_parameters + network.vector_parameters + network.router_parameters
    return total + (network.num_experts if has_correction and isinstance(network, MixtureOfExperts) else 0)
