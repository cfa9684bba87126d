"""Members over HTTP: who sees them, who enters and deactivates them, deputies, and what is told."""

import asyncio
from typing import Any

import pytest

from services.catalog.tables import Member
from shared.database.transaction import UnsavedChanges
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.platform import Platform


async def enter(town: Kuopio, slug: str, email: str, *roles: str, who: str = "admin@luotsi.example") -> str:
    """Enter a member of the organisation with that slug; returns its id."""
    organization = (await town.read(f"/organizations/{slug}"))["id"]
    new = {"organization_id": organization, "email": email, "roles": roles or ["adviser"]}
    answer = await town.client(who).post("/members", json=new)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_member_is_entered_and_told_of(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    new = {"email": "helper@uef.example", "language": "sv", "roles": ["recipient", "adviser", "adviser"]}
    answer = await town.client(boss).post("/members", json=new)
    assert answer.status_code == 201
    made = answer.json()
    assert (answer.headers["Location"], answer.headers["ETag"]) == (f"/members/{made['id']}", '"1"')
    assert made["organization_id"] == str(town.people[boss].organization_id)
    event = await town.last_event("catalog.member_changed.v1")
    assert (event["sequence"], event["subject"]) == (1, made["id"])
    assert event["data"] == {
        "id": made["id"],
        "organization_id": made["organization_id"],
        "email": "helper@uef.example",
        "language": "sv",
        "roles": ["adviser", "recipient"],
        "active": True,
        "deputy_id": None,
        "former_email": None,
        "invited": "entered",
    }


async def test_a_desk_lists_those_who_can_be_assigned(platform: Platform) -> None:
    town = await kuopio(platform)
    for email, roles in (("one@uef.example", ["recipient"]), ("other@uef.example", ["adviser", "admin"])):
        await enter(town, "uef", email, *roles)
    query = "/members?active=true&role="

    async def found(role: str) -> list[str]:
        answer = await town.client("desk@uef.example").get(f"{query}{role}")
        return [each["email"] for each in answer.json()["contents"]]

    assert await found("recipient") == ["desk@uef.example", "one@uef.example"]
    assert "one@uef.example" not in await found("adviser")
    assert (await town.client("desk@uef.example").get(f"{query}boss")).status_code == 422


async def test_members_are_seen_by_their_own_organisation_only(platform: Platform) -> None:
    town = await kuopio(platform)
    desk, stranger = town.people["desk@uef.example"], town.people["desk@savonia.example"]
    own = (await town.client("desk@uef.example").get("/members")).json()
    assert [each["email"] for each in own["contents"]] == ["desk@uef.example"]
    assert own["total_items"] == 1
    other = {"organization_id": str(stranger.organization_id)}
    assert (await town.client("desk@uef.example").get("/members", params=other)).json()["contents"] == []
    assert (await town.client("desk@uef.example").get(f"/members/{desk.id}")).status_code == 200
    assert (await town.client("desk@uef.example").get(f"/members/{stranger.id}")).status_code == 404
    assert (await town.client().get("/members")).status_code == 401
    assert (await town.client().get(f"/members/{desk.id}")).status_code == 401
    everyone = (await town.admin.get("/members", params={"size": "100"})).json()
    assert everyone["total_items"] == len(town.people)
    assert (await town.admin.get("/members", params=other)).json()["total_items"] == 1
    for nobody in ("01a20000-0000-7000-8000-000000000000", "nobody", "%00", "a" * 101):
        assert (await town.admin.get(f"/members/{nobody}")).status_code == 404


async def test_who_may_change_members(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    mine, other = town.people["desk@uef.example"], town.people["desk@savonia.example"]
    language = {"language": "fi"}
    assert (await town.change("PATCH", f"/members/{mine.id}", language, who=boss)).status_code == 200
    assert (await town.change("PATCH", f"/members/{other.id}", language, who=boss)).status_code == 404
    assert (await town.change("PATCH", f"/members/{mine.id}", language, who="desk@uef.example")).status_code == 403
    new = {"email": "x@savonia.example", "roles": ["adviser"]}
    assert (await town.client("desk@uef.example").post("/members", json=new)).status_code == 403
    foreign = {**new, "organization_id": str(other.organization_id)}
    assert (await town.client(boss).post("/members", json=foreign)).status_code == 403
    unknown = {**new, "organization_id": "01a20000-0000-7000-8000-000000000000"}
    assert (await town.client(boss).post("/members", json=unknown)).status_code == 422


async def test_only_the_platform_makes_coordinators(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    desk = town.people["desk@uef.example"]
    new = {"email": "c@uef.example", "roles": ["coordinator"]}
    assert (await town.client(boss).post("/members", json=new)).status_code == 403
    raised = {"roles": ["recipient", "coordinator"]}
    assert (await town.change("PATCH", f"/members/{desk.id}", raised, who=boss)).status_code == 403
    assert (await town.change("PATCH", f"/members/{desk.id}", raised)).status_code == 200


async def test_a_member_who_leaves_is_deactivated_with_a_deputy_and_locked_out_at_once(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    desk = town.people["desk@uef.example"]
    deputy = await enter(town, "uef", "deputy@uef.example", "adviser", "recipient")
    leaver = town.client("desk@uef.example")
    assert (await leaver.get("/members")).status_code == 200
    leaving = {"active": False, "deputy_id": deputy}
    answer = await town.change("PATCH", f"/members/{desk.id}", leaving, who=boss)
    assert (answer.status_code, answer.json()["active"], answer.json()["deputy_id"]) == (200, False, deputy)
    assert (await leaver.get("/members")).status_code == 401
    event = await town.last_event("catalog.member_changed.v1")
    assert (event["sequence"], event["data"]["active"], event["data"]["deputy_id"]) == (2, False, deputy)
    await platform.settle()
    query = "SELECT active FROM members WHERE id = :id"
    assert await platform.scalar("referral", query, id=desk.id) is False
    active = (await town.client(boss).get("/members", params={"active": "false"})).json()["contents"]
    assert [each["email"] for each in active] == ["desk@uef.example"]
    back = await town.change("PATCH", f"/members/{desk.id}", {"active": True, "deputy_id": None}, who=boss)
    assert back.status_code == 200
    assert (await leaver.get("/members")).status_code == 200


async def test_a_deputy_must_be_an_active_colleague_and_close_no_circle(platform: Platform) -> None:
    town = await kuopio(platform)
    first, second, third = [await enter(town, "uef", f"{name}@uef.example") for name in ("a", "b", "c")]
    stranger = str(town.people["desk@savonia.example"].id)
    for wrong in (first, stranger, "01a20000-0000-7000-8000-000000000000", "nobody"):
        answer = await town.change("PATCH", f"/members/{first}", {"deputy_id": wrong})
        assert answer.status_code == 422, wrong
        assert answer.json()["errors"][0]["field"] == "deputy_id"
    assert (await town.change("PATCH", f"/members/{first}", {"deputy_id": second})).status_code == 200
    assert (await town.change("PATCH", f"/members/{second}", {"deputy_id": third})).status_code == 200
    assert (await town.change("PATCH", f"/members/{third}", {"deputy_id": first})).status_code == 422
    assert (await town.change("PATCH", f"/members/{third}", {"active": False})).status_code == 200
    late = await town.change("PATCH", f"/members/{second}", {"active": False})
    assert late.status_code == 422
    assert (await town.change("PATCH", f"/members/{second}", {"active": False, "deputy_id": None})).status_code == 200


async def test_a_deputy_has_the_roles_that_it_takes_over(platform: Platform) -> None:
    town = await kuopio(platform)
    member = await enter(town, "uef", "both@uef.example", "adviser", "recipient", "admin")
    deputy = await enter(town, "uef", "deputy@uef.example", "adviser")
    answer = await town.change("PATCH", f"/members/{member}", {"deputy_id": deputy})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "deputy_id")
    assert "role recipient" in answer.json()["detail"]
    uef = str(town.people["desk@uef.example"].organization_id)
    new = {"organization_id": uef, "email": "new@uef.example", "roles": ["recipient"], "deputy_id": deputy}
    assert (await town.admin.post("/members", json=new)).status_code == 422
    narrowed = {"roles": ["adviser", "admin"], "deputy_id": deputy}
    assert (await town.change("PATCH", f"/members/{member}", narrowed)).status_code == 200


async def test_the_roles_of_a_deputy_are_looked_at_again_when_the_member_leaves(platform: Platform) -> None:
    town = await kuopio(platform)
    desk = town.people["desk@uef.example"]
    deputy = await enter(town, "uef", "deputy@uef.example", "adviser", "recipient")
    assert (await town.change("PATCH", f"/members/{desk.id}", {"deputy_id": deputy})).status_code == 200
    assert (await town.change("PATCH", f"/members/{deputy}", {"roles": ["adviser"]})).status_code == 200
    assert (await town.change("PATCH", f"/members/{desk.id}", {"active": False})).status_code == 422
    assert (await town.change("PATCH", f"/members/{deputy}", {"roles": ["adviser", "recipient"]})).status_code == 200
    assert (await town.change("PATCH", f"/members/{desk.id}", {"active": False})).status_code == 200


async def test_two_deputies_named_at_once_never_close_a_circle(platform: Platform) -> None:
    town = await kuopio(platform)
    for pair in range(10):
        first, second = [await enter(town, "uef", f"{name}{pair}@uef.example") for name in ("a", "b")]
        answers = await asyncio.gather(
            town.change("PATCH", f"/members/{first}", {"deputy_id": second}),
            town.change("PATCH", f"/members/{second}", {"deputy_id": first}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 422]


async def test_an_address_is_unique_in_an_organisation_whatever_its_capitals(platform: Platform) -> None:
    town = await kuopio(platform)
    desk = town.people["desk@uef.example"]
    twin = {"organization_id": str(desk.organization_id), "email": "DESK@uef.example", "roles": ["adviser"]}
    answer = await town.admin.post("/members", json=twin)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:luotsi:problem:email-taken")
    elsewhere = {**twin, "organization_id": str(town.people["desk@savonia.example"].organization_id)}
    assert (await town.admin.post("/members", json=elsewhere)).status_code == 201
    other = await enter(town, "uef", "other@uef.example")
    renamed = await town.change("PATCH", f"/members/{other}", {"email": "Desk@UEF.example"})
    assert renamed.status_code == 409
    capitals = await town.change("PATCH", f"/members/{desk.id}", {"email": "Desk@uef.example"})
    assert capitals.status_code == 200


async def test_the_same_new_member_sent_twice_at_once_is_entered_once(platform: Platform) -> None:
    town = await kuopio(platform)
    new = {"organization_id": str(town.people["desk@uef.example"].organization_id), "email": "x@uef.example"}
    body = {**new, "roles": ["adviser"]}
    answers = await asyncio.gather(*(town.admin.post("/members", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_two_changes_of_one_version_one_wins(platform: Platform) -> None:
    town = await kuopio(platform)
    desk = town.people["desk@uef.example"]
    headers = {"If-Match": '"1"'}
    answers = await asyncio.gather(
        *(town.admin.patch(f"/members/{desk.id}", json={"language": each}, headers=headers) for each in ("fi", "sv"))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_a_change_of_nothing_raises_no_version(platform: Platform) -> None:
    town = await kuopio(platform)
    desk = town.people["desk@uef.example"]
    answer = await town.admin.patch(f"/members/{desk.id}", json={}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')


async def test_the_platform_keeps_an_administrator(platform: Platform) -> None:
    town = await kuopio(platform)
    only = town.people["admin@luotsi.example"]
    for change in ({"active": False}, {"roles": ["adviser"]}):
        answer = await town.change("PATCH", f"/members/{only.id}", change)
        assert answer.status_code == 409
    await enter(town, "luotsi", "second@luotsi.example", "admin")
    assert (await town.change("PATCH", f"/members/{only.id}", {"active": False})).status_code == 200
    assert (await town.admin.get("/members")).status_code == 401


async def test_a_role_that_was_taken_away_counts_no_longer_whatever_the_token_says(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    website = {"website": "https://uef.example"}
    assert (await town.change("PATCH", "/organizations/uef", website, who=boss)).status_code == 200
    demoted = await town.change("PATCH", f"/members/{town.people[boss].id}", {"roles": ["adviser"]})
    assert demoted.status_code == 200
    assert (await town.change("PATCH", "/organizations/uef", {"website": None}, who=boss)).status_code == 403


async def test_what_cannot_be_taken_is_a_problem(platform: Platform) -> None:
    town = await kuopio(platform)
    fine = {"email": "x@uef.example", "roles": ["adviser"]}
    refused: list[dict[str, Any]] = [
        {"email": "no address"},
        {"email": f"{'x' * 250}@uef.example"},
        {"email": "131052-308T@uef.example"},
        {"email": "x\u0001@uef.example"},
        {"email": "x\u007f@uef.example"},
        {"roles": []},
        {"roles": ["owner"]},
        {"language": "de"},
        {"password": "secret"},
        {"deputy_id": "nobody"},
    ]
    for wrong in refused:
        answer = await town.admin.post("/members", json={**fine, **wrong})
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), wrong
        assert "131052" not in answer.text
    desk = town.people["desk@uef.example"]
    for nothing in ({"roles": None}, {"active": None}, {"email": None}):
        assert (await town.change("PATCH", f"/members/{desk.id}", nothing)).status_code == 422
    assert (await town.admin.patch(f"/members/{desk.id}", json={"language": "fi"})).status_code == 428


async def test_a_role_that_is_added_in_place_is_not_forgotten_in_silence(platform: Platform) -> None:
    town = await kuopio(platform)
    desk = town.people["desk@uef.example"].id

    async def change(*, update: bool) -> None:
        async with platform.databases["catalog"].transaction() as tx:
            member = await tx.get_one(Member, desk)
            member.roles.append("admin")
            if update:
                tx.update(member)

    with pytest.raises(UnsavedChanges, match="Member: roles"):
        await change(update=False)
    await change(update=True)
    async with platform.databases["catalog"].transaction() as tx:
        assert (await tx.get_one(Member, desk)).roles == ["recipient", "adviser", "admin"]
