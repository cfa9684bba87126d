"""Who acts: a member of an organisation, and what it may do there. `web/tokens.py` finds out who calls."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.problems import forbidden, unauthenticated

PLATFORM_SLUG: Final = "luotsi"
"""The slug of the organisation that runs the platform; its administrators are those of the platform."""


@dataclass(frozen=True)
class Membership:
    """What a service knows of a member: enough to decide whether its token still counts.

    `active` is what `shared/membership.py` says: neither the member nor its organisation has been deactivated.
    """

    organization_id: UUID
    roles: frozenset[str]
    active: bool


def require_active(member: Membership | None, organization_id: UUID) -> Membership:
    """The membership in that organisation. Raises 401 where there is none, or none that is active."""
    if member is None or not member.active or member.organization_id != organization_id:
        detail = "This account, or its organisation, is not active here. Ask the organisation's administrator."
        raise unauthenticated(detail)
    return member


@dataclass(frozen=True)
class Actor:
    """The member who calls, in one organisation, with the roles that both its token and the catalogue give it."""

    member_id: UUID
    organization_id: UUID
    roles: frozenset[str]

    def require(self, *roles: str) -> None:
        """Raise 403 unless the actor has one of `roles`."""
        if self.roles.isdisjoint(roles):
            raise forbidden(f"This takes the role {' or '.join(roles)} in your organisation.")
