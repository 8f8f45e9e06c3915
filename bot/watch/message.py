"""What a subscriber reads of a release: its name, what it is made from, and whether it fits their machines."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.humanize import gib, parameters, plural, seconds, tokens
from bot.render.report import Notes, Report, Section
from bot.scan.sizing import Sizer
from ingest.catalogue import bundled_catalogue
from ingest.errors import IngestError
from ingest.repo_ref import RepoRef
from ingest.reuploads import same_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.scan.plan import Plan
    from ingest.store.releases import Release
    from ingest.store.specs import SpecStore

HOW: Final = {"public": "made public", "trending": "trending", "webhook": "new", "created": "new"}
RELATIONS: Final = {
    "quantized": "a quantization of",
    "adapter": "an adapter of",
    "finetune": "a fine-tune of",
    "merge": "a merge of",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A release as it is told: `about` is a sentence, `machines` one for each machine, `json` for programs."""

    repo_id: str
    about: str
    machines: tuple[str, ...]
    json: dict[str, Any]


class Teller:
    """Words for releases, out of what the store keeps of them. Not for several threads at once."""

    def __init__(self, specs: SpecStore, page: str) -> None:
        self._specs, self._page = specs, page
        self._sizer = functools.lru_cache(maxsize=16)(Sizer)

    def tell(self, release: Release, plan: Plan | None) -> Told:
        """What is said of a release to whom it is to run on these machines."""
        facts, rows = release.facts, self._rows(release, plan)
        made_from = self.made_from(release)
        told: dict[str, Any] = {"repo_id": release.repo_id, "commit": release.commit, "how": release.how}
        for name in ("parameters", "licence", "pipeline_tag", "created_at"):
            told |= {name: facts[name]} if name in facts else {}
        told |= {"made_from": made_from, "url": f"{self._page}/{release.repo_id}", "machines": rows}
        shown = tuple(_sentence(row) for row in rows)
        return Told(release.repo_id, _about(release.how, facts, made_from), shown, told)

    def made_from(self, release: Release) -> dict[str, str] | None:
        """The model it repeats or changes, by its tags, else by its name; None where it seems to be its own."""
        bases, relation = release.facts.get("base_models"), release.facts.get("relation")
        if bases:
            return {"repo_id": str(bases[0]), "relation": str(relation or "made from")}
        try:
            found = same_name(RepoRef(release.repo_id), bundled_catalogue().repo_ids())
        except IngestError:
            return None
        if found is None or found.repo_id.lower() == release.repo_id.lower():
            return None
        return {"repo_id": found.repo_id, "relation": "quantized" if found.weights else "same name"}

    def _rows(self, release: Release, plan: Plan | None) -> list[dict[str, Any]]:
        repo = self._specs.get(release.repo_id, release.commit) if plan and release.commit else None
        if plan is None:
            return []
        if repo is None:
            why = json.loads(release.problem)["message"] if release.problem else "its files are not read here"
            return [{"refusal": "NotRead", "reason": why}]
        return [
            _without_name(json.loads(line.encode("utf-8", "replace")))  # half characters are no text for anybody
            for line in self._sizer(plan).lines(repo)
        ]


def report(told: Sequence[Told]) -> Report:
    """One message for these releases."""
    first = told[0].repo_id
    title = f"New on the Hub: {first}" if len(told) == 1 else f"New on the Hub: {first} and {len(told) - 1} more"
    sections = [
        Section(each.repo_id, "note", each.about, notes=[Notes("Machines", each.machines)] if each.machines else ())
        for each in told
    ]
    return Report(title, sections)


def _without_name(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in {"repo_id", "commit"}}


def _about(how: str, facts: Mapping[str, Any], made_from: Mapping[str, str] | None) -> str:
    """A sentence: `New: 8.03B parameters, apache-2.0, text-generation; a quantization of Qwen/Qwen3-8B`."""
    parts = [parameters(facts["parameters"]) + " parameters"] if facts.get("parameters") else []
    parts += [str(facts[name]) for name in ("licence", "pipeline_tag") if facts.get(name)]
    said = HOW.get(how, "new").capitalize() + (f": {', '.join(parts)}" if parts else "")
    if made_from:
        relation = RELATIONS.get(made_from["relation"])
        said += f"; {relation or made_from['relation'] + ' as'} {made_from['repo_id']}"
    return f"{said}."


def _sentence(row: Mapping[str, Any]) -> str:
    """One machine in words."""
    if "refusal" in row:
        where = f"{row['gpus']}× {row['machine']}: " if row.get("machine") else ""
        return f"{where}not sized: {row['reason']}"
    machine = f"{row['gpus']}× {row['machine']} at {tokens(row['context_tokens'])} in {row['weights']}"
    held = f"{gib(row['required_bytes'])} of {gib(row['usable_bytes'])} a GPU"
    if not row["fits"]:
        return f"Does not fit {machine}: {held}"
    speed = f", {seconds(row['tpot_s'])} a token" if "tpot_s" in row else ""
    users = f", {plural(int(row['max_concurrency']), 'request')} at once" if row.get("max_concurrency") else ""
    return f"Fits {machine}: {held}{speed}{users}"
