"""An organisation with an administrator, places, closures and a service that says all there is to say."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx2

from tests.builders import Someone
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.platform import Platform

ADMIN: Final = "boss@businesskuopio.example"
PHONE: Final = {
    "number": "017 182 111",
    "type": "voice",
    "languages": ["fi", "en"],
    "description": {"fi": "Ajanvaraus", "sv": "Tidsbokning", "en": "Appointments"},
}
SERVICE: Final[dict[str, Any]] = {
    "alternate_name": {"fi": "Starttineuvonta"},
    "minimum_age": 18,
    "maximum_age": 68,
    "typical_wait_days": 5,
    "response_days": 3,
    "url": "https://www.example.org/alku",
    "email": "neuvonta@example.org",
    "fees_description": {"fi": "Asiakkaalle maksuton.", "en": "Free of charge."},
    "interpretation_services": {"fi": "Tulkki tilataan etukäteen."},
    "phones": [PHONE],
    "schedules": [
        {"byday": "MO,TU,WE,TH,FR", "opens_at": "09:00", "closes_at": "15:30"},
        {"freq": "MONTHLY", "byday": "2SA", "opens_at": "10:00", "closes_at": "14:00", "valid_to": "2027-06-30"},
        {"description": {"fi": "Muulloin ajanvarauksella", "en": "Otherwise by appointment"}},
    ],
    "contacts": [{"title": {"fi": "Päivystävä neuvoja"}, "email": "paivystys@example.org", "phones": [PHONE]}],
    "cost_options": [{"option": {"fi": "Opiskelijat"}, "amount": 12.5}],
    "required_documents": [{"document": {"fi": "Henkilöllisyystodistus", "en": "Proof of identity"}}],
}
LOCATION: Final[dict[str, Any]] = {
    "name": {"fi": "Yritystalo", "en": "Business house"},
    "address_1": "Esimerkkikatu 1",
    "postal_code": "70100",
    "city": "Kuopio",
    "transportation": {"fi": "Bussit 4 ja 5 pysähtyvät oven edessä."},
    "accessibility": [{"description": {"fi": "Hissi ja luiska."}}],
}


async def administered(platform: Platform, operator: Someone, organization_id: UUID, service_id: str) -> Someone:
    """Enter all that as the platform's `operator`; returns the administrator of the organisation."""
    async with platform.client("catalog", operator) as client:
        new = {"organization_id": str(organization_id), "email": ADMIN, "language": "fi", "roles": ["admin"]}
        member = _good(await client.post("/members", json=new))
        organization = f"/organizations/{organization_id}"
        [first, *_] = _good(await client.get(organization))["locations"]
        await _change(client, "PUT", organization, "/locations", {"locations": [{**LOCATION, "id": first["id"]}]})
        today = datetime.now(UTC).date()
        closed = {"starts_on": str(today + timedelta(days=21)), "ends_on": str(today + timedelta(days=28))}
        await _change(client, "PUT", organization, "/closures", [{**closed, "note": {"fi": "Joululoma"}}])
        service = {**SERVICE, "location_ids": [first["id"]]}
        await _change(client, "PATCH", f"/services/{service_id}", "", service)
    await platform.settle()
    return Someone(UUID(member["id"]), organization_id, ADMIN, ("admin",))


class Place:
    """Business Kuopio with an administrator, and a service about which all is said."""

    def __init__(self, town: Kuopio, boss: Someone, service: str) -> None:
        self.town = town
        self.boss = boss
        self.path = f"/organizations/{boss.organization_id}"
        self.service = f"/services/{service}"
        self.page = self.path + self.service

    async def read(self) -> Any:
        """The service as the public sees it, without what every change changes."""
        found = await self.town.read(self.service)
        return {name: value for name, value in found.items() if name not in ("version", "last_modified")}


async def administered_place(platform: Platform) -> Place:
    """Kuopio's catalogue, and in it that place."""
    town = await kuopio(platform)
    organization = await town.read("/organizations/business-kuopio")
    listed = await town.read(f"/services?organization_id={organization['id']}")
    service = listed["contents"][0]["id"]
    boss = await administered(platform, town.people["admin@luotsi.example"], UUID(organization["id"]), service)
    return Place(town, boss, service)


async def _change(client: httpx2.AsyncClient, method: str, thing: str, part: str, body: Any) -> None:
    seen = await client.get(thing)
    _good(await client.request(method, thing + part, json=body, headers={"If-Match": seen.headers["ETag"]}))


def _good(answer: httpx2.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()
