"""A town where referrals are passed on: four more organisations with a desk and a service each, and short calls."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.builders import Someone, Town, small_town
from tests.platform import Platform
from tests.referring import CONSENT, JSON, Desk, at_work, sent_referral

STATUTE: JSON = {"kind": "statute", "statute": "kotoutumislaki"}
WITHDRAWAL: JSON = {"withdrawal": {"told_by": "client", "told_on": "2026-11-03"}}


@dataclass
class Row:
    """Organisations in a row: Navigaattori, Business Kuopio, then as many as a test asks for."""

    platform: Platform
    town: Town
    services: list[UUID] = field(default_factory=list)
    people: list[Someone] = field(default_factory=list)

    def at(self, place: int) -> Desk:
        """Whoever works at the organisation that stands at `place`; 0 is the adviser who begins."""
        return at_work(self.platform, self.people[place])

    async def pass_on(self, referral: JSON, place: int, to: int | None = None, **changes: Any) -> JSON:
        """Let `place` accept a referral that it was sent, and forward it to the next; returns the child."""
        desk = self.at(place)
        accepted = await desk.done("accept", await desk.read(referral["id"]))
        answer = await desk.give("forward", accepted, self.forward(place + 1 if to is None else to, **changes))
        assert answer.status_code == 201, answer.text
        child: JSON = answer.json()
        return child

    def forward(self, to: int, **changes: Any) -> JSON:
        """The body that forwards to the organisation at `to`."""
        body = {"service_id": str(self.services[to]), "legal_basis": CONSENT, **changes}
        return {name: value for name, value in body.items() if value is not ...}

    async def begin(self, **changes: Any) -> JSON:
        """The first referral, from Navigaattori to Business Kuopio."""
        return await sent_referral(self.platform, self.town, **changes)


async def organizations_in_a_row(platform: Platform, length: int = 4) -> Row:
    """`length` organisations: the adviser's, Business Kuopio with its desk, and further ones."""
    town = await small_town(platform)
    row = Row(platform, town, [town.guidance, town.advice], [town.adviser, town.desk])
    for number in range(2, length):
        organization = await town.facts.organization(f"further-{number}")
        row.services.append(await town.facts.service(f"help-{number}", organization))
        row.people.append(await town.facts.member(f"desk@further{number}.example", organization, "recipient"))
    own = await town.facts.service("counselling-for-newcomers", town.navigaattori)
    await town.facts.member("desk@navigaattori.example", town.navigaattori, "recipient")
    row.services[0] = own
    await platform.settle()
    return row


__all__ = ["STATUTE", "WITHDRAWAL", "Row", "organizations_in_a_row"]
