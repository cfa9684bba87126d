"""Every state by every command: what the lifecycle allows is exactly this, and nothing else changes anything."""

import pytest

from services.referral.domain.lifecycle import (
    DISCLOSED,
    LIFECYCLE,
    OPEN,
    TERMINAL,
    IllegalCommand,
    Side,
    Status,
    commands_for,
    decide,
    discloses,
    is_open,
    may_write_messages,
)
from tests.contract import CONTRACT, ENDED, FOR_BELOW, SIDES


def test_the_table_has_the_commands_of_the_contract() -> None:
    assert set(LIFECYCLE) == set(CONTRACT)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("command", list(CONTRACT))
def test_every_state_by_every_command(status: Status, command: str) -> None:
    expected = CONTRACT[command].get(status)
    if expected is None:
        with pytest.raises(IllegalCommand) as refused:
            decide(command, status, was_sent=True, is_closed=False)
        assert status in refused.value.why
        assert command in refused.value.why
    else:
        rule = decide(command, status, was_sent=True, is_closed=False)
        assert (rule.to or status) == expected


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("command", list(CONTRACT))
def test_what_has_ended_may_still_end_what_was_passed_on(status: Status, command: str) -> None:
    expected = CONTRACT[command].get(status, status if status in FOR_BELOW.get(command, ()) else None)
    if expected is None:
        with pytest.raises(IllegalCommand):
            decide(command, status, was_sent=True, is_closed=False, ends_below=True)
    else:
        rule = decide(command, status, was_sent=True, is_closed=False, ends_below=True)
        assert (rule.to or status) == expected


@pytest.mark.parametrize("command", list(CONTRACT))
def test_each_command_belongs_to_the_side_of_the_contract(command: str) -> None:
    assert LIFECYCLE[command].sides == {Side(side) for side, commands in SIDES.items() if command in commands}


def test_a_closed_referral_is_not_closed_again() -> None:
    with pytest.raises(IllegalCommand, match="closed already"):
        decide("close", Status.COMPLETED, was_sent=True, is_closed=True)


def test_what_was_never_sent_needs_no_closing() -> None:
    with pytest.raises(IllegalCommand, match="never sent"):
        decide("close", Status.CANCELLED, was_sent=False, is_closed=False)


@pytest.mark.parametrize("status", list(Status))
def test_the_target_sees_the_client_only_in_disclosed_states(status: Status) -> None:
    assert discloses(Side.SOURCE, status)
    assert discloses(Side.TARGET, status) == (status in {"accepted", "in-progress", "on-hold", "completed", "failed"})


def test_states_are_open_or_terminal() -> None:
    assert OPEN.isdisjoint(TERMINAL)
    assert set(Status) == OPEN | TERMINAL
    assert set(Status) >= DISCLOSED


@pytest.mark.parametrize("status", list(Status))
def test_a_referral_is_open_until_its_source_has_looked(status: Status) -> None:
    ended_in_order = status in ENDED
    assert is_open(status, was_sent=True, is_closed=False) == (status in OPEN or ended_in_order)
    assert is_open(status, was_sent=True, is_closed=True) == (status in OPEN)
    assert is_open(status, was_sent=False, is_closed=False) == (status in OPEN)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("status", list(Status))
def test_offered_commands_are_the_legal_ones_of_the_side(side: Side, status: Status) -> None:
    legal = {command for command in SIDES[side] if status in CONTRACT[command]}
    state = {"was_sent": True, "is_closed": False}
    assert set(commands_for(side, status, **state, rests_on_consent=True)) == legal
    assert set(commands_for(side, status, **state, rests_on_consent=False)) == legal - {"withdraw-consent"}
    last = commands_for(side, status, **state, rests_on_consent=True, may_be_forwarded=False)
    assert set(last) == legal - {"forward"}


@pytest.mark.parametrize("status", list(Status))
def test_messages_need_a_sent_and_unclosed_referral(status: Status) -> None:
    assert may_write_messages(status, was_sent=True, is_closed=False) == (status != "entered-in-error")
    assert not may_write_messages(status, was_sent=True, is_closed=True)
    assert not may_write_messages(status, was_sent=False, is_closed=False)
