"""Deputies: who stands in for a member who has left."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID


class Staff(Protocol):
    """What deciding takes to know of a member."""

    id: UUID
    active: bool
    deputy_id: UUID | None


def stand_in(member_id: UUID, staff: Mapping[UUID, Staff]) -> UUID | None:
    """The member who acts for `member_id`: itself while active, else its deputy, or the deputy's deputy.

    None when the chain ends with nobody active, or goes in a circle.
    """
    seen: set[UUID] = set()
    current = staff.get(member_id)
    while current is not None and current.id not in seen:
        if current.active:
            return current.id
        seen.add(current.id)
        current = staff.get(current.deputy_id) if current.deputy_id else None
    return None
