"""Who is told what, who stands in for whom, and when a delivery is tried again. Pure rules, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel

from shared.deputies import Staff, UnknownMember, stand_in
from shared.events.envelope import Names
from shared.events.referral import ReferralAssigned, ReferralState, Side

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

TOLD: Final[Mapping[str, Told]] = {
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

HEARD: Final = tuple(event_type for event_type, told in TOLD.items() if told != _always(NOBODY))
"""The event types that can lead to a notice."""


def audience(event_type: str, referral: ReferralState, by_side: Side | None) -> Parts:
    """Who is told of an event. Raises KeyError for a type that the table does not name."""
    told = TOLD[event_type]
    if referral.sent_at is None:
        return NOBODY
    return told.of(by_side) - (NOBODY if referral.parent_id else FIRST)


class Person(Staff, Protocol):
    """What the rules need to know of a member of staff."""

    @property
    def roles(self) -> Sequence[str]: ...


Members = Mapping[UUID, Person]


_ROLES: Final[Mapping[Side, tuple[str, str]]] = {
    "source": ("adviser", "recipient"),
    "target": ("recipient", "adviser"),
}
"""Side → the role by which its members open referrals, and the one that is told where nobody has it."""


def heirs(member: Person, side: Side, members: Members) -> frozenset[UUID]:
    """Who is told instead of a member: itself when active, else its deputy, else all who open referrals on its side.

    Where nobody does, other active advisers or recipients of the organisation are told, so that nothing is lost.
    Raises UnknownMember as `stand_in` does.
    """
    one = _stand_in(member, side, members)
    return frozenset({one}) if one else _staff(member.organization_id, side, members)


def _stand_in(member: Person, side: Side, members: Members) -> UUID | None:
    """The member itself, or a deputy who may open the referrals on that side; any other deputy counts as none."""
    one = stand_in(member, members)
    return one if one is None or one == member.id or _ROLES[side][0] in members[one].roles else None


def members_told(parts: Parts, referral: ReferralState, members: Members) -> frozenset[UUID]:
    """The active members who are told, each once.

    `members` holds everybody of the organisations concerned, and those the referral names. Raises UnknownMember
    when one whom the referral names, or a deputy of one, is missing from it.
    """
    told: frozenset[UUID] = frozenset()
    if "source_adviser" in parts:
        adviser = _known(referral.source_member_id, members)
        if adviser.organization_id == referral.source_organization_id:
            # What a desk passed on is the desk's own work, and open to it.
            told |= heirs(adviser, "target" if referral.parent_id else "source", members)
    if "first_adviser" in parts and referral.first_source_member_id is not None:
        first = _known(referral.first_source_member_id, members)
        if first.organization_id == referral.first_source_organization_id:
            told |= heirs(first, "source", members)
    if "desk" in parts:
        told |= _desk(referral, members)
    if "assigned" in parts and referral.assigned_member_id is not None:
        assigned = _known(referral.assigned_member_id, members)
        one = _stand_in(assigned, "target", members)
        if one and assigned.organization_id == referral.target_organization_id:
            told |= {one}
    if "formerly_assigned" in parts:
        told |= _formerly_assigned(referral, members)
    return told


def _formerly_assigned(referral: ReferralState, members: Members) -> frozenset[UUID]:
    """From whom the referral was taken, while there; nobody stands in for having less to do."""
    if not isinstance(referral, ReferralAssigned) or referral.former_member_id is None:
        return frozenset()
    former = _known(referral.former_member_id, members)
    there = former.active and former.organization_id == referral.target_organization_id
    return frozenset({former.id}) if there else frozenset()


def coordinators(members: Members) -> frozenset[UUID]:
    """The active coordinators among `members`, whatever their organisation: they see to all referrals."""
    return frozenset(person.id for person in members.values() if person.active and "coordinator" in person.roles)


def _desk(referral: ReferralState, members: Members) -> frozenset[UUID]:
    """Those who take referrals now, which a deputy does who may; where nobody does, the advisers.

    Whoever did so when it was sent has to be known, and their deputies: one of them may be all there is.
    """
    target = referral.target_organization_id
    for member_id in referral.desk_member_ids:
        person = _known(member_id, members)
        if person.organization_id == target:
            stand_in(person, members)
    return _staff(target, "target", members)


def _staff(organization_id: UUID, side: Side, members: Members) -> frozenset[UUID]:
    """All active members who open referrals on that side; where there are none, those of the other."""
    for role in _ROLES[side]:
        found = frozenset(person.id for person in members.values() if _serves(person, organization_id, role))
        if found:
            return found
    return frozenset()


def _serves(person: Person, organization_id: UUID, role: str) -> bool:
    return person.active and person.organization_id == organization_id and role in person.roles


def _known(member_id: UUID, members: Members) -> Person:
    person = members.get(member_id)
    if person is None:
        raise UnknownMember(member_id)
    return person


class About(BaseModel):
    """What a notice may show of a referral: never who the client is, never free text.

    For the first adviser of a chain, `reference` is that of the first referral, which is the one this adviser can
    open, and `first_organization_id` is the adviser's organisation; all else is about the one that was passed on.
    `taken_away` is for a reader from whom the referral was taken.
    """

    reference: str
    status: str
    urgent: bool
    by_side: Side | None
    source_organization_id: UUID
    source: Names
    target_organization_id: UUID
    target: Names
    service_id: UUID
    service: Names
    suggested_service_id: UUID | None = None
    suggested: Names | None = None
    suggested_from: Names | None = None
    taken_away: bool = False
    # Told to somebody as coordinator, who opens the overview and not the referral.
    to_coordinator: bool = False
    first_organization_id: UUID | None = None

    def side_of(self, organization_id: UUID) -> Side:
        """The side on which an organisation stands that was told."""
        return "source" if organization_id in (self.source_organization_id, self.first_organization_id) else "target"


def wording(event_type: str, about: About) -> str:
    """Which text tells of an event: the key under which the message catalogues hold its title and body."""
    name = event_type.removeprefix("referral.").removesuffix(".v1")
    variants = (
        (f"passed_on_{name}", about.first_organization_id is not None),
        ("sent_urgent", name == "sent" and about.urgent),
        ("declined_suggestion", name == "declined" and about.suggested is not None),
        ("handed_over_by_target", name == "handed_over" and about.by_side == "target"),
        ("taken_away", name == "assigned" and about.taken_away),
        (f"{name}_by_{about.by_side or 'nobody'}", name in ("cancelled", "message_sent")),
        (f"{name}_to_coordinator", about.to_coordinator),
    )
    return next((variant for variant, holds in variants if holds), name)


RETRY_AFTER: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=20),
)
"""How long a delivery waits after its first, second, … failed attempt; after the last it is given up."""

MAX_ATTEMPTS: Final = len(RETRY_AFTER) + 1


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """When to try again after the `attempts`-th attempt failed at `now`; None when there is nothing more to try."""
    return now + RETRY_AFTER[attempts - 1] if attempts < MAX_ATTEMPTS else None
