"""What the parts and a step of a Llama-8B-shaped decoder take on this machine, beside what is predicted.

Predicted are the estimator's own figures: bytes and operations over the data sheet's rates times the calibrated
efficiency of that part, and for a step `decode_step`, whose fixed times are those of a serving engine; plain PyTorch
without CUDA graphs has more. So the parts judge the efficiencies and the step judges their sum, not the overheads.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch
from torch.nn import functional

from estimator import calibration as cal
from estimator.attention import GroupedQueryAttention
from estimator.deployment import Deployment
from estimator.feedforward import DenseFeedForward
from estimator.hardware import Gpu
from estimator.latency import prefill_work_s
from estimator.model_spec import Headline, LayerGroup, ModelSpec
from estimator.parallelism import Layout
from estimator.rates import sixteen_bit_rate
from estimator.step import decode_step
from tests.gpu.decoder import Decoder, Shape

BYTES: Final = 2
"""Of an element: everything is in bf16."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing measured: seconds predicted and seconds taken, the median of the repeats."""

    what: str
    predicted_s: float
    measured_s: float

    @property
    def ratio(self) -> float:
        """Measured over predicted."""
        return self.measured_s / self.predicted_s


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is measured: rows of products, (batch, context) of steps, lengths of prompts, repeats of each."""

    rows: tuple[int, ...] = (1, 16, 64, 256, 1024, 4096)
    steps: tuple[tuple[int, int], ...] = ((1, 1024), (1, 16384), (16, 1024), (16, 8192), (64, 2048), (128, 1024))
    prompts: tuple[int, ...] = (512, 2048, 8192)
    repeats: int = 20


def measure(shape: Shape, gpu: Gpu, device: str, sizes: Sizes) -> Iterator[Measured]:
    """Weight reads, products, both kinds of attention, whole steps and whole prompts."""
    with torch.inference_mode():
        yield from _products(shape, gpu, device, sizes)
        yield from _attention(shape, gpu, device, sizes)
        yield from _whole(shape, gpu, device, sizes)


def model_of(shape: Shape) -> ModelSpec:
    """The same shape as the estimator knows it."""
    mixer = GroupedQueryAttention(
        hidden_size=shape.hidden_size,
        num_attention_heads=shape.num_attention_heads,
        num_key_value_heads=shape.num_key_value_heads,
        head_dim=shape.head_dim,
    )
    network = DenseFeedForward(hidden_size=shape.hidden_size, intermediate_size=shape.intermediate_size)
    return ModelSpec(
        repo_id="random/llama-shaped",
        model_type="llama",
        headline=Headline(
            hidden_size=shape.hidden_size, num_hidden_layers=shape.num_hidden_layers, vocab_size=shape.vocab_size
        ),
        layers=(LayerGroup(count=shape.num_hidden_layers, mixer=mixer, feed_forward=network),),
        embedding_parameters=shape.vocab_size * shape.hidden_size,
        output_head_parameters=shape.vocab_size * shape.hidden_size,
    )


def _products(shape: Shape, gpu: Gpu, device: str, sizes: Sizes) -> Iterator[Measured]:
    """The up-projection at several numbers of rows; with one row it is a read of the weights."""
    rows_out, columns = 2 * shape.intermediate_size, shape.hidden_size
    weight = torch.randn(rows_out, columns, device=device, dtype=torch.bfloat16)
    read_s = weight.numel() * BYTES / gpu.memory_bytes_per_s / cal.WEIGHT_READ_EFFICIENCY
    peak = sixteen_bit_rate(gpu).flops_per_s
    for rows in sizes.rows:
        states = torch.randn(rows, columns, device=device, dtype=torch.bfloat16)
        flop_s = 2 * rows * weight.numel() / peak / cal.DECODE_GEMM_EFFICIENCY
        took = _median_s(partial(functional.linear, states, weight), device, sizes.repeats)
        name = "weight read" if rows == 1 else "product"
        yield Measured(f"{name}, {rows:,} x {columns:,} x {rows_out:,}", (read_s**2 + flop_s**2) ** 0.5, took)


def _attention(shape: Shape, gpu: Gpu, device: str, sizes: Sizes) -> Iterator[Measured]:
    """One layer: a step over a cache, and a whole prompt."""
    peak, kv = sixteen_bit_rate(gpu).flops_per_s, shape.num_key_value_heads

    def heads(batch: int, number: int, length: int) -> Any:
        return torch.randn(batch, number, length, shape.head_dim, device=device, dtype=torch.bfloat16)

    def run(query: Any, key: Any, value: Any, *, is_causal: bool) -> Callable[[], object]:
        return lambda: functional.scaled_dot_product_attention(query, key, value, is_causal=is_causal, enable_gqa=True)

    for batch, context in sizes.steps:
        key, value = heads(batch, kv, context), heads(batch, kv, context)
        read_s = 2 * key.numel() * BYTES / gpu.memory_bytes_per_s / cal.CACHE_READ_EFFICIENCY
        step = run(heads(batch, shape.num_attention_heads, 1), key, value, is_causal=False)
        yield Measured(f"decode attention, {batch} at {context:,}", read_s, _median_s(step, device, sizes.repeats))
    for length in sizes.prompts:
        key, value = heads(1, kv, length), heads(1, kv, length)
        flops = 2 * length * length * shape.num_attention_heads * shape.head_dim  # causal: half of 4 S^2
        prompt = run(heads(1, shape.num_attention_heads, length), key, value, is_causal=True)
        yield Measured(
            f"prefill attention, {length:,}",
            flops / peak / cal.PREFILL_ATTENTION_EFFICIENCY,
            _median_s(prompt, device, sizes.repeats),
        )


def _whole(shape: Shape, gpu: Gpu, device: str, sizes: Sizes) -> Iterator[Measured]:
    spec = model_of(shape)
    d = Deployment(spec, gpu, spec.weights, Layout(), "vllm", "bf16")
    decoder = Decoder(shape, device, torch.bfloat16)
    for batch, context in sizes.steps:
        cache = decoder.empty_cache(batch, context)
        tokens = torch.zeros(batch, 1, dtype=torch.long, device=device)
        took = _median_s(partial(decoder.step, tokens, cache), device, sizes.repeats)
        yield Measured(f"decode step, {batch} at {context:,}", decode_step(d, batch, context).total_s, took)
        del cache
    for length in sizes.prompts:
        tokens = torch.zeros(1, length, dtype=torch.long, device=device)
        took = _median_s(partial(decoder.prompt, tokens), device, sizes.repeats)
        yield Measured(f"prompt of {length:,}", prefill_work_s(d, length), took)


def _median_s(work: Callable[[], object], device: str, repeats: int) -> float:
    """Median time of one call, the device's queue drained before and after."""
    for _ in range(3):
        work()
    times = []
    for _ in range(repeats):
        _wait(device)
        start = time.perf_counter()
        work()
        _wait(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
