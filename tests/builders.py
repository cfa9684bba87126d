"""Builders: organisations, services and members as the catalogue would tell of them, with short calls."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.events.catalog import Closure, Language, MemberState, OrganizationState, Role, ServiceState, ServiceStatus
from shared.events.envelope import Names, Payload
from shared.ids import new_id
from shared.publishing.outbox import Outbox

if TYPE_CHECKING:
    from tests.platform import Platform


@dataclass(frozen=True)
class Someone:
    """A member of staff, as a test speaks of one."""

    id: UUID
    organization_id: UUID
    email: str
    roles: tuple[Role, ...]


@dataclass
class CatalogueFacts:
    """Tells facts through the catalogue's outbox, in its contract; the other services learn them by events.

    Every call for the same id is a new state of it: the sequence counts up.
    """

    platform: "Platform"
    _versions: dict[UUID, int] = field(default_factory=dict)

    async def organization(
        self,
        slug: str,
        *,
        organization_id: UUID | None = None,
        active: bool = True,
        email: str | None = None,
        closures: tuple[Closure, ...] = (),
    ) -> UUID:
        """Tell of an organisation; returns its id."""
        state = OrganizationState(
            id=organization_id or new_id(), slug=slug, name=names(slug), active=active, email=email, closures=closures
        )
        await self._tell("catalog.organization_changed.v1", state.id, state)
        return state.id

    async def service(
        self,
        slug: str,
        organization_id: UUID,
        *,
        service_id: UUID | None = None,
        status: ServiceStatus = "active",
        **more: Any,
    ) -> UUID:
        """Tell of a service (`more`: further fields of its state); returns its id."""
        state = ServiceState(
            id=service_id or new_id(),
            slug=slug,
            organization_id=organization_id,
            name=names(slug),
            status=status,
            **more,
        )
        await self._tell("catalog.service_changed.v1", state.id, state)
        return state.id

    async def member(
        self,
        email: str,
        organization_id: UUID,
        *roles: Role,
        language: Language = "en",
        active: bool = True,
        deputy: Someone | None = None,
        again: Someone | None = None,
        former_email: str | None = None,
    ) -> Someone:
        """Tell of a member (`again`: a new state of one told of before)."""
        who = Someone(again.id if again else new_id(), organization_id, email, roles)
        state = MemberState(
            id=who.id,
            organization_id=organization_id,
            email=email,
            language=language,
            roles=roles,
            active=active,
            deputy_id=deputy.id if deputy else None,
            former_email=former_email,
        )
        await self._tell("catalog.member_changed.v1", state.id, state)
        return who

    async def deactivate(self, who: Someone, deputy: Someone | None = None) -> Someone:
        """Tell that a member has left, and who stands in."""
        return await self.member(who.email, who.organization_id, *who.roles, active=False, deputy=deputy, again=who)

    async def _tell(self, event_type: str, subject: UUID, state: Payload) -> None:
        self._versions[subject] = self._versions.get(subject, 0) + 1
        async with self.platform.databases["catalog"].transaction() as tx:
            Outbox("catalog").record(tx, event_type, subject, self._versions[subject], state)


@dataclass(frozen=True)
class Town:
    """The small catalogue that most tests need: two sides of a referral, a bystander, the coordinator."""

    facts: CatalogueFacts
    navigaattori: UUID
    business: UUID
    kompassi: UUID
    city: UUID
    advice: UUID
    guidance: UUID
    adviser: Someone
    colleague: Someone
    desk: Someone
    bystander: Someone
    coordinator: Someone


async def small_town(platform: "Platform") -> Town:
    """Build the town and let every service learn of it."""
    facts = CatalogueFacts(platform)
    navigaattori = await facts.organization("navigaattori")
    business = await facts.organization("business-kuopio")
    kompassi = await facts.organization("kompassi")
    city = await facts.organization("kuopio")
    town = Town(
        facts=facts,
        navigaattori=navigaattori,
        business=business,
        kompassi=kompassi,
        city=city,
        advice=await facts.service("advice-for-starting-a-business", business),
        guidance=await facts.service("guidance-and-counselling", kompassi),
        adviser=await facts.member("adviser@navigaattori.example", navigaattori, "adviser", language="fi"),
        colleague=await facts.member("colleague@navigaattori.example", navigaattori, "adviser", language="sv"),
        desk=await facts.member("desk@businesskuopio.example", business, "recipient"),
        bystander=await facts.member("adviser@kompassi.example", kompassi, "adviser", "recipient"),
        coordinator=await facts.member("coordinator@kuopio.example", city, "coordinator"),
    )
    await platform.settle()
    return town


def names(slug: str) -> Names:
    """A name in three languages that can be told apart in a test."""
    plain = slug.replace("-", " ")
    return Names(fi=f"{plain} (fi)", sv=f"{plain} (sv)", en=f"{plain} (en)")


__all__ = ["CatalogueFacts", "Someone", "Town", "names", "small_town"]
