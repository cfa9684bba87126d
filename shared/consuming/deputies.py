"""Deputies: who stands in for a member who has left."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID


class Staff(Protocol):
    """What deciding takes to know of a member."""

    @property
    def id(self) -> UUID: ...
    @property
    def organization_id(self) -> UUID: ...
    @property
    def active(self) -> bool: ...
    @property
    def deputy_id(self) -> UUID | None: ...


class UnknownMember(Exception):
    """A member on whom the decision depends is not known yet."""

    def __init__(self, member_id: UUID) -> None:
        super().__init__(str(member_id))
        self.member_id = member_id


def stand_in(member: Staff, known: Mapping[UUID, Staff]) -> UUID | None:
    """The member when active, else the first active one along the chain of deputies in the same organisation.

    None where the chain ends, or runs in a circle, before it comes to somebody active.
    Raises UnknownMember when a deputy is not in `known`.
    """
    passed: set[UUID] = set()
    person = member
    while not person.active:
        passed.add(person.id)
        if person.deputy_id is None or person.deputy_id in passed:
            return None
        deputy = known.get(person.deputy_id)
        if deputy is None:
            raise UnknownMember(person.deputy_id)
        if deputy.organization_id != member.organization_id:
            return None
        person = deputy
    return person.id
