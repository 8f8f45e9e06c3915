"""A found repository is looked at until it can be told of: empty ones fill up, and the Hub is not always there."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ingest.errors import GatedModel, HubUnavailable, IngestError, NotAGenerativeModel, UnknownModel
from ingest.listing import Listed
from ingest.repo_kind import missing_config
from ingest.scan.stored import model_of
from ingest.store.releases import READY, REFUSED, WAITING, Release
from ingest.watch.look import dump_facts, dumped

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.fetched_repo import FetchedRepo
    from ingest.loaded_model import LoadedModel
    from ingest.repo_ref import RepoRef
    from ingest.store.releases import ReleaseStore
    from ingest.store.specs import SpecStore

log = logging.getLogger("hubgauge.watch")

FIRST_WAIT_S: Final = 60.0
LONGEST_WAIT_S: Final = 3600.0
MOST_DAYS_EMPTY: Final = 7.0
LEAST_LOOKS: Final = 20
"""Before an empty one is given up, whatever the clock says: it may have jumped."""
AWAY_S: Final = 20.0
"""Before the Hub is asked again where it did not answer: for ever, for nothing is to be lost."""
LEASE_S: Final = 60.0
MOST_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class Patience:
    """How long it is waited for what is not there yet."""

    first_s: float = FIRST_WAIT_S
    away_s: float = AWAY_S
    lease_s: float = LEASE_S


class Settler:
    """Looks at what waits. `describe` asks the Hub for a repository's present commit and its small files."""

    def __init__(
        self,
        releases: ReleaseStore,
        specs: SpecStore,
        describe: Callable[[str], FetchedRepo],
        base_of: Callable[[RepoRef], LoadedModel],
        *,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._releases, self._specs = releases, specs
        self._describe, self._base_of = describe, base_of
        self._patience, self._clock = patience or Patience(), clock

    def settle_due(self) -> int:
        """Looks at those whose time has come; how many there were."""
        due = self._releases.claim(self._clock(), self._patience.lease_s, MOST_AT_ONCE)
        for release in due:
            self._settle(release)
        return len(due)

    def _settle(self, release: Release) -> None:
        try:
            repo = self._describe(release.repo_id)
        except HubUnavailable as error:
            self._releases.settle(self._later(release, error, self._patience.away_s))
            return
        except IngestError as error:  # deleted, private again, disabled; gated ones are told of all the same
            state = READY if isinstance(error, GatedModel) else REFUSED
            self._releases.settle(self._done(release, state, error))
            return
        except Exception as error:
            log.exception("%s could not be asked for", release.repo_id)
            why = IngestError(f"{release.repo_id}: a fault of hubgauge ({type(error).__name__})", "please report it")
            self._releases.settle(self._later(release, why, LONGEST_WAIT_S))
            return
        judged = self._judged_or_bug(release, repo)
        with self._releases.engine.begin() as connection:
            if judged.state == READY and (repo.config is not None or repo.adapter_config is not None):
                self._specs.put([repo], connection)
            self._releases.settle(judged, connection)

    def _judged_or_bug(self, release: Release, repo: FetchedRepo) -> Release:
        """As `_judged`; what we fail on ourselves is told of unsized, and keeps no other waiting."""
        try:
            return self._judged(release, repo)
        except Exception as error:
            log.exception("%s at %s could not be read", repo.repo_id, repo.commit)
            why = IngestError(f"{repo.repo_id}: a fault of hubgauge ({type(error).__name__})", "please report it")
            return self._done(replace(release, commit=repo.commit), READY, why)

    def _judged(self, release: Release, repo: FetchedRepo) -> Release:
        """What can be said of a repository whose files are known."""
        release = replace(release, commit=repo.commit, listed=self._facts(release, repo))
        if not repo.weight_files and repo.siblings is not None:
            return self._empty(release, missing_config(repo) if repo.config is None else UnknownModel(
                f"{repo.repo_id}: no weights are uploaded yet", "they are waited for"))  # fmt: skip
        if repo.is_gguf_only:
            return self._done(release, READY, None)
        try:
            model_of(repo, self._base_of)
        except NotAGenerativeModel as error:
            return self._done(release, REFUSED, error)
        except IngestError as error:
            return self._done(release, READY if repo.config is not None else REFUSED, error)
        return self._done(release, READY, None)

    def _facts(self, release: Release, repo: FetchedRepo) -> str:
        """What is known of it now, over what the list said when it was still empty."""
        entry = Listed(repo, modified_at=repo.last_modified or "")
        return dumped({**release.facts, **{k: v for k, v in json.loads(dump_facts(entry)).items() if v}})

    def _empty(self, release: Release, why: IngestError) -> Release:
        is_old = self._clock() - release.found_at > MOST_DAYS_EMPTY * 86_400
        if is_old and release.attempts >= LEAST_LOOKS:
            return self._done(release, REFUSED, why)
        return self._later(release, why, min(LONGEST_WAIT_S, self._patience.first_s * 2 ** min(release.attempts, 10)))

    def _later(self, release: Release, why: IngestError, wait_s: float) -> Release:
        return replace(
            release,
            state=WAITING,
            problem=_said(why),
            attempts=release.attempts + 1,
            not_before=self._clock() + wait_s,
        )

    def _done(self, release: Release, state: str, why: IngestError | None) -> Release:
        return replace(release, state=state, problem=_said(why) if why else None, ready_at=self._clock())


def _said(error: IngestError) -> str:
    return dumped({"type": type(error).__name__, "message": error.message[:1000], "hint": error.hint[:500]})
