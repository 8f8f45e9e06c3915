"""What a card is: facts as its sheet prints them, and the base units that the formulas use.

A row keeps the datasheet's own units (GB/s, TFLOPS, GiB) in names that say so, so that a reader can hold
it against its source; the properties convert. Rates are dense and, for fp16, bf16 and fp8, with FP32 accumulation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from estimator.once import once
from estimator.units import BITS_PER_BYTE, GB, GIB, GIGA, TERA

Confidence = Literal["high", "med", "low"]

NVIDIA_DRIVER_TO_ENGINE_GIB: Final = 0.45
"""What an engine sees below the driver's figure on NVIDIA.

H100: driver 79.65, vLLM 79.19 GiB; A100-80: 80.0, 79.14; L4: 22.49, 22.16; RTX 4090: 23.99, 23.59.
"""

APPLE_SMALL_GB: Final = 32
APPLE_SMALL_FRACTION: Final = 2 / 3
APPLE_LARGE_FRACTION: Final = 0.75
"""Metal's default working set: 10.67 of 16 GiB, about 48 of 64; macOS 26 gives 107.52 of 128 (antirez/ds4#893)."""

STRIX_HALO_FRACTION: Final = 110 / 128
"""The low end of the 110 to 120 GiB that Linux maps for the GPU of a 128 GB machine (recalled); Windows gives 96."""

ARCHITECTURE_CLASSES: Final[Mapping[str, str]] = {
    "sm60": "pascal",
    "sm61": "pascal",
    "sm70": "volta",
    "sm75": "turing",
    "sm80": "ampere",
    "sm86": "ga10x",
    "sm87": "ga10x",  # Orin
    "sm89": "ada",
    "sm90": "hopper",
    "sm100": "blackwell",
    "sm103": "blackwell",
    "sm107": "rubin",
    "sm110": "gb20x",  # Jetson Thor: LPDDR and few SMs, so nearer to GB10 than to B200
    "sm120": "gb20x",
    "sm121": "gb20x",
    "gfx906": "cdna",  # MI50 is GCN, which CDNA carried on
    "gfx908": "cdna",
    "gfx90a": "cdna",
    "gfx942": "cdna",
    "gfx950": "cdna",
    "CDNA5": "cdna",
    "gfx1100": "rdna",
    "gfx1151": "rdna",
    "gfx1201": "rdna",
    "Apple M1": "apple",
    "Apple M2": "apple",
    "Apple M3": "apple",
    "Apple M4": "apple",
    "Apple M5": "apple",
    "Xe-HPC (PVC)": "xe",
    "Xe-HPG": "xe",
    "Xe2": "xe",
    "Gaudi": "gaudi",
    "TPU v2": "tpu",
    "TPU v3": "tpu",
    "TPU v4": "tpu",
    "TPU v5e": "tpu",
    "TPU v5p": "tpu",
    "TPU v6e Trillium": "tpu",
    "TPU v7x Ironwood": "tpu",
    "TPU 8i": "tpu",
    "TPU 8t": "tpu",
    "NeuronCore-v2": "neuron",
    "NeuronCore-v3": "neuron",
    "NeuronCore-v4": "neuron",
    "AI 100": "ai100",
    "DaVinci": "ascend",
    "Ascend 950": "ascend",
    "Zen4 CPU": "cpu",
    "Zen5 CPU": "cpu",
    "Sapphire Rapids CPU": "cpu",
    "x86 desktop": "cpu",
}
"""Cards whose kernels behave alike, by compute capability or family: the classes that efficiencies are measured for."""


