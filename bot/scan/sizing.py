"""Rows for repositories, each computed once for all that are shaped alike.

Most repositories are another's shape with other weights: two levels find that out. Files that differ in nothing but
their bookkeeping are one reading; readings that come out equal are one estimate for each machine.
"""

from __future__ import annotations

import hashlib
import json
import logging
import pickle
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.prices import current_prices
from bot.scan.plan import Plan, gpu_of
from bot.scan.rows import bug, line, refusal, tail
from bot.scan.rows import figures as figures_of
from estimator.errors import EstimatorError
from estimator.estimation import Request, estimate
from estimator.workload import workload
from ingest.errors import IngestError
from ingest.loader import Loader
from ingest.scan.stored import model_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.fetched_repo import FetchedRepo
    from ingest.loaded_model import LoadedModel
    from ingest.repo_ref import RepoRef

log = logging.getLogger("hubgauge.scan")

PLACE: Final = "this-model/by-name"
"""Stands for the repository while its shape is read, so that one refusal serves all that are shaped alike."""
PLACE_COMMIT: Final = "0" * 40
BOOKKEEPING: Final = frozenset(
    {"_name_or_path", "transformers_version", "_commit_hash", "_attn_implementation_autoset", "use_cache"}
    | {f"{name}_token_id" for name in ("bos", "eos", "pad", "sep", "unk", "cls", "mask", "decoder_start")}
    | {"unsloth_version", "unsloth_fixed", "initializer_range", "attention_dropout", "id2label", "label2id"}
)
"""Keys of a config that size nothing: who wrote it, which tokens are special, how training began."""
LABELS: Final = "ForSequenceClassification"
"""Architectures whose head has a row for each label."""
MOST_GROUPS: Final = 20_000


class Sizer:
    """Computes rows for a plan. One for each process; not for several threads at once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._cards = [(machine, gpu_of(machine)) for machine in plan.machines]
        self._prices = current_prices()
        self._loader = Loader()
        self._readings: OrderedDict[bytes, tuple[str, ...]] = OrderedDict()
        self._estimates: OrderedDict[bytes, tuple[str, ...]] = OrderedDict()
        self.estimated = 0

    def lines(self, repo: FetchedRepo) -> Iterator[str]:
        """The rows of one repository as lines of JSON."""
        key = _key(repo)
        ends = self._readings.get(key)
        if ends is None:
            ends = _kept(self._readings, key, self._ends_or_bug(repo))
        else:
            self._readings.move_to_end(key)
        for end in ends:
            yield line(repo.repo_id, repo.commit, _named(end, repo))

    def _ends_or_bug(self, repo: FetchedRepo) -> tuple[str, ...]:
        """One model among two million that we cannot take must not keep the others from being written."""
        try:
            return self._ends(repo)
        except Exception as error:
            log.exception("%s at %s could not be sized", repo.repo_id, repo.commit)
            return (tail(bug(error)),)

    def _ends(self, repo: FetchedRepo) -> tuple[str, ...]:
        place = replace(repo, repo_id=PLACE, commit=PLACE_COMMIT, revision=PLACE_COMMIT, source="hub")
        try:
            model = model_of(place, self._base)
        except IngestError as error:
            return (tail(refusal(error)),)
        key = pickle.dumps((model.spec, model.spec.checkpoint_bytes), protocol=5)
        digest = hashlib.sha1(key, usedforsecurity=False).digest()
        known = self._estimates.get(digest)
        if known is not None:
            self._estimates.move_to_end(digest)
            return known
        return _kept(self._estimates, digest, tuple(self._sized(model)))

    def _sized(self, model: LoadedModel) -> Iterator[str]:
        self.estimated += 1
        for weights in self._plan.weights:
            for machine, gpu in self._cards:
                try:
                    request = Request(
                        spec=model.spec,
                        gpu=gpu,
                        gpus=machine.gpus,
                        load=workload(
                            context_tokens=self._plan.context_tokens,
                            concurrency=self._plan.concurrency,
                            longest_context_tokens=model.spec.headline.max_position_embeddings,
                        ),
                        weights=weights,
                        prices=self._prices,
                    )
                    yield tail(figures_of(estimate(request)))
                except EstimatorError as error:
                    yield tail(refusal(error, machine, weights or model.spec.weights.name))

    def _base(self, ref: RepoRef) -> LoadedModel:
        """The base of an adapter, where it is bundled: a scan asks for no model that it does not list."""
        return self._loader.load(ref.repo_id)


def _named(end: str, repo: FetchedRepo) -> str:
    """The end of a row with the repository's name in its reason."""
    if PLACE not in end:
        return end
    return (
        end.replace(f"@{PLACE_COMMIT[:8]}", f"@{repo.commit[:8]}")
        .replace(f"@{PLACE_COMMIT[:7]}", f"@{repo.commit[:7]}")
        .replace(PLACE, repo.repo_id)
    )


def _kept(groups: OrderedDict[bytes, tuple[str, ...]], key: bytes, ends: tuple[str, ...]) -> tuple[str, ...]:
    groups[key] = ends
    if len(groups) > MOST_GROUPS:
        groups.popitem(last=False)
    return ends


def _key(repo: FetchedRepo) -> bytes:
    """What a repository's rows depend on, its name apart."""
    weights = [(file.name, file.size_bytes) for file in repo.weight_files]
    said: list[object] = [_plain(repo.config), repo.safetensors_parameters, repo.safetensors_total, weights]
    if repo.config is None:
        names = [file.name for file in repo.siblings or ()]
        said += [names, repo.library_name, repo.pipeline_tag, repo.base_models, repo.tags]
    digest = hashlib.sha1(json.dumps(said, sort_keys=True).encode(), usedforsecurity=False)
    for part in (repo.hf_quant_config, repo.adapter_config):
        digest.update(b"\0" + (part or b""))
    return digest.digest()


def _plain(config: bytes | None) -> object:
    """The config without its bookkeeping; as it stands where it is no object, for then that is what is said of it."""
    try:
        read = json.loads(config or b"null")
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        return hashlib.sha1(config or b"", usedforsecurity=False).hexdigest()
    has_labels = LABELS in str(read.get("architectures"))
    dropped = BOOKKEEPING - {"id2label", "label2id"} if has_labels else BOOKKEEPING
    return {key: value for key, value in read.items() if key not in dropped}
