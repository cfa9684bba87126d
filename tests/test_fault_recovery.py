"""Each kind of fault has a bound, and what is not over by then is named, whatever else goes on."""

from itertools import count

import pytest

from tests.faults.bounds import BOUNDS, deadline_after
from tests.faults.disturbances import UNDISTURBED, Disturbances
from tests.faults.injection_points import POINTS
from tests.faults.schedule import DRILLS, FAULTS

LOGS = ("catalog", "referral", "notifications")


class Play:
    """Disturbances by a clock of its own, and logs in which `told` events stand, of which `done` are dealt with."""

    def __init__(self) -> None:
        self.time = 0.0
        self.disturbances = Disturbances(now=lambda: self.time)

    def look(self, told: int, done: int) -> None:
        """Both in each log."""
        self.disturbances.look(dict.fromkeys(LOGS, told), dict.fromkeys(LOGS, done + 1))
        self.disturbances.give_up_late_ones()


def test_every_kind_of_fault_has_a_bound() -> None:
    assert {*BOUNDS} == {*(fault.__name__ for fault in (*FAULTS, *DRILLS)), *(f"killed {point}" for point in POINTS)}


@pytest.mark.parametrize("kind", BOUNDS)
def test_a_bound_grows_with_how_slow_the_machine_is_but_to_minutes_at_most(kind: str) -> None:
    assert BOUNDS[kind].seconds < deadline_after(kind, 0.5) < deadline_after(kind, 2.0) <= deadline_after(kind, 60.0)
    assert deadline_after(kind, 60.0) == 240


def test_over_it_is_who_has_dealt_with_something_new_and_all_before_it() -> None:
    play = Play()
    disturbance = play.disturbances.begin("kill_valkey")
    for play.time, told, done in ((1.0, 7, 7), (2.0, 7, 7), (3.0, 9, 8), (4.0, 12, 8), (5.0, 12, 9)):
        assert disturbance.seconds is None
        play.look(told, done)
    assert play.disturbances.recoveries == [(5.0, "kill_valkey")]
    assert disturbance.ended.is_set()
    assert not play.disturbances.stuck


def test_one_log_that_is_not_dealt_with_is_enough_not_to_be_over_it() -> None:
    play = Play()
    play.disturbances.begin("kill_valkey")
    for told in count(1):
        play.time += 1
        play.disturbances.look(dict.fromkeys(LOGS, told), dict.fromkeys(LOGS, told + 1) | {"catalog": 1})
        play.disturbances.give_up_late_ones()
        if play.disturbances.stuck:
            break
    assert play.disturbances.stuck[0].startswith("not over kill_valkey after")
    assert "janitor" in play.disturbances.stuck[0]
    assert not play.disturbances.waiting


def test_the_time_to_be_over_it_begins_again_with_a_fault_on_top() -> None:
    play = Play()
    play.look(1, 1)
    play.disturbances.begin("kill_valkey")
    limit = play.disturbances.limit("kill_valkey")
    with play.disturbances.going_on("restart_postgres"):
        play.time = limit + 50
        play.look(1, 1)
    play.time += play.disturbances.limit("restart_postgres") - 1
    play.look(1, 1)
    assert not play.disturbances.stuck
    play.time += 2
    play.look(1, 1)
    assert [text.partition(" after")[0] for text in play.disturbances.stuck] == ["not over kill_valkey"]


def test_a_log_that_was_restored_goes_on_from_an_earlier_moment() -> None:
    play = Play()
    play.look(90, 90)
    play.disturbances.begin("kill_valkey")
    for told in (100, 101, 50, 51):
        play.look(told, min(told, 100) if told > 51 else told)
    assert [name for _, name in play.disturbances.recoveries] == ["kill_valkey"]


def test_an_end_at_a_named_moment_gives_no_other_fault_more_time() -> None:
    play = Play()
    play.disturbances.begin("kill_valkey")
    play.time = play.disturbances.limit("kill_valkey") - 1
    play.disturbances.begin("killed relay before XADD")
    play.time += 2
    play.look(1, 1)
    assert [text.partition(" after")[0] for text in play.disturbances.stuck] == ["not over kill_valkey"]


def test_what_takes_long_is_not_made_worse() -> None:
    play = Play()
    play.disturbances.begin("kill_valkey")
    assert not play.disturbances.pressing
    play.time = 31
    assert play.disturbances.pressing


def test_a_slow_machine_is_told_by_what_takes_how_long_while_nothing_is_wrong() -> None:
    play = Play()
    quick = play.disturbances.limit("kill_valkey")
    for seconds in (1.0, 9.0, 2.0):
        play.disturbances.begin(UNDISTURBED)
        for told in (1, 2):
            play.time += seconds / 2
            play.look(told, told)
    assert play.disturbances.undisturbed == 2.0
    assert play.disturbances.limit("kill_valkey") == quick + 40
    assert not play.disturbances.recoveries
    assert not play.disturbances.begun
