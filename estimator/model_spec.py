"""A model as groups of like layers: parameters, active parameters, cache and state, each a sum over the groups.

    total  = embedding + per-layer embedding + output head + attention + recurrent + feed-forward
             + vision + audio + other (norms and the rest)
    active = the language model less the routed experts that one token does not use

The embedding and the head count in full in `active`, as in published "A22B"-style totals that include them;
`active_without_embedding` leaves the input embedding out, as makers of gpt-oss quote it. Multi-token-prediction
layers stand apart: no engine loads them unless asked to speculate.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from estimator.attention import LatentAttention, Mixer
from estimator.compressed_attention import CompressedAttention
from estimator.dtypes import BF16, WeightFormat
from estimator.feedforward import FeedForward, MixtureOfExperts
from estimator.once import once

Part = Literal[
    "embedding",
    "output_head",
    "attention",
    "recurrent",
    "dense",
    "shared",
    "router",
    "experts",
    "vision",
    "audio",
    "mtp",
]
"""The parts of a checkpoint that a weight format may treat apart. Vectors (norms, biases) are never quantized."""

ModelKind = Literal["dense", "moe", "mla", "hybrid"]

PARTS: Final[tuple[Part, ...]] = (
    "embedding",
    "output_head",
    "attention",
    "recurrent",
    "dense",
    "shared",
    "router",
    "experts",
    "vision",
    "audio",
    "mtp",
)


@dataclass(frozen=True, slots=True)
class PartWeights:
    """How one part is stored: `share` of its matrix parameters in `format`, the others in `rest`.

    `bytes_per_weight` is their mean, worked out once: every formula of memory and time reads it.
    """

    format: WeightFormat
    share: float = 1.0
    rest: WeightFormat = BF16
    bytes_per_weight: float = field(init=False, compare=False)

    def __post_init__(self) -> None:
        mean = self.share * self.format.bytes_per_weight + (1 - self.share) * self.rest.bytes_per_weight
        object.__setattr__(self, "bytes_per_weight", mean)  # frozen: set once, here


@dataclass(frozen=True, slots=True)
class WeightPlan:
    """The format of every part. `name` is the headline format, as the contract spells it."""

    name: str
    default: PartWeights
    parts: Mapping[Part, PartWeights] = field(default_factory=dict)
    vector_bytes: float = 2.0

    def of(self, part: Part) -> PartWeights:
        """How that part is stored."""
        return self.parts.get(part, self.default)


UNQUANTIZED: Final = WeightPlan("bf16", PartWeights(BF16))


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerGroup:
    """`count` layers of one shape: a mixer, a feed-forward part, and `other_parameters` (norms) in each.

    Either part may be absent: Nemotron-H's layers are a mixer or a feed-forward, not both.
    """

    count: int
    mixer: Mixer | None
    feed_forward: FeedForward | None
    other_parameters: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The fields that everyone knows, as the config states them; None where it has none."""

    hidden_size: int
    num_hidden_layers: int
    vocab_size: int
    intermediate_size: int | None = None
    num_attention_heads: int | None = None
    num_key_value_heads: int | None = None
    head_dim: int | None = None
    num_experts: int | None = None
    num_experts_per_tok: int | None = None
    max_position_embeddings: int | None = None
    tie_word_embeddings: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """One model, normalized. Counts are parameters, not bytes.

    `output_head_parameters` is 0 where the head is tied to the embedding. `mtp_parameters` are multi-token-prediction
    layers of the checkpoint; `buffer_parameters` persistent buffers (router corrections). `generates` is False for
    encoders and embedding models: they have a memory answer and no decode.
    `checkpoint_bytes` is the exact size of the stored weights where the Hub states it.
    """

    repo_id: str
    revision: str | None = None
    model_type: str
    architecture: str | None = None
    headline: Headline
    layers: tuple[LayerGroup, ...]
    embedding_parameters: int
    output_head_parameters: int
    output_head_vector_parameters: int = 0
    per_layer_embedding_parameters: int = 0
    vision_parameters: int = 0
    audio_parameters: int = 0
    other_parameters: int = 0
    mtp_parameters: int = 0
    buffer_parameters: int = 0
    encoder_layers: tuple[LayerGroup, ...] = ()
    weights: WeightPlan = UNQUANTIZED
    cache_format: str | None = None
    checkpoint_bytes: int | None = None
    generates: bool = True

    # -- parameters ---------------------------------------------------------------------------------------------

    @property
    def all_groups(self) -> tuple[LayerGroup, ...]:
        """Decoder and encoder layers."""
        return self.layers + self.encoder_layers

    def _mixers(self, *, recurrent: bool) -> Iterator[tuple[int, Mixer]]:
        for group in self.all_groups:
            if group.mixer is not None and group.mixer.is_recurrent == recurrent:
                yield group.count, group.mixer

    @once
    def attention_parameters(self) -> int:
        """Softmax attention: projections, their biases and q/k norms."""
        return sum(n * (m.matrix_parameters + m.vector_parameters) for n, m in self._mixers(recurrent=False))

    @once
    def recurrent_parameters(self) -> int:
        """Recurrent mixers: projections, convolutions, decays."""
        return sum(n * (m.matrix_parameters + m.vector_parameters) for n, m in self._mixers(recurrent=True))

    @once
    def feed_forward_parameters(self) -> int:
        """Dense networks, routed and shared experts, routers."""
        parts = ((g.count, g.feed_forward) for g in self.all_groups if g.feed_forward is not None)
        return sum(n * (f.matrix_parameters + f.vector_parameters + f.router_parameters) for n, f in parts)

    @once
    def norm_and_other_parameters(self) -> int:
        """Norms of the layers and all that is named nowhere else."""
        return self.other_parameters + sum(g.count * g.other_parameters for g in self.all_groups)

    @once
    def total_parameters(self) -> int:
        """All that the generating model loads: towers included, multi-token prediction apart."""
        return self.language_parameters + self.vision_parameters + self.audio_parameters

    @once
    def language_parameters(self) -> int:
        """The language model without its towers."""
        head = self.output_head_parameters + self.output_head_vector_parameters
        embeddings = self.embedding_parameters + self.per_layer_embedding_parameters + head
        layers = self.attention_parameters + self.recurrent_parameters + self.feed_forward_parameters
        return embeddings + layers + self.norm_and_other_parameters

    @once
    def routed_parameters(self) -> int:
        """Routed experts of all layers."""
        return sum(g.count * g.feed_forward.routed_parameters for g in self.layers if g.feed_forward is not None)

    @once
    def active_parameters(self) -> int:
        """The language model less the routed experts that one token does not use."""
        used = sum(g.count * g.feed_forward.active_routed_parameters for g in self.layers if g.feed_forward is not None)
        return round(self.language_parameters - self.routed_parameters + used)

    @property
    def active_parameters_without_embedding(self) -> int:
        """Active parameters less the input embedding, which is a look-up and no product.

        A tied embedding is also the head, which every token multiplies: it stays.
        """
        tied = self.headline.tie_word_embeddings and self.output_head_parameters == 0
        return self.active_parameters if tied else self.active_parameters - self.embedding_parameters

    @property
    def checkpoint_parameters(self) -> int:
        """The total, persistent buffers, and multi-token prediction where the checkpoint has it."""
        return self.total_parameters + self.buffer_parameters + self.mtp_parameters

    # -- cache and state ----------------------------------------------------------------------------------------

    @once
    def cache_elements_per_token(self) -> int:
        """Elements that one more token of context adds, over the layers whose cache grows without end."""
        growing = ((g.count, g.mixer) for g in self.layers if g.mixer is not None and g.mixer.window_tokens is None)
        return sum(n * m.cache_elements_per_token for n, m in growing)

    @once
    def window_elements_per_sequence(self) -> int:
        """Elements of the full windows of one sequence."""
        mixers = [(g.count, g.mixer) for g in self.layers if g.mixer is not None]
        windows = sum(
            n * m.cache_elements_per_token * m.window_tokens for n, m in mixers if m.window_tokens is not None
        )
        return windows + sum(n * m.side_window_elements for n, m in mixers if isinstance(m, CompressedAttention))

    @once
    def recurrent_state_elements(self) -> int:
        """Elements of the recurrent state of one sequence, all layers."""
        return sum(g.count * g.mixer.recurrent_state_elements for g in self.layers if g.mixer is not None)

    @once
    def conv_state_elements(self) -> int:
        """Elements of the convolution state of one sequence, all layers."""
        return sum(g.count * g.mixer.conv_state_elements for g in self.layers if g.mixer is not None)

    @property
    def state_bytes_engine(self) -> int:
        """State of one sequence as engines keep it: recurrent in fp32, convolution in 16 bit."""
        return 4 * self.recurrent_state_elements + 2 * self.conv_state_elements

    def stored_cache_elements(self, context_tokens: float) -> float:
        """Cache elements of one sequence at that context: growing layers and windows, states apart."""
        return sum(g.count * g.mixer.stored_elements(context_tokens) for g in self.layers if g.mixer is not None)

    # -- layers by kind -----------------------------------------------------------------------------------------

    @once
    def kind(self) -> ModelKind:
        """The class that bands and corrections know: hybrid before latent before experts before dense."""
        if self.recurrent_layers:
            return "hybrid"
        if self.latent_layers:
            return "mla"
        return "moe" if self.expert_groups else "dense"

    @once
    def shape_key(self) -> str:
        """The shape that fine-tunes and re-uploads share: layers x hidden size x parameters in 10^8."""
        return f"{self.headline.num_hidden_layers}x{self.headline.hidden_size}x{round(self.language_parameters / 1e8)}"

    @once
    def layer_count(self) -> int:
        """Layers of the decoder."""
        return sum(group.count for group in self.layers)

    @once
    def expert_groups(self) -> tuple[tuple[int, MixtureOfExperts], ...]:
        """(layers, experts) of the groups that have experts."""
        found = ((group.count, group.feed_forward) for group in self.layers)
        return tuple((count, part) for count, part in found if isinstance(part, MixtureOfExperts))

    @once
    def expert_layers(self) -> int:
        """Layers with experts."""
        return sum(count for count, _ in self.expert_groups)

    @once
    def latent_layers(self) -> int:
        """Layers with latent attention."""
        return sum(group.count for group in self.layers if isinstance(group.mixer, LatentAttention))

    @once
    def indexer_layers(self) -> int:
        """Latent layers that attend to a sparse selection."""
        latent = ((group.count, group.mixer) for group in self.layers)
        return sum(n for n, m in latent if isinstance(m, LatentAttention) and m.indexer is not None)

    @once
    def recurrent_layers(self) -> int:
        """Layers with a recurrence."""
        return sum(group.count for group in self.layers if group.mixer is not None and group.mixer.is_recurrent)

    # -- weights as stored --------------------------------------------------------------------------------------

    @once
    def matrix_parameters(self) -> Mapping[Part, int]:
        """Matrix parameters of every part, the ones a format may quantize."""
        counts: dict[Part, int] = dict.fromkeys(PARTS, 0)
        counts["embedding"] = self.embedding_parameters + self.per_layer_embedding_parameters
        counts["output_head"] = self.output_head_parameters
        counts["vision"], counts["audio"] = self.vision_parameters, self.audio_parameters
        counts["mtp"] = self.mtp_parameters
        for group in self.all_groups:
            if group.mixer is not None:
                part: Part = "recurrent" if group.mixer.is_recurrent else "attention"
                counts[part] += group.count * group.mixer.matrix_parameters
            for name, parameters in _feed_forward_parts(group.feed_forward):
                counts[name] += group.count * parameters
        return counts

    @once
    def vector_parameters(self) -> int:
        """Norms, biases and the rest that no format quantizes (towers and multi-token prediction apart)."""
        without_mtp = sum(count for part, count in self.matrix_parameters.items() if part != "mtp")
        return self.total_parameters - without_mtp

    def weight_bytes(self, plan: WeightPlan | None = None, *, with_mtp: bool = False) -> float:
        """Bytes of all weights under a plan (the checkpoint's own if none is given), on one device."""
        plan = plan or self.weights
        matrices = (
            count * plan.of(part).bytes_per_weight
            for part, count in self.matrix_parameters.items()
            if with_mtp or part != "mtp"
        )
        return sum(matrices) + self.vector_parameters * plan.vector_bytes


def _feed_forward_parts(feed_forward: FeedForward | None) -> Iterator[tuple[Part, int]]:
    if feed_forward is None:
        return
    yield "router", feed_forward.router_parameters
    if isinstance(feed_forward, MixtureOfExperts):
        yield "experts", feed_forward.num_experts * feed_forward.expert_matrix_parameters
        yield "shared", feed_forward.shared_parameters
    else:
        yield "dense", feed_forward.matrix_parameters
