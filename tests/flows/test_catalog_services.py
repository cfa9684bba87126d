"""Services changed over HTTP: entering, changing, capacity, places; who may; what is told of it."""

from datetime import UTC, datetime
from typing import Any

from services.catalog.use_cases.seed import seed_into
from shared.clock import day_in_kuopio
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform

NEW = {
    "slug": "language-cafe",
    "name": {"fi": "Kielikahvila", "sv": "Språkkafé", "en": "Language café"},
    "description": {"fi": "Suomen kielen harjoittelua", "en": "Practise Finnish"},
    "eligibility_description": {"fi": "Kaikille"},
    "languages": ["fi", "EN", "fi"],
    "target_groups": ["newcomers", "everyone"],
    "capacity": {"status": "waitlist", "available": 2},
}


async def test_an_administrator_enters_a_service_of_its_own_organisation(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("kompassi")
    answer = await town.client(boss, **{"Accept-Language": "en"}).post("/services", json=NEW)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["Location"] == f"/services/{made['id']}"
    assert (answer.headers["ETag"], answer.headers["Content-Language"]) == ('"1"', "en, fi")
    assert (made["organization"]["slug"], made["name"]) == ("kompassi", "Language café")
    assert [each["code"] for each in made["languages"]] == ["fi", "en"]
    assert (made["capacity"]["status"], made["capacities"][0]["available"]) == ("waitlist", 2)
    assert made["capacities"][0]["unit"]["name"] == "place"
    assert made["accepting"] is True
    assert (await town.slugs("/services", query="sprakkafe"))[0] == "language-cafe"
    event = await town.last_event("catalog.service_changed.v1")
    assert (event["subject"], event["sequence"], event["actor"]) == (made["id"], 1, str(town.people[boss].id))
    assert event["data"] == {
        "id": made["id"],
        "slug": "language-cafe",
        "organization_id": made["organization_id"],
        "name": NEW["name"],
        "status": "active",
        "languages": ["fi", "en"],
        "target_groups": ["newcomers", "everyone"],
        "keywords": {"fi": [], "sv": [], "en": []},
        "service_areas": [],
        "minimum_age": None,
        "maximum_age": None,
        "typical_wait_days": None,
        "capacity": "waitlist",
        "response_days": None,
        "urgent_response_days": None,
        "expiry_days": None,
    }


async def test_the_other_services_follow_a_change_of_capacity(platform: Platform) -> None:
    town = await kuopio(platform)
    full = {"status": "no-capacity", "available": 0}
    answer = await town.change("PUT", "/services/talent-matching/capacity", full)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert answer.json()["not_accepting_because"] == ["no_capacity"]
    await platform.settle()
    query = "SELECT capacity FROM services WHERE slug = 'talent-matching'"
    assert await platform.scalar("referral", query) == "no-capacity"
    assert await platform.scalar("notifications", query) == "no-capacity"
    again = await town.change("PUT", "/services/talent-matching/capacity", {"status": "capacity", "available": 4})
    assert (again.json()["accepting"], again.json()["capacity"]["available"]) == (True, 4)
    uncounted = await town.change("PUT", "/services/talent-matching/capacity", {"status": "capacity"})
    assert "available" not in uncounted.json()["capacity"]


async def test_capacity_that_contradicts_itself_is_refused(platform: Platform) -> None:
    town = await kuopio(platform)
    for body in (
        {"status": "no-capacity", "available": 3},
        {"status": "capacity", "available": 0},
        {"status": "capacity", "available": -1},
        {"status": "full"},
        {"available": 3},
        {},
    ):
        answer = await town.change("PUT", "/services/talent-matching/capacity", body)
        assert answer.status_code == 422, body
    assert (await town.read("/services/talent-matching"))["version"] == 1


async def test_a_service_says_within_how_many_working_days_it_answers(platform: Platform) -> None:
    town = await kuopio(platform)
    assert "response_days" not in await town.read("/services/talent-matching"), "the platform's"
    days = {"response_days": 5, "urgent_response_days": 2, "expiry_days": 15}
    answer = await town.change("PATCH", "/services/talent-matching", days)
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in days} == days
    event = await town.last_event("catalog.service_changed.v1")
    assert {name: event["data"][name] for name in days} == days
    back = await town.change("PATCH", "/services/talent-matching", {"urgent_response_days": None})
    assert "urgent_response_days" not in back.json()


