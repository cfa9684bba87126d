"""The referral's lifecycle and its rules. No I/O, no clock, no framework: an illegal move raises.

States are HL7 FHIR R4 Task status codes, verbatim. `LIFECYCLE` is the one place that says which command
does what; the HTTP routes, the tests and docs/lifecycle.md are all made from it.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """HL7 FHIR R4 Task.status, the codes that a referral uses."""

    DRAFT = "draft"
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IN_PROGRESS = "in-progress"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"


class Side(StrEnum):
    """The two organisations of a referral."""

    SOURCE = "source"
    TARGET = "target"


class Reason(StrEnum):
    """Why a referral was declined, held, failed, cancelled or marked as an error."""

    NO_CAPACITY = "no_capacity"
    NOT_ELIGIBLE = "not_eligible"
    OUTSIDE_AREA = "outside_area"
    MISSING_INFORMATION = "missing_information"
    LACK_OF_RESOURCES = "lack_of_resources"
    COULD_NOT_CONTACT = "could_not_contact"
    CLIENT_NOT_INTERESTED = "client_not_interested"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OTHER = "other"


class Outcome(StrEnum):
    """What became of the client."""

    SERVICES_RECEIVED = "services_received"
    ENROLLED = "enrolled"
    WAITLISTED = "waitlisted"
    NOT_ENROLLED = "not_enrolled"
    REFERRED_ELSEWHERE = "referred_elsewhere"
    NO_SHOW = "no_show"
    NEEDS_NOT_MET = "needs_not_met"


class Carries(StrEnum):
    """What a command must bring along."""

    NOTHING = "nothing"
    CHOICE = "what to do about a possible duplicate; nothing is needed"
    REASON = "reason"
    DECLINE = "reason, with a text only for `other`; a better service may be suggested"
    OUTCOME = "outcome"
    WITHDRAWAL = "who told of the withdrawal, and when"
    FORWARD = "another organisation's service, and a fresh legal basis for it"


OPEN: Final = frozenset({Status.DRAFT, Status.REQUESTED, Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD})
"""States from which a referral still moves."""

TERMINAL: Final = frozenset(Status) - OPEN

DISCLOSED: Final = frozenset({Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD, Status.COMPLETED, Status.FAILED})
"""States in which the target sees who the client is, and the free text about the client."""

_UNDER_WAY: Final = frozenset({Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD})
_BOTH: Final = frozenset(Side)
_NOBODY: Final[frozenset[Side]] = frozenset()
_SOURCE: Final = frozenset({Side.SOURCE})
_TARGET: Final = frozenset({Side.TARGET})


@dataclass(frozen=True)
class Rule:
    """One row of the lifecycle. `to` is None where the status stays; `stamps` is the time it sets.

    Without `sides` it is the clock's: nobody can give the command, and it has no route. In the states of `for_below`
    the command ends only what was passed on, as long as there is something to end; the status of the referral stays.
    """

    sources: frozenset[Status]
    to: Status | None
    sides: frozenset[Side]
    event: str
    carries: Carries = Carries.NOTHING
    stamps: str | None = None
    for_below: frozenset[Status] = frozenset()


LIFECYCLE: Final[dict[str, Rule]] = {
    "send": Rule(frozenset({Status.DRAFT}), Status.REQUESTED, _SOURCE, "sent", Carries.CHOICE, "sent_at"),
    "accept": Rule(frozenset({Status.REQUESTED}), Status.ACCEPTED, _TARGET, "accepted", stamps="accepted_at"),
    "decline": Rule(
        frozenset({Status.REQUESTED}), Status.REJECTED, _TARGET, "declined", Carries.DECLINE, "declined_at"
    ),
    "start": Rule(frozenset({Status.ACCEPTED}), Status.IN_PROGRESS, _TARGET, "started", stamps="started_at"),
    "hold": Rule(frozenset({Status.ACCEPTED, Status.IN_PROGRESS}), Status.ON_HOLD, _TARGET, "held", Carries.REASON),
    "resume": Rule(frozenset({Status.ON_HOLD}), Status.IN_PROGRESS, _TARGET, "resumed"),
    "complete": Rule(_UNDER_WAY, Status.COMPLETED, _TARGET, "completed", Carries.OUTCOME, "completed_at"),
    "fail": Rule(_UNDER_WAY, Status.FAILED, _TARGET, "failed", Carries.REASON),
    "cancel": Rule(OPEN, Status.CANCELLED, _BOTH, "cancelled", Carries.REASON),
    "withdraw-consent": Rule(
        OPEN,
        Status.CANCELLED,
        _SOURCE,
        "consent_withdrawn",
        Carries.WITHDRAWAL,
        for_below=TERMINAL - {Status.ENTERED_IN_ERROR},
    ),
    "expire": Rule(frozenset({Status.REQUESTED}), Status.CANCELLED, _NOBODY, "expired"),
    "mark-error": Rule(
        frozenset(Status) - {Status.ENTERED_IN_ERROR},
        Status.ENTERED_IN_ERROR,
        _SOURCE,
        "marked_in_error",
        Carries.REASON,
    ),
    "close": Rule(
        frozenset({Status.COMPLETED, Status.FAILED, Status.REJECTED, Status.CANCELLED}),
        None,
        _SOURCE,
        "closed",
        stamps="closed_at",
    ),
    "forward": Rule(frozenset({Status.ACCEPTED, Status.IN_PROGRESS}), None, _TARGET, "forwarded", Carries.FORWARD),
}
"""Command → rule. Creating and editing a draft are no commands on a referral that another side could see.

