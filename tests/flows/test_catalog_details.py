"""What an adviser needs to know of a service: entered, read, published, seeded."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from services.catalog.main import create_app
from services.catalog.use_cases.seed import seed_into
from tests import hsds
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform

MATCHING = "/services/talent-matching"
PHONE = {
    "number": "017 182 000",
    "extension": 12,
    "type": "voice",
    "description": {"fi": "Vaihde", "en": "Switchboard"},
    "languages": ["fi", "SV"],
}
DETAILS: dict[str, Any] = {
    "phones": [PHONE, {"number": "116 117", "type": "text"}],
    "schedules": [
        {"byday": "fr,mo", "opens_at": "09:00", "closes_at": "15:30", "notes": {"fi": "Ei juhlapyhinä"}},
        {"freq": "MONTHLY", "byday": "-1TH", "opens_at": "12:00", "closes_at": "00:00", "valid_from": "2026-01-01"},
        {"description": {"fi": "Muina aikoina sopimuksen mukaan", "en": "At other times by appointment"}},
    ],
    "contacts": [
        {
            "title": {"fi": "Päivystävä palveluneuvoja", "en": "Adviser on call"},
            "department": "Neuvonta",
            "email": "on-call@talenthub.example",
            "phones": [{"number": "040 123 4567"}],
        }
    ],
    "service_areas": [
        {
            "name": {"fi": "Pohjois-Savo", "sv": "Norra Savolax", "en": "North Savo"},
            "description": {"en": "The whole region"},
            "uri": "https://areas.example/north-savo",
        }
    ],
    "cost_options": [
        {"amount": 12.5, "option": {"fi": "Kurssi", "en": "Course"}, "valid_from": "2026-01-01"},
        {"amount": 0, "currency": "eur", "option": {"fi": "Opiskelijat", "en": "Students"}},
    ],
    "required_documents": [{"document": {"fi": "Passi", "sv": "Pass", "en": "Passport"}, "uri": "https://x.example"}],
    "fees_description": {"fi": "Neuvonta on maksutonta.", "en": "Advice is free."},
    "interpretation_services": {"fi": "Tulkki varataan etukäteen.", "en": "An interpreter is booked beforehand."},
    "minimum_age": 18,
    "maximum_age": 65,
    "typical_wait_days": 10,
}
LISTS = ("phones", "schedules", "contacts", "service_areas", "cost_options", "required_documents")


def in_english(things: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Things of an answer without their ids and translations."""
    return [{key: value for key, value in each.items() if key not in ("id", "translations")} for each in things]


async def test_a_service_begins_with_nothing_that_nobody_knows(platform: Platform) -> None:
    town = await kuopio(platform)
    service = await town.read(MATCHING)
    assert [service[name] for name in LISTS] == [[]] * len(LISTS)
    assert not {"fees_description", "interpretation_services", "minimum_age", "typical_wait_days", "wait_time"} & set(
        service
    )
    guidance = await town.read("/services/guidance-for-newcomers", **{"Accept-Language": "en"})
    assert [area["name"] for area in guidance["service_areas"]] == ["Kuopio"]


