"""A model on a machine under an engine: what the time formulas read, summed once over the layer groups.

Everything here is per replica; `layout.stage_gpus` GPUs work on one pipeline stage.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from estimator.calibration import NVFP4_ATTENTION_SHARE
from estimator.dtypes import cache_bytes_per_element
from estimator.engines import EngineName
from estimator.hardware import Gpu
from estimator.model_spec import ModelSpec, Part, WeightPlan
from estimator.once import once
from estimator.parallelism import Layout
from estimator.rates import compute_path
from estimator.speculation import Speculation, drafting_spec
from estimator.units import GB

NODE_GPUS: Final = 8
"""GPUs of a server whose cards share no fabric: eight PCIe slots."""
FABRIC_GPUS: Final = 4
"""From so many directly linked cards on, stages need not stand in for a link (a bridge joins two)."""
ASSUMED_LINK_BYTES_PER_S: Final = 32 * GB
"""PCIe 4.0 x16, one direction, where a card's link is not known (PCI-SIG: 16 GT/s x 16 lanes)."""
ASSUMED_NETWORK_BYTES_PER_S: Final = 12.5 * GB
"""100 Gbit/s for each card between nodes, where its row does not say."""


def node_gpus(gpu: Gpu) -> int:
    """GPUs that tensor parallelism can span without the network."""
    return max(gpu.link_domain_gpus, NODE_GPUS)


@dataclass(frozen=True, slots=True)
class TensorSums:
    """What one tensor rank reads and multiplies in each step, whatever the other degrees; experts apart.

    `dense_bytes` are read once a step: attention, dense networks, shared experts, the head. `layer_flop_s` and
    `head_flop_s` are seconds at peak of one token's products in all layers and in the head.
    """

    dense_bytes: float
    layer_flop_s: float
    head_flop_s: float


@dataclass(frozen=True)
class Deployment:
    """One replica: the model, the card, how weights and cache are stored, how it is cut, which engine runs it.

    `chunk_tokens` is the longest piece of prompts that a step takes, where it was named, `usual_chunk_tokens` what the
    engine takes by itself: the calibration holds for that.
    """

    spec: ModelSpec
    gpu: Gpu
    plan: WeightPlan
    layout: Layout
    engine: EngineName
    cache_format: str
    has_eager_offline_steps: bool = False
    speculation: Speculation | None = None
    chunk_tokens: int | None = None
    usual_chunk_tokens: int = 8192
    _by_tensor: dict[int, TensorSums] = field(default_factory=dict, init=False, compare=False, repr=False)

    def cut_as(self, layout: Layout) -> "Deployment":
        """The same model on the same card in another cut; what is summed over the model is not summed again."""
        other = object.__new__(Deployment)  # frozen: filled here, once
        other.__dict__.update(self.__dict__, layout=layout)
        return other

    @property
    def tokens_per_step(self) -> float:
        """Tokens that a step yields for each sequence: more than one where drafted ones are accepted."""
        return 1.0 if self.speculation is None else self.speculation.tokens_per_step

    @property
    def drafter(self) -> "Deployment | None":
        """Whoever drafts, on the GPUs of one stage; None where nobody does or it costs nothing."""
        draft = self._draft
        return None if draft is None else draft.cut_as(replace(self.layout, pipeline=1))

    @once
    def _draft(self) -> "Deployment | None":
        draft = None if self.speculation is None else drafting_spec(self.spec, self.speculation)
        return None if draft is None else replace(self, spec=draft, speculation=None)

    @property
    def is_local(self) -> bool:
        """Whether a local engine serves one user, not a batch."""
        return self.engine == "llama.cpp"

    @once
    def cache_bytes(self) -> float:
        """Bytes of one cached element."""
        return cache_bytes_per_element(self.cache_format)

    @property
    def link_bytes_per_s(self) -> float:
        """One direction of the link that collectives of one stage cross: the fabric, or the network beyond a node."""
        if self.layout.stage_gpus > node_gpus(self.gpu):
            return self.gpu.internode_bytes_per_s or ASSUMED_NETWORK_BYTES_PER_S
        return self.gpu.link_bytes_per_s or ASSUMED_LINK_BYTES_PER_S

    def parameters(self, *parts: Part) -> int:
        """Matrix parameters of those parts."""
        return sum([self.spec.matrix_parameters[part] for part in parts])

    @property
    def sums(self) -> TensorSums:
        """The sums of this tensor degree, made once for all cuts that share it."""
        tensor = self.layout.tensor
        if tensor not in self._by_tensor:
            self._by_tensor[tensor] = self._sums(tensor)
        return self._by_tensor[tensor]

    def _sums(self, tensor: int) -> TensorSums:
        """Attention data parallelism repeats the dense parts, hence the tensor degree alone divides them."""
        count, of, head = self.spec.matrix_parameters, self.plan.of, self.head_parameters
        read = count["attention"] * of("attention").bytes_per_weight
        read += count["recurrent"] * of("recurrent").bytes_per_weight
        read *= self._attention_share
        read += count["dense"] * of("dense").bytes_per_weight + count["shared"] * of("shared").bytes_per_weight
        projections = 2 * (count["attention"] + count["recurrent"]) / self.attention_rate
        networks = 2 * (count["dense"] + count["shared"]) / self.main_rate
        return TensorSums(
            dense_bytes=(read + head * of("output_head").bytes_per_weight) / tensor,
            layer_flop_s=(projections + networks) / tensor,
            head_flop_s=2 * head / tensor / self.sixteen_bit_rate,
        )

    @property
    def _attention_share(self) -> float:
        """NVFP4 checkpoints read less of their 16-bit attention than their configs say."""
        is_mixed = self.plan.name == "nvfp4" and self.bytes_per_weight("attention") > 1.5 and not self.is_local
        return NVFP4_ATTENTION_SHARE if is_mixed else 1.0

    def bytes_per_weight(self, part: Part) -> float:
        """Bytes of one weight of the part."""
        return self.plan.of(part).bytes_per_weight

    @once
    def main_rate(self) -> float:
        """Peak FLOP/s of the quantized products."""
        return compute_path(self.gpu, self.plan.name).flops_per_s

    @once
    def sixteen_bit_rate(self) -> float:
        """Peak FLOP/s of attention scores and of parts left in 16 bit."""
        return compute_path(self.gpu, "bf16").flops_per_s

    @once
    def attention_rate(self) -> float:
        """Peak FLOP/s of the attention projections."""
        part = self.plan.of("attention")
        return compute_path(self.gpu, part.format.name).flops_per_s if part.share > 0.5 else self.sixteen_bit_rate

    @once
    def head_parameters(self) -> int:
        """Parameters of the output head, the tied embedding included: every step multiplies it."""
        return self.spec.output_head_parameters or self.spec.headline.vocab_size * self.spec.headline.hidden_size
