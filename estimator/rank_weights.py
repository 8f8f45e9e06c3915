"""Weights on one rank, as engines load them: matrices split, vectors whole, the fullest pipeline stage.

Matrices are split over tensor ranks, experts over all ranks of a stage; MLA's down-projections and all vectors lie in
full on every rank. Source: memory.md, section 3.
"""

import math
from typing import Final

from estimator.attention import LatentAttention
from estimator.feedforward import MixtureOfExperts
from estimator.model_spec import LayerGroup, ModelSpec, WeightPlan
from estimator.parallelism import Layout

MXFP4_PADDED_WIDTH: Final = 256
"""MXFP4 expert widths are padded to multiples of this: gpt-oss 2,880 -> 3,072 (memory.md, section 3)."""


def rank_weight_bytes(spec: ModelSpec, plan: WeightPlan, layout: Layout) -> float:
    """Weights on the fullest rank as loaded."""
    layers = sum(group.count * group_weight_bytes(group, plan, layout) for group in spec.all_groups)
    return layers * stage_share(spec, layout) + _ends_bytes(spec, plan, layout)


def stage_share(spec: ModelSpec, layout: Layout) -> float:
    """Share of the layers on the fullest pipeline stage: whole layers, rounded up."""
    layers = max(1, spec.headline.num_hidden_layers)
    return math.ceil(layers / layout.pipeline) / layers


def group_weight_bytes(group: LayerGroup, plan: WeightPlan, layout: Layout) -> float:
    """Weights of one layer of the group on one rank."""
    total = group.other_parameters * plan.vector_bytes
    if group.mixer is not None:
        part = plan.of("recurrent" if group.mixer.is_recurrent else "attention")
        total += group.mixer.rank_matrix_parameters(layout.tensor) * part.bytes_per_weight
        total += group.mixer.vector_parameters * plan.vector_bytes
        total += _absorbed_bytes(group, layout)
    feed_forward = group.feed_forward
    if isinstance(feed_forward, MixtureOfExperts):
        total += _expert_bytes(feed_forward, plan, layout)
    elif feed_forward is not None:
        total += feed_forward.matrix_parameters * plan.of("dense").bytes_per_weight / layout.tensor
        total += feed_forward.vector_parameters * plan.vector_bytes
    return total


def _absorbed_bytes(group: LayerGroup, layout: Layout) -> float:
    """MLA's up-projection kept once more in 16 bit, absorbed into queries and outputs (memory.md: +2 to +7 % on R1)."""
    if isinstance(group.mixer, LatentAttention):
        return 2.0 * group.mixer.up_projection_parameters / layout.tensor
    return 0.0


def _expert_bytes(experts: MixtureOfExperts, plan: WeightPlan, layout: Layout) -> float:
    part = plan.of("experts")
    routed = experts.num_experts * experts.expert_matrix_parameters / layout.stage_gpus
    padded = (
        -(-experts.expert_intermediate_size // MXFP4_PADDED_WIDTH)
        * MXFP4_PADDED_WIDTH
        / experts.expert_intermediate_size
    )
    padding = padded if part.format.name == "mxfp4" else 1.0
    biases = experts.num_experts * experts.expert_vector_parameters / layout.stage_gpus
    total = routed * part.bytes_per_weight * padding + biases * plan.vector_bytes
    total += experts.shared_parameters * plan.of("shared").bytes_per_weight / layout.tensor
    total += experts.shared_vector_parameters * plan.vector_bytes
    return total + experts.router_parameters * plan.of("router").bytes_per_weight


def _ends_bytes(spec: ModelSpec, plan: WeightPlan, layout: Layout) -> float:
    """Embedding, head, towers, final norms and the rotary table on the fullest end of the pipeline."""
    embedding = spec.embedding_parameters * plan.of("embedding").bytes_per_weight / layout.tensor
    embedding += spec.per_layer_embedding_parameters * plan.of("embedding").bytes_per_weight / layout.tensor
    embedding += spec.vision_parameters * plan.of("vision").bytes_per_weight / layout.tensor
    embedding += spec.audio_parameters * plan.of("audio").bytes_per_weight / layout.tensor
    head = spec.output_head_parameters * plan.of("output_head").bytes_per_weight / layout.tensor
    if layout.pipeline > 1 and spec.output_head_parameters == 0 and spec.headline.tie_word_embeddings:
        head = embedding  # both ends hold the tied matrix
    ends = max(embedding, head) if layout.pipeline > 1 else embedding + head
    return ends + spec.other_parameters * plan.vector_bytes + _rotary_table_bytes(spec)


def _rotary_table_bytes(spec: ModelSpec) -> float:
    """Cosines and sines for every position: max_position x head_dim x 2 B (memory.md: Llama-3.1 0.031 GiB)."""
    head = spec.headline
    return 2.0 * (head.max_position_embeddings or 0) * (head.head_dim or 0)
