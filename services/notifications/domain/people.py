"""Which members have a part, and who stands in for those who left."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

from services.notifications.domain.audience import Parts
from shared.consuming.deputies import Staff, UnknownMember, stand_in
from shared.events.referral import ReferralAssigned, ReferralState, Side


class Person(Staff, Protocol):
    """What the rules need to know of a member of staff."""

    @property
    def roles(self) -> Sequence[str]: ...


Members = Mapping[UUID, Person]
_ROLES: Final[Mapping[Side, tuple[str, str]]] = {
    "source": ("adviser", "recipient"),
    "target": ("recipient", "adviser"),
}
"""Side → the role with which its members open referrals, and the role that is told where no active member has that."""


def heirs(member: Person, side: Side, members: Members) -> frozenset[UUID]:
    """Who is told in a member's place: the member when active, else the deputy, else everybody as `staff` says.

    Raises UnknownMember for a deputy who is not in `members`.
    """
    one = _stand_in(member, side, members)
    return frozenset({one}) if one else staff(member.organization_id, side, members)


def _stand_in(member: Person, side: Side, members: Members) -> UUID | None:
    """The member when active, else a deputy with the role that opens referrals on that side, else None."""
    one = stand_in(member, members)
    return one if one is None or one == member.id or _ROLES[side][0] in members[one].roles else None


def members_told(parts: Parts, referral: ReferralState, members: Members) -> frozenset[UUID]:
    """The ids of the active members who hold one of `parts` in a referral.

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
    """The member from whom the referral was taken, if still active at the target. A deputy need not be told of it."""
    if not isinstance(referral, ReferralAssigned) or referral.former_member_id is None:
        return frozenset()
    former = _known(referral.former_member_id, members)
    there = former.active and former.organization_id == referral.target_organization_id
    return frozenset({former.id}) if there else frozenset()


def coordinators(members: Members) -> frozenset[UUID]:
    """The ids of the active coordinators among `members`, whatever their organisation."""
    return frozenset(person.id for person in members.values() if person.active and "coordinator" in person.roles)


def _desk(referral: ReferralState, members: Members) -> frozenset[UUID]:
    """The ids of the members who receive referrals at the target today; where there are none, of its advisers.

    Raises UnknownMember when a member of the desk as it was when the referral was sent, or the deputy of one who has
    left, is not in `members` yet: that member may be the only one to tell.
    """
    target = referral.target_organization_id
    for member_id in referral.desk_member_ids:
        person = _known(member_id, members)
        if person.organization_id == target:
            stand_in(person, members)
    return staff(target, "target", members)


def staff(organization_id: UUID, side: Side, members: Members) -> frozenset[UUID]:
    """The ids of the organisation's active members with the role for that side; where there are none, for the other."""
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
