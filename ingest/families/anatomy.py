"""What a family's reader returns: the parts of one model, before it has a repository and a weight format."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from estimator.attention import Mixer
from estimator.feedforward import FeedForward, MixtureOfExperts
from estimator.model_spec import Headline, LayerGroup
from ingest.config_reader import ConfigReader

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """The parts of one model as its config describes them. The fields mean what `ModelSpec`'s fields mean."""

    headline: Headline
    layers: tuple[LayerGroup, ...]
    embedding_parameters: int
    output_head_parameters: int = 0
    output_head_vector_parameters: int = 0
    per_layer_embedding_parameters: int = 0
    vision_parameters: int = 0
    audio_parameters: int = 0
    other_parameters: int = 0
    mtp_parameters: int = 0
    buffer_parameters: int = 0
    encoder_layers: tuple[LayerGroup, ...] = ()
    generates: bool = True
    warnings: tuple[str, ...] = field(default=())


FamilyReader = Callable[[ConfigReader], Anatomy]
"""A config in, the parts of the model out."""

LayerMixers = Callable[[int], Mixer | None]
"""The mixer of each layer, by index."""
MixerReader = Callable[[ConfigReader], LayerMixers]

LayerNetworks = Callable[[int], FeedForward | None]
"""The feed-forward part of each layer, by index."""
NetworkReader = Callable[[ConfigReader], LayerNetworks]

Flag = bool | str
"""A trait of the family: always so, never so, or as a key of the config says (false where it is silent)."""

NO_LAYERS: Final[tuple[LayerGroup, ...]] = ()


def flag(config: ConfigReader, trait: Flag) -> bool:
    """Whether the trait holds for that config."""
    return config.boolean(trait, default=False) if isinstance(trait, str) else trait


def grouped(layers: Iterable[tuple[Mixer | None, FeedForward | None, int]]) -> tuple[LayerGroup, ...]:
    """Like layers counted together, in the order of their first appearance."""
    counts: dict[tuple[Mixer | None, FeedForward | None, int], int] = {}
    for layer in layers:
        counts[layer] = counts.get(layer, 0) + 1
    return tuple(
        LayerGroup(count=count, mixer=mixer, feed_forward=network, other_parameters=other)
        for (mixer, network, other), count in counts.items()
    )


def by_kind(kinds: Sequence[T], build: Callable[[T], Mixer | None]) -> LayerMixers:
    """Mixers from the kind of each layer, each kind built once."""
    built = {kind: build(kind) for kind in dict.fromkeys(kinds)}
    return lambda layer: built[kinds[layer]]


def correction_buffers(groups: Iterable[LayerGroup]) -> int:
    """One persistent value for each expert: the router's load-balancing correction (DeepSeek-V3 and its heirs)."""
    networks = ((group.count, group.feed_forward) for group in groups)
    return sum(n * network.num_experts for n, network in networks if isinstance(network, MixtureOfExperts))
