"""A platform with something on every page: the seeded catalogue, and referrals in every state between two sides."""

import re
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import uuid4

from sqlmodel import select

from services.catalog.tables import Member, Organization, Service
from services.catalog.use_cases.seed import seed_into
from services.portal.pages.access import Access
from shared.actors import PLATFORM_SLUG
from shared.events.catalog import Role
from tests.builders import Someone
from tests.platform import Platform
from tests.portal.administered import administered
from tests.referring import CLIENT, CONSENT, JSON, Desk, at_work

WAYS: Final[dict[str, tuple[tuple[str, JSON], ...]]] = {
    "requested": (),
    "accepted": (("accept", {}),),
    "rejected": (("decline", {"reason": {"code": "no_capacity"}}),),
    "in-progress": (("accept", {}), ("start", {})),
    "on-hold": (("accept", {}), ("hold", {"reason": {"code": "could_not_contact"}})),
    "completed": (("accept", {}), ("start", {}), ("complete", {"outcome": {"code": "services_received"}})),
    "failed": (("accept", {}), ("fail", {"reason": {"code": "client_not_interested"}})),
    "cancelled": (("cancel", {"reason": {"code": "client_not_interested"}}),),
}
"""State of a sent referral → how the desk brings it there"""
DESK_STEPS: Final = {
    "accept": "requested",
    "decline": "requested",
    "assign": "requested",
    "start": "accepted",
    "hold": "accepted",
    "forward": "accepted",
    "resume": "on-hold",
    "complete": "in-progress",
    "fail": "in-progress",
}
"""Step of a desk → state of the referral that it is open to"""


@dataclass(frozen=True)
class Seeded:
    """`people` by what they are: a role, or `platform`; `values` are those of the parameters in pages' paths."""

    platform: Platform
    people: dict[str, Someone]
    values: dict[str, str]
    referrals: dict[str, str]

    def person_for(self, access: Access | None) -> Someone | None:
        """Somebody who may see a page; None where nobody has to be signed in."""
        if access is None or access.public:
            return None
        if access.platform:
            return self.people["platform"]
        return next((self.people[role] for role in self.people if not access.roles or role in access.roles), None)

    def address(self, path: str, **values: str) -> str:
        """A path with its parameters filled. KeyError for one that the seed knows nothing of: tell it here."""
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: (self.values | values)[found[1]], path)


async def seeded_platform(platform: Platform) -> Seeded:
    """Seed the catalogue and refer from Navigaattori to Business Kuopio, a referral for each state."""
    async with platform.databases["catalog"].transaction() as tx:
        await seed_into(tx)
        rows = await tx.tuples(
            select(Member, Organization).join(Organization, Organization.id == Member.organization_id)  # type: ignore[arg-type]
        )
        services = await tx.tuples(
            select(Service.id, Organization.slug).join(Organization, Organization.id == Service.organization_id)  # type: ignore[arg-type]
        )
    await platform.settle()
    members = {
        row.email: Someone(row.id, row.organization_id, row.email, cast("tuple[Role, ...]", tuple(row.roles)))
        for row, _ in rows
    }
    of_organization = {row.email: organization.slug for row, organization in rows}
    people = {
        "adviser": members["adviser@navigaattori.example"],
        "recipient": members["desk@businesskuopio.example"],
        "coordinator": members["coordinator@kuopio.example"],
        "platform": next(
            who for email, who in members.items() if "admin" in who.roles and of_organization[email] == PLATFORM_SLUG
        ),
    }
    service_id = str(next(service for service, slug in services if slug == "business-kuopio"))
    people["admin"] = await administered(platform, people["platform"], people["recipient"].organization_id, service_id)
    adviser, desk = at_work(platform, people["adviser"]), at_work(platform, people["recipient"])
    suggested = str(next(service for service, slug in services if slug == "kompassi"))
    declined: JSON = {"reason": {"code": "no_capacity"}, "suggested_service_id": suggested}
    to_be = WAYS | {"rejected": (("decline", declined),)}
    referrals = {state: await _referral(adviser, desk, service_id, ways) for state, ways in to_be.items()}
    draft = await _created(adviser, service_id, send=False)
    referrals["draft"] = draft["id"]
    await _messages(adviser, desk, referrals["accepted"])
    await platform.settle()
    values = {
        "referral_id": referrals["requested"],
        "draft_id": referrals["draft"],
        "service": service_id,
        "service_id": service_id,
        "organization_id": str(people["recipient"].organization_id),
        "member_id": str(people["recipient"].id),
        "client_id": draft["client"]["id"],
    }
    return Seeded(platform, people, values, referrals)


async def _created(adviser: Desk, service_id: str, *, send: bool = True) -> JSON:
    request: dict[str, Any] = {
        "service_id": service_id,
        "client": {**CLIENT, "name": f"Esimerkki Asiakas {uuid4().hex[:4]}", "email": f"{uuid4().hex}@mail.example"},
        "reason": "Haluaa perustaa leipomon ja tarvitsee neuvoja liiketoimintasuunnitelman tekemiseen.",
        "shareable_note": "Paikalla aamupäivisin.",
        "urgency": "urgent",
        "legal_basis": CONSENT,
        "send": send,
    }
    answer = await adviser.refer(request)
    assert answer.status_code == 201, answer.text
    created: JSON = answer.json()
    return created


async def _referral(adviser: Desk, desk: Desk, service_id: str, ways: tuple[tuple[str, JSON], ...]) -> str:
    referral = await _created(adviser, service_id)
    for command, body in ways:
        referral = await desk.done(command, await desk.read(referral["id"]), body)
    return str(referral["id"])


async def _messages(adviser: Desk, desk: Desk, referral_id: str) -> None:
    for side, text in ((desk, "Sopiiko ensi viikko?"), (adviser, "Sopii.\n\nTulkki tarvitaan.")):
        headers = {"Idempotency-Key": str(uuid4())}
        answer = await side.client.post(f"/referrals/{referral_id}/messages", json={"text": text}, headers=headers)
        assert answer.status_code == 201, answer.text
