"""The story: its chapters, and the list of who has to be told of what."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from luotsi.demo.answered import advice_for_a_founder, work_found_elsewhere
from luotsi.demo.overdue import answered_late
from luotsi.demo.passed_on import passed_on_and_withdrawn
from luotsi.demo.people import ADVISER, BUSINESS_DESK, COORDINATOR, TALENT_DESK
from luotsi.demo.record import End, Expected, Which
from luotsi.demo.stage import Stage


@dataclass(frozen=True)
class Chapter:
    """A part of the story, with every notice that is due in it.

    The notices are listed here and not taken from the services, so that the list can find a mistake there. `ahead`: it
    needs a platform whose clock can be set ahead.
    """

    play: Callable[[Stage], Awaitable[None]]
    expected: tuple[Expected, ...]
    ends: dict[Which, End]
    ahead: bool = False


CHAPTERS = (
    Chapter(
        advice_for_a_founder,
        (
            Expected("first", "referral.sent.v1", BUSINESS_DESK),
            Expected("first", "referral.first_viewed.v1", ADVISER),
            Expected("first", "referral.accepted.v1", ADVISER),
            Expected("first", "referral.started.v1", ADVISER),
            Expected("first", "referral.completed.v1", ADVISER),
        ),
        {"first": End("completed")},
    ),
    Chapter(
        work_found_elsewhere,
        (
            Expected("second", "referral.sent.v1", TALENT_DESK),
            Expected("second", "referral.first_viewed.v1", ADVISER),
            Expected("second", "referral.declined.v1", ADVISER),
            Expected("third", "referral.sent.v1", BUSINESS_DESK),
            Expected("third", "referral.first_viewed.v1", ADVISER),
            Expected("third", "referral.accepted.v1", ADVISER),
            Expected("third", "referral.started.v1", ADVISER),
            Expected("third", "referral.completed.v1", ADVISER),
        ),
        {"second": End("rejected"), "third": End("completed")},
    ),
    Chapter(
        passed_on_and_withdrawn,
        (
            Expected("fourth", "referral.sent.v1", BUSINESS_DESK),
            Expected("fourth", "referral.first_viewed.v1", ADVISER),
            Expected("fourth", "referral.accepted.v1", ADVISER),
            Expected("fourth", "referral.forwarded.v1", ADVISER),
            Expected("fifth", "referral.sent.v1", TALENT_DESK),
            Expected("fifth", "referral.first_viewed.v1", BUSINESS_DESK),
            Expected("fifth", "referral.first_viewed.v1", ADVISER, opens="fourth"),
            Expected("fifth", "referral.accepted.v1", BUSINESS_DESK),
            Expected("fifth", "referral.accepted.v1", ADVISER, opens="fourth"),
            Expected("fourth", "referral.consent_withdrawn.v1", BUSINESS_DESK),
            Expected("fifth", "referral.consent_withdrawn.v1", TALENT_DESK),
            Expected("fifth", "referral.consent_withdrawn.v1", BUSINESS_DESK),
        ),
        {"fourth": End("cancelled"), "fifth": End("cancelled", BUSINESS_DESK)},
    ),
    Chapter(
        answered_late,
        (
            Expected("sixth", "referral.sent.v1", TALENT_DESK),
            Expected("sixth", "referral.overdue.v1", TALENT_DESK),
            Expected("sixth", "referral.overdue_again.v1", TALENT_DESK),
            Expected("sixth", "referral.overdue_again.v1", COORDINATOR),
            Expected("sixth", "referral.first_viewed.v1", ADVISER),
            Expected("sixth", "referral.accepted.v1", ADVISER),
            Expected("sixth", "referral.started.v1", ADVISER),
            Expected("sixth", "referral.completed.v1", ADVISER),
        ),
        {"sixth": End("completed")},
        ahead=True,
    ),
)

EXPECTED = tuple(expected for chapter in CHAPTERS for expected in chapter.expected)
"""Everything that anybody has to be told, where the clock can be set ahead."""


def chapters_for(*, ahead: bool) -> list[Chapter]:
    """The chapters that can be played; `ahead` says whether the clock can be set."""
    return [chapter for chapter in CHAPTERS if ahead or not chapter.ahead]
