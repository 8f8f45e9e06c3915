"""docs/operations.md names metrics, log lines and numbers that there are."""

import re

import pytest

from bot.http import serve
from bot.reference.metrics import page as metrics
from bot.settings import read_settings
from tests.docs.held import manifests
from tests.house.tree import ROOT, modules

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
LOGS = PAGE.partition("## Logs")[2]
QUOTED = sorted(
    {line for row in re.findall(r"^\| [A-Z]+ \|.*", LOGS, flags=re.MULTILINE) for line in row.split("`")[1::2]}
)


def test_every_metric_that_is_named_is_counted() -> None:
    named = set(re.findall(r"`((?:hubgauge|process)_\w+)", PAGE))
    assert len(named) > 5
    assert [name for name in named if f"`{name}`" not in metrics() and f"`{name}_total`" not in metrics()] == []


@pytest.mark.parametrize("line", QUOTED)
def test_every_log_line_that_is_quoted_is_written_somewhere(line: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in modules("bot")]
    pattern = re.compile(r".{1,12}".join(re.escape(part) for part in re.split(r"\d+|\.\.\.", line)))
    assert any(pattern.search(text) for text in texts)


def test_the_seconds_of_a_stop_are_those_of_the_manifest_and_of_the_server() -> None:
    (spec,) = (
        each["spec"]["template"]["spec"]
        for each in manifests()
        if each["metadata"]["name"] == "hubgauge" and each["kind"] == "Deployment"
    )
    wait_s = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain_s = read_settings({"HOME": "/nowhere"}).drain_s
    grace_s = spec["terminationGracePeriodSeconds"]
    assert (
        f"is {grace_s}: {wait_s} + {drain_s:g} + {drain_s:g}, and {grace_s - wait_s - 2 * drain_s:g} to spare" in PAGE
    )
    assert f"{serve.MOST_CONNECTIONS:,}" in (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
