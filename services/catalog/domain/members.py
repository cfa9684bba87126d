"""Rules of members of staff: their roles, what an administrator may do, who may be whose deputy."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, get_args
from uuid import UUID

from services.catalog.domain.refusals import RuleBroken
from shared.actors import PLATFORM_SLUG
from shared.consuming.deputies import Staff
from shared.events.catalog import Role

ROLES: tuple[Role, ...] = get_args(Role)
_ROLES_AT_WORK: tuple[Role, ...] = ("adviser", "recipient")
"""The roles that open referrals, so that a deputy needs those of the member."""


@dataclass(frozen=True)
class Caller:
    """The member who calls: its organisation, its roles, and whether it administers the whole platform."""

    organization_id: UUID
    roles: frozenset[str]
    is_platform_admin: bool

    def administers(self, organization_id: UUID) -> bool:
        """Whether the caller may change that organisation, its services and its members."""
        return self.is_platform_admin or (self.organization_id == organization_id and self.administers_some)

    @property
    def administers_some(self) -> bool:
        """Whether the caller administers any organisation at all."""
        return "admin" in self.roles

    def may_give(self, before: Iterable[str], after: Iterable[str]) -> bool:
        """Whether the caller may change a member's roles from `before` to `after`.

        A coordinator sees the figures of every organisation, so only the platform's administrators make one.
        """
        return self.is_platform_admin or "coordinator" not in set(after) - set(before)

    def may_change_member(self, roles: Iterable[str], changes: Mapping[str, object]) -> bool:
        """Whether the caller may change these fields of a member of its organisation who has `roles`.

        Who changes the address of an account gets what it is sent, and who lets one in again or changes its roles says
        who has it. So an account that reaches beyond its organisation is in the hands of the platform's administrators;
        its own may end its access, and choose language and deputy. (Of the platform's own organisation every
        administrator is one of the platform.)
        """
        if self.is_platform_admin or "coordinator" not in roles:
            return True
        return not changes.keys() & {"email", "roles"} and changes.get("active") is not True


def may_administer_platform(slug: str, roles: Iterable[str]) -> bool:
    """Whether an active member of the organisation with that slug administers the platform."""
    return slug == PLATFORM_SLUG and "admin" in roles


class Colleague(Staff, Protocol):
    """What the rules look at in a member of staff: whether it may stand in for others, and who stands in for it."""

    @property
    def roles(self) -> Collection[str]: ...


def check_deputy(member: Colleague, deputy_id: UUID, known: Mapping[UUID, Colleague]) -> None:
    """Raise RuleBroken unless `deputy_id` may stand in for `member`.

    A deputy is an active colleague who may open the same referrals, and following the deputies of deputies never
    leads back to the member. `known` holds these deputies by id.
    """
    deputy = known.get(deputy_id)
    if deputy_id == member.id:
        raise RuleBroken("Nobody is their own deputy.", "deputy_id")
    if deputy is None or deputy.organization_id != member.organization_id or not deputy.active:
        raise RuleBroken("A deputy is an active member of the same organisation.", "deputy_id")
    lacking = [role for role in _ROLES_AT_WORK if role in member.roles and role not in deputy.roles]
    if lacking:
        raise RuleBroken(
            f"The deputy could not act: give it the role {' and '.join(lacking)} first, or name another.", "deputy_id"
        )
    seen: set[UUID] = set()
    following: UUID | None = deputy_id
    while following is not None and following not in seen:
        seen.add(following)
        following = known[following].deputy_id if following in known else None
        if following == member.id:
            raise RuleBroken("The deputies would stand in for each other in a circle.", "deputy_id")
