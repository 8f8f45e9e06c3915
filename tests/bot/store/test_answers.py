"""Answers are found by those who were given them, and by nobody else, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from bot.store.answers import KEEP_S, MAX_RECENT, AnswerStore
from bot.store.tables import ANSWERS, FEEDBACK, TEAM_DEFAULTS, THREADS

if TYPE_CHECKING:
    from sqlalchemy import Engine, Table

NOON = 1_795_000_000.0
QUERY = '{"v":1,"models":["llama-3.1-8b"]}'


@pytest.fixture
def store(engine: Engine) -> AnswerStore:
    return AnswerStore(engine)


def rows(store: AnswerStore, table: Table) -> int:
    with store.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_token_is_found_in_its_own_workspace_only(store: AnswerStore) -> None:
    token = store.keep("T1", "U1", QUERY, NOON)
    kept = store.find("T1", token)
    assert kept is not None
    assert (kept.user, kept.query) == ("U1", QUERY)
    assert store.find("T2", token) is None
    assert store.find("", token) is None
    assert store.find("T1", token[:-1]) is None
    assert store.find("T1", "' OR 1=1 --") is None


def test_a_thread_is_known_in_its_own_workspace_and_channel_by_its_last_query(store: AnswerStore) -> None:
    store.remember("T1", "C1", "1.1", "first", NOON)
    store.remember("T1", "C1", "1.1", QUERY, NOON + 1)
    assert store.thread("T1", "C1", "1.1") == QUERY
    assert store.thread("T1", "C1", "1.1", since=NOON + 2) == ""
    for place in (("T2", "C1", "1.1"), ("T1", "C2", "1.1"), ("T1", "C1", "1.2"), ("", "C1", "1.1")):
        assert store.thread(*place) == ""


def test_tokens_are_never_the_same(store: AnswerStore) -> None:
    tokens = {store.keep("T1", "U1", QUERY, NOON) for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 22  # 128 bits


def test_what_was_asked_last_comes_first_and_once(store: AnswerStore) -> None:
    for number in range(9):
        store.keep("T1", "U1", f"query {number % 7}", NOON + number)
    store.keep("T1", "U2", "another's", NOON + 99)
    store.keep("T2", "U1", "another workspace's", NOON + 99)
    assert [kept.query for kept in store.recent("T1", "U1")] == [f"query {number}" for number in (1, 0, 6, 5, 4)]
    assert len(store.recent("T1", "U1")) == MAX_RECENT


def test_the_last_judgement_of_a_person_counts(store: AnswerStore) -> None:
    kept = store.find("T1", store.keep("T1", "U1", QUERY, NOON))
    assert kept is not None
    store.judge(kept, "U1", "good", NOON)
    store.judge(kept, "U1", "bad", NOON + 1)
    store.judge(kept, "U2", "good", NOON)
    with store.engine.connect() as connection:
        found = connection.execute(select(FEEDBACK.c.user, FEEDBACK.c.verdict).order_by(FEEDBACK.c.user)).all()
    assert [tuple(row) for row in found] == [("U1", "bad"), ("U2", "good")]


def test_a_workspace_has_one_machine_or_none(store: AnswerStore) -> None:
    assert store.machine("T1") == ""
    store.set_machine("T1", "U1", "8xH100", NOON)
    store.set_machine("T1", "U2", "4xH200", NOON + 1)
    assert (store.machine("T1"), store.machine("T2")) == ("4xH200", "")
    store.set_machine("T1", "U1", "", NOON + 2)
    assert store.machine("T1") == ""


def test_answers_are_forgotten_after_thirty_days_and_judgements_are_not(store: AnswerStore) -> None:
    old = store.find("T1", store.keep("T1", "U1", QUERY, NOON))
    assert old is not None
    store.judge(old, "U1", "bad", NOON)
    store.keep("T1", "U1", QUERY, NOON + KEEP_S)
    store.remember("T1", "C1", "1.1", QUERY, NOON)
    store.remember("T1", "C1", "2.2", QUERY, NOON + KEEP_S)
    assert store.forget(NOON + KEEP_S + 1) == 2
    assert [rows(store, table) for table in (ANSWERS, THREADS, FEEDBACK)] == [1, 1, 1]


def test_a_workspace_that_leaves_leaves_nothing(store: AnswerStore) -> None:
    for team in ("T1", "T2"):
        kept = store.find(team, store.keep(team, "U1", QUERY, NOON))
        assert kept is not None
        store.judge(kept, "U1", "good", NOON)
        store.set_machine(team, "U1", "8xH100", NOON)
        store.remember(team, "C1", "1.1", QUERY, NOON)
    store.forget_team("T1")
    assert [rows(store, table) for table in (ANSWERS, THREADS, FEEDBACK, TEAM_DEFAULTS)] == [1, 1, 1, 1]
    assert store.machine("T2") == "8xH100"
