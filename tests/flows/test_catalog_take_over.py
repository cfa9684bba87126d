"""Nobody takes over an account, an organisation or the platform by the hand of an organisation's administrator."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from services.catalog.use_cases.administration import make_admin
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.flows.notifications_mailing import Clock, delivery_queue, read
from tests.flows.test_catalog_members import enter
from tests.platform import Platform
from tests.referring import problem

TAKING_OVER: list[dict[str, Any]] = [
    {"email": "boss@elsewhere.example"},
    {"email": "Desk@uef.example"},
    {"roles": ["recipient", "adviser", "coordinator"]},
    {"roles": ["recipient"]},
    {"roles": ["admin", "coordinator"]},
    {"active": True},
    {"active": True, "email": "boss@elsewhere.example"},
    {"active": True, "roles": ["adviser"]},
    {"active": True, "language": "sv"},
]


@pytest.mark.parametrize("taking", TAKING_OVER)
async def test_a_coordinators_account_is_in_the_hands_of_the_platform(
    platform: Platform, taking: dict[str, Any]
) -> None:
    """Its organisation's administrator ends its access, and neither takes it over nor lets it in again."""
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    path = f"/members/{town.people['desk@uef.example'].id}"
    assert (await town.change("PATCH", path, {"roles": ["recipient", "coordinator"]})).status_code == 200
    if "active" in taking:
        assert (await town.change("PATCH", path, {"active": False}, who=boss)).status_code == 200
    before = (await town.admin.get(path)).json()
    refused = await town.client(boss).patch(path, json=taking)  # before anything is said of the version
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:luotsi:problem:forbidden")
    assert (await town.change("PATCH", path, taking, who=boss)).status_code == 403
    assert (await town.admin.get(path)).json() == before
    assert (await town.change("PATCH", path, taking)).status_code == 200, "the platform's administrator may"


