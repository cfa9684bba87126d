"""Members as the copy of the catalogue knows them, and which of them want mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Boolean, Uuid, and_, any_, bindparam, exists, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col

from services.notifications.tables import Member, Preference
from shared.database.transaction import Transaction

_organizations: Final = bindparam("organizations", type_=ARRAY(Uuid))
_of_them = col(Member.organization_id) == any_(_organizations)
_their_deputies = select(col(Member.deputy_id)).where(_of_them, col(Member.deputy_id).is_not(None))
_declines_mail = exists().where(col(Preference.member_id) == col(Member.id), ~col(Preference.email))
_PEOPLE: Final = select(Member, _declines_mail).where(
    or_(
        _of_them,
        col(Member.id) == any_(bindparam("named", type_=ARRAY(Uuid))),
        col(Member.id).in_(_their_deputies),
        and_(bindparam("with_coordinators", type_=Boolean), col(Member.roles).contains(["coordinator"])),
    )
)


@dataclass(frozen=True)
class People:
    """Members by id, and the ids of those who have chosen to get no mail."""

    members: dict[UUID, Member]
    without_mail: frozenset[UUID]


async def people_of(
    tx: Transaction,
    organizations: Sequence[UUID],
    *,
    named: Sequence[UUID] = (),
    with_coordinators: bool = False,
) -> People:
    """Everybody of some organisations with their deputies, wherever these are, and those `named`, as far as known.

    With `with_coordinators`, every coordinator as well.
    """
    asked = {"organizations": organizations, "named": named, "with_coordinators": with_coordinators}
    found = await tx.tuples(_PEOPLE, asked)
    members = {member.id: member for member, _ in found}
    return People(members, frozenset(member.id for member, declines_mail in found if declines_mail))
