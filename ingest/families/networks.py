"""Feed-forward parts as configs describe them: one dense network, or routed experts with a shared part.

Traps, with their witnesses: experts are `num_experts`, `num_local_experts`, `n_routed_experts` or `moe_num_experts`;
their width is `moe_intermediate_size`, but `intermediate_size` in Mixtral, gpt-oss and Llama-4; a shared expert is
counted (`n_shared_experts` x the expert's width, DeepSeek) or has a width of its own (Qwen); the first layers may
be dense (`first_k_dense_replace`), every n-th sparse (`decoder_sparse_step`), or each as a list says.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from estimator.feedforward import DenseFeedForward, FeedForward, MixtureOfExperts
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Flag, LayerNetworks, flag

EXPERTS: Final = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
PER_TOKEN: Final = (
    "num_experts_per_tok",
    "num_experts_per_token",
    "experts_per_token",
    "moe_topk",
    "moe_top_k",
    "moe_k",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class Dense:
    """Traits of a dense network: gated or not, with biases or not. Called with a config, it gives each layer's."""

    is_gated: bool = True
    bias: Flag = False
    size: tuple[str, ...] = ("intermediate_size",)
    default_factor: int | None = None

    def __call__(self, config: ConfigReader) -> LayerNetworks:
        """The same network in every layer."""
        network = self.network(config)
        return lambda _layer: network

    def network(self, config: ConfigReader) -> DenseFeedForward:
        """The network that the config states; `default_factor` x hidden_size where it states no width."""
        hidden_size = config.positive_int("hidden_size")
        derived = self.default_factor * hidden_size if self.default_factor else None
        return self.of_width(config, config.positive_int(*self.size, default=derived))

    def of_width(self, config: ConfigReader, width: int) -> DenseFeedForward:
        """A network of that width."""
        hidden_size = config.positive_int("hidden_size")
        biases = hidden_size + width * (2 if self.is_gated else 1)
        return DenseFeedForward(
            hidden_size=hidden_size,
            intermediate_size=width,
            is_gated=self.is_gated,
            vector_parameters=biases if flag(config, self.bias) else 0,
        )


GATED: Final = Dense()

# -- which layers hold experts --------------------------------------------------------------------------------------

SparseLayers = Callable[[ConfigReader, int], Sequence[bool]]
"""Whether each layer holds experts."""


def every_layer(config: ConfigReader, layers: int) -> Sequence[bool]:  # noqa: ARG001  # same question to each rule
    """Experts in all layers."""
    return (True,) * layers


def after_first_dense(config: ConfigReader, layers: int) -> Sequence[bool]:
    """`mlp_layer_types` or a 0/1 `moe_layer_freq` list where stated; else all from `first_k_dense_replace` on."""
    kinds = config.text_list("mlp_layer_types")
    if kinds is not None:
        if len(kinds) < layers:
            raise config.malformed("mlp_layer_types", f"{len(kinds)} entries", f"one for each of {layers} layers")
        return tuple(kind == "sparse" for kind in kinds[:layers])
    if config.is_list("moe_layer_freq"):
        return tuple(bool(step) for step in config.int_of_layer("moe_layer_freq", layers=layers))
    first = config.count("first_k_dense_replace", default=0)
    step = config.positive_int("moe_layer_freq", default=1)
    return tuple(layer >= first and layer % step == 0 for layer in range(layers))


def after_dense_layers(*keys: str, unstated: int = 0) -> SparseLayers:
    """`mlp_layer_types` where stated; else all but the first so many (`unstated` where no key says)."""

    def sparse(config: ConfigReader, layers: int) -> Sequence[bool]:
        if config.text_list("mlp_layer_types") is not None:
            return after_first_dense(config, layers)
        first = config.count(*keys, default=unstated)
        return tuple(layer >= first for layer in range(layers))

    return sparse


def periodic(period: str, offset: str) -> SparseLayers:
    """Every so many layers from an offset on (Jamba)."""

    def sparse(config: ConfigReader, layers: int) -> Sequence[bool]:
        every, first = config.positive_int(period), config.count(offset)
        return tuple(layer % every == first for layer in range(layers))

    return sparse


