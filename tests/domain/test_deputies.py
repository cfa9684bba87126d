"""Who stands in for a member who has left."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest

from shared.consuming.deputies import UnknownMember, stand_in
from shared.ids import new_id

HERE = new_id()


@dataclass
class Member:
    active: bool
    deputy_id: UUID | None = None
    organization_id: UUID = HERE
    id: UUID = field(default_factory=new_id)


def known(*members: Member) -> dict[UUID, Member]:
    return {member.id: member for member in members}


def test_an_active_member_acts_itself() -> None:
    member = Member(True)
    assert stand_in(member, {}) == member.id


def test_the_deputy_of_a_deputy_acts_when_both_have_left() -> None:
    last = Member(True)
    middle = Member(False, last.id)
    first = Member(False, middle.id)
    assert stand_in(first, known(middle, last)) == last.id


def test_nobody_acts_without_a_deputy_in_a_circle_or_from_elsewhere() -> None:
    assert stand_in(Member(False), {}) is None
    one = Member(False)
    other = Member(False, one.id)
    one.deputy_id = other.id
    assert stand_in(one, known(one, other)) is None
    elsewhere = Member(True, organization_id=new_id())
    assert stand_in(Member(False, elsewhere.id), known(elsewhere)) is None


def test_a_deputy_who_is_not_known_is_named() -> None:
    somebody = new_id()
    with pytest.raises(UnknownMember) as unknown:
        stand_in(Member(False, somebody), {})
    assert unknown.value.member_id == somebody
