"""Services, places and closures of an organisation in the portal: entered, changed, refused, merged, kept whole."""

from typing import Any

import pytest

from tests.platform import Platform
from tests.portal.administered import Place, administered_place
from tests.portal.filled_form import changed, complaints, fields_of, fill_in, post
from tests.portal.signed_in import portal_client

SCRIPT = "<script>alert(1)</script>\"'&"
NEW: dict[str, Any] = {
    "name__fi": "Ompelukahvila",
    "name__sv": "Sycafé",
    "name__en": "Sewing café",
    "description__fi": "Ommellaan yhdessä.",
    "description__sv": "Vi syr tillsammans.",
    "description__en": "Sewing together.",
    "keywords__fi": "kankaat\nompelukone",
    "languages": ["fi", "ar"],
    "languages_more": "ka, hy",
    "target_groups": ["newcomers", "families"],
    "capacity__status": "capacity",
    "capacity__available": "4",
}


@pytest.fixture
async def place(platform: Platform) -> Place:
    return await administered_place(platform)


async def test_a_service_in_three_languages_is_entered_and_found(platform: Platform, place: Place) -> None:
    async with portal_client(platform, place.boss, "fi") as browser:
        answer = await fill_in(browser, f"{place.path}/services/new", **NEW)
        assert answer.headers.get("Location") == f"{place.path}/services?done=entered", answer.text
        assert "Ompelukahvila" in (await browser.get(answer.headers["Location"])).text
    async with portal_client(platform, place.town.people["adviser@navigaattori.example"], "sv") as browser:
        assert "Sycafé" in (await browser.get("/services", params={"query": "ompelukone"})).text
    found = await place.town.read("/services?query=Ompelukahvila")
    [service] = [each for each in found["contents"] if each["name"] in ("Ompelukahvila", "Sewing café")]
    assert [each["code"] for each in service["languages"]] == ["fi", "ar", "ka", "hy"]
    assert (service["target_groups"], service["capacity"]["available"]) == (["newcomers", "families"], 4)
    assert set(service["translations"]) == {"fi", "sv", "en"}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name__fi": "", "name__sv": "", "name__en": ""}, "name.fi"),
    "a name too long": ({"name__sv": "å" * 201}, "name.sv"),
    "a description too long": ({"description__en": "a" * 5001}, "description.en"),
    "a keyword without letters": ({"keywords__en": "sewing\n---"}, "keywords.en"),
    "a language that is none": ({"languages_more": "suomi suomi"}, "languages"),
    "a target group": ({"target_groups": ["newcomers", "nobody"]}, "target_groups"),
    "a status": ({"status": "open"}, "status"),
    "an address": ({"email": "osoite"}, "email"),
    "a web address": ({"url": "www"}, "url"),
    "an age": ({"minimum_age": "kymmenen"}, "minimum_age"),
    "ages the wrong way round": ({"minimum_age": "30", "maximum_age": "20"}, "maximum_age"),
    "too long to answer": ({"response_days": "999"}, "response_days"),
    "urgent ones later than others": ({"response_days": "1", "urgent_response_days": "2"}, "urgent_response_days"),
    "expiry too soon": ({"response_days": "9", "expiry_days": "3"}, "expiry_days"),
    "a wait": ({"typical_wait_days": "-1"}, "typical_wait_days"),
    "no free place and yet room": ({"capacity__available": "0"}, "capacity.available"),
    "a telephone number": ({"phones__0__number": "123"}, "phones.0.number"),
    "no telephone number": ({"phones__0__extension": "12"}, "phones.0.number"),
    "an extension": ({"phones__0__number": "017 182 111", "phones__0__extension": "x"}, "phones.0.extension"),
    "a language of a telephone": (
        {"phones__0__number": "017 182 111", "phones__0__languages": "fi, 1"},
        "phones.0.languages",
    ),
    "a second telephone number, behind an empty one": (
        {"phones__0__number": "", "phones__1__number": "017 182 111", "phones__2__number": "1"},
        "phones.1.number",
    ),
    "hours without an end": ({"schedules__0__byday": "MO", "schedules__0__opens_at": "09:00"}, "schedules.0.closes_at"),
    "hours without days": (
        {"schedules__0__opens_at": "09:00", "schedules__0__closes_at": "10:00"},
        "schedules.0.byday",
    ),
    "a contact that says not who": ({"contacts__0__email": "desk@example.org"}, "contacts.0"),
    "a contact that says not how": ({"contacts__0__title__fi": "Neuvoja"}, "contacts.0"),
    "a telephone of a contact": (
        {"contacts__0__title__fi": "Neuvoja", "contacts__0__phones__0__number": "1"},
        "contacts.0.phones.0.number",
    ),
    "an amount": ({"cost_options__0__amount": "paljon"}, "cost_options.0.amount"),
    "a document without a name": (
        {"required_documents__0__uri": "https://example.org"},
        "required_documents.0.document.fi",
    ),
    "an area without a name": ({"service_areas__0__uri": "https://example.org"}, "service_areas.0.name.fi"),
    "an identity code": ({"description__fi": "Soita 131052-308T."}, "description.fi"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_wrong_with_a_service_is_said_beside_its_field(
    platform: Platform, place: Place, wrong: str
) -> None:
    typed, field = WRONG[wrong]
    path = f"{place.path}/services/new"
    async with portal_client(platform, place.boss, "fi") as browser:
        answer = await fill_in(browser, path, **{**NEW, **typed})
        assert answer.status_code == 422, answer.headers.get("Location")
        assert list(complaints(answer.text)) == [field]
        kept = dict(fields_of(answer.text))
        assert kept["name.fi"] == {**NEW, **typed}["name__fi"]
        assert "kankaat" in kept["keywords.fi"]


async def test_a_row_is_added_and_taken_away_without_losing_what_was_typed(platform: Platform, place: Place) -> None:
    path = f"{place.path}/services/new"
    async with portal_client(platform, place.boss, "fi") as browser:
        page = (await fill_in(browser, path, **NEW, add="phones")).text
        assert 'name="phones.0.number" type="tel" value="" autocomplete="off" autofocus' in page
        fields = changed(fields_of(page), phones__0__number="017 182 111")
        page = (await post(browser, path, changed(fields, add="phones"))).text
        fields = changed(fields_of(page), phones__1__number="017 182 222")
        page = (await post(browser, path, changed(fields, remove="phones.0"))).text
        kept = dict(fields_of(page))
        assert kept["phones.1.number"] == "017 182 222"
        assert "phones.0.number" not in kept
        assert kept["description.sv"] == NEW["description__sv"]
        answer = await post(browser, path, fields_of(page))
        assert answer.status_code == 303, answer.text
    found = await place.town.read("/services?query=Ompelukahvila")
    assert [each["number"] for each in found["contents"][0]["phones"]] == ["+358 17 182222"]


async def test_saving_keeps_all_that_was_not_changed(platform: Platform, place: Place) -> None:
    before = await place.read()
    async with portal_client(platform, place.boss, "fi") as browser:
        assert (await fill_in(browser, place.page)).status_code == 303
        assert await place.read() == before
        everything = changed(fields_of((await browser.get(place.page)).text), seen=None)
        answer = await post(browser, place.page, everything)
        assert answer.status_code == 303, answer.text
    after = await place.read()
    in_any_order = ("attributes", "target_groups")
    assert {name: after[name] for name in after if name not in in_any_order} == {
        name: before[name] for name in before if name not in in_any_order
    }
    assert sorted(after["target_groups"]) == sorted(before["target_groups"])


async def test_what_others_changed_meanwhile_is_taken_over_or_shown(platform: Platform, place: Place) -> None:
    change = {"description": {"fi": "Toisen kuvaus."}, "minimum_age": 21, "url": "https://www.example.org/uusi"}
    async with portal_client(platform, place.boss, "en") as browser:
        fields = fields_of((await browser.get(place.page)).text)
        assert (await place.town.change("PATCH", place.service, change)).status_code == 200
        mine = changed(fields, minimum_age="20", fees_description__fi="Kympillä.")
        stale = await post(browser, place.page, mine)
        assert stale.status_code == 422
        assert "the changes are now in the form: Description and Web page." in stale.text
        assert "<strong>Youngest age</strong>: 21" in stale.text
        kept = dict(fields_of(stale.text))
        assert (kept["minimum_age"], kept["description.fi"]) == ("20", "Toisen kuvaus.")
        assert kept["fees_description.fi"] == "Kympillä."
        assert (await post(browser, place.page, fields_of(stale.text))).status_code == 303
    now = await place.town.read(place.service)
    assert (now["minimum_age"], now["url"]) == (20, "https://www.example.org/uusi")
    assert now["translations"]["fi"]["fees_description"] == "Kympillä."
    assert now["translations"]["fi"]["description"] == "Toisen kuvaus."


async def test_the_second_tuesday_of_a_month_and_every_second_tuesday_are_entered(
    platform: Platform, place: Place
) -> None:
    async with portal_client(platform, place.boss, "fi") as browser:
        page = await browser.get(place.page)
        assert dict(fields_of(page.text))["schedules.1.byday_week"] == "2"
        rows: dict[str, Any] = {
            "schedules__1__byday": "TU",
            "schedules__1__byday_week": ["-1", "2"],
            "schedules__3__byday": "TU",
            "schedules__3__interval": "2",
            "schedules__3__dtstart": "2026-12-01",
        }
        rows |= {f"schedules__{row}__opens_at": "16:00" for row in (1, 3)}
        rows |= {f"schedules__{row}__closes_at": "18:00" for row in (1, 3)}
        assert (await fill_in(browser, place.page, **rows)).status_code == 303
        schedules = (await place.read())["schedules"]
        assert (schedules[1]["freq"], schedules[1]["byday"]) == ("MONTHLY", "2TU,-1TU")
        assert (schedules[3]["freq"], schedules[3]["byday"], schedules[3]["interval"]) == ("WEEKLY", "TU", 2)
        shown = (await browser.get(place.service)).text
        assert "kuukauden toinen ja viimeinen tiistai klo 16.00" in shown
        assert "ti 2 viikon välein 1.12.2026 alkaen klo 16.00" in shown
        assert dict(fields_of((await browser.get(place.page)).text))["schedules.1.byday_week"] == "-1"


async def test_hours_by_the_month_stay_so_until_their_days_are_changed(platform: Platform, place: Place) -> None:
    every = {"freq": "MONTHLY", "byday": "MO,TH", "opens_at": "09:00", "closes_at": "12:00"}
    assert (await place.town.change("PATCH", place.service, {"schedules": [every]})).status_code == 200
    async with portal_client(platform, place.boss) as browser:
        assert (await fill_in(browser, place.page, schedules__0__closes_at="13:00")).status_code == 303
        kept = (await place.read())["schedules"][0]
        assert (kept["freq"], kept["byday"], kept["closes_at"][:5]) == ("MONTHLY", "MO,TH", "13:00")
        assert (await fill_in(browser, place.page, schedules__0__byday=["MO"])).status_code == 303
        assert (await place.read())["schedules"][0]["freq"] == "WEEKLY"


async def test_more_rows_than_are_kept_are_refused_before_any_work(platform: Platform, place: Place) -> None:
    many = {f"closures__{number}__starts_on": "2027-01-01" for number in range(101)}
    phones = {f"contacts__0__phones__{number}__number": "017 1" for number in range(21)}
    async with portal_client(platform, place.boss) as browser:
        for path, rows in ((f"{place.path}/closures", many), (place.page, phones)):
            forged = await fill_in(browser, path, **rows)
            assert forged.status_code == 400, path
            assert "<form" not in forged.text.partition("<main")[2], "nothing was made of the rows"
        full = {f"phones__{number}__number": "017 1" for number in range(20)}
        added = await fill_in(browser, place.page, **full, add="phones")
        assert "At most 20" in added.text or "at most 20 rows" in added.text
        assert 'name="phones.20.number"' not in added.text


async def test_room_is_said_and_a_contradiction_refused(platform: Platform, place: Place) -> None:
    form = f"{place.page}/capacity"
    async with portal_client(platform, place.boss, "en") as browser:
        good = await fill_in(browser, place.page, form, capacity__status="no-capacity", capacity__available="")
        assert good.headers["Location"] == f"{place.page}?done=capacity"
        bad = await fill_in(browser, place.page, form, capacity__status="no-capacity", capacity__available="3")
        assert bad.status_code == 422
        assert "capacity.available" in complaints(bad.text)
        none = await fill_in(browser, place.page, form, capacity__status="capacity", capacity__available="x")
        assert "capacity.available" in complaints(none.text)
    assert (await place.read())["capacity"]["status"] == "no-capacity"


async def test_closures_are_said_and_refused(platform: Platform, place: Place) -> None:
    path = f"{place.path}/closures"
    days = {
        "closures__0__starts_on": "2027-07-05",
        "closures__0__ends_on": "2027-07-11",
        "closures__0__note__fi": "Loma",
    }
    async with portal_client(platform, place.boss, "en") as browser:
        assert (await fill_in(browser, path, **days)).headers["Location"] == f"{path}?done=closures"
        assert "The closures were saved." in (await browser.get(f"{path}?done=closures")).text
        backwards = await fill_in(browser, path, closures__0__ends_on="2027-07-01")
        assert "closures.0.ends_on" in complaints(backwards.text)
        missing = await fill_in(browser, path, closures__0__starts_on="")
        assert "closures.0.starts_on" in complaints(missing.text)
        second = {"closures__1__starts_on": "2027-07-11", "closures__1__ends_on": "2027-07-12"}
        overlapping = await fill_in(browser, path, **second)
        assert "closures" in complaints(overlapping.text)
        fields = fields_of((await browser.get(path)).text)
        fields = [(name, value) for name, value in fields if not name.startswith("closures.")]
        assert (await post(browser, path, fields)).status_code == 303
    assert (await place.town.read(place.path))["closures"] == []


async def test_places_keep_their_ids_and_whole_addresses(platform: Platform, place: Place) -> None:
    path = f"{place.path}/locations"
    before = (await place.town.read(place.path))["locations"]
    async with portal_client(platform, place.boss, "en") as browser:
        saved = await fill_in(browser, path, seen="")
        assert "The places were saved." in (await browser.get(saved.headers["Location"])).text
        assert (await place.town.read(place.path))["locations"] == before
        half = await fill_in(browser, path, locations__0__city="")
        assert "locations.0.city" in complaints(half.text)
        nameless = await fill_in(browser, path, locations__0__name__fi="", locations__0__name__en="")
        assert "locations.0.name.fi" in complaints(nameless.text)
        postal = await fill_in(browser, path, locations__0__postal_code="-")
        assert "locations.0.postal_code" in complaints(postal.text)
        web = await fill_in(browser, path, locations__0__accessibility__0__url="www")
        assert "locations.0.accessibility.0.url" in complaints(web.text)
        more = await fill_in(browser, path, add="locations.0.accessibility")
        assert 'id="locations.0.accessibility.1.description.fi"' in more.text
        fields = [each for each in fields_of((await browser.get(path)).text) if not each[0].startswith("locations.")]
        gone = await post(browser, path, fields)
        assert gone.status_code == 422
        assert "A service is given at a place that would go" in gone.text


async def test_details_are_changed_and_refused(platform: Platform, place: Place) -> None:
    path = f"{place.path}/details"
    async with portal_client(platform, place.boss, "en") as browser:
        good = await fill_in(browser, path, email="neuvonta@example.org", name__sv="Företagstjänster")
        assert good.headers["Location"] == f"{place.path}?done=saved"
        for typed, field in (
            ({"email": "x"}, "email"),
            ({"website": "x"}, "website"),
            ({"name__fi": "", "name__sv": "", "name__en": ""}, "name.fi"),
            ({"description__fi": "a" * 5001}, "description.fi"),
        ):
            refused = await fill_in(browser, path, **typed)
            assert list(complaints(refused.text)) == [field]
        assert 'name="slug"' not in (await browser.get(path)).text
    now = await place.town.read(place.path)
    assert (now["email"], now["translations"]["sv"]["name"]) == ("neuvonta@example.org", "Företagstjänster")


async def test_script_in_any_field_stays_text(platform: Platform, place: Place) -> None:
    async with portal_client(platform, place.boss, "en") as browser:
        for path in (place.page, f"{place.path}/details", f"{place.path}/locations", f"{place.path}/closures"):
            fields = fields_of((await browser.get(path)).text)
            kept = ("csrf_token", "idempotency_key", "etag", "seen")
            hostile = [(name, value if name in kept else SCRIPT) for name, value in fields]
            answer = await post(browser, path, hostile)
            assert answer.status_code == 422, path
            assert "<script>alert" not in answer.text
            assert answer.text.count("&lt;script&gt;") > 3
        texts = {
            f"{name}__{language}": SCRIPT for name in ("name", "description", "keywords") for language in ("fi", "en")
        }
        assert (await fill_in(browser, place.page, **texts)).status_code == 303
        for path in (place.page, f"{place.path}/services", place.path):
            page = (await browser.get(path)).text
            assert "alert(1)" in page or path == place.path
            assert "<script>alert" not in page


async def test_who_administers_another_organisation_learns_nothing(platform: Platform, place: Place) -> None:
    town = place.town
    stranger = town.people[await town.enter_admin("navigaattori")]
    await platform.settle()
    member = town.people["desk@businesskuopio.example"].id
    own = f"/organizations/{stranger.organization_id}"
    paths = ["", "/members", "/members/new", f"/members/{member}", f"/members/{member}/deactivate", "/services"]
    paths += ["/services/new", place.service, "/details", "/locations", "/closures", "/figures", "/figures/report.csv"]
    posts = ["/members/new", f"/members/{member}", f"/members/{member}/activate", f"/members/{member}/deactivate"]
    posts += ["/services/new", place.service, f"{place.service}/capacity", "/details", "/locations", "/closures"]
    async with portal_client(platform, stranger) as browser:
        token = dict(fields_of((await browser.get(f"{own}/closures")).text))["csrf_token"]
        for path in [*paths, "/deliveries"]:
            assert (await browser.get(place.path + path)).status_code == 404, path
        for path in posts:
            answer = await browser.post(place.path + path, data={"csrf_token": token, "name.fi": "Minun"})
            assert answer.status_code == 404, path
        for path in (f"/members/{member}", place.service):  # a foreign thing under one's own address
            assert (await browser.get(own + path)).status_code == 404
            assert (await browser.post(own + path, data={"csrf_token": token})).status_code == 404
    assert (await place.read())["translations"]["fi"]["name"] != "Minun"
