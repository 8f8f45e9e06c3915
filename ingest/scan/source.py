"""What is scanned: names, an author, a search, a collection, what is trending, everything, or what a file lists."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final, Literal

from ingest.listing import PAGE_MODELS, list_path

Kind = Literal["names", "author", "search", "collection", "trending", "everything", "seed"]
TRENDING_MODELS: Final = 100


@dataclass(frozen=True, slots=True)
class Source:
    """One source. `value` is the author, the words, the collection or the file, `names` those of a list.

    `limit` counts models.
    """

    kind: Kind
    value: str = ""
    names: tuple[str, ...] = ()
    limit: int | None = None

    @property
    def scan_id(self) -> str:
        """A name for the scan of this source: the same command goes on with it."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()[:16]

    def as_json(self) -> str:
        """The source as text, for the database."""
        return json.dumps(asdict(self), sort_keys=True)

    def first_path(self) -> str | None:
        """The first page of its list; None where there is none to page through."""
        size = min(PAGE_MODELS, self.limit or PAGE_MODELS)
        newest: dict[str, str | int] = {"sort": "createdAt", "direction": "-1", "limit": size}
        match self.kind:
            case "author":
                return list_path({"author": self.value, **newest})
            case "search":
                return list_path({"search": self.value, **newest})
            case "trending":
                count = min(size, self.limit or TRENDING_MODELS)
                return list_path({"sort": "trendingScore", "direction": "-1", "limit": count})
            case "everything":
                return list_path(newest)
            case _:
                return None

    @property
    def most(self) -> int | None:
        """How many models are taken; None for all."""
        return self.limit or (TRENDING_MODELS if self.kind == "trending" else None)

    def __str__(self) -> str:
        if self.kind == "names":
            return f"{len(self.names):,} names"
        return {"author": f"author {self.value}", "search": f"search {self.value!r}"}.get(
            self.kind, f"{self.kind} {self.value}".strip()
        )
