"""No question is lost and none is answered twice, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.store.database import open_database
from bot.store.tables import WORK
from bot.store.work import KEEP_S, MAX_ATTEMPTS, Whose, WorkStore
from ingest.errors import StoreUnavailable
from ingest.store.database import answers

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

NOON = 1_795_000_000.0
QUESTION = {"question": "llama-3.1-8b on 1xH100"}


@pytest.fixture
def store(engine: Engine) -> WorkStore:
    return WorkStore(engine, lease_s=60)


def test_an_event_is_new_once(store: WorkStore) -> None:
    assert store.reserve(["event:Ev1"], QUESTION, NOON) == "new"
    assert store.reserve(["event:Ev1"], QUESTION, NOON + 60) == "seen"
    assert store.waiting() == 1


def test_a_post_that_comes_as_two_events_is_new_once(store: WorkStore) -> None:
    assert store.reserve(["event:Ev1", "post:C1:1.0"], QUESTION, NOON) == "new"
    assert store.reserve(["event:Ev2", "post:C1:1.0"], QUESTION, NOON) == "seen"
    assert store.waiting() == 1


def test_of_many_at_once_exactly_one_takes_the_event(store: WorkStore) -> None:
    start = threading.Barrier(8)

    def reserve(number: int) -> str:
        start.wait()
        return store.reserve(["post:C1:1.0", f"event:Ev{number % 2}"], QUESTION, NOON)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(reserve, range(8))) == ["new", *["seen"] * 7]


def test_a_question_is_worked_on_by_one_at_a_time(store: WorkStore) -> None:
    for number in range(12):
        store.reserve([f"event:{number}"], QUESTION, NOON + number)
    with ThreadPoolExecutor(6) as pool:
        items = [item for item in pool.map(lambda _: store.claim(NOON + 100), range(20)) if item]
    assert sorted(item.key for item in items) == sorted(f"event:{number}" for number in range(12))


def test_the_oldest_question_comes_first(store: WorkStore) -> None:
    store.reserve(["event:late"], QUESTION, NOON + 5)
    store.reserve(["event:early"], QUESTION, NOON)
    item = store.claim(NOON + 10)
    assert item is not None
    assert (item.key, item.payload, item.attempts) == ("event:early", QUESTION, 1)


def test_a_question_of_a_dead_worker_is_claimed_again_when_its_lease_is_over(store: WorkStore) -> None:
    store.reserve(["event:Ev1"], QUESTION, NOON)
    assert store.claim(NOON) is not None
    assert store.claim(NOON + 59) is None
    again = store.claim(NOON + 61)
    assert again is not None
    assert again.attempts == 2


def test_a_question_that_is_worked_on_for_long_stays_with_its_worker(store: WorkStore) -> None:
    store.reserve(["event:Ev1"], QUESTION, NOON)
    store.claim(NOON)
    store.renew(["event:Ev1"], NOON + 50)
    assert store.claim(NOON + 61) is None
    assert store.claim(NOON + 111) is not None


def claimed(store: WorkStore, now: float) -> list[str]:
    """What is claimed one after the other, as long as something is free."""
    keys = []
    while (item := store.claim(now)) is not None:
        keys.append(item.key)
    return keys


def test_one_person_with_many_questions_does_not_keep_the_others_waiting(store: WorkStore) -> None:
    for number in range(5):
        store.reserve([f"many:{number}"], QUESTION, NOON + number, Whose("T1:many"))
    store.reserve(["other:0"], QUESTION, NOON + 8, Whose("T1:other"))
    store.reserve(["third:0"], QUESTION, NOON + 9, Whose("T1:third"))
    assert claimed(store, NOON + 10) == ["many:0", "other:0", "third:0", "many:1", "many:2", "many:3", "many:4"]


def test_what_is_being_answered_counts_as_its_askers_turn(store: WorkStore) -> None:
    store.reserve(["many:0"], QUESTION, NOON, Whose("T1:many"))
    store.claim(NOON)
    store.reserve(["many:1"], QUESTION, NOON + 1, Whose("T1:many"))
    store.reserve(["other:0"], QUESTION, NOON + 2, Whose("T1:other"))
    assert claimed(store, NOON + 3) == ["other:0", "many:1"]


def test_one_person_cannot_fill_the_queue(engine: Engine) -> None:
    store = WorkStore(engine, max_waiting=20)
    assert [store.reserve([f"many:{n}"], QUESTION, NOON, Whose("T1:many")) for n in range(3)] == ["new", "new", "full"]
    assert store.reserve(["other:0"], QUESTION, NOON, Whose("T1:other")) == "new"


def test_a_thread_is_answered_in_its_order_and_others_meanwhile(store: WorkStore) -> None:
    for number in range(2):
        store.reserve([f"thread:{number}"], QUESTION, NOON + number, Whose("T1:a", "T1:C1", "T1:C1:1.0"))
    store.reserve(["beside"], QUESTION, NOON + 5, Whose("T1:b", "T1:C1", "T1:C1:2.0"))
    assert claimed(store, NOON + 10) == ["thread:0", "beside"]
    store.finish("thread:0", "done")
    assert claimed(store, NOON + 11) == ["thread:1"]


def test_a_pause_in_a_channel_keeps_its_order_and_leaves_other_channels_alone(store: WorkStore) -> None:
    for number in range(3):
        store.reserve([f"paused:{number}"], QUESTION, NOON + number, Whose("T1:a", "T1:C1", f"T1:C1:{number}.0"))
    store.reserve(["other"], QUESTION, NOON + 9, Whose("T1:b", "T1:C2", "T1:C2:1.0"))
    item = store.claim(NOON + 10)
    assert item is not None
    assert store.postpone(item, NOON + 40, counts=False)
    assert store.hold("T1:C1", NOON + 40, apart_s=1) == 3
    assert claimed(store, NOON + 10) == ["other"]
    assert [claimed(store, NOON + 40 + seconds) for seconds in (0, 1, 2)] == [["paused:0"], ["paused:1"], ["paused:2"]]


def test_a_pause_is_no_attempt(store: WorkStore) -> None:
    store.reserve(["event:Ev1"], QUESTION, NOON)
    for pause in range(2 * MAX_ATTEMPTS):
        item = store.claim(NOON + pause)
        assert item is not None
        assert item.attempts == 1
        store.postpone(item, NOON + pause + 1, counts=False)


def test_the_age_of_the_oldest_question_is_known(store: WorkStore) -> None:
    assert store.oldest_s(NOON) == 0
    store.reserve(["event:Ev1"], QUESTION, NOON)
    store.reserve(["event:Ev2"], QUESTION, NOON + 5)
    assert store.oldest_s(NOON + 9) == 9
    store.finish("event:Ev1", "done")
    assert store.oldest_s(NOON + 9) == 4


def test_an_answered_question_keeps_no_text_and_is_not_claimed_again(store: WorkStore) -> None:
    store.reserve(["event:Ev1"], QUESTION, NOON)
    store.finish("event:Ev1", "done")
    assert store.claim(NOON + 3600) is None
    with store.engine.connect() as connection:
        assert connection.execute(select(WORK.c.state, WORK.c.payload)).all() == [("done", None)]
    assert store.reserve(["event:Ev1"], QUESTION, NOON + 300) == "seen"


def test_a_question_is_given_up_after_its_last_attempt(store: WorkStore) -> None:
    store.reserve(["event:Ev1"], QUESTION, NOON)
    for attempt in range(MAX_ATTEMPTS):
        item = store.claim(NOON + attempt)
        assert item is not None
        store.postpone(item, NOON + attempt + 1)
    assert store.claim(NOON + 3600) is None
    assert store.waiting() == 0


def test_a_question_without_room_is_not_remembered_so_that_its_retry_finds_room(engine: Engine) -> None:
    store = WorkStore(engine, max_waiting=1)
    store.reserve(["event:Ev1"], QUESTION, NOON)
    assert store.reserve(["event:Ev2"], QUESTION, NOON) == "full"
    store.finish("event:Ev1", "done")
    assert store.reserve(["event:Ev2"], QUESTION, NOON + 60) == "new"


def test_events_are_forgotten_after_a_day(store: WorkStore) -> None:
    store.reserve(["event:Ev1"], QUESTION, NOON)
    assert store.forget(NOON + KEEP_S - 1) == 0
    assert store.forget(NOON + KEEP_S + 1) == 2


DYING = """
import sys, time
from bot.store.database import open_database
from bot.store.work import WorkStore
store = WorkStore(open_database(sys.argv[1]), lease_s=60)
store.reserve(["event:Ev1"], {"question": "q"}, 1000.0)
store.claim(1000.0)
print("claimed", flush=True)
time.sleep(60)
"""


def test_a_killed_process_leaves_its_question_to_the_next(database_address: str) -> None:
    with subprocess.Popen([sys.executable, "-c", DYING, database_address], stdout=subprocess.PIPE, text=True) as dying:
        assert dying.stdout is not None
        assert dying.stdout.readline() == "claimed\n"
        os.kill(dying.pid, signal.SIGKILL)
    engine = open_database(database_address)
    store = WorkStore(engine, lease_s=60)
    assert store.reserve(["event:Ev1"], QUESTION, 1010.0) == "seen"
    item = store.claim(1061.0)
    engine.dispose()
    assert item is not None
    assert item.payload == {"question": "q"}


def test_replicas_that_start_together_make_the_tables_once(database_address: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        engines = list(pool.map(open_database, [database_address] * 4))
    assert all(answers(engine) for engine in engines)
    for engine in engines:
        engine.dispose()


def test_opening_a_database_makes_every_table(database_address: str) -> None:
    look = "import sys; from bot.store.database import open_database; from sqlalchemy import inspect; "
    look += "print(sorted(inspect(open_database(sys.argv[1])).get_table_names()))"
    done = subprocess.run([sys.executable, "-c", look, database_address], capture_output=True, text=True, check=True)
    assert (
        done.stdout.strip()
        == "['answers', 'bot_version', 'events_seen', 'feedback', 'slack_bots', 'slack_installations', "
        "'slack_oauth_states', 'team_defaults', 'threads', 'work']"
    )


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nonsense", "no database address"),
        ("mysql://root:hunter2@127.0.0.1/x", "mysql"),
        ("sqlite://", "memory"),
        ("postgresql://me:hunter2@127.0.0.1:1/none?connect_timeout=2", "does not answer"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(address: str, said: str) -> None:
    with pytest.raises(StoreUnavailable, match=said) as refusal:
        open_database(address)
    assert "hunter2" not in f"{refusal.value.message} {refusal.value.hint}"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreUnavailable, match="cannot be made"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'below' / 'x.db'}")