async def test_days_that_contradict_each_other_are_refused(platform: Platform) -> None:
    town = await kuopio(platform)
    for body in (
        {"response_days": 10},  # it would expire at the very moment when the answer is due
        {"response_days": 1, "urgent_response_days": 2},
        {"urgent_response_days": 3},
        {"expiry_days": 2},
        {"response_days": 0},
        {"response_days": 61, "expiry_days": 100},
        {"expiry_days": 251},
        {"response_days": "soon"},
    ):
        answer = await town.change("PATCH", "/services/talent-matching", body)
        assert answer.status_code == 422, body
        assert answer.json()["errors"][0]["field"] in (*body, "expiry_days", "urgent_response_days")
    assert (await town.read("/services/talent-matching"))["version"] == 1
    boss = await town.enter_admin("kompassi")
    refused = await town.client(boss).post("/services", json={**NEW, "response_days": 12})
    assert refused.status_code == 422, refused.text


async def test_a_change_touches_what_it_names_and_nothing_else(platform: Platform) -> None:
    town = await kuopio(platform)
    before = await town.read("/services/talent-matching")
    change = {"languages": ["fi", "en", "sv"], "description": {"sv": "Ny text"}}
    answer = await town.change("PATCH", "/services/talent-matching", change)
    assert answer.status_code == 200
    after = await town.read("/services/talent-matching")
    assert [each["code"] for each in after["languages"]] == ["fi", "en", "sv"]
    assert after["translations"]["sv"]["description"] == "Ny text"
    assert after["translations"]["en"] == before["translations"]["en"]
    for kept in ("slug", "name", "status", "target_groups", "capacity", "organization_id"):
        assert after[kept] == before[kept]
    assert (await town.last_event("catalog.service_changed.v1"))["sequence"] == 2
    events = await town.count_events()
    assert (await town.change("PATCH", "/services/talent-matching", change)).headers["ETag"] == '"2"'
    assert await town.count_events() == events


async def test_renaming_keeps_the_old_name_and_slug_with_dates(platform: Platform) -> None:
    town = await kuopio(platform)
    change = {"slug": "jobs-for-talent", "name": {"fi": "Töitä osaajille"}}
    answer = await town.change("PATCH", "/services/talent-matching", change)
    assert answer.status_code == 200, answer.text
    [alias] = answer.json()["aliases"]
    assert (alias["name"], alias["slug"]) == ("Osaajan ja työnantajan yhteensaattaminen", "talent-matching")
    assert alias["valid_until"] == day_in_kuopio(datetime.now(UTC)).isoformat()
    assert (await town.read("/services/talent-matching"))["slug"] == "jobs-for-talent"
    assert "jobs-for-talent" in await town.slugs("/services", query="yhteensaattaminen")
    taken = await town.admin.post("/services", json={**NEW, "slug": "talent-matching"})
    assert taken.status_code == 409
    back = await town.change("PATCH", "/services/jobs-for-talent", {"slug": "talent-matching"})
    assert [each["slug"] for each in back.json()["aliases"] if "slug" in each] == ["jobs-for-talent"]
    async with platform.databases["catalog"].transaction() as tx:
        assert (await seed_into(tx)).services == 0


async def test_a_service_is_given_at_places_of_its_own_organisation(platform: Platform) -> None:
    town = await kuopio(platform)
    made = await town.change("PUT", "/organizations/uef/locations", {"locations": [{"name": "A"}, {"name": "B"}]})
    ids = [place["id"] for place in made.json()["locations"]]
    path = "/services/international-student-services-at-uef"
    placed = await town.change("PATCH", path, {"location_ids": [*ids, ids[0]]})
    assert {each["location"]["id"] for each in placed.json()["service_at_locations"]} == set(ids)
    assert placed.headers["ETag"] == '"2"'
    same = await town.change("PATCH", path, {"location_ids": ids[::-1]})
    assert same.headers["ETag"] == '"2"'
    elsewhere = await town.change("PATCH", "/services/talent-matching", {"location_ids": ids})
    assert elsewhere.status_code == 422
    nowhere = await town.change("PATCH", path, {"location_ids": []})
    assert nowhere.json()["service_at_locations"] == []


