"""Members of staff over HTTP: what changes them, and how they are shown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.catalog.domain.members import ROLES
from services.catalog.schemas.parts import LeftOut
from shared.events.catalog import Language, Role
from shared.values.email_addresses import EmailAddress
from shared.web.requests import Body


def _in_order(roles: list[Role]) -> list[Role]:
    return [role for role in ROLES if role in roles]


Roles = Annotated[list[Role], Field(min_length=1, max_length=20), AfterValidator(_in_order)]


class NewMember(Body):
    """A member of staff to enter; of the caller's own organisation unless `organization_id` says otherwise."""

    organization_id: UUID | None = None
    email: EmailAddress
    language: Language = "fi"
    roles: Roles
    deputy_id: UUID | None = None


class MemberChange(Body):
    """What is to change of a member. `active: false` ends its access at once; `deputy_id` takes over."""

    email: EmailAddress = LeftOut
    language: Language = LeftOut
    roles: Roles = LeftOut
    active: bool = LeftOut
    deputy_id: UUID | None = None


class MemberView(BaseModel):
    """A member of staff, as its organisation sees it."""

    id: UUID
    organization_id: UUID
    email: str
    language: Language
    roles: list[Role]
    active: bool
    deputy_id: UUID | None
    created_at: datetime
    version: int