`forward` creates another referral, the child of this one.
"""


class IllegalCommand(Exception):
    """The referral's state does not allow the command; `why` says so in words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def decide(command: str, status: Status, *, was_sent: bool, is_closed: bool, ends_below: bool = False) -> Rule:
    """The rule that `command` follows from `status`. Raises IllegalCommand; changes nothing.

    A cancelled referral that was never sent needs no closing: nobody was told that it existed. `ends_below`: whether
    the command would end something that was passed on from the referral.
    """
    rule = LIFECYCLE[command]
    if ends_below and status in rule.for_below:
        return replace(rule, to=None)
    if status not in rule.sources:
        states = ", ".join(sorted(rule.sources))
        besides = ", and nothing that was passed on from it is still to be ended" if status in rule.for_below else ""
        raise IllegalCommand(f"`{command}` is possible when the referral is {states}; it is {status}{besides}.")
    if command == "close" and is_closed:
        raise IllegalCommand("The referral is closed already.")
    if command == "close" and not was_sent:
        raise IllegalCommand("The referral was never sent, so there is nothing to close.")
    return rule


def commands_for(
    side: Side,
    status: Status,
    *,
    was_sent: bool,
    is_closed: bool,
    rests_on_consent: bool,
    may_be_forwarded: bool = True,
    withdrawal_ends_below: bool = False,
) -> list[str]:
    """The commands that `side` may give now, in the order of the lifecycle.

    `withdrawal_ends_below`: whether withdrawing the consent would end something that was passed on.
    """
    excluded = {"withdraw-consent": not rests_on_consent, "forward": not may_be_forwarded}
    possible = []
    for command, rule in LIFECYCLE.items():
        if side in rule.sides and not excluded.get(command, False):
            try:
                decide(command, status, was_sent=was_sent, is_closed=is_closed, ends_below=withdrawal_ends_below)
            except IllegalCommand:
                continue
            possible.append(command)
    return possible


def is_open(status: Status, *, was_sent: bool, is_closed: bool) -> bool:
    """Whether somebody still has to do something: not ended, or ended and not acknowledged by the source."""
    return status in OPEN or (was_sent and not is_closed and status is not Status.ENTERED_IN_ERROR)


def discloses(side: Side, status: Status) -> bool:
    """Whether `side` sees the client and the free text about the client (staged disclosure)."""
    return side is Side.SOURCE or status in DISCLOSED


def reads_messages(side: Side, written_by: Side, status: Status) -> bool:
    """Whether `side` may read what `written_by` wrote.

    The two sides may clear up questions before the target accepts; once it may no longer know the client,
    it no longer reads what the source wrote.
    """
    return side is written_by or discloses(side, status) or status is Status.REQUESTED


def may_be_assigned(status: Status) -> bool:
    """Whether the target may still say which of its members looks after the referral: from sending until it ends."""
    return status in OPEN and status is not Status.DRAFT


def may_write_messages(status: Status, *, was_sent: bool, is_closed: bool) -> bool:
    """Whether the two sides may still write to each other: from sending until the loop is closed."""
    return was_sent and not is_closed and status is not Status.ENTERED_IN_ERROR
