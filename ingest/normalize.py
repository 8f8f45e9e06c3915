"""A config.json in, a model spec out: the front of the families, pure and without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import MixtureOfExperts
from estimator.model_spec import Headline, ModelSpec
from ingest.config_reader import ConfigReader, Trace
from ingest.errors import MalformedConfig, NotAGenerativeModel, UnsupportedArchitecture
from ingest.families.anatomy import Anatomy
from ingest.families.table import FAMILIES, OTHER_KINDS
from ingest.families.task_heads import with_task_head

_SHORT_COMMIT: Final = 7
_LONGEST_TYPE: Final = 60
"""Characters of a stranger's model_type that a message repeats; the longest of transformers has 35."""


@dataclass(frozen=True, slots=True)
class Normalized:
    """A spec, and what stands behind it.

    `provenance` says of each key that was read where its value came from: config.json, a class default, or derived
    from other keys. `keys_read` are the paths of the keys that the file itself answered or was asked about.
    """

    spec: ModelSpec
    warnings: tuple[str, ...]
    provenance: Mapping[str, str]
    keys_read: frozenset[str]


def normalize(config: Mapping[str, Any], *, repo_id: str, revision: str | None = None) -> Normalized:
    """The spec that a parsed config.json describes; weights are left at 16 bit, for others to fill in.

    Raises `MalformedConfig` for impossible values and `UnsupportedArchitecture` for shapes that are not understood,
    both naming repository, commit and key. Nothing that the config points to is run or fetched.
    """
    label = f"{repo_id}@{revision[:_SHORT_COMMIT]}" if revision else repo_id
    if not isinstance(config, Mapping):
        raise MalformedConfig(f"{label}: config.json is no JSON object", "check config.json at that commit")
    trace = Trace(label)
    reader = ConfigReader(config, trace)
    architectures = reader.text_list("architectures") or []
    anatomy = _read(reader, architectures)
    spec = _spec(anatomy, repo_id, revision, reader.model_type, architectures)
    return Normalized(
        spec=spec,
        warnings=(*anatomy.warnings, *trace.warnings),
        provenance=trace.provenance,
        keys_read=frozenset(trace.keys),
    )


def _read(reader: ConfigReader, architectures: list[str]) -> Anatomy:
    model_type = reader.text("model_type", default="")
    if model_type in OTHER_KINDS:
        raise NotAGenerativeModel(
            f"{reader.trace.label}: {model_type} is {OTHER_KINDS[model_type]}, no language model",
            "ask for a model that generates or embeds text",
        )
    family = FAMILIES.get(model_type)
    if family is None:
        named = f"model_type {model_type[:_LONGEST_TYPE]!r}" if model_type else "no model_type"
        raise UnsupportedArchitecture(
            f"{reader.trace.label}: {named} (architectures: {', '.join(architectures)[:200] or 'none'}) is not known",
            "the shape of this architecture has not been described yet",
        )
    return with_task_head(family(reader), reader, architectures[0] if architectures else "")


def _spec(anatomy: Anatomy, repo_id: str, revision: str | None, model_type: str, architectures: list[str]) -> ModelSpec:
    return ModelSpec(
        repo_id=repo_id,
        revision=revision,
        model_type=model_type,
        architecture=architectures[0] if architectures else None,
        headline=_as_built(anatomy),
        layers=anatomy.layers,
        embedding_parameters=anatomy.embedding_parameters,
        output_head_parameters=anatomy.output_head_parameters,
        output_head_vector_parameters=anatomy.output_head_vector_parameters,
        per_layer_embedding_parameters=anatomy.per_layer_embedding_parameters,
        vision_parameters=anatomy.vision_parameters,
        audio_parameters=anatomy.audio_parameters,
        other_parameters=anatomy.other_parameters,
        mtp_parameters=anatomy.mtp_parameters,
        buffer_parameters=anatomy.buffer_parameters,
        encoder_layers=anatomy.encoder_layers,
        generates=anatomy.generates,
    )


def _as_built(anatomy: Anatomy) -> Headline:
    """The headline with what its layers have, where the file's own keys say what none of them has.

    Falcon's `multi_query` and dbrx's nested `kv_n_heads` leave `num_key_value_heads` at its default; a list for each
    layer is no number; a dense model of a family with experts may state 0 of them.
    """
    head, groups = anatomy.headline, anatomy.layers
    grouped = [group.mixer for group in groups if isinstance(group.mixer, GroupedQueryAttention)]
    experts = [group.feed_forward for group in groups if isinstance(group.feed_forward, MixtureOfExperts)]
    return replace(
        head,
        num_key_value_heads=_one_of(head.num_key_value_heads, [mixer.num_key_value_heads for mixer in grouped]),
        num_experts=_one_of(head.num_experts, [part.num_experts for part in experts]) if experts else None,
        num_experts_per_tok=(
            _one_of(head.num_experts_per_tok, [part.num_experts_per_tok for part in experts]) if experts else None
        ),
    )


def _one_of(stated: int | None, built: list[int]) -> int | None:
    """The stated number where some layer has it, or there is none to ask; else the largest of theirs."""
    return stated if not built or stated in built else max(built)
