"""How a model is cut over GPUs, and whether an engine can run that cut.

One replica spans tensor x pipeline x data GPUs. `data` counts attention data-parallel ranks, each with its own
KV cache; `expert` is the degree over which whole experts are spread, at most tensor x data. What is left of the
machine holds further replicas.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from estimator.attention import GroupedQueryAttention, LatentAttention
from estimator.errors import IllegalLayout
from estimator.feedforward import DenseFeedForward
from estimator.model_spec import ModelSpec
from estimator.recurrence import Recurrence

FP8_BLOCK_ROWS: Final = 128
"""Rows of one scale block of DeepSeek-style FP8; a slice must hold whole blocks (config: weight_block_size)."""


VOCABULARY_ROWS: Final = 64
"""Engines pad a vocabulary to multiples of so many rows before they cut it (vLLM, DEFAULT_VOCAB_PADDING_SIZE)."""


@dataclass(frozen=True, slots=True, order=True)
class Layout:
    """Degrees of one replica. `expert` does not multiply the GPU count."""

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    expert: int = 1

    @property
    def stage_gpus(self) -> int:
        """GPUs of one pipeline stage."""
        return self.tensor * self.data

    @property
    def gpus(self) -> int:
        """GPUs of one replica."""
        return self.stage_gpus * self.pipeline

    def __str__(self) -> str:
        names = (("TP", self.tensor), ("PP", self.pipeline), ("DP", self.data), ("EP", self.expert))
        return " ".join(f"{name}{degree}" for name, degree in names if degree > 1) or "one GPU"


def check_layout(spec: ModelSpec, layout: Layout, gpus: int) -> None:
    """`IllegalLayout` with the reason where the machine or the model does not divide so."""
    if min(layout.tensor, layout.pipeline, layout.data, layout.expert) < 1:
        raise IllegalLayout(f"{layout}: every degree is at least 1", "leave `parallel` out to have it chosen")
    if layout.gpus > gpus:
        raise IllegalLayout(
            f"{layout} spans {layout.gpus} GPUs, and there are {gpus}", f"use {layout.gpus} GPUs or a smaller split"
        )
    if layout.expert > layout.stage_gpus:
        raise IllegalLayout(
            f"expert degree {layout.expert} is above tensor x data = {layout.stage_gpus}",
            f"use at most {layout.stage_gpus}",
        )
    if layout.stage_gpus % layout.expert:
        raise IllegalLayout(
            f"{layout.stage_gpus} GPUs of a stage do not divide by the expert degree {layout.expert}",
            f"use a divisor of {layout.stage_gpus}",
        )
    reasons = list(split_obstacles(spec, layout))
    if reasons:
        raise IllegalLayout(
            f"{spec.repo_id} cannot be split as {layout}: {reasons[0]}", "leave `parallel` out to have it chosen"
        )


def split_obstacles(spec: ModelSpec, layout: Layout) -> Iterator[str]:
    """Why an engine would refuse the split, in words; nothing where it would not."""
    if layout.pipeline > spec.headline.num_hidden_layers:
        yield f"{layout.pipeline} stages for {spec.headline.num_hidden_layers} layers"
    if layout.expert > 1 and not spec.expert_groups:
        yield "it has no experts to spread"
    yield from _tensor_obstacles(spec, layout.tensor)
    yield from _expert_obstacles(spec, layout)


def padded_vocabulary(spec: ModelSpec) -> int:
    """Rows of the embedding as engines hold them."""
    return -(-spec.headline.vocab_size // VOCABULARY_ROWS) * VOCABULARY_ROWS


def _tensor_obstacles(spec: ModelSpec, tensor: int) -> Iterator[str]:
    """What the tensor degree alone cuts wrong: the vocabulary, heads and dense networks."""
    if padded_vocabulary(spec) % tensor:
        yield f"a vocabulary of {padded_vocabulary(spec):,} rows, padded, does not divide by {tensor}"
    for group in spec.all_groups:
        mixer, dense = group.mixer, group.feed_forward
        if isinstance(mixer, Recurrence) and mixer.num_heads > 1 and mixer.num_heads % tensor:
            yield f"{mixer.num_heads} recurrent heads do not divide by {tensor}"
        if isinstance(mixer, GroupedQueryAttention | LatentAttention) and mixer.num_attention_heads % tensor:
            yield f"{mixer.num_attention_heads} attention heads do not divide by {tensor}"
        if isinstance(mixer, GroupedQueryAttention):
            heads = mixer.num_key_value_heads
            if heads % tensor and tensor % heads:
                yield f"{heads} KV heads and {tensor} ranks do not divide"
        if isinstance(dense, DenseFeedForward) and dense.intermediate_size % tensor:
            yield f"a width of {dense.intermediate_size} does not divide by {tensor}"


def _expert_obstacles(spec: ModelSpec, layout: Layout) -> Iterator[str]:
    ranks = _expert_slices(layout)
    for _, experts in spec.expert_groups:
        if experts.num_experts % layout.expert:
            yield f"{experts.num_experts} experts do not divide by {layout.expert}"
        if experts.expert_intermediate_size % ranks:
            yield f"a width of {experts.expert_intermediate_size} does not divide by {ranks}"


def _expert_slices(layout: Layout) -> int:
    """Into how many slices each expert is cut: what is left of the stage once whole experts are spread."""
    return max(1, layout.stage_gpus // layout.expert)


def cut_blocks(spec: ModelSpec, layout: Layout) -> Iterator[str]:
    """Scale blocks that the split cuts: vLLM refuses it for experts, others pad or repeat scales and run."""
    if spec.weights.name != "fp8" or not _is_block_scaled(spec):
        return
    ranks = _expert_slices(layout)
    for _, experts in spec.expert_groups:
        width = experts.expert_intermediate_size
        if ranks > 1 and width // ranks % FP8_BLOCK_ROWS:
            yield f"FP8 blocks of {FP8_BLOCK_ROWS} rows are cut by {width} / {ranks}: some engines refuse it"


def _is_block_scaled(spec: ModelSpec) -> bool:
    return spec.weights.default.format.bits_per_weight > 8  # per-block scales add bits


def candidate_layouts(
    spec: ModelSpec, gpus: int, node_gpus: int, *, has_fabric: bool, is_loaded: bool = True
) -> list[Layout]:
    """Legal layouts that use as many of the GPUs as divide well, one replica or several.

    Tensor parallelism stays within a node (or the link's domain), pipeline stages cross nodes: at most one a node where
    the cards share a fabric, or two on one node. Models with experts may also take attention data parallelism with the
    experts spread; for one request alone (`is_loaded` False) that is tried only over all GPUs, to fit at all.
    """
    found: list[Layout] = []
    most_stages = max(2, gpus // node_gpus) if has_fabric else max(node_gpus, gpus // node_gpus)
    most_stages = min(most_stages, spec.headline.num_hidden_layers)
    has_experts = bool(spec.expert_groups)
    for tensor in _powers_and_divisors(min(gpus, node_gpus)):
        if any(_tensor_obstacles(spec, tensor)):
            continue
        for pipeline in (stages for stages in _divisors(gpus // tensor) if stages <= most_stages):
            layouts = [Layout(tensor, pipeline)]
            if has_experts:
                layouts.append(Layout(tensor, pipeline, 1, tensor))
                layouts += [
                    Layout(tensor, pipeline, data, tensor * data)
                    for data in _data_degrees(gpus // (tensor * pipeline), is_loaded=is_loaded)
                ]
            found += [layout for layout in layouts if not has_experts or _has_whole_experts(spec, layout)]
    return sorted(set(found))


def _has_whole_experts(spec: ModelSpec, layout: Layout) -> bool:
    return not any(_expert_obstacles(spec, layout)) and not any(cut_blocks(spec, layout))


def _data_degrees(left: int, *, is_loaded: bool) -> list[int]:
    degrees = [degree for degree in _divisors(left) if degree > 1]
    return degrees if is_loaded else degrees[-1:]


def _divisors(number: int) -> list[int]:
    return [d for d in range(1, number + 1) if number % d == 0]


def _powers_and_divisors(number: int) -> list[int]:
    """Degrees worth trying: the divisors of the machine, and powers of two below it."""
    powers = {2**k for k in range(number.bit_length()) if 2**k <= number}
    return sorted(powers | set(_divisors(number)))
