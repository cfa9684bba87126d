"""Members as the copies of the catalogue know them, whether they may act, and which of them want mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Uuid, and_, any_, bindparam, exists, false, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col

from services.notifications.tables import Member, Organization, Preference
from shared.database.transaction import Transaction
from shared.membership import may_act

_organizations: Final = bindparam("organizations", type_=ARRAY(Uuid))
_of_them = col(Member.organization_id) == any_(_organizations)
_their_deputies = select(col(Member.deputy_id)).where(_of_them, col(Member.deputy_id).is_not(None))
_declines_mail = exists().where(col(Preference.member_id) == col(Member.id), ~col(Preference.email))
MAY_ACT: Final[ColumnElement[bool]] = func.coalesce(may_act(col(Member.active), col(Organization.active)), false())
"""Whether a member may act, in queries that join the copies of the two; an organisation not known yet is none."""

_PEOPLE: Final = (
    select(
        col(Member.id),
        col(Member.organization_id),
        col(Member.email),
        col(Member.roles),
        MAY_ACT,
        col(Member.deputy_id),
        _declines_mail,
    )
    .outerjoin(Organization, col(Organization.id) == col(Member.organization_id))
    .where(
        or_(
            _of_them,
            col(Member.id) == any_(bindparam("named", type_=ARRAY(Uuid))),
            col(Member.id).in_(_their_deputies),
            and_(bindparam("with_coordinators", type_=Boolean), col(Member.roles).contains(["coordinator"])),
        )
    )
)


@dataclass(frozen=True)
class Colleague:
    """A member of staff as the rules see one. `active`: may act, and so is told of what happens."""

    id: UUID
    organization_id: UUID
    email: str
    roles: Sequence[str]
    active: bool
    deputy_id: UUID | None


@dataclass(frozen=True)
class People:
    """Members by id, and the ids of those who have chosen to get no mail."""

    members: dict[UUID, Colleague]
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
    members = {row[0]: Colleague(*row[:6]) for row in found}
    return People(members, frozenset(row[0] for row in found if row[6]))
