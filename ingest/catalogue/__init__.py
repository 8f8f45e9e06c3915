"""The bundled catalogue: models people ask for by name, answered without network or token.

`models.jsonl` holds one model a line, written by `build.py`: the keys of its config.json that matter, where that file
was found, and of when. A question reads the file as bytes and parses its own line alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

_MODELS: Final = Path(__file__).with_name("models.jsonl")
_START: Final = b'{"repo_id": '
_ENDINGS: Final = ("-instruct", "-it", "-chat", "-hf", "-instruct-hf", "-chat-hf")


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One model as bundled.

    `source` names the public repository that holds a copy of the file, its commit and path; the commit of the model's
    own repository is not known from such a copy, so `commit` is None unless a source states it. `as_of` is the day it
    was collected. `shares` is the model whose config this one has, with the reason in `note`.
    """

    repo_id: str
    config: dict[str, Any]
    hf_quant_config: dict[str, Any] | None
    commit: str | None
    as_of: str
    source: str
    shares: str | None = None
    note: str = ""


class Catalogue:
    """Models by repository id, and the names people type for them. Reading is lazy; instances are read-only."""

    def __init__(self, models: Path = _MODELS) -> None:
        self._path = models

    @cached_property
    def _lines(self) -> bytes:
        return b"\n" + self._path.read_bytes()

    def repo_ids(self) -> Sequence[str]:
        """All repository ids, in alphabetical order without regard to case."""
        starts = (line.split(b'"', 4)[3] for line in self._lines.splitlines() if line.startswith(_START))
        return tuple(start.decode() for start in starts)

    def alias(self, name: str) -> str | None:
        """The repository id a typed name means: an id in any case, a bare name, a nickname; None where several fit.

        `gemma3:27b`, as Ollama writes it, is `gemma3-27b`.
        """
        from ingest.catalogue.names import ALIASES  # noqa: PLC0415  # not on the way of a question that names an id

        typed = "-".join(name.strip().lower().replace("_", "-").split())
        tagged = typed.replace(":", "-") if "/" not in typed else typed
        return ALIASES.get(typed) or self._by_name.get(typed) or ALIASES.get(tagged) or self._by_name.get(tagged)

    def names(self) -> dict[str, str]:
        """Every name that `alias` knows as it stands, with its repository id."""
        from ingest.catalogue.names import ALIASES  # noqa: PLC0415  # as in `alias`

        return {**self._by_name, **ALIASES}

    @cached_property
    def _by_name(self) -> dict[str, str]:
        """Ids, bare names, and names without their ending where one model alone has that one."""
        ids = self.repo_ids()
        stems: dict[str, list[str]] = {}
        for repo_id in ids:
            stems.setdefault(_stem(repo_id), []).append(repo_id)
        names = {stem: found[0] for stem, found in stems.items() if len(found) == 1}
        names.update({_bare(repo_id): repo_id for repo_id in ids})
        names.update({repo_id.lower().replace("_", "-"): repo_id for repo_id in ids})
        return names

    def entry(self, repo_id: str) -> CatalogueEntry | None:
        """The model of that exact id, None where it is not bundled."""
        row = self._row(repo_id)
        if row is None:
            return None
        base = self._row(row["shares"]) if "shares" in row else row
        if base is None:
            return None
        without = row.get("without", ())
        return CatalogueEntry(
            repo_id=repo_id,
            config={key: value for key, value in base["config"].items() if key not in without},
            hf_quant_config=None if "hf_quant_config" in without else base.get("hf_quant_config"),
            commit=row.get("commit"),
            as_of=base["as_of"],
            source=base["source"],
            shares=row.get("shares"),
            note=row.get("note", ""),
        )

    def _row(self, repo_id: str) -> dict[str, Any] | None:
        start = b"\n" + _START + json.dumps(repo_id).encode() + b","
        found = self._lines.find(start)
        if found < 0:
            return None
        end = self._lines.find(b"\n", found + 1)
        row: dict[str, Any] = json.loads(self._lines[found + 1 : end if end >= 0 else None])
        return row


def _bare(repo_id: str) -> str:
    return repo_id.partition("/")[2].lower().replace("_", "-")


def _stem(repo_id: str) -> str:
    """The bare name without the maker's prefix and the ending of a tuned model."""
    stem = _bare(repo_id).removeprefix("meta-")
    return next((stem.removesuffix(ending) for ending in _ENDINGS if stem.endswith(ending)), stem)


@lru_cache(maxsize=1)
def bundled_catalogue() -> Catalogue:
    """The catalogue that came with the package."""
    return Catalogue()
