"""LoRA and its like: an adapter_config.json -> the base model, and what the adapter adds to it.

    parameters of a target matrix of rank r = r x (rows + columns), in each layer that has it

Source of the keys: peft, LoraConfig. The base is estimated as it stands, the adapter added in 16 bit: engines that
serve several adapters keep them beside the weights.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from estimator.attention import GroupedQueryAttention
from estimator.feedforward import DenseFeedForward
from estimator.model_spec import LayerGroup, ModelSpec
from ingest.errors import IngestError, MalformedConfig
from ingest.json_file import read_json_object
from ingest.loaded_model import LoadedModel
from ingest.repo_ref import RepoRef, is_commit, is_repo_id

MAX_RANK: Final = 65536
MAX_MODULES: Final = 1024
MAX_TEXT: Final = 512
LOW_RANK: Final = frozenset({"LORA", "ADALORA", "XLORA"})
ALL_LINEAR: Final = "all-linear"
SIXTEEN_BIT_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class Adapter:
    """What an adapter says of itself; `rank` is None for kinds without one, `targets` are the ends of module names."""

    kind: str
    base: RepoRef | None
    rank: int | None
    targets: tuple[str, ...]
    is_exact: bool


def read_adapter(data: bytes, label: str) -> Adapter:
    """The adapter that an adapter_config.json describes; `MalformedConfig` naming the label for impossible values."""
    config = read_json_object(data, f"{label}/adapter_config.json")
    kind = config.get("peft_type")
    rank = config.get("r")
    if rank is not None and (isinstance(rank, bool) or not isinstance(rank, int) or not 0 < rank <= MAX_RANK):
        raise MalformedConfig(f"{label}: r is {str(rank)[:40]} in adapter_config.json, no rank", "check the file")
    return Adapter(
        kind=kind.upper() if isinstance(kind, str) and 0 < len(kind) < 40 else "adapter",
        base=_base(config),
        rank=rank,
        targets=_targets(config),
        is_exact=not (config.get("modules_to_save") or config.get("rank_pattern") or config.get("layers_to_transform")),
    )


def _base(config: Mapping[str, Any]) -> RepoRef | None:
    """The repository of the base, where it is named as one: authors leave paths of their own machines there, too."""
    name, revision = config.get("base_model_name_or_path"), config.get("revision")
    if not isinstance(name, str) or len(name) > MAX_TEXT or not is_repo_id(name):
        return None
    return RepoRef(name, revision if isinstance(revision, str) and is_commit(revision) else None)


def _targets(config: Mapping[str, Any]) -> tuple[str, ...]:
    stated = config.get("target_modules")
    names = stated if isinstance(stated, list) else [stated]
    return tuple(name.rpartition(".")[2] for name in names[:MAX_MODULES] if isinstance(name, str) and name)


# -- what it adds ---------------------------------------------------------------------------------------------------

Shape = tuple[int, int]


def adapter_parameters(spec: ModelSpec, adapter: Adapter) -> int | None:
    """Parameters of the adapter's matrices; None where a target is no matrix that is known of this model."""
    if adapter.rank is None or not adapter.targets or not adapter.is_exact:
        return None
    total, unseen = 0, set(adapter.targets) - {ALL_LINEAR}
    for group in spec.all_groups:
        for name, (rows, columns) in _matrices(group):
            if name in adapter.targets or ALL_LINEAR in adapter.targets:
                total += group.count * adapter.rank * (rows + columns)
                unseen.discard(name)
    return total if total and not unseen else None


def _matrices(group: LayerGroup) -> Iterator[tuple[str, Shape]]:
    """The matrices of one layer by the names that most models give them."""
    mixer, network = group.mixer, group.feed_forward
    if isinstance(mixer, GroupedQueryAttention):
        query = mixer.num_attention_heads * mixer.head_dim
        key = mixer.num_key_value_heads * mixer.head_dim
        yield from {"q_proj": (mixer.hidden_size, query), "o_proj": (query, mixer.hidden_size)}.items()
        yield from {"k_proj": (mixer.hidden_size, key), "v_proj": (mixer.hidden_size, key)}.items()
    if isinstance(network, DenseFeedForward):
        names = ("gate_proj", "up_proj", "down_proj") if network.is_gated else ("up_proj", "down_proj")
        yield from ((name, (network.hidden_size, network.intermediate_size)) for name in names)


def with_adapter(
    base: LoadedModel, adapter: Adapter, *, repo_id: str, commit: str, asked: str, size_bytes: int | None
) -> LoadedModel:
    """The base with the adapter's parameters added, under the adapter's name; the answer says that it is one."""
    counted = adapter_parameters(base.spec, adapter)
    stored = SIXTEEN_BIT_BYTES * counted if counted is not None else size_bytes
    parameters = counted if counted is not None else (size_bytes or 0) // SIXTEEN_BIT_BYTES
    spec = replace(
        base.spec,
        repo_id=repo_id,
        revision=commit,
        other_parameters=base.spec.other_parameters + parameters,
        checkpoint_bytes=None if base.spec.checkpoint_bytes is None else base.spec.checkpoint_bytes + (stored or 0),
    )
    rank = f", rank {adapter.rank}" if adapter.rank is not None else ""
    added = f"plus {stored / 1e6:,.1f} MB" if stored is not None else "the adapter's own bytes are not known"
    said = f"an adapter ({adapter.kind}{rank}) of {base.name}: the base is estimated, {added}"
    source = "; the adapter counted from its rank" if counted is not None else "; the adapter by the size of its file"
    return replace(
        base,
        spec=spec,
        asked=asked,
        read_as=f"{repo_id}@{commit[:7]}, {said}; base read as {base.read_as}",
        bytes_source=base.bytes_source + (source if stored is not None else ""),
    )


def no_base(label: str, error: IngestError) -> IngestError:
    """The error for an adapter whose base cannot be read: what the base said, named as the adapter's."""
    return type(error)(
        f"{label} is an adapter, and its base cannot be read: {error.message}",
        error.hint,
        suggestions=error.suggestions,
    )