async def test_the_organisations_administrator_says_all_of_it(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("north-savo-talent-hub")
    changed = await town.change("PATCH", MATCHING, DETAILS, who=boss)
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"'), changed.text
    service = await town.read(MATCHING, **{"Accept-Language": "en"})
    number, short = service["phones"]
    assert (number["number"], number["extension"], number["description"]) == ("+358 17 182000", 12, "Switchboard")
    assert [(each["code"], each["name"]) for each in number["languages"]] == [("fi", "Finnish"), ("sv", "Swedish")]
    assert number["translations"]["fi"] == {"description": "Vaihde"}
    assert (short["number"], short["type"], short["languages"]) == ("116117", "text", [])
    weekly, monthly, spoken = service["schedules"]
    assert (weekly["freq"], weekly["byday"], weekly["interval"]) == ("WEEKLY", "MO,FR", 1)
    assert (monthly["freq"], monthly["byday"], monthly["valid_from"]) == ("MONTHLY", "-1TH", "2026-01-01")
    assert spoken["description"] == "At other times by appointment"
    [contact] = service["contacts"]
    assert (contact["title"], contact["department"]) == ("Adviser on call", "Neuvonta")
    assert contact["phones"][0]["number"] == "+358 40 1234567"
    assert in_english(service["service_areas"]) == [
        {"name": "North Savo", "description": "The whole region", "uri": "https://areas.example/north-savo"}
    ]
    assert in_english(service["cost_options"]) == [
        {"option": "Course", "amount": 12.5, "currency": "EUR", "valid_from": "2026-01-01"},
        {"option": "Students", "amount": 0, "currency": "EUR"},
    ]
    assert in_english(service["required_documents"]) == [{"document": "Passport", "uri": "https://x.example"}]
    assert (service["fees_description"], service["wait_time"]) == ("Advice is free.", "10 days")
    assert service["translations"]["fi"]["interpretation_services"] == "Tulkki varataan etukäteen."
    assert (service["minimum_age"], service["maximum_age"], service["typical_wait_days"]) == (18, 65, 10)
    [found] = (await town.read("/services?query=osaamiskartoitus", **{"Accept-Language": "en"}))["contents"]
    assert found.pop("why")
    assert found == service, "a search answers the same"
    assert (await town.read(MATCHING))["wait_time"] == "10 päivää"
    again = await town.change("PATCH", MATCHING, DETAILS, who=boss)
    assert again.headers["ETag"] == '"2"', "no change, no version"
    other = await town.change("PATCH", "/services/business-advice", DETAILS, who=boss)
    assert other.status_code == 403


@pytest.mark.skipif(not hsds.at_hand(), reason=f"no schemas of HSDS 3.1 in {hsds.FOLDER}")
async def test_all_of_it_fits_hsds(platform: Platform) -> None:
    town = await kuopio(platform)
    made = await town.admin.post("/services", json={"name": "Kaikki", "description": "Kaikki", **DETAILS})
    assert made.status_code == 201, made.text
    for language in ("fi", "sv", "en"):
        service = await town.read(f"/services/{made.json()['id']}", **{"Accept-Language": language})
        assert hsds.faults("service", service) == []
        ids = [each["id"] for name in LISTS for each in service[name]]
        assert len(ids) == len(set(ids)) == 10
        for name in LISTS:
            assert service[name]
            kind = {"phones": "phone", "service_areas": "service_area"}.get(name, name.removesuffix("s"))
            for each in service[name]:
                assert hsds.faults(kind, each) == [], name


async def test_the_event_carries_what_is_reckoned_with_and_no_text_and_no_number(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", MATCHING, DETAILS)
    state = (await town.last_event("catalog.service_changed.v1"))["data"]
    assert state["service_areas"] == [{"fi": "Pohjois-Savo", "sv": "Norra Savolax", "en": "North Savo"}]
    assert (state["minimum_age"], state["maximum_age"], state["typical_wait_days"]) == (18, 65, 10)
    told = json.dumps(state)
    for untold in ("1234567", "on-call@", "Switchboard", "Passport", "Advice is free", "interpreter", "09:00"):
        assert untold not in told
    await platform.settle()
    query = "SELECT sequence FROM services WHERE slug = 'talent-matching'"
    assert await platform.scalar("referral", query) == 2


async def test_a_change_touches_what_it_names_and_a_list_as_a_whole(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", MATCHING, DETAILS)
    before = await town.read(MATCHING)
    fewer = {"phones": [PHONE, PHONE], "fees_description": {"sv": "Avgiftsfritt"}, "maximum_age": None}
    after = (await town.change("PATCH", MATCHING, fewer)).json()
    assert after["phones"] == before["phones"][:1], "with its id, and once"
    assert {**before["translations"]["fi"]} == after["translations"]["fi"]
    assert after["translations"]["sv"]["fees_description"] == "Avgiftsfritt"
    assert "maximum_age" not in after
    for name in (*LISTS[1:], "minimum_age", "typical_wait_days", "keywords"):
        assert after[name] == before[name]
    nothing: dict[str, Any] = {name: [] for name in LISTS} | dict.fromkeys(DETAILS.keys() - LISTS)
    emptied = (await town.change("PATCH", MATCHING, nothing)).json()
    assert [emptied[name] for name in LISTS] == [[]] * len(LISTS)
    assert not (DETAILS.keys() - LISTS) & emptied.keys()


@pytest.mark.parametrize(
    ("today", "offset"),
    [(datetime(2031, 3, 29, 12, tzinfo=UTC), 2), (datetime(2031, 3, 30, 12, tzinfo=UTC), 3)],
)
async def test_times_carry_the_offset_that_holds_in_finland(platform: Platform, today: datetime, offset: int) -> None:
    town = await kuopio(platform)
    entry = {"byday": "MO", "opens_at": "09:00", "closes_at": "00:00"}
    both = {"schedules": [entry, {**entry, "valid_from": "2031-12-01", "byday": "TU"}]}
    assert (await town.change("PATCH", MATCHING, both)).status_code == 200
    app = create_app(platform.settings["catalog"], clock=lambda: today)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://catalog") as client:
        now, in_winter = (await client.get(MATCHING)).json()["schedules"]
    await app.state.luotsi.close()
    assert (now["opens_at"], now["closes_at"], now["timezone"]) == (
        f"09:00+0{offset}:00",
        f"00:00+0{offset}:00",
        offset,
    )
    assert (in_winter["opens_at"], in_winter["timezone"]) == ("09:00+02:00", 2)
    read_back = {"schedules": [{**entry, "opens_at": now["opens_at"], "closes_at": now["closes_at"]}]}
    assert (await town.change("PATCH", MATCHING, read_back)).json()["schedules"][0]["id"] == now["id"]


async def test_a_location_says_how_to_get_there(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef")
    there = {
        "name": "Kampus",
        "transportation": {"fi": "Bussi 4 keskustasta", "en": "Bus 4 from the centre"},
        "accessibility": [{"description": {"fi": "Hissi", "en": "A lift"}, "url": "https://x.example/lift"}],
    }
    put = await town.change("PUT", "/organizations/uef/locations", {"locations": [there]}, who=boss)
    assert put.status_code == 200, put.text
    uef = await town.read("/organizations/uef", **{"Accept-Language": "en"})
    [location] = uef["locations"]
    assert location["transportation"] == "Bus 4 from the centre"
    assert location["translations"]["fi"]["transportation"] == "Bussi 4 keskustasta"
    assert in_english(location["accessibility"]) == [{"description": "A lift", "url": "https://x.example/lift"}]
    if hsds.at_hand():
        assert hsds.faults("organization", uef) == []
    path = "/services/international-student-services-at-uef"
    placed = await town.change("PATCH", path, {"location_ids": [location["id"]]}, who=boss)
    assert placed.json()["service_at_locations"][0]["location"]["transportation"] == "Bussi 4 keskustasta"
    wrong: list[dict[str, Any]] = [
        {"accessibility": [{}]},
        {"accessibility": [{"description": {"fi": None}}]},
        {"transportation": 4},
    ]
    for fields in wrong:
        body = {"locations": [{"name": "Kampus", **fields}]}
        refused = await town.change("PUT", "/organizations/uef/locations", body, who=boss)
        assert refused.status_code == 422, fields


async def test_seeding_says_what_nobody_has_said(platform: Platform) -> None:
    town = await kuopio(platform)
    own = {"service_areas": [{"name": "Siilinjärvi"}]}
    assert (await town.change("PATCH", "/services/employment-guidance", own)).status_code == 200
    assert (await town.change("PATCH", "/services/multilingual-counselling", {"service_areas": []})).status_code == 200
    async with platform.databases["catalog"].transaction() as tx:
        unsaid = "UPDATE services SET service_areas = NULL WHERE slug IN ('guidance-for-newcomers', 'talent-matching')"
        await tx.execute(text(unsaid))
    async with platform.databases["catalog"].transaction() as tx:
        assert (await seed_into(tx)).filled == 1
    areas = {
        slug: [area["name"] for area in (await town.read(f"/services/{slug}"))["service_areas"]]
        for slug in ("guidance-for-newcomers", "employment-guidance", "multilingual-counselling", "talent-matching")
    }
    assert list(areas.values()) == [["Kuopio"], ["Siilinjärvi"], [], []]
