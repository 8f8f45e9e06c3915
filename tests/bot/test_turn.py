"""One computes at a time, and who waits for the Hub keeps nobody from it."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from bot.turn import PatientModels, Turn
from ingest.loaded_model import LoadedModel


class SlowHub:
    """A source whose models come when the gate opens."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked = threading.Event()

    def known(self) -> Sequence[str]:
        return ("bundled/model",)

    def load(self, name: str) -> LoadedModel:
        self.asked.set()
        assert self.gate.wait(10)
        return cast("LoadedModel", name)


def test_no_two_compute_at_once() -> None:
    turn, at_once, most = Turn(), 0, 0

    def compute(_: int) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.002)
        at_once -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(turn.taking(compute), range(40)))
    assert most == 1


def test_who_waits_for_the_hub_leaves_the_turn_to_others() -> None:
    turn, hub = Turn(), SlowHub()
    models = PatientModels(hub, turn)
    slow, quick = turn.taking(models.load), turn.taking(str.upper)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(slow, "new/model")
        assert hub.asked.wait(10)
        assert pool.submit(quick, "answered").result(10) == "ANSWERED"
        assert not waiting.done()
        hub.gate.set()
        assert str(waiting.result(10)) == "new/model"
    assert models.known() == ("bundled/model",)


def test_a_fault_gives_the_turn_back() -> None:
    turn = Turn()
    with pytest.raises(ZeroDivisionError):
        turn.taking((1).__truediv__)(0)
    assert turn.taking(str.upper)("next") == "NEXT"


def test_loading_outside_a_turn_needs_none() -> None:
    hub = SlowHub()
    hub.gate.set()
    assert str(PatientModels(hub, Turn()).load("a/b")) == "a/b"
