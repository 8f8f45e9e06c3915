"""Weights on one rank, as engines load them: matrices split, vectors whole, the fullest pipeline stage.

Matrices are split over tensor ranks, experts over all ranks of a stage; MLA's down-projections and all vectors lie in
full on every rank. Source: memory.md, section 3.
"""

import math
from typing import Final

from estimator.attention import LatentAttention, Mixer
from estimator.feedforward import MixtureOfExperts
from estimator.model_spec import LayerGroup, ModelSpec, WeightPlan
from estimator.parallelism import Layout

MXFP4_PADDED_WIDTH: Final = 256
"""MXFP4 expert widths are padded to multiples of this: gpt-oss 2,880 -> 3,072 (memory.md, section 3)."""


def layers_bytes(spec: ModelSpec, plan: WeightPlan, tensor: int) -> float:
    """All layers on one tensor rank, routed experts apart."""
    return sum([group.count * _group_bytes(group, plan, tensor) for group in spec.all_groups])


def routed_bytes(spec: ModelSpec, plan: WeightPlan) -> float:
    """Routed experts of all layers with their biases, which the GPUs of a stage share."""
    groups = [(group.count, group.feed_forward) for group in spec.all_groups]
    return sum([count * _routed_bytes(part, plan) for count, part in groups if isinstance(part, MixtureOfExperts)])


def stage_share(spec: ModelSpec, layout: Layout) -> float:
    """Share of the layers on the fullest pipeline stage: whole layers, rounded up."""
    layers = max(1, spec.headline.num_hidden_layers)
    return math.ceil(layers / layout.pipeline) / layers


def _group_bytes(group: LayerGroup, plan: WeightPlan, tensor: int) -> float:
    """One layer of the group on one rank, without its routed experts."""
    total, mixer, feed_forward = group.other_parameters * plan.vector_bytes, group.mixer, group.feed_forward
    if mixer is not None:
        part = plan.of("recurrent" if mixer.is_recurrent else "attention")
        total += mixer.rank_matrix_parameters(tensor) * part.bytes_per_weight
        total += mixer.vector_parameters * plan.vector_bytes + _absorbed_bytes(mixer, tensor)
    if isinstance(feed_forward, MixtureOfExperts):
        total += feed_forward.shared_parameters * plan.of("shared").bytes_per_weight / tensor
        total += feed_forward.shared_vector_parameters * plan.vector_bytes
        total += feed_forward.router_parameters * plan.of("router").bytes_per_weight
    elif feed_forward is not None:
        total += feed_forward.matrix_parameters * plan.of("dense").bytes_per_weight / tensor
        total += feed_forward.vector_parameters * plan.vector_bytes
    return total


def _absorbed_bytes(mixer: Mixer, tensor: int) -> float:
    """MLA's up-projection kept once more in 16 bit, absorbed into queries and outputs (memory.md: +2 to +7 % on R1)."""
    return 2.0 * mixer.up_projection_parameters / tensor if isinstance(mixer, LatentAttention) else 0.0


def _routed_bytes(experts: MixtureOfExperts, plan: WeightPlan) -> float:
    part, width = plan.of("experts"), experts.expert_intermediate_size
    padding = -(-width // MXFP4_PADDED_WIDTH) * MXFP4_PADDED_WIDTH / width if part.format.name == "mxfp4" else 1.0
    matrices = experts.expert_matrix_parameters * part.bytes_per_weight * padding
    return experts.num_experts * (matrices + experts.expert_vector_parameters * plan.vector_bytes)


def ends_bytes(spec: ModelSpec, plan: WeightPlan, layout: Layout) -> float:
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
