"""Every real config of the shared corpus, and every class default of the sweep, read into specs; where there is one."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ingest.errors import IngestError
from ingest.loaded_model import model_from_config
from tests.bench.timing import Row, median_s, milliseconds

GOALS_S = {"hub/*/*/config.json": 1.0, "sweep/*.json": 2.0}


def rows() -> Iterator[Row]:
    """One row for each set of files, beside parsing them alone; none without a corpus."""
    folder = os.environ.get("HUBGAUGE_CORPUS")
    if folder is None:
        return
    for pattern, goal_s in GOALS_S.items():
        texts = [path.read_bytes() for path in sorted(Path(folder).glob(pattern))]
        floor = median_s(partial(_parse, texts), 5)
        found = median_s(partial(_normalize, texts), 5, warm_up=1)
        assert "transformers" not in sys.modules
        yield Row(
            f"{len(texts)} files of {pattern} normalized",
            milliseconds(found),
            f"json.loads of all {milliseconds(floor)}: ratio {found / floor:.1f}",
            milliseconds(goal_s),
            found <= goal_s,
        )


def _parse(texts: Sequence[bytes]) -> list[Any]:
    return [json.loads(text) for text in texts]


def _normalize(texts: Sequence[bytes]) -> None:
    for text in texts:
        try:
            model_from_config(
                json.loads(text), None, repo_id="a/b", revision=None, asked="a/b", source="file", read_as="a/b"
            )
        except IngestError:
            continue  # refused by name, as quick as the others