async def test_who_may_change_services(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    mine, other = "/services/international-student-services-at-uef", "/services/talent-matching"
    url = {"url": "https://service.example"}
    assert (await town.change("PATCH", mine, url, who=boss)).status_code == 200
    assert (await town.change("PATCH", other, url, who=boss)).status_code == 403
    assert (await town.change("PUT", f"{other}/capacity", {"status": "waitlist"}, who=boss)).status_code == 403
    for who in ("desk@talenthub.example", "adviser@navigaattori.example", "coordinator@kuopio.example"):
        assert (await town.change("PUT", f"{other}/capacity", {"status": "waitlist"}, who=who)).status_code == 403
        assert (await town.client(who).post("/services", json=NEW)).status_code == 403
    for_another = {**NEW, "organization_id": (await town.read(other))["organization_id"]}
    assert (await town.client(boss).post("/services", json=for_another)).status_code == 403
    assert (await town.admin.post("/services", json=for_another)).status_code == 201
    assert (await town.client().put(f"{other}/capacity", json={"status": "waitlist"})).status_code == 401


async def test_errors_come_in_the_order_of_the_contract(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    mine, taken = "/services/international-student-services-at-uef", {"slug": "talent-matching"}
    client = town.client
    statuses = [
        (await client().patch("/services/nowhere", content=b"{")).status_code,
        (await client(boss).patch("/services/nowhere", content=b"{")).status_code,
        (await client(boss).patch("/services/talent-matching", json={"colour": 1})).status_code,
        (await client(boss).patch(mine, json={"colour": 1})).status_code,
        (await client(boss).patch(mine, json=taken)).status_code,
        (await client(boss).patch(mine, json=taken, headers={"If-Match": '"9"'})).status_code,
        (await client(boss).patch(mine, json=taken, headers={"If-Match": '"1"'})).status_code,
    ]
    assert statuses == [401, 404, 403, 422, 428, 412, 409]
    order = [
        (await client().post("/services", content=b"{")).status_code,
        (await client("desk@uef.example").post("/services", content=b"{")).status_code,
        (await client(boss, **{"Content-Type": "application/json"}).post("/services", content=b"{")).status_code,
        (await client(boss).post("/services", json={})).status_code,
    ]
    assert order == [401, 403, 400, 422]


BAD: list[tuple[dict[str, Any], int]] = [
    ({**NEW, "organization_id": "01a20000-0000-7000-8000-000000000000"}, 422),
    ({**NEW, "organization_id": "uef"}, 422),
    ({**NEW, "slug": "business-advice"}, 409),
    ({**NEW, "status": "open"}, 422),
    ({**NEW, "languages": ["Finnish language"]}, 422),
    ({**NEW, "target_groups": ["martians"]}, 422),
    ({**NEW, "location_ids": ["01a20000-0000-7000-8000-000000000000"]}, 422),
    ({**NEW, "eligibility_description": {"en": "only 131052-308T"}}, 422),
    ({**NEW, "url": "ftp://x.example"}, 422),
    ({**NEW, "capacity": {"status": "capacity", "available": 0}}, 422),
    ({**NEW, "languages": [f"a{chr(97 + i)}" for i in range(26)] + [f"b{chr(97 + i)}" for i in range(26)]}, 422),
]


async def test_what_cannot_be_taken_is_a_problem_and_nothing_is_half_done(platform: Platform) -> None:
    town = await kuopio(platform)
    before = await town.count_events()
    for body, status in BAD:
        answer = await town.admin.post("/services", json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), body
        assert answer.json()["errors" if status == 422 else "detail"]
    assert (await town.read("/services?size=1"))["total_items"] == 25
    assert await town.count_events() == before
