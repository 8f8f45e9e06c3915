"""The API asked what its own description allows, and what it does not: no bug, no status and no shape undescribed.

A few hundred cases; `make fuzz-api` asks 10,000. The Hub is a loopback one: what a case names is looked up there.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
import schemathesis
import schemathesis.checks as judged
from hypothesis import HealthCheck, Phase, settings

from bot.metrics import HTTP_REQUESTS
from tests.bot.http.serving import served, whole_app
from tests.hub.fixture_repos import fixture_repos
from tests.hub.loopback import LoopbackHub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemathesis import Case, CheckContext, Response

CASES: Final = int(os.environ.get("HUBGAUGE_API_CASES", "420"))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cache: Path = tmp_path_factory.mktemp("cache")
    with LoopbackHub(*fixture_repos()) as hub, served(whole_app(hub=hub.url, cache=cache)) as found:
        yield found
        asked = sum(
            sample.value
            for family in HTTP_REQUESTS.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        )
        sys.stdout.write(f"{asked:,.0f} requests were answered\n")


def negative_data_rejection(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """As schemathesis has it, but 413 is a refusal too: a text beyond its longest may be beyond the longest body."""
    return None if response.status_code == 413 else judged.negative_data_rejection(ctx, response, case)


CHECKS: Final = [
    judged.not_a_server_error,
    judged.status_code_conformance,
    judged.content_type_conformance,
    judged.response_schema_conformance,
    judged.response_headers_conformance,
    negative_data_rejection,
]
"""Not judged: that valid data is always accepted. A card that is not known is a text like any other to the schema."""

schema = schemathesis.openapi.from_dict(whole_app().openapi())

OPERATIONS: Final = sum(
    "parameters" in operation or "requestBody" in operation
    for methods in whole_app().openapi()["paths"].values()
    for operation in methods.values()
)
"""Those that take something; the others are soon asked in every way there is."""


@schema.parametrize()
@settings(
    max_examples=max(1, CASES // OPERATIONS),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
    derandomize=CASES < 1000,
)
def test_no_case_breaks_the_api(case: Case[Any], address: str) -> None:
    case.call_and_validate(base_url=address, checks=CHECKS)
