"""The one table of who is told what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from shared.events.referral import ReferralState, Side

Part = Literal["desk", "assigned", "formerly_assigned", "source_adviser", "first_adviser", "coordinator"]
"""The part somebody has in a referral: in the target's desk, who it is or was assigned to, its source adviser.

The first adviser is who began the chain of a referral that was passed on; no other referral has one. A coordinator has
none, and sees to it that referrals do not stall: told of what stalls, and shown the overview.
"""

Parts = frozenset[Part]
NOBODY: Final[Parts] = frozenset()
TARGET_SIDE: Final[Parts] = frozenset({"desk", "assigned"})
SOURCE_SIDE: Final[Parts] = frozenset({"source_adviser"})
STALLED: Final[Parts] = TARGET_SIDE | {"coordinator"}
FIRST: Final[Parts] = frozenset({"first_adviser"})


@dataclass(frozen=True)
class Told:
    """Who is told of an event, by the side that caused it; `by_nobody` is for what no person did."""

    by_source: Parts
    by_target: Parts
    by_nobody: Parts

    def of(self, by_side: Side | None) -> Parts:
        """Who is told when `by_side` did it."""
        if by_side is None:
            return self.by_nobody
        return self.by_source if by_side == "source" else self.by_target


def _always(parts: Parts) -> Told:
    return Told(parts, parts, parts)


_SOURCE_AND_FIRST: Final = SOURCE_SIDE | FIRST
_TARGET_AND_FIRST: Final = TARGET_SIDE | FIRST
_OTHER_SIDE: Final = Told(by_source=TARGET_SIDE, by_target=SOURCE_SIDE, by_nobody=TARGET_SIDE | SOURCE_SIDE)
AUDIENCE: Final[Mapping[str, Told]] = {
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
    "referral.cancelled.v1": Told(_TARGET_AND_FIRST, _SOURCE_AND_FIRST, TARGET_SIDE | _SOURCE_AND_FIRST),
    # Nobody of its own two sides did it when the consent further up the chain was withdrawn.
    "referral.consent_withdrawn.v1": Told(_TARGET_AND_FIRST, _TARGET_AND_FIRST, TARGET_SIDE | _SOURCE_AND_FIRST),
    "referral.marked_in_error.v1": _always(_TARGET_AND_FIRST),
    "referral.answer_seen.v1": _always(NOBODY),
    "referral.followed.v1": _always(NOBODY),
    "referral.closed.v1": _always(NOBODY),
    # Here the side is the one whose member has left; the heir is told, at a desk all who may take it up.
    "referral.handed_over.v1": Told(by_source=SOURCE_SIDE, by_target=TARGET_SIDE, by_nobody=SOURCE_SIDE),
    "referral.assigned.v1": _always(frozenset({"assigned", "formerly_assigned"})),
    "referral.message_sent.v1": _OTHER_SIDE,
    "referral.due_soon.v1": _always(TARGET_SIDE),
    "referral.overdue.v1": _always(TARGET_SIDE),
    "referral.overdue_again.v1": _always(STALLED),
    "referral.expired.v1": _always(_SOURCE_AND_FIRST),
    "referral.not_started.v1": _always(STALLED),
    "referral.no_news.v1": _always(STALLED),
    "referral.forwarded.v1": _always(_SOURCE_AND_FIRST),
}
"""The one table of who is told what; whoever did it is not told.

Whatever is told of a referral that was never sent is told to nobody. The first adviser is told what becomes of what was
passed on, and of nothing that only those who can open it can use: messages, and who looks after it.
"""

HEARD: Final = tuple(event_type for event_type, told in AUDIENCE.items() if told != _always(NOBODY))
"""The event types that can lead to a notice."""


def audience(event_type: str, referral: ReferralState, by_side: Side | None) -> Parts:
    """Who is told of an event. Raises KeyError for a type that the table does not name."""
    told = AUDIENCE[event_type]
    if referral.sent_at is None:
        return NOBODY
    return told.of(by_side) - (NOBODY if referral.parent_id else FIRST)
