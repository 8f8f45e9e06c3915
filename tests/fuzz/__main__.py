"""`python -m tests.fuzz`: the bundled catalogue's configs, spoilt in 200,000 ways.

Every outcome must be a spec with sound figures or an `IngestError` that names the repository (and the key, where one
is at fault), within a second of processor time and two GiB of memory. Progress goes to standard error; status 1 where
anything else came out. A case is repeated by its seed and number:
`python -m tests.fuzz --seed 7 --first 1234 --cases 1`.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import sys
import time
from collections import Counter
from random import Random
from typing import Any, Final

from ingest.catalogue import bundled_catalogue
from ingest.defaults import class_defaults
from tests.fuzz.judge import Verdict, judge, on_alarm
from tests.fuzz.mutations import mutate, spoil_text

CASES: Final = 200_000
MEMORY_BYTES: Final = 2 * 2**30
MOST_MUTATIONS: Final = 4
TEXT_FRACTION: Final = 0.03
SHOWN_ESCAPES: Final = 20


class Fuzz:
    """The configs, and what came of them so far."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        catalogue = bundled_catalogue()
        entries = [entry for repo_id in catalogue.repo_ids() if (entry := catalogue.entry(repo_id))]
        self.entries = [(entry.repo_id, json.dumps(entry.config), entry.hf_quant_config) for entry in entries]
        self.configs = [entry.config for entry in entries]
        self.keys = frozenset(key for config in self.configs for key in _keys(config)) | frozenset({"model_type"})
        self.outcomes: Counter[str] = Counter()
        self.escapes: dict[str, str] = {}
        self.slowest_s = 0.0

    def run(self, number: int) -> Verdict:
        """One case: the same for the same seed and number."""
        dice = Random(f"{self.seed}:{number}")  # noqa: S311  # dice, no secrets
        repo_id, text, beside = dice.choice(self.entries)
        data, done = self._spoilt(text, dice)
        verdict = judge(data, beside, repo_id, self.keys)
        self.outcomes[verdict.outcome] += 1
        self.slowest_s = max(self.slowest_s, verdict.cpu_s)
        if verdict.escape:
            self._note(number, repo_id, done, verdict)
        return verdict

    def _spoilt(self, text: str, dice: Random) -> tuple[bytes, str]:
        if dice.random() < TEXT_FRACTION:
            return spoil_text(text.encode(), dice)
        config: dict[str, Any] = json.loads(text)
        done = [mutate(config, self.configs, dice) for _ in range(dice.randint(1, MOST_MUTATIONS))]
        return json.dumps(config).encode(), ", ".join(done)

    def _note(self, number: int, repo_id: str, done: str, verdict: Verdict) -> None:
        """Keep the first case of each kind of escape, and say it at once."""
        kind = verdict.escape.rpartition(" at ")[2] if verdict.outcome == "escape" else verdict.escape[:8]
        if kind not in self.escapes and len(self.escapes) < SHOWN_ESCAPES:
            self.escapes[kind] = f"case {number}, {repo_id}, {done:.300}: {verdict.escape}"
            sys.stderr.write(f"\r{self.escapes[kind]}\n")
        self.outcomes["escapes"] += 1


def _keys(value: Any) -> set[str]:
    """All keys of a config, those of its sections and of its class's defaults included."""
    if isinstance(value, list):
        return set().union(*(_keys(item) for item in value))
    if not isinstance(value, dict):
        return set()
    defaults = class_defaults(value["model_type"]) if isinstance(value.get("model_type"), str) else None
    inner = set().union(*(_keys(item) for item in value.values()))
    return {*value, *inner, *(defaults.values if defaults else ())}


def main() -> int:
    """Run the cases that the command line names; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--cases", type=int, default=CASES)
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    signal.signal(signal.SIGVTALRM, on_alarm)
    fuzz, start = Fuzz(asked.seed), time.perf_counter()
    for count, number in enumerate(range(asked.first, asked.first + asked.cases), 1):
        fuzz.run(number)
        if count % 1000 == 0 or count == asked.cases:
            passed_s = time.perf_counter() - start
            sys.stderr.write(f"\rseed {asked.seed}: {count:,} of {asked.cases:,} cases in {passed_s:,.0f} s")
            sys.stderr.flush()
    return _report(fuzz, time.perf_counter() - start)


def _report(fuzz: Fuzz, passed_s: float) -> int:
    """Print what came out; 1 where something escaped."""
    escapes = fuzz.outcomes.pop("escapes", 0)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    kinds = ", ".join(f"{name} {count:,}" for name, count in fuzz.outcomes.most_common())
    sys.stderr.write("\n")
    sys.stdout.write(
        f"seed {fuzz.seed}: {fuzz.outcomes.total():,} cases in {passed_s:,.0f} s, {escapes:,} escapes; "
        f"slowest {fuzz.slowest_s:.3f} s of processor time, peak {peak_mib:,.0f} MiB; {kinds}\n"
    )
    for escape in fuzz.escapes.values():
        sys.stdout.write(f"  {escape}\n")
    return 1 if escapes else 0


if __name__ == "__main__":
    sys.exit(main())
