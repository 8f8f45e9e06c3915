"""A model on a machine under an engine: what the time formulas read, summed once over the layer groups.

Everything here is per replica; `layout.stage_gpus` GPUs work on one pipeline stage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from estimator.calibration import NVFP4_ATTENTION_SHARE
from estimator.dtypes import cache_bytes_per_element
from estimator.engines import EngineName
from estimator.hardware import Gpu
from estimator.model_spec import ModelSpec, Part, WeightPlan
from estimator.parallelism import Layout
from estimator.rates import compute_path
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


CUT_DEPENDENT: Final = ("link_bytes_per_s", "layer_flop_s", "head_flop_s", "dense_bytes")
"""What a deployment keeps once computed and another cut changes."""


@dataclass(frozen=True)
class Deployment:
    """One replica: the model, the card, how weights and cache are stored, how it is cut, which engine runs it."""

    spec: ModelSpec
    gpu: Gpu
    plan: WeightPlan
    layout: Layout
    engine: EngineName
    cache_format: str
    has_eager_offline_steps: bool = False

    def cut_as(self, layout: Layout) -> "Deployment":
        """The same model on the same card in another cut; what is summed over the model is not summed again."""
        other = object.__new__(Deployment)  # frozen: filled here, once
        other.__dict__.update(self.__dict__, layout=layout)
        for name in CUT_DEPENDENT:
            other.__dict__.pop(name, None)
        return other

    @property
    def is_local(self) -> bool:
        """Whether a local engine serves one user, not a batch."""
        return self.engine == "llama.cpp"

    @cached_property
    def cache_bytes(self) -> float:
        """Bytes of one cached element."""
        return cache_bytes_per_element(self.cache_format)

    @cached_property
    def link_bytes_per_s(self) -> float:
        """One direction of the link that collectives of one stage cross: the fabric, or the network beyond a node."""
        if self.layout.stage_gpus > node_gpus(self.gpu):
            return self.gpu.internode_bytes_per_s or ASSUMED_NETWORK_BYTES_PER_S
        return self.gpu.link_bytes_per_s or ASSUMED_LINK_BYTES_PER_S

    @property
    def dense_shards(self) -> int:
        """Over how many GPUs of a stage the dense parts are split: attention data parallelism repeats them."""
        return self.layout.tensor

    def parameters(self, *parts: Part) -> int:
        """Matrix parameters of those parts."""
        return sum([self.spec.matrix_parameters[part] for part in parts])

    @cached_property
    def part_bytes(self) -> Mapping[Part, float]:
        """Bytes of the matrices of every part."""
        return {
            part: count * self.plan.of(part).bytes_per_weight for part, count in self.spec.matrix_parameters.items()
        }

    @cached_property
    def dense_bytes(self) -> float:
        """Bytes on one GPU of what every token uses: attention, dense networks, shared experts, the head."""
        parts = self.part_bytes
        attention = (parts["attention"] + parts["recurrent"]) * self._attention_share
        head = self.head_parameters * self.bytes_per_weight("output_head")
        return attention / self.layout.tensor + (parts["dense"] + parts["shared"] + head) / self.dense_shards

    @property
    def _attention_share(self) -> float:
        """NVFP4 checkpoints read less of their 16-bit attention than their configs say."""
        is_mixed = self.plan.name == "nvfp4" and self.bytes_per_weight("attention") > 1.5 and not self.is_local
        return NVFP4_ATTENTION_SHARE if is_mixed else 1.0

    def bytes_per_weight(self, part: Part) -> float:
        """Bytes of one weight of the part."""
        return self.plan.of(part).bytes_per_weight

    @cached_property
    def main_rate(self) -> float:
        """Peak FLOP/s of the quantized products."""
        return compute_path(self.gpu, self.plan.name).flops_per_s

    @cached_property
    def sixteen_bit_rate(self) -> float:
        """Peak FLOP/s of attention scores and of parts left in 16 bit."""
        return compute_path(self.gpu, "bf16").flops_per_s

    @cached_property
    def attention_rate(self) -> float:
        """Peak FLOP/s of the attention projections."""
        part = self.plan.of("attention")
        return compute_path(self.gpu, part.format.name).flops_per_s if part.share > 0.5 else self.sixteen_bit_rate

    @cached_property
    def layer_flop_s(self) -> float:
        """Seconds at peak of one token's products in the layers on one GPU, experts apart: each part at its rate."""
        attention = 2 * self.parameters("attention", "recurrent") / self.layout.tensor / self.attention_rate
        return attention + 2 * self.parameters("dense", "shared") / self.dense_shards / self.main_rate

    @cached_property
    def head_flop_s(self) -> float:
        """Seconds at peak of one token's product with the output head on one GPU."""
        return 2 * self.head_parameters / self.dense_shards / self.sixteen_bit_rate

    @cached_property
    def head_parameters(self) -> int:
        """Parameters of the output head, the tied embedding included: every step multiplies it."""
        return self.spec.output_head_parameters or self.spec.headline.vocab_size * self.spec.headline.hidden_size