@dataclass(frozen=True)
class Gpu:
    """One accelerator as it is sold, in one form factor.

    `tflops` holds dense rates by format name (fp32, tf32, bf16, fp16, fp8, int8, fp4); a missing key is a rate
    that the card does not have or that nobody has published.
    `driver_memory_gib` with an empty `driver_memory_source` is recalled from nvidia-smi, not read in a source.
    `also_sold_as_gb` are other labels of the same part, `memory_options_gb` the sizes one chooses from when buying.
    """

    id: str
    vendor: str
    architecture: str
    sold_memory_gb: float
    memory_type: str
    memory_gb_per_s: float
    tflops: Mapping[str, float]
    source: str
    confidence: Confidence
    driver_memory_gib: float | None = None
    driver_memory_source: str = ""
    engine_memory_gib: float | None = None
    also_sold_as_gb: tuple[float, ...] = ()
    memory_options_gb: tuple[float, ...] = ()
    aliases: tuple[str, ...] = ()
    link: str = ""
    link_gb_per_s_bidirectional: float | None = None
    link_domain_gpus: int = 1
    internode_gbit_per_s: float | None = None
    tdp_w: float | None = None
    year: int | None = None
    fp16_accumulate_tflops: float | None = None
    note: str = ""

    @once
    def engine_memory_bytes(self) -> float:
        """Memory that an engine sees on one card; `memory_source` says where the figure is from."""
        return self._engine_memory()[0] * GIB

    @property
    def memory_source(self) -> str:
        """Where `engine_memory_bytes` is from, in one short sentence."""
        return self._engine_memory()[1]

    @property
    def driver_memory_bytes(self) -> float:
        """Memory that the driver reports; where no figure is known, the usual share of the label."""
        return self._driver_memory()[0] * GIB

    @once
    def memory_bytes_per_s(self) -> float:
        """Peak memory bandwidth."""
        return self.memory_gb_per_s * GB

    @property
    def link_bytes_per_s(self) -> float | None:
        """Bandwidth of one card to the others of its domain, one direction; None where no link is known."""
        both_ways = self.link_gb_per_s_bidirectional
        return None if both_ways is None else both_ways / 2 * GB

    @property
    def internode_bytes_per_s(self) -> float | None:
        """Bandwidth of one card's share of the network between nodes, one direction; None where not known."""
        gbit = self.internode_gbit_per_s
        return None if gbit is None else gbit * GIGA / BITS_PER_BYTE

    def flops_per_s(self, name: str) -> float | None:
        """Peak dense rate of that format; None where the card has none or none is published."""
        tflops = self.tflops.get(name)
        return None if tflops is None else tflops * TERA

    @once
    def architecture_class(self) -> str:
        """Class of cards whose kernels behave alike: hopper, ada, cdna, apple, ..."""
        return ARCHITECTURE_CLASSES[self.architecture.partition("/")[2] or self.architecture]

    @property
    def has_hbm(self) -> bool:
        """Stacked memory, not GDDR or LPDDR."""
        return "HBM" in self.memory_type

    @property
    def is_geforce(self) -> bool:
        """A consumer card: its tensor rate halves with FP32 accumulation, hence the second rate on its row."""
        return self.fp16_accumulate_tflops is not None

    @property
    def shares_memory_with_cpu(self) -> bool:
        """One memory for CPU and GPU: what the system uses is not the model's."""
        return "unified" in self.memory_type or self.architecture_class == "cpu"

    @property
    def line(self) -> str:
        """The id without its memory size or core count: `a100-sxm` for both sizes of the A100 SXM."""
        stem, _, last = self.id.rpartition("-")
        return stem if last.endswith(("gb", "core")) else self.id

    def is_sold_with(self, memory_gb: float) -> bool:
        """This memory is one of the card's own: its label, another label of the part, or what a driver shows of it."""
        if memory_gb in (self.sold_memory_gb, *self.also_sold_as_gb):
            return True
        shown = int(self._engine_memory()[0]) <= memory_gb <= 1.02 * self.sold_memory_gb
        return shown and not self.shares_memory_with_cpu

    def _engine_memory(self) -> tuple[float, str]:
        if self.engine_memory_gib is not None:
            return self.engine_memory_gib, f"measured by engines: {self.engine_memory_gib:g} GiB"
        gib, source = self._driver_memory()
        if self.vendor != "NVIDIA":
            return gib, source
        return gib - NVIDIA_DRIVER_TO_ENGINE_GIB, f"{source} less {NVIDIA_DRIVER_TO_ENGINE_GIB}"

    def _driver_memory(self) -> tuple[float, str]:
        if self.driver_memory_gib is not None:
            origin = self.driver_memory_source or "recalled"
            return self.driver_memory_gib, f"driver figure {self.driver_memory_gib:g} GiB ({origin})"
        fraction, reason = _usable_label(self)
        return self.sold_memory_gb * fraction, f"sold {self.sold_memory_gb:g} GB x {fraction:.3g} ({reason})"


def _usable_label(gpu: Gpu) -> tuple[float, str]:
    """GiB that a driver shows for each GB of the label, and why: for cards whose driver figure nobody has printed.

    Source: hardware.md, traps 6, 7 and 15. Labels of memory chips are GiB less a reserve, never 10^9 bytes.
    """
    kind = gpu.architecture_class
    if kind == "apple":
        small = gpu.sold_memory_gb <= APPLE_SMALL_GB
        return (APPLE_SMALL_FRACTION if small else APPLE_LARGE_FRACTION), "Metal's default share (macOS 26 gives more)"
    if gpu.id.startswith("strix-halo"):
        return STRIX_HALO_FRACTION, "the share that Linux maps for the GPU; Windows gives 0.75"
    if kind == "cpu":
        return 0.94, "the rest left to the system"
    if gpu.shares_memory_with_cpu:
        return 0.935, "as on DGX Spark; shared with the CPU"
    if kind == "tpu" or (kind == "cdna" and gpu.has_hbm):
        return 1.0, "this vendor's label is true GiB"
    if kind in {"blackwell", "rubin"}:
        return 0.93, "as on B300, 268.59 of 288"
    if kind == "hopper":
        return 0.995, "as on H100, 79.65 of 80"
    if gpu.memory_type == "GDDR6" and gpu.vendor == "NVIDIA" and not gpu.is_geforce:
        return 0.94, "ECC keeps a share; no driver figure known"
    return 0.98, "no driver figure known"
