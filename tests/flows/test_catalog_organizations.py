"""Organisations changed over HTTP: entering, renaming, closing, moving; who may; what is told of it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from services.catalog.main import create_app
from shared.clock import day_in_kuopio
from shared.settings import Settings
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.platform import Platform

NEW = {
    "slug": "sports-club",
    "organization_type": "association",
    "name": {"fi": "Urheiluseura", "sv": "Idrottsförening", "en": "Sports club"},
    "description": {"fi": "Liikuntaa kaikille", "en": "Sports for everyone"},
    "website": "https://club.example",
}


async def test_an_organisation_is_entered_found_and_told_of(platform: Platform) -> None:
    town = await kuopio(platform)
    answer = await town.admin.post("/organizations", json=NEW, headers={"Accept-Language": "en"})
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["Location"] == f"/organizations/{made['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert (made["name"], made["slug"], made["version"]) == ("Sports club", "sports-club", 1)
    assert await town.slugs("/organizations", query="idrott") == ["sports-club"]
    event = await town.last_event("catalog.organization_changed.v1")
    assert event["subject"] == made["id"]
    assert event["sequence"] == 1
    assert event["actor"] == str(town.people["admin@luotsi.example"].id)
    assert event["data"] == {
        "id": made["id"],
        "slug": "sports-club",
        "name": NEW["name"],
        "active": True,
        "email": None,
        "closures": [],
        "former_email": None,
    }


async def test_one_slug_is_taken_once_by_those_who_ask_at_the_same_moment(platform: Platform) -> None:
    town = await kuopio(platform)
    answers = await asyncio.gather(*(town.admin.post("/organizations", json=NEW) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = [answer for answer in answers if answer.status_code == 409]
    assert {answer.headers["content-type"] for answer in refused} == {"application/problem+json"}


async def test_behind_the_edge_the_location_has_its_prefix(platform: Platform) -> None:
    town = await kuopio(platform)
    settings = Settings(**{**platform.settings["catalog"].model_dump(), "root_path": "/api/catalog"})
    platform.apps["prefixed"] = create_app(settings)
    try:
        client = platform.client("prefixed", town.people["admin@luotsi.example"])
        answer = await client.post("/organizations", json=NEW)
        assert answer.headers["Location"] == f"/api/catalog/organizations/{answer.json()['id']}"
        document = (await client.get("/openapi.json")).json()
        assert document["servers"] == [{"url": "/api/catalog"}]
    finally:
        prefixed = platform.apps.pop("prefixed").state.luotsi
        await prefixed.redis.aclose()
        await prefixed.database.close()


async def test_a_plain_name_is_finnish_and_makes_the_slug(platform: Platform) -> None:
    town = await kuopio(platform)
    answer = await town.admin.post("/organizations", json={"name": "Säätiö Ääni", "description": "Kuoro"})
    assert answer.status_code == 201
    assert answer.json()["slug"] == "saatio-aani"
    event = await town.last_event("catalog.organization_changed.v1")
    assert set(event["data"]["name"].values()) == {"Säätiö Ääni"}


async def test_renaming_keeps_the_old_name_and_slug_with_dates(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.admin.post("/organizations", json=NEW)
    day = day_in_kuopio(datetime.now(UTC)).isoformat()
    change = {"slug": "club", "name": {"fi": "Seura", "en": "The Club"}}
    answer = await town.change("PATCH", "/organizations/sports-club", change)
    assert answer.status_code == 200, answer.text
    renamed = answer.json()
    assert (renamed["name"], renamed["version"]) == ("Seura", 2)
    assert renamed["translations"]["sv"]["name"] == "Idrottsförening"
    [alias] = renamed["aliases"]
    assert (alias["name"], alias["slug"], alias["valid_until"]) == ("Urheiluseura", "sports-club", day)
    assert (await town.read("/organizations/sports-club"))["slug"] == "club"
    assert await town.slugs("/organizations", query="urheiluseura") == ["club"]
    event = await town.last_event("catalog.organization_changed.v1")
    assert (event["sequence"], event["data"]["slug"], event["data"]["name"]["fi"]) == (2, "club", "Seura")


async def test_going_back_to_an_old_name_takes_it_off_the_former_ones(platform: Platform) -> None:
    town = await kuopio(platform)
    for slug in ("pankki", "ngos"):
        answer = await town.change("PATCH", "/organizations/ngos", {"slug": slug, "name": {"fi": slug}})
        assert answer.status_code == 200, answer.text
    organization = await town.read("/organizations/ngos")
    assert organization["slug"] == "ngos"
    assert "pankki" in [alias["slug"] for alias in organization["aliases"] if "slug" in alias]
    assert "ngos" not in [alias["slug"] for alias in organization["aliases"] if "slug" in alias]
    back = await town.change("PATCH", "/organizations/ngos", {"name": {"fi": "Kansalaisjärjestöt ja vapaaehtoiset"}})
    assert back.json()["name"] not in [alias["name"] for alias in back.json()["aliases"]]


async def test_a_translation_more_is_no_renaming_and_no_change_is_no_news(platform: Platform) -> None:
    town = await kuopio(platform)
    made = await town.admin.post("/organizations", json={**NEW, "name": {"fi": "Seura"}})
    added = await town.change("PATCH", "/organizations/sports-club", {"name": {"sv": "Förening"}})
    assert (added.json()["version"], added.json()["aliases"]) == (2, [])
    before = await town.count_events()
    for same in ({}, {"name": {"sv": "Förening"}}, {"name": "Seura", "active": True}):
        answer = await town.change("PATCH", f"/organizations/{made.json()['id']}", same)
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert await town.count_events() == before


async def test_null_takes_away_what_may_be_missing(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.admin.post("/organizations", json=NEW)
    answer = await town.change("PATCH", "/organizations/sports-club", {"website": None, "description": {"en": None}})
    assert "website" not in answer.json()
    assert "description" not in answer.json()["translations"].get("en", {})
    for refused in ({"name": None}, {"name": {"fi": None, "sv": None, "en": None}}, {"active": None}, {"slug": None}):
        assert (await town.change("PATCH", "/organizations/sports-club", refused)).status_code == 422


async def test_closures_are_replaced_as_a_whole_and_told(platform: Platform) -> None:
    town = await kuopio(platform)
    summer = {"starts_on": "2031-07-01", "ends_on": "2031-07-31"}
    winter = {"starts_on": "2031-12-24", "ends_on": "2031-12-26"}
    first = await town.change("PUT", "/organizations/uef/closures", {"closures": [winter, summer]})
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    assert [each["starts_on"] for each in first.json()["closures"]] == ["2031-07-01", "2031-12-24"]
    event = await town.last_event("catalog.organization_changed.v1")
    assert event["data"]["closures"] == [summer, winter]
    second = await town.change("PUT", "/organizations/uef/closures", [summer])
    assert second.json()["closures"] == [{**summer, "translations": {}}]
    third = await town.change("PUT", "/organizations/uef/closures", {"closures": []})
    assert (third.json()["closures"], third.headers["ETag"]) == ([], '"4"')


@pytest.mark.parametrize(
    "day", [1763596800, 1763596800.5, "1763596800", "2031-12-24T00:00:00", "2031-12-32", True, None]
)
async def test_a_day_is_written_as_iso_8601_has_it(platform: Platform, day: object) -> None:
    town = await kuopio(platform)
    for name in ("starts_on", "ends_on"):
        closure = {"starts_on": "2031-12-24", "ends_on": "2031-12-24", name: day}
        answer = await town.change("PUT", "/organizations/uef/closures", {"closures": [closure]})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == f"closures.0.{name}"


@pytest.mark.parametrize("field", ["name", "address_1", "postal_code", "city"])
async def test_a_place_is_told_in_single_lines_but_for_its_description(platform: Platform, field: str) -> None:
    town = await kuopio(platform)
    place = {"name": "Kampus", "description": "Ovi A\nsoita kelloa"}
    broken = {"locations": [{**place, field: "Ovi\r\nB"}]}
    answer = await town.change("PUT", "/organizations/uef/locations", broken)
    assert (answer.status_code, "one line" in answer.json()["errors"][0]["message"]) == (422, True)
    fine = await town.change("PUT", "/organizations/uef/locations", {"locations": [place]})
    assert fine.json()["locations"][0]["description"] == "Ovi A\nsoita kelloa"


async def test_places_are_replaced_and_keep_their_ids(platform: Platform) -> None:
    town = await kuopio(platform)
    address = {"address_1": "Esimerkkikatu 1", "postal_code": "70100", "city": "Kuopio"}
    first = await town.change("PUT", "/organizations/uef/locations", {"locations": [{"name": "Kampus", **address}]})
    assert first.status_code == 200, first.text
    [place] = first.json()["locations"]
    assert place["addresses"][0] | address == place["addresses"][0]
    moved = {"id": place["id"], "name": "Uusi kampus", "location_type": "virtual", "url": "https://campus.example"}
    second = await town.change("PUT", "/organizations/uef/locations", {"locations": [moved]})
    [kept] = second.json()["locations"]
    assert (kept["id"], kept["name"], kept["addresses"]) == (place["id"], "Uusi kampus", [])
    strange = await town.change("PUT", "/organizations/savonia/locations", {"locations": [moved]})
    assert strange.status_code == 422
    in_use = await town.change("PUT", "/organizations/business-kuopio/locations", {"locations": []})
    assert in_use.status_code == 409
    assert (await town.read("/organizations/business-kuopio"))["version"] == 1


async def test_an_administrator_changes_its_own_organisation_and_no_other(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    website = {"website": "https://uef.example"}
    assert (await town.change("PATCH", "/organizations/uef", website, who=boss)).status_code == 200
    assert (await town.change("PATCH", "/organizations/savonia", website, who=boss)).status_code == 403
    assert (await town.change("PUT", "/organizations/savonia/closures", [], who=boss)).status_code == 403
    assert (await town.client(boss).post("/organizations", json=NEW)).status_code == 403
    desk = "desk@uef.example"
    assert (await town.change("PATCH", "/organizations/uef", website, who=desk)).status_code == 403
    assert (await town.client().patch("/organizations/uef", json=website)).status_code == 401


async def test_the_platforms_own_slug_is_neither_given_up_nor_taken(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    assert (await town.change("PATCH", "/organizations/uef", {"slug": "luotsi"}, who=boss)).status_code == 422
    assert (await town.change("PATCH", "/organizations/luotsi", {"slug": "other"})).status_code == 422
    assert (await town.change("PATCH", "/organizations/luotsi", {"active": False})).status_code == 409
    assert (await town.change("PATCH", "/organizations/savonia", {"name": "x"}, who=boss)).status_code == 403


async def test_errors_come_in_the_order_of_the_contract(platform: Platform) -> None:
    """401, 404, 403, 422 or 400, 428, 412, 409: each request has all the later faults, too."""
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    client = town.client
    stale, taken = {"If-Match": '"9"'}, {"slug": "savonia"}
    statuses = [
        (await client().patch("/organizations/nowhere", content=b"{")).status_code,
        (await client(boss).patch("/organizations/nowhere", content=b"{")).status_code,
        (await client(boss).patch("/organizations/savonia", json={"colour": 1})).status_code,
        (await client(boss).patch("/organizations/uef", json={"colour": 1})).status_code,
        (await client(boss).patch("/organizations/uef", json=taken)).status_code,
        (await client(boss).patch("/organizations/uef", json=taken, headers=stale)).status_code,
        (await client(boss).patch("/organizations/uef", json=taken, headers={"If-Match": '"1"'})).status_code,
    ]
    assert statuses == [401, 404, 403, 422, 428, 412, 409]
    assert (await town.read("/organizations/uef"))["version"] == 1


async def test_a_stale_change_is_told_the_version_it_should_have_seen(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/organizations/uef", {"website": "https://uef.example"})
    headers = {"If-Match": '"1"'}
    answer = await town.admin.patch("/organizations/uef", json={"website": None}, headers=headers)
    assert (answer.status_code, answer.headers["ETag"]) == (412, '"2"')


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({**NEW, "slug": "uef"}, 409, "slug-taken"),
    ({**NEW, "slug": "pohjois-savon-ely"}, 409, "slug-taken"),
    ({**NEW, "slug": "No Slug"}, 422, "invalid"),
    ({**NEW, "slug": "luotsi"}, 409, "slug-taken"),
    ({**NEW, "name": {"de": "Verein"}}, 422, "invalid"),
    ({**NEW, "name": {}}, 422, "invalid"),
    ({**NEW, "name": {"fi": None}}, 422, "invalid"),
    ({**NEW, "name": {"fi": " "}}, 422, "invalid"),
    ({**NEW, "name": {"fi": "x" * 201}}, 422, "invalid"),
    ({**NEW, "description": {"fi": "x" * 5001}}, 422, "invalid"),
    ({"slug": "nameless", "description": "x"}, 422, "invalid"),
    ({**NEW, "organization_type": "club"}, 422, "invalid"),
    ({**NEW, "website": "javascript:alert(1)"}, 422, "invalid"),
    ({**NEW, "email": "a@b\nBcc: c@d.example"}, 422, "invalid"),
    ({**NEW, "parent_organization_id": "01a20000-0000-7000-8000-000000000000"}, 422, "invalid"),
    ({**NEW, "description": {"fi": "Tunnus 131052-308T"}}, 422, "personal-identity-code"),
    ({**NEW, "name": {"fi": "nul\x00"}}, 422, "invalid"),
    ({**NEW, "name": {"fi": "Seura\r\nBcc: c@d.example"}}, 422, "invalid"),
    ({**NEW, "name": "Seura\tseura"}, 422, "invalid"),
    ({**NEW, "name": {"fi": "Seura", "en": "Club\u2028club"}}, 422, "invalid"),
    ({**NEW, "alternate_name": {"sv": "F\u0085f"}}, 422, "invalid"),
    ({**NEW, "slug": "a\nb"}, 422, "invalid"),
    ({**NEW, "website": "https://seura.example/\u0007"}, 422, "invalid"),
    ({**NEW, "colour": "red"}, 422, "invalid"),
    ({"name": "\u6f22\u5b57", "description": "x"}, 422, "invalid"),
]


async def test_what_cannot_be_taken_is_a_problem_that_says_why_and_nothing_is_half_done(platform: Platform) -> None:
    town = await kuopio(platform)
    before = await town.count_events()
    for body, status, name in BAD:
        answer = await town.admin.post("/organizations", json=body)
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (status, f"urn:luotsi:problem:{name}"), body
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["detail"]
        assert "131052" not in answer.text
    assert (await town.read("/organizations"))["total_items"] == 19
    assert await town.count_events() == before


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b'{"name": ', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b'{"name": "x"}', "text/plain", 415),
        (b"[]", "application/json", 422),
        (b"", "application/json", 422),
        (b'{"name": "' + b"x" * 70_000 + b'"}', "application/json", 413),
    ],
)
async def test_a_body_that_is_no_json_object_of_sensible_size_is_refused(
    platform: Platform, content: bytes, content_type: str, status: int
) -> None:
    town = await kuopio(platform)
    headers = {"Content-Type": content_type}
    answer = await town.admin.post("/organizations", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_organisation_never_stands_above_itself(platform: Platform) -> None:
    town: Kuopio = await kuopio(platform)
    ids = {slug: (await town.read(f"/organizations/{slug}"))["id"] for slug in ("kuopio", "navigaattori")}
    for parent in ids.values():
        answer = await town.change("PATCH", "/organizations/kuopio", {"parent_organization_id": parent})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "parent_organization_id"


async def test_organisations_that_were_deactivated_are_listed_on_their_own(platform: Platform) -> None:
    town = await kuopio(platform)
    active = (await town.read("/organizations"))["total_items"]
    assert (await town.read("/organizations?active=false"))["contents"] == []
    await town.change("PATCH", "/organizations/uef", {"active": False})
    left = await town.read("/organizations?active=false")
    assert [(each["slug"], each["active"]) for each in left["contents"]] == [("uef", False)]
    assert (await town.read("/organizations"))["total_items"] == active - 1
    assert (await town.client().get("/organizations?active=false&query=yliopisto")).status_code == 422
