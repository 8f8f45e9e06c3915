"""Which arithmetic a weight format runs at on a card, as engines run it.

A format with tensor cores of its own runs *native*, at its own peak. One without is *weight-only*: weights are stored
small, widened on the fly, and multiplied at the 16-bit rate; what it saves is bandwidth, not arithmetic.

    format          native where                             else
    bf16, fp16      a 16-bit rate is published               the other 16-bit rate, then fp32
    fp8, int8       the card has the rate                    weight-only, 16-bit rate
    nvfp4           NVIDIA with an fp4 rate (Blackwell on)   weight-only, 16-bit rate
    mxfp4           any card with fp4: at the fp8 rate       weight-only, 16-bit rate
    int4, nf4, GGUF nowhere                                  weight-only, 16-bit rate
    fp32            a rate is published                      an error

Where a card has no published rate that could run a format, that is an error, never a guess.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from estimator.dtypes import weight_format
from estimator.errors import UnknownRate
from estimator.hardware import Gpu
from estimator.units import TERA

Kernel = Literal["native", "weight-only"]


@dataclass(frozen=True, slots=True)
class ComputePath:
    """The arithmetic that a format runs at on a card.

    `rate_name` is the key of the card's rates (bf16, fp8, ...); `assumption` is the sentence that the answer owes its
    reader where the format does not run at a rate of its own, else None.
    """

    flops_per_s: float
    kernel: Kernel
    rate_name: str
    assumption: str | None = None


def compute_path(gpu: Gpu, weight_format_name: str) -> ComputePath:
    """How weights of that format are multiplied on that card.

    `UnknownFormat` for a format without a row, `UnknownRate` where the card has no published rate that could run it.
    """
    name = weight_format(weight_format_name).name
    return _PATHS.get(name, _weight_only)(gpu, name)


def sixteen_bit_rate(gpu: Gpu, wanted: str = "bf16") -> ComputePath:
    """The rate of 16-bit arithmetic: the wanted one, the other one, or fp32 on a card whose fp16 is of no use.

    Before Ampere there is no bf16: engines run such models as fp16. A P40 computes 16-bit weights in fp32.
    """
    for rate_name in (wanted, "fp16" if wanted == "bf16" else "bf16", "fp32"):
        flops_per_s = gpu.flops_per_s(rate_name)
        if flops_per_s is not None:
            said = (
                None if rate_name == wanted else f"{gpu.id} has no {wanted} rate: {wanted} weights run as {rate_name}"
            )
            return ComputePath(flops_per_s, "native", rate_name, said)
    raise _unknown_rate(gpu, wanted)


def _native(gpu: Gpu, name: str) -> ComputePath:
    flops_per_s = gpu.flops_per_s(name)
    return _weight_only(gpu, name) if flops_per_s is None else ComputePath(flops_per_s, "native", name)


def _int8(gpu: Gpu, name: str) -> ComputePath:
    path = _native(gpu, name)
    wide = gpu.flops_per_s("bf16") or gpu.flops_per_s("fp16") or 0.0
    if path.kernel == "native" and path.flops_per_s < wide:
        said = f"{gpu.id} runs int8 below its 16-bit rate: {path.flops_per_s / TERA:g} of {wide / TERA:g} TFLOPS"
        return ComputePath(path.flops_per_s, "native", name, said)
    return path


def _nvfp4(gpu: Gpu, name: str) -> ComputePath:
    flops_per_s = gpu.flops_per_s("fp4") if gpu.vendor == "NVIDIA" else None
    return _weight_only(gpu, name) if flops_per_s is None else ComputePath(flops_per_s, "native", "fp4")


def _mxfp4(gpu: Gpu, name: str) -> ComputePath:
    flops_per_s = gpu.flops_per_s("fp8")
    if gpu.flops_per_s("fp4") is None or flops_per_s is None:
        return _weight_only(gpu, name)
    said = f"mxfp4 weights meet 8-bit activations on {gpu.id}: they run at the fp8 rate"
    return ComputePath(flops_per_s, "native", "fp8", said)


def _fp32(gpu: Gpu, name: str) -> ComputePath:
    flops_per_s = gpu.flops_per_s(name)
    if flops_per_s is None:
        raise _unknown_rate(gpu, name)
    return ComputePath(flops_per_s, "native", name)


def _weight_only(gpu: Gpu, name: str) -> ComputePath:
    try:
        wide = sixteen_bit_rate(gpu)
    except UnknownRate:
        raise _unknown_rate(gpu, name) from None
    said = f"{name} runs weight-only on {gpu.id}: stored in {name}, computed at the {wide.rate_name} rate"
    return ComputePath(wide.flops_per_s, "weight-only", wide.rate_name, said)


def _unknown_rate(gpu: Gpu, name: str) -> UnknownRate:
    published = ", ".join(gpu.tflops)
    known = f"rates known: {published}; ask for one of these formats" if published else "no rate of it is published"
    return UnknownRate(
        f"{gpu.id} has no published rate that could run {name} weights",
        f"{known}, or for another card (`hubgauge hardware` lists them)",
    )


_PATHS: Final[Mapping[str, Callable[[Gpu, str], ComputePath]]] = {
    "bf16": sixteen_bit_rate,
    "fp16": sixteen_bit_rate,
    "fp32": _fp32,
    "fp8": _native,
    "int8": _int8,
    "mxfp4": _mxfp4,
    "nvfp4": _nvfp4,
}
"""Formats that some card multiplies as they are; every other one is weight-only everywhere."""
