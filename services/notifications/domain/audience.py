"""Who is told what: for each event of a referral, the parts whose holders are told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from shared.events.referral import ReferralState, Side

Part = Literal["desk", "assigned", "formerly_assigned", "source_adviser", "first_adviser", "coordinator"]
"""In what part somebody is told of a referral.

desk: the members who receive referrals at the target, and the organisation's own address · assigned: the member of the
target who looks after the referral · formerly_assigned: the member from whom it was taken · source_adviser: the member
who sent it · first_adviser: who began the chain, where the referral was passed on from another; else there is none ·
coordinator: everybody with that role, who is told of what stalls and sees the overview, but not the referral.
"""

Parts = frozenset[Part]
NOBODY: Final[Parts] = frozenset()
TARGET_SIDE: Final[Parts] = frozenset({"desk", "assigned"})
SOURCE_SIDE: Final[Parts] = frozenset({"source_adviser"})
STALLED: Final[Parts] = TARGET_SIDE | {"coordinator"}
FIRST: Final[Parts] = frozenset({"first_adviser"})


@dataclass(frozen=True)
class AudienceRule:
    """Who is told of an event, by the side that caused it; `by_nobody` is for what no person did."""

    by_source: Parts
    by_target: Parts
    by_nobody: Parts

    def of(self, by_side: Side | None) -> Parts:
        """Who is told when `by_side` did it."""
        if by_side is None:
            return self.by_nobody
        return self.by_source if by_side == "source" else self.by_target


def _always(parts: Parts) -> AudienceRule:
    """The same parts, whoever caused the event."""
    return AudienceRule(parts, parts, parts)


_SOURCE_AND_FIRST: Final = SOURCE_SIDE | FIRST
_TARGET_AND_FIRST: Final = TARGET_SIDE | FIRST
_OTHER_SIDE: Final = AudienceRule(by_source=TARGET_SIDE, by_target=SOURCE_SIDE, by_nobody=TARGET_SIDE | SOURCE_SIDE)
_REACHES_BELOW: Final = AudienceRule(_TARGET_AND_FIRST, _TARGET_AND_FIRST, TARGET_SIDE | _SOURCE_AND_FIRST)
"""No side caused it where it was done to a referral further up the chain: both sides are told then."""
AUDIENCE: Final[Mapping[str, AudienceRule]] = {
    "referral.created.v1": _always(NOBODY),
    "referral.edited.v1": _always(NOBODY),
    "referral.sent.v1": _always(TARGET_SIDE),
    "referral.first_viewed.v1": _always(_SOURCE_AND_FIRST),
    "referral.accepted.v1": _always(_SOURCE_AND_FIRST),
    "referral.declined.v1": _always(_SOURCE_AND_FIRST),
    "referral.started.v1": _always(_SOURCE_AND_FIRST),
    "referral.held.v1": _always(_SOURCE_AND_FIRST),
    "referral.resumed.v1": _always(_SOURCE_AND_FIRST),
    "referral.completed.v1": _always(_SOURCE_AND_FIRST),
    "referral.failed.v1": _always(_SOURCE_AND_FIRST),
    "referral.cancelled.v1": AudienceRule(_TARGET_AND_FIRST, _SOURCE_AND_FIRST, TARGET_SIDE | _SOURCE_AND_FIRST),
    "referral.consent_withdrawn.v1": _REACHES_BELOW,
    "referral.marked_in_error.v1": _REACHES_BELOW,
    "referral.answer_seen.v1": _always(NOBODY),
    "referral.followed.v1": _always(NOBODY),
    "referral.closed.v1": _always(NOBODY),
    # Here `by_side` is the side whose member handed over: the people are told who answer for the referral there now.
    "referral.handed_over.v1": AudienceRule(by_source=SOURCE_SIDE, by_target=TARGET_SIDE, by_nobody=SOURCE_SIDE),
    "referral.assigned.v1": _always(frozenset({"assigned", "formerly_assigned"})),
    "referral.message_sent.v1": _OTHER_SIDE,
    "referral.due_soon.v1": _always(TARGET_SIDE),
    "referral.overdue.v1": _always(TARGET_SIDE),
    "referral.overdue_again.v1": _always(STALLED),
    "referral.expired.v1": _always(_SOURCE_AND_FIRST),
    "referral.not_started.v1": _always(STALLED),
    "referral.no_news.v1": _always(STALLED),
    "referral.forwarded.v1": _always(_SOURCE_AND_FIRST),
    # Here `by_side` is the side whose organisation it is: the other one is told. The coordinators are told once of an
    # organisation, and not of each of its referrals: `use_cases/organization_news.py`.
    "referral.organization_deactivated.v1": AudienceRule(TARGET_SIDE, _SOURCE_AND_FIRST, NOBODY),
    "referral.organization_reactivated.v1": AudienceRule(TARGET_SIDE, _SOURCE_AND_FIRST, NOBODY),
}
"""Event type → who is told of it. Two rules stand outside the table: the member who caused an event is not told of it
(`use_cases/telling.py`), and of a referral that was never sent nobody is told (`audience` below).

The first adviser of a chain is told what becomes of the referral that was passed on. Messages and changes of hands are
left out: they are of use only to people who can open that referral, and the first adviser cannot.
"""

HEARD: Final = tuple(event_type for event_type, rule in AUDIENCE.items() if rule != _always(NOBODY))
"""The event types that can lead to a notice."""


def audience(event_type: str, referral: ReferralState, by_side: Side | None) -> Parts:
    """Who is told of an event. Raises KeyError for a type that the table does not name."""
    rule = AUDIENCE[event_type]
    if referral.sent_at is None:
        return NOBODY
    return rule.of(by_side) - (NOBODY if referral.parent_id else FIRST)
