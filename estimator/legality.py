"""Whether a card runs a format and whether a model can be cut so, as reasons and not as silence.

    format   native (tensor cores of its own), weight-only (stored small, multiplied in 16 bit); a format without any
             path is refused with `UnknownRate` before there is an estimate
    split    for each part of the model how it lies on a rank, and what an engine does where it does not divide

Facts: KV heads fewer than ranks are held several times, latent caches whole on every rank (memory.md, section 2, facts
1 and 2); vocabularies are padded to multiples of 64 (vLLM, vocab_parallel_embedding.py); an expert's slice must hold
whole FP8 blocks (vLLM refuses a slice of 192 columns: Qwen3-235B-A22B-FP8 over TP8).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from estimator.attention import GroupedQueryAttention, LatentAttention
from estimator.estimation import Estimate
from estimator.feedforward import DenseFeedForward
from estimator.model_spec import ModelSpec
from estimator.parallelism import Layout, cut_blocks, padded_vocabulary, split_obstacles
from estimator.rates import compute_path
from estimator.recurrence import Recurrence
from estimator.units import TERA

Verdict = Literal["plain", "costs", "refused"]
"""As engines like it; runs but takes more memory, time or care; refused by some engine."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing looked at, what became of it, and why in a sentence."""

    about: str
    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A tensor degree that the machine has the cards for and the model does not divide by."""

    tensor: int
    reasons: tuple[str, ...]


def reasons(found: Estimate) -> tuple[Reason, ...]:
    """The format on the card, then every part of the split, in that order."""
    return (_format(found), *_split(found.request.spec, found.layout))


def ruled_out(found: Estimate) -> tuple[RuledOut, ...]:
    """Tensor degrees of divisors of the machine that cannot be, each with all its reasons."""
    spec, gpus = found.request.spec, found.request.gpus
    degrees = (degree for degree in range(2, min(gpus, 64) + 1) if gpus % degree == 0)
    refused = ((degree, tuple(dict.fromkeys(split_obstacles(spec, Layout(degree))))) for degree in degrees)
    return tuple(RuledOut(degree, why) for degree, why in refused if why)


def _format(found: Estimate) -> Reason:
    gpu, name = found.request.gpu, found.plan.name
    path = compute_path(gpu, name)
    rate = f"{path.flops_per_s / TERA:,.0f} TFLOPS in {path.rate_name}"
    if path.kernel == "weight-only":
        return Reason("format", "costs", path.assumption or f"{name} runs weight-only on {gpu.id}, {rate}")
    if path.assumption:
        return Reason("format", "costs", f"{path.assumption} ({rate})")
    return Reason("format", "plain", f"{gpu.id} multiplies {name} natively, {rate}")


def _split(spec: ModelSpec, layout: Layout) -> Iterator[Reason]:
    if layout.gpus == 1:
        yield Reason("split", "plain", "one GPU holds it all: nothing is cut")
        return
    if layout.tensor > 1:
        yield from dict.fromkeys(_attention(spec, layout.tensor))
        yield _vocabulary(spec, layout.tensor)
        yield from dict.fromkeys(_dense(spec, layout.tensor))
    yield from dict.fromkeys(_experts(spec, layout))
    if layout.data > 1:
        yield Reason("attention ranks", "costs", f"attention and its weights whole on each of {layout.data} data ranks")
    if layout.pipeline > 1:
        yield _layers(spec, layout.pipeline)


def _attention(spec: ModelSpec, tensor: int) -> Iterator[Reason]:
    for group in spec.all_groups:
        mixer = group.mixer
        if isinstance(mixer, GroupedQueryAttention | LatentAttention):
            heads = mixer.num_attention_heads
            yield Reason("heads", "plain", f"{heads} attention heads over {tensor} ranks: {heads // tensor} on each")
        if isinstance(mixer, GroupedQueryAttention):
            yield _kv_heads(mixer.num_key_value_heads, tensor)
        elif isinstance(mixer, LatentAttention):
            yield Reason("KV heads", "costs", f"the latent cache is one head: whole on each of {tensor} ranks")
        elif isinstance(mixer, Recurrence) and mixer.num_heads > 1:
            heads = mixer.num_heads
            yield Reason(
                "recurrent heads", "plain", f"{heads} recurrent heads over {tensor} ranks: {heads // tensor} on each"
            )


def _kv_heads(heads: int, tensor: int) -> Reason:
    if heads >= tensor:
        return Reason("KV heads", "plain", f"{heads} KV heads over {tensor} ranks: {heads // tensor} on each")
    return Reason("KV heads", "costs", f"{heads} KV heads over {tensor} ranks: each is held {tensor // heads} times")


def _vocabulary(spec: ModelSpec, tensor: int) -> Reason:
    rows, padded = spec.headline.vocab_size, padded_vocabulary(spec)
    added = "" if rows == padded else f", padded to {padded:,}"
    return Reason("vocabulary", "plain", f"{rows:,} rows{added} over {tensor} ranks: {padded // tensor:,} on each")


def _dense(spec: ModelSpec, tensor: int) -> Iterator[Reason]:
    for group in spec.all_groups:
        if isinstance(group.feed_forward, DenseFeedForward):
            width = group.feed_forward.intermediate_size
            yield Reason("dense networks", "plain", f"{width:,} columns over {tensor} ranks: {width // tensor:,} each")


def _experts(spec: ModelSpec, layout: Layout) -> Iterator[Reason]:
    slices = max(1, layout.stage_gpus // layout.expert)
    for _, experts in spec.expert_groups:
        whole, width = experts.num_experts // layout.expert, experts.expert_intermediate_size
        text = f"{experts.num_experts} experts, {whole} on each rank"
        if slices > 1:
            text += f", cut into {slices} slices of {width // slices:,} columns"
        yield Reason("experts", "plain", text)
    for said in cut_blocks(spec, layout):
        yield Reason("FP8 blocks", "refused", said)


def _layers(spec: ModelSpec, pipeline: int) -> Reason:
    layers = spec.headline.num_hidden_layers
    most = math.ceil(layers / pipeline)
    verdict: Verdict = "plain" if layers % pipeline == 0 else "costs"
    return Reason("layers", verdict, f"{layers} layers over {pipeline} stages: {most} on the fullest")