def between(config: ConfigReader, layers: int) -> Sequence[bool]:
    """ERNIE 4.5: from `moe_layer_start_index` to `moe_layer_end_index` (-1 is the last), every so many."""
    if config.text_list("mlp_layer_types") is not None:
        return after_first_dense(config, layers)
    first, step = config.count("moe_layer_start_index"), config.positive_int("moe_layer_interval", default=1)
    last = config.number("moe_layer_end_index", default=-1)
    last = layers - 1 if last < 0 else last
    return tuple(first <= layer <= last and (layer + 1) % step == 0 for layer in range(layers))


def sparse_step(config: ConfigReader, layers: int) -> Sequence[bool]:
    """Every `decoder_sparse_step`-th layer but those in `mlp_only_layers` (Qwen)."""
    if config.text_list("mlp_layer_types") is not None:
        return after_first_dense(config, layers)
    dense = set(config.int_list("mlp_only_layers") or ())
    step = config.positive_int("decoder_sparse_step", default=1)
    return tuple(layer not in dense and (layer + 1) % step == 0 for layer in range(layers))


# -- the shared part ------------------------------------------------------------------------------------------------

SharedWidth = Callable[[ConfigReader, int], int]
"""Width of all shared experts together, given the width of a routed one."""


def no_shared(config: ConfigReader, expert_size: int) -> int:  # noqa: ARG001  # same question to each rule
    """No shared expert."""
    return 0


def counted_shared(*keys: str) -> SharedWidth:
    """So many experts of the routed ones' width (DeepSeek, GLM)."""
    return lambda config, expert_size: (config.optional_int(*keys) or 0) * expert_size


def stated_shared(*keys: str) -> SharedWidth:
    """A width of its own; 0 means none (Qwen2-MoE, Qwen3-Next)."""
    return lambda config, _expert_size: config.optional_int(*keys) or 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class Experts:
    """Traits of a family's experts. Called with a config, it gives the network of each layer.

    `shared_gate` adds one scalar gate over the shared expert (hidden_size weights, Qwen2-MoE);
    `correction` one learned value an expert beside the router, where it is a parameter and no buffer;
    `has_norm` a norm after the experts.
    """

    size: tuple[str, ...] = ("moe_intermediate_size",)
    count: tuple[str, ...] = EXPERTS
    per_token: tuple[str, ...] = PER_TOKEN
    shared: SharedWidth = no_shared
    shared_gate: bool = False
    router_bias: Flag = False
    correction: bool = False
    expert_bias: bool = False
    has_norm: bool = False
    is_gated: bool = True
    sparse_layers: SparseLayers = every_layer
    dense: Dense = GATED
    layers_key: str = "num_hidden_layers"

    def __call__(self, config: ConfigReader) -> LayerNetworks:
        """The network of each layer."""
        sparse = self.sparse_layers(config, config.layer_count(self.layers_key))
        built: dict[bool, FeedForward] = {}
        for is_sparse in set(sparse):
            built[is_sparse] = self.network(config) if is_sparse else self.dense.network(config)
        return lambda layer: built[sparse[layer]]

    def network(self, config: ConfigReader) -> MixtureOfExperts:
        """One layer of experts."""
        hidden_size, width = config.positive_int("hidden_size"), config.positive_int(*self.size)
        experts = config.positive_int(*self.count, at_most=65536)
        per_token = config.positive_int(*self.per_token)
        if per_token > experts:
            raise config.malformed(self.per_token[0], per_token, f"at most the {experts} experts")
        matrices = 3 if self.is_gated else 2
        shared = self.shared(config, width)
        return MixtureOfExperts(
            num_experts=experts,
            num_experts_per_tok=per_token,
            expert_hidden_size=hidden_size,
            expert_intermediate_size=width,
            is_gated=self.is_gated,
            shared_parameters=matrices * hidden_size * shared,
            shared_vector_parameters=(hidden_size if self.shared_gate and shared else 0)
            + experts * self.correction
            + hidden_size * self.has_norm,
            router_parameters=experts * hidden_size + (experts if flag(config, self.router_bias) else 0),
            expert_vector_parameters=hidden_size + (matrices - 1) * width if self.expert_bias else 0,
        )
