"""One budget for all processes: no request beyond what the Hub allows, and what people need is never touched."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from ingest.errors import HubUnavailable
from ingest.store.budget import LONGEST_WINDOW_S, MARGIN_S, PROBE_S, SharedQuota

if TYPE_CHECKING:
    from sqlalchemy import Engine

LIMIT = 100
POLICY = f'"fixed window";"resolvers";q={LIMIT};w=300'


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


def said(left: int, reset_s: int = 200) -> dict[str, str]:
    return {"ratelimit": f'"resolvers";r={left};t={reset_s}', "ratelimit-policy": POLICY}


def closed() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def quota(store: Engine, clock: Clock) -> SharedQuota:
    """A quota that raises where it would wait."""
    return SharedQuota(store, "me", clock=clock, closed=closed())


def taken(quota: SharedQuota, most: int = 1000) -> int:
    """How many requests it gives before it would wait."""
    for count in range(most):
        try:
            quota.take("resolvers")
        except HubUnavailable:
            return count
    return most


def test_the_first_asks_how_much_is_left_and_the_others_wait_for_its_answer(store: Engine) -> None:
    clock = Clock()
    first, second = quota(store, clock), quota(store, clock)
    assert taken(first) == 1
    assert taken(second) == 0
    first.observe("resolvers", 200, said(LIMIT - 1))
    assert taken(second, 5) == 5


def test_two_processes_together_leave_a_fifth_to_people(store: Engine) -> None:
    clock = Clock()
    both = [quota(store, clock), quota(store, clock)]
    count = taken(both[0])
    both[0].observe("resolvers", 200, said(LIMIT - 1))
    while more := taken(both[0], 7) + taken(both[1], 5):
        count += more
    assert count == LIMIT - LIMIT // 5


def test_threads_together_take_no_more_than_there_is(store: Engine) -> None:
    clock = Clock()
    one = quota(store, clock)
    taken(one)
    one.observe("resolvers", 200, said(LIMIT - 1))
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: taken(one), range(8))) == LIMIT - LIMIT // 5 - 1


def test_a_new_window_is_asked_for_when_the_old_has_surely_ended(store: Engine) -> None:
    clock = Clock()
    one = quota(store, clock)
    taken(one)
    one.observe("resolvers", 200, said(LIMIT // 5, reset_s=100))
    clock.now += 100 + MARGIN_S - 0.1
    assert taken(one) == 0
    clock.now += 0.2
    assert taken(one) == 1


def test_what_others_used_is_seen_in_the_hubs_answers(store: Engine) -> None:
    clock = Clock()
    one = quota(store, clock)
    taken(one)
    one.observe("resolvers", 200, said(LIMIT - 1))
    one.take("resolvers")
    one.observe("resolvers", 200, said(LIMIT // 5))  # a person asked for the rest of our share
    assert taken(one) < LIMIT // 10


def test_a_429_closes_the_window_for_all(store: Engine) -> None:
    clock = Clock()
    one, other = quota(store, clock), quota(store, clock)
    taken(one)
    one.observe("resolvers", 200, said(LIMIT - 1))
    one.take("resolvers")
    one.observe("resolvers", 429, {"retry-after": "50"})
    assert taken(one) == taken(other) == 0
    clock.now += 50 + MARGIN_S + 0.1
    assert taken(other) == 1


def test_where_the_one_that_asks_dies_another_asks(store: Engine) -> None:
    clock = Clock()
    assert taken(quota(store, clock)) == 1
    other = quota(store, clock)
    assert taken(other) == 0
    clock.now += PROBE_S + 0.1
    assert taken(other) == 1


@pytest.mark.parametrize("jump_s", [-7 * 24 * 3600.0, 7 * 24 * 3600.0])
def test_a_clock_that_jumps_costs_one_question(store: Engine, jump_s: float) -> None:
    clock = Clock()
    taken(quota(store, clock))
    one = quota(store, clock)
    clock.now += PROBE_S + 0.1
    taken(one)
    one.observe("resolvers", 200, said(0))
    clock.now += jump_s
    assert abs(jump_s) > LONGEST_WINDOW_S
    assert taken(quota(store, clock)) == 1


def test_a_hub_that_states_no_limits_is_not_held_back(store: Engine) -> None:
    one = quota(store, Clock())
    taken(one)
    one.observe("resolvers", 200, {})
    assert taken(one, 500) == 500


def test_callers_have_budgets_of_their_own(store: Engine) -> None:
    clock = Clock()
    one, other = quota(store, clock), SharedQuota(store, "you", clock=clock, closed=closed())
    taken(one)
    one.observe("resolvers", 200, said(0))
    assert (taken(one), taken(other)) == (0, 1)
