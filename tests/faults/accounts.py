"""Who works on the platform under test: advisers in two organisations, desks in three, and an administrator."""

import asyncio
import random
import time
from dataclasses import dataclass, field

from luotsi.platform.tokens import Member, fetch_members
from tests.faults.lab import PATIENCE, Lab
from tests.faults.ledger import Ledger, Promise
from tests.faults.people import JSON, Somebody

SOURCES = ("navigaattori", "kompassi")
TARGETS = ("business-kuopio", "north-savo-talent-hub", "ngos")
DESK_ADDRESS_OF = "business-kuopio"


def unknown_to_mail(seed: int) -> str:
    """The address of one of the advisers, of whom the mail server knows nothing."""
    return f"adviser-2@{random.Random(seed).choice(SOURCES)}.example"


@dataclass
class Accounts:
    """`advisers` send, `desks` receive; `services` are those of the targets, by id."""

    admin: Somebody
    advisers: list[Somebody]
    desks: list[Somebody]
    services: list[JSON]
    organizations: dict[str, JSON]
    others: list[Somebody] = field(default_factory=list)

    async def close(self) -> None:
        """Send everybody home."""
        for somebody in (self.admin, *self.advisers, *self.desks, *self.others):
            await somebody.close()


async def fetch_accounts(lab: Lab, ledger: Ledger) -> Accounts:
    """Hire everybody, through the catalogue's own interface, and wait until all services know them."""
    (admin_member,) = await fetch_members(lab.target.database_url("catalog"), "m.email = 'admin@luotsi.example'")
    admin = Somebody(lab, ledger, admin_member)
    organizations = {
        one["slug"]: one for one in (await admin.insist("catalog", "GET", "/organizations?size=100")).json()["contents"]
    }
    await _give_desk_address(admin, organizations[DESK_ADDRESS_OF])
    advisers = [await hire(admin, organizations[slug], n, ["adviser"]) for slug in SOURCES for n in (1, 2)]
    desks = [await hire(admin, organizations[slug], n, ["recipient"]) for slug in TARGETS for n in (1, 2)]
    listed = (await admin.insist("catalog", "GET", "/services?size=100")).json()["contents"]
    services = [one for one in listed if one["organization"]["slug"] in TARGETS]
    accounts = Accounts(admin, advisers, desks, services, organizations)
    await asyncio.gather(*(wait_until_known(somebody) for somebody in (*advisers, *desks)))
    return accounts


async def _give_desk_address(admin: Somebody, organization: JSON) -> None:
    path = f"/organizations/{organization['id']}"
    etag = (await admin.insist("catalog", "GET", path)).headers["ETag"]
    body = {"email": f"shared-desk@{organization['slug']}.example"}
    answer = await admin.insist("catalog", "PATCH", path, body, If_Match=etag)
    assert answer.status_code == 200, answer.text


async def hire(
    admin: Somebody, organization: JSON, number: int, roles: list[str], deputy: str | None = None
) -> Somebody:
    """A new member of an organisation. A repeated request finds the address taken, and then the member is looked up."""
    slug, role = organization["slug"], roles[0]
    email = f"{role}-{number}@{slug}.example"
    body: JSON = {"organization_id": organization["id"], "email": email, "language": "fi", "roles": roles}
    if deputy:
        body["deputy_id"] = deputy
    answer = await admin.insist("catalog", "POST", "/members", body)
    if answer.status_code == 201:
        entered = answer.json()
        promise = Promise("catalog", "catalog.member_changed.v1", entered["id"], 1, str(admin.member.id))
        admin.ledger.acknowledge(promise)
    else:
        assert answer.status_code == 409, answer.text
        path = f"/members?organization_id={organization['id']}&size=100"
        found = (await admin.insist("catalog", "GET", path)).json()["contents"]
        entered = next(one for one in found if one["email"] == email)
    member = Member(entered["id"], email, organization["id"], slug, roles, active=True)
    return Somebody(admin.lab, admin.ledger, member)


async def wait_until_known(somebody: Somebody) -> None:
    """Wait until the other services accept the token: they learn of members by events. Raises GivenUp."""
    for service, path in (("referral", "/referrals"), ("notifications", "/notices")):
        deadline = time.monotonic() + PATIENCE
        while (await somebody.insist(service, "GET", path)).status_code == 401:
            if somebody.lab.flooded:  # new members are told of behind all that waits
                deadline = time.monotonic() + PATIENCE
            somebody.wait_no_longer_than(deadline, f"{service} did not learn of member {somebody.member.id}")
            await asyncio.sleep(0.1)