async def test_of_a_coordinator_its_organisation_may_change_what_takes_nothing_over(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    path = f"/members/{town.people['desk@uef.example'].id}"
    deputy = await enter(town, "uef", "deputy@uef.example", "adviser", "recipient")
    assert (await town.change("PATCH", path, {"roles": ["recipient", "coordinator"]})).status_code == 200
    same = {"email": "desk@uef.example", "roles": ["coordinator", "recipient"], "active": True}
    for change in ({"language": "sv"}, {"deputy_id": deputy}, same, {"active": False}):
        assert (await town.change("PATCH", path, change, who=boss)).status_code == 200, change


async def test_an_account_cannot_be_moved_doubled_or_made_one_of_the_platform(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("kuopio", email="boss@kuopio.example")
    mine, client = f"/members/{town.people[boss].id}", town.client(boss)
    luotsi = (await town.read("/organizations/luotsi"))["id"]
    assert (await town.change("PATCH", mine, {"organization_id": luotsi}, who=boss)).status_code == 422
    taken = await town.change("PATCH", mine, {"email": "Coordinator@kuopio.example"}, who=boss)
    assert taken.json()["type"] == "urn:luotsi:problem:email-taken"
    doubled = await client.post("/members", json={"email": "coordinator@KUOPIO.example", "roles": ["admin"]})
    assert doubled.status_code == 409
    assert (await town.change("PATCH", mine, {"roles": ["admin", "coordinator"]}, who=boss)).status_code == 403
    foreign = {"organization_id": luotsi, "email": boss, "roles": ["admin"]}
    assert (await client.post("/members", json=foreign)).status_code == 403
    theirs = town.people["admin@luotsi.example"].id
    assert (await client.patch(f"/members/{theirs}", json={"email": boss})).status_code == 404
    assert (await town.change("PATCH", "/organizations/kuopio", {"slug": "luotsi"}, who=boss)).status_code == 422


async def test_a_changed_address_is_told_to_the_old_one_by_mail_alone(platform: Platform) -> None:
    town = await kuopio(platform)
    await platform.settle()
    desk = town.people["desk@uef.example"]
    async with platform.client("notifications", desk) as client:
        assert (await client.put("/preferences", json={"email": False, "language": "en"})).status_code == 200
    for address in ("new@uef.example", "newest@uef.example"):
        assert (await town.change("PATCH", f"/members/{desk.id}", {"email": address})).status_code == 200
    assert (await town.last_event("catalog.member_changed.v1"))["data"]["former_email"] == "new@uef.example"
    assert (await town.change("PATCH", f"/members/{desk.id}", {"active": False})).status_code == 200
    assert (await town.last_event("catalog.member_changed.v1"))["data"]["former_email"] is None
    await platform.settle()
    queue = delivery_queue(platform, Clock())
    while await queue.step():
        pass
    sent = [read(path) for path in platform.mail.glob("*.eml")]
    assert sorted(mail["To"] for mail in sent) == ["desk@uef.example", "new@uef.example"]
    assert all("Din adress i Luotsi har ändrats" in mail["Subject"] for mail in sent)
    body = sent[0].get_content()
    assert "University of Eastern Finland" in body
    assert not [part for part in ("@", "http") if part in body], "neither address, and no link"
    assert await platform.scalar("notifications", "SELECT count(*) FROM notices WHERE number IS NOT NULL") == 0
    assert await platform.published("notifications") == []


async def test_a_changed_desk_address_is_told_to_the_old_one(platform: Platform) -> None:
    town = await kuopio(platform)
    for address in ("first@uef.example", "second@uef.example", None):
        assert (await town.change("PATCH", "/organizations/uef", {"email": address})).status_code == 200
    assert (await town.change("PATCH", "/organizations/uef", {"email": "third@uef.example"})).status_code == 200
    await platform.settle()
    queue = delivery_queue(platform, Clock())
    while await queue.step():
        pass
    sent = [read(path) for path in platform.mail.glob("*.eml")]
    assert sorted(mail["To"] for mail in sent) == ["first@uef.example", "second@uef.example"]
    assert all("The address of a desk in Luotsi has been changed" in mail["Subject"] for mail in sent)


@pytest.mark.parametrize("field", ["organization_type", "parent_organization_id"])
async def test_an_organisation_claims_neither_type_nor_parent(platform: Platform, field: str) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("kompassi")
    seen = await town.read("/organizations/kompassi")
    city = (await town.read("/organizations/kuopio"))["id"]
    claim = {field: {"organization_type": "hospital", "parent_organization_id": city}[field]}
    if seen.get(field) == claim[field]:
        claim = {field: None}
    refused = await town.client(boss).patch("/organizations/kompassi", json=claim)
    problem(refused, 403, "forbidden")
    problem(await town.change("PATCH", "/organizations/kompassi", claim, who=boss), 403, "forbidden")
    unchanged = {field: seen.get(field), "website": "https://kompassi.example"}
    assert (await town.change("PATCH", "/organizations/kompassi", unchanged, who=boss)).status_code == 200
    assert (await town.change("PATCH", "/organizations/kompassi", claim)).status_code == 200


async def test_only_the_platform_brings_an_organisation_back(platform: Platform) -> None:
    """Its own administrator may end its work here, and has no access from then on."""
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    ended = await town.change("PATCH", "/organizations/uef", {"active": False}, who=boss)
    assert (ended.status_code, ended.json()["active"]) == (200, False)
    mine = town.client(boss)
    headers = {"If-Match": ended.headers["ETag"]}
    for answer in (
        await mine.patch("/organizations/uef", json={"active": True}, headers=headers),
        await mine.get("/members"),
        await mine.post("/members", json={"email": "x@uef.example", "roles": ["admin"]}),
        await mine.post("/services", json={"name": "x"}),
        await mine.put("/organizations/uef/closures", json=[], headers=headers),
    ):
        problem(answer, 401, "unauthenticated")
    assert (await mine.get("/services")).status_code == 200, "reading is public"
    theirs = {"organization_id": ended.json()["id"], "size": "100"}
    assert await town.slugs("/services", **theirs) == []
    assert await town.slugs("/services", **theirs, status="active", accepting="true") == []
    assert (await town.change("PATCH", "/organizations/uef", {"active": True})).status_code == 200
    assert (await mine.get("/members")).status_code == 200


async def test_the_operator_makes_no_administrator_of_an_organisation_that_left(platform: Platform) -> None:
    town = await kuopio(platform)
    assert (await town.change("PATCH", "/organizations/uef", {"active": False})).status_code == 200
    async with platform.databases["catalog"].transaction() as tx:
        with pytest.raises(ValueError, match="deactivated"):
            await make_admin(tx, "boss@uef.example", "uef")


async def database_waits(platform: Platform) -> None:
    """Return when a transaction of the catalogue waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    while not await platform.scalar("catalog", waiting):
        await asyncio.sleep(0.01)


async def meanwhile_deactivated(town: Kuopio, table: str, key: str, request: Any) -> httpx2.Response:
    """The answer to a request that waits for a locked row while the organisation `uef` is deactivated."""
    async with town.platform.databases["catalog"].transaction() as tx:
        await tx.execute(text(f"SELECT 1 FROM {table} WHERE id = :id FOR UPDATE"), {"id": key})
        answering = asyncio.ensure_future(request)
        await database_waits(town.platform)
        ending = "UPDATE organizations SET active = false, version = version + 1 WHERE slug = 'uef'"
        await tx.execute(text(ending))
    answer: httpx2.Response = await answering
    return answer


@pytest.mark.parametrize("what", ["organization", "own_member", "new_member", "service"])
async def test_who_loses_access_while_a_change_waits_does_not_make_it(platform: Platform, what: str) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    organization = await town.read("/organizations/uef")
    desk = str(town.people["desk@uef.example"].id)
    service = (await town.read(f"/services?organization_id={organization['id']}"))["contents"][0]
    mine, first = town.client(boss), {"If-Match": '"1"'}
    version = {"If-Match": f'"{organization["version"] + 1}"'}
    requests: dict[str, tuple[str, str, Any]] = {
        "organization": (
            "organizations",
            organization["id"],
            lambda: mine.patch("/organizations/uef", json={"active": True}, headers=version),
        ),
        "own_member": (
            "organizations",
            organization["id"],
            lambda: mine.patch(f"/members/{desk}", json={"language": "sv"}, headers=first),
        ),
        "new_member": (
            "organizations",
            organization["id"],
            lambda: mine.post("/members", json={"email": "spy@uef.example", "roles": ["admin"]}),
        ),
        "service": (
            "services",
            service["id"],
            lambda: mine.put(f"/services/{service['id']}/capacity", json={"status": "no-capacity"}, headers=first),
        ),
    }
    events = await town.count_events()
    table, key, send = requests[what]
    problem(await meanwhile_deactivated(town, table, key, send()), 401, "unauthenticated")
    assert await town.count_events() == events, "and nothing was changed"
