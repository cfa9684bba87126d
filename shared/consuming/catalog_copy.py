"""The copy of the catalogue's facts that the other services keep, and how they speak of it."""

from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Boolean, Text, Uuid, bindparam, column, table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, select

from shared.actors import Membership
from shared.consuming.copies import Copied, overwrite_all_if_newer
from shared.database.reader import Reader
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.catalog import MemberState, OrganizationState, ServiceState
from shared.events.envelope import Names, Payload
from shared.membership import may_act

# Each service has tables of its own with these names and columns: those of `MemberCopy` and `OrganizationCopy`.
_MEMBERS = table(
    "members",
    column("id", Uuid),
    column("organization_id", Uuid),
    column("roles", ARRAY(Text)),
    column("active", Boolean),
)
_ORGANIZATIONS = table("organizations", column("id", Uuid), column("active", Boolean))
_MEMBER = (
    select(_MEMBERS.c.organization_id, _MEMBERS.c.roles, may_act(_MEMBERS.c.active, _ORGANIZATIONS.c.active))
    .join(_ORGANIZATIONS, _ORGANIZATIONS.c.id == _MEMBERS.c.organization_id)
    .where(_MEMBERS.c.id == bindparam("id"))
)


class OrganizationNameCopy(Copied):
    """Which organisation it is, and whether its members may act, as the catalogue last published it."""

    __tablename__: ClassVar[str] = "organizations"

    id: UUID = Field(primary_key=True)
    slug: str = Field(sa_type=Text)
    name: dict[str, str] = Field(sa_type=JSONB)
    active: bool

    @property
    def names(self) -> Names:
        """The name in three languages."""
        return Names.model_validate(self.name)


class OrganizationCopy(OrganizationNameCopy):
    """An organisation with its desk address and closures, as the catalogue last published it."""

    email: str | None = Field(default=None, sa_type=Text)
    closures: list[dict[str, str]] = Field(default_factory=list, sa_type=JSONB)


class ServiceCopy(Copied):
    """A service, as the catalogue last published it."""

    __tablename__: ClassVar[str] = "services"

    id: UUID = Field(primary_key=True)
    slug: str = Field(sa_type=Text)
    organization_id: UUID = Field(index=True)
    name: dict[str, str] = Field(sa_type=JSONB)
    status: str = Field(sa_type=Text)
    capacity: str = Field(sa_type=Text)

    @property
    def names(self) -> Names:
        """The name in three languages."""
        return Names.model_validate(self.name)


class MemberCopy(Copied):
    """A member of staff, as the catalogue last published it."""

    __tablename__: ClassVar[str] = "members"

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(index=True)
    email: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    roles: list[str] = Field(sa_type=ARRAY(Text))
    active: bool
    deputy_id: UUID | None = None


_STATES: dict[type[Copied], type[Payload]] = {
    OrganizationNameCopy: OrganizationState,
    ServiceCopy: ServiceState,
    MemberCopy: MemberState,
}


async def apply(tx: Transaction, table: type[Copied], *events: Envelope) -> set[UUID]:
    """Bring the copies in `table` up to `events`; returns the ids of those to which one was news.

    `table` is a service's own table on one of the classes above.
    """
    return await overwrite_all_if_newer(tx, table, [_row(table, event) for event in events])


def _row(table: type[Copied], event: Envelope) -> dict[str, Any]:
    model = next(model for base, model in _STATES.items() if issubclass(table, base))
    state = model.model_validate(event.data).model_dump(mode="json")
    kept = {name: value for name, value in state.items() if name in table.model_fields}
    return {**kept, "epoch": event.epoch, "sequence": event.sequence}


async def find_member(reader: Reader, member_id: UUID) -> Membership | None:
    """What the copy knows of a member; None when it knows nothing of it, or nothing of its organisation yet."""
    for organization_id, roles, active in await reader.tuples(_MEMBER, {"id": member_id}):
        return Membership(organization_id, frozenset(roles), active)
    return None


__all__ = ["MemberCopy", "OrganizationCopy", "OrganizationNameCopy", "ServiceCopy", "apply", "find_member"]
