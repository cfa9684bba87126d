"""Who stands in for a member who has left."""

from dataclasses import dataclass
from uuid import UUID

from shared.deputies import stand_in
from shared.ids import new_id


@dataclass
class Member:
    id: UUID
    active: bool
    deputy_id: UUID | None = None


def staff(*members: Member) -> dict[UUID, Member]:
    return {member.id: member for member in members}


def test_an_active_member_acts_itself() -> None:
    member = Member(new_id(), True)
    assert stand_in(member.id, staff(member)) == member.id


def test_the_deputy_of_a_deputy_acts_when_both_have_left() -> None:
    last = Member(new_id(), True)
    middle = Member(new_id(), False, last.id)
    first = Member(new_id(), False, middle.id)
    assert stand_in(first.id, staff(first, middle, last)) == last.id


def test_nobody_acts_without_a_deputy_or_in_a_circle() -> None:
    alone = Member(new_id(), False)
    assert stand_in(alone.id, staff(alone)) is None
    one = Member(new_id(), False)
    other = Member(new_id(), False, one.id)
    one.deputy_id = other.id
    assert stand_in(one.id, staff(one, other)) is None
    assert stand_in(new_id(), staff(one, other)) is None
