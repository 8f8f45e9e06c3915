"""A channel is written to at Slack's pace, whatever is asked there."""

from __future__ import annotations

from bot.slack.pace import BURST, MAX_CHANNELS, PACE_S, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_goes_out_at_once_and_the_rest_a_second_apart() -> None:
    clock = Clock()
    pace = Pace(clock)
    sent_at = []
    for _ in range(BURST + 3):
        clock.now += pace.wait_s("T1:C1")
        pace.spend("T1:C1")
        sent_at.append(clock.now - 100)
    assert sent_at == [*[0.0] * BURST, PACE_S, 2 * PACE_S, 3 * PACE_S]


def test_after_a_silence_there_is_a_burst_again() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(BURST):
        pace.spend("T1:C1")
    assert pace.wait_s("T1:C1") == PACE_S
    clock.now += BURST * PACE_S
    for _ in range(BURST):
        assert pace.wait_s("T1:C1") == 0
        pace.spend("T1:C1")


def test_a_pause_is_kept_and_no_burst_follows_it_and_other_channels_go_on() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.pause("T1:C1", 30)
    assert pace.wait_s("T1:C1") == 30
    assert pace.wait_s("T1:C2") == 0
    clock.now += 30
    assert pace.wait_s("T1:C1") == 0
    pace.spend("T1:C1")
    assert pace.wait_s("T1:C1") == PACE_S


def test_silent_channels_are_forgotten() -> None:
    clock = Clock()
    pace = Pace(clock)
    for number in range(MAX_CHANNELS):
        pace.spend(f"T1:C{number}")
    clock.now += 60
    pace.spend("T1:last")
    assert len(pace._free_at) == 1
