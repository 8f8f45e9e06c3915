"""The totals that the Hub states for real checkpoints, explained to the parameter: 57 of 58, and the other told.

Reads ../shared/facts/published_totals.tsv and the configs beside it.
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

from ingest.normalize import normalize
from ingest.weights import explain

CORPUS: Final = Path(os.environ.get("HUBGAUGE_CORPUS", ""))
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not os.environ.get("HUBGAUGE_CORPUS"), reason="HUBGAUGE_CORPUS names no corpus of real configs"),
]
UNEXPLAINED: Final = {"stepfun-ai/Step-3.7-Flash": "the copy of its config was edited by whoever keeps it"}


def stated_totals() -> dict[str, int]:
    table = CORPUS / "facts" / "published_totals.tsv"
    if not table.is_file():
        return {}
    with table.open(encoding="utf8") as lines:
        return {row["repo"]: int(row["safetensors_total"]) for row in csv.DictReader(lines, delimiter="\t")}


def by_type(config: dict[str, Any], total: int) -> dict[str, int]:
    """Types as such checkpoints have them: fp8 with a scale in fp32 for a block of weights, or bf16 alone."""
    if not config.get("quantization_config"):
        return {"BF16": total}
    return {"F8_E4M3": total, "F32": total // 8192}


@pytest.mark.parametrize("repo", stated_totals() or ["no corpus"])
def test_a_stated_total_is_explained_or_known_to_be_odd(repo: str) -> None:
    file = CORPUS / "hub" / repo / "config.json"
    if not file.is_file():
        pytest.skip(f"{repo} is not in this corpus")
    config, total = json.loads(file.read_text(encoding="utf8")), stated_totals()[repo]
    found = explain(normalize(config, repo_id=repo).spec, total, by_type(config, total))
    assert (found is None) == (repo in UNEXPLAINED)
