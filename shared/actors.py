"""Who acts: a member of an organisation, and what it may do there. `web/tokens.py` finds out who calls."""

from dataclasses import dataclass
from uuid import UUID

from shared.problems import forbidden


@dataclass(frozen=True)
class Membership:
    """What a service knows of a member: enough to decide whether its token still counts."""

    organization_id: UUID
    roles: frozenset[str]
    active: bool


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
