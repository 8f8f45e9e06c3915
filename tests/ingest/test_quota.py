from __future__ import annotations

import pytest

from ingest.errors import HubUnavailable
from ingest.quota import Allowance, Quota, read_allowances


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def stated(left: int, reset_s: int = 168, bucket: str = "api", limit: int = 500) -> dict[str, str]:
    policy = f'"fixed window";"{bucket}";q={limit};w=300'
    return {"ratelimit": f'"{bucket}";r={left};t={reset_s}', "ratelimit-policy": policy}


def test_the_headers_of_the_real_hub_are_read() -> None:
    # Recorded from huggingface.co on 2026-06-09.
    headers = {"ratelimit": '"api";r=499;t=293', "ratelimit-policy": '"fixed window";"api";q=500;w=300'}
    assert read_allowances(headers) == (Allowance("api", 499, 293.0, 500),)


@pytest.mark.parametrize("headers", [{}, {"ratelimit": "soon"}, {"ratelimit": '"api";r=-1;t=x'}])
def test_headers_that_say_nothing_allow_everything(headers: dict[str, str]) -> None:
    quota = Quota(clock=Clock())
    quota.observe("api", 200, headers)
    assert quota.wait_s("api") == 0


def test_a_spent_bucket_refuses_with_the_seconds_to_wait_and_opens_again() -> None:
    clock = Clock()
    quota = Quota(clock=clock)
    quota.observe("api", 200, stated(left=0, reset_s=168))
    clock.now_s += 100
    with pytest.raises(HubUnavailable, match="68 s"):
        quota.take("api")
    assert quota.wait_s("resolvers") == 0
    clock.now_s += 68
    quota.take("api")


def test_requests_count_before_the_hub_says_so() -> None:
    quota = Quota(clock=Clock())
    quota.observe("api", 200, stated(left=2))
    quota.take("api")
    quota.take("api")
    with pytest.raises(HubUnavailable):
        quota.take("api")


def test_background_work_leaves_a_share_to_people() -> None:
    quota = Quota(clock=Clock(), reserved_fraction=0.2)
    quota.observe("api", 200, stated(left=100, limit=500))
    assert quota.wait_s("api", "background") == 168
    assert quota.wait_s("api", "interactive") == 0


def test_a_429_without_figures_closes_the_bucket_for_retry_after() -> None:
    quota = Quota(clock=Clock())
    quota.observe("resolvers", 429, {"retry-after": "30"})
    assert quota.wait_s("resolvers") == 30
