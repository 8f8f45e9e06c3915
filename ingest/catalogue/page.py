"""Write docs/models.md, every bundled model with the names that mean it.

    python -m ingest.catalogue.page docs/models.md

Run by maintainers; no part of the product imports it. A test holds the page to the catalogue and asks for every name.
"""

import argparse
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ingest.catalogue import Catalogue, bundled_catalogue

HEADER: Final = """# Bundled models

Written by `python -m ingest.catalogue.page docs/models.md`. These models are answered without a network or a token; any
other is read from the Hub. Each name below means the model beside it, in any case, with spaces or underscores for
dashes; names that are not listed are matched by their words and numbers, and the answer says what they were read as. A
copy under another organisation (`unsloth/...-bnb-4bit`, `...-AWQ`, `...-GGUF:Q4_K_M`) is read from the Hub, or sized by
its name where the Hub cannot be asked.
"""
_SIZED: Final = re.compile(r"-(\d+(?:\.\d+)?b)$")


def names_by_model(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """The names of each model, its id first, the others sorted: bare names, nicknames, and `family:size`."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, repo_id in catalogue.names().items():
        found[repo_id].add(name)
        tagged = _SIZED.sub(r":\1", name)
        if "/" not in name and catalogue.alias(tagged) == repo_id:
            found[repo_id].add(tagged)
    return {repo_id: (repo_id, *sorted(found[repo_id] - {repo_id.lower()})) for repo_id in catalogue.repo_ids()}


def page(catalogue: Catalogue) -> str:
    """The whole page."""
    names = names_by_model(catalogue)
    total = sum(len(each) for each in names.values())
    lines = [HEADER, f"{len(names)} models, {total} names.", "", "| model | other names | from |", "|---|---|---|"]
    return "\n".join([*lines, *_rows(catalogue, names)]) + "\n"


def _rows(catalogue: Catalogue, names: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for repo_id, (_, *others) in names.items():
        entry = catalogue.entry(repo_id)
        origin = (
            f"shape of {entry.shares}" if entry and entry.shares else entry.source.partition(":")[0] if entry else ""
        )
        yield f"| {repo_id} | {', '.join(others)} | {origin} |"


def main() -> None:
    """Write the page to the file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.parse_args().file.write_text(page(bundled_catalogue()), encoding="utf-8")


if __name__ == "__main__":
    main()
