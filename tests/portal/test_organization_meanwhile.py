"""Forms of an organisation that are sent twice, that two administrators have open at once, or that no page has."""

import re
from typing import Any

import pytest

from tests.platform import Platform
from tests.portal.administered import Place, administered_place
from tests.portal.filled_form import changed, complaints, fields_of, fill_in, post
from tests.portal.signed_in import portal_client


@pytest.fixture
async def place(platform: Platform) -> Place:
    return await administered_place(platform)


async def test_a_form_sent_twice_is_saved_once_and_says_so_both_times(platform: Platform, place: Place) -> None:
    desk = place.town.people["desk@businesskuopio.example"].id
    member = f"{place.path}/members/{desk}"
    forms: list[tuple[str, str, dict[str, Any]]] = [
        (f"{place.path}/details", "editing", {"description__fi": "Uusi kuvaus"}),
        (f"{place.path}/closures", "editing", {"closures__0__note__sv": "Julledighet"}),
        (f"{place.path}/locations", "editing", {"locations__0__description__fi": "Sisäpihalla"}),
        (place.page, "editing", {"minimum_age": "17"}),
        (place.page, f"{place.page}/capacity", {"capacity__status": "waitlist"}),
        (member, member, {"language": "sv"}),
        (f"{member}/deactivate", "editing", {}),
        (member, f"{member}/activate", {}),
    ]
    async with portal_client(platform, place.boss) as browser:
        for path, form_id, values in forms:
            action = form_id if form_id.startswith("/") else path
            fields = changed(fields_of((await browser.get(path)).text, form_id), **values)
            answers = [await post(browser, action, fields) for _ in range(2)]
            assert [each.status_code for each in answers] == [303, 303], path
            assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert (await place.town.read(place.path))["translations"]["fi"]["description"] == "Uusi kuvaus"


async def test_an_organisation_let_go_twice_is_let_go_once(platform: Platform, place: Place) -> None:
    path = f"/platform{place.path}"
    async with portal_client(platform, place.town.people["admin@luotsi.example"]) as browser:
        for step in ("deactivate", "activate"):
            fields = fields_of((await browser.get(f"{path}/deactivate")).text, f"{path}/{step}")
            assert [(await post(browser, f"{path}/{step}", fields)).status_code for _ in range(2)] == [303, 303]


async def test_rows_that_two_added_are_both_kept(platform: Platform, place: Place) -> None:
    path = f"{place.path}/closures"
    others = [
        {"starts_on": "2027-08-02", "ends_on": "2027-08-03", "note": {"fi": "Toisen"}},
        {"starts_on": "2027-09-01", "ends_on": "2027-09-01"},
    ]
    async with portal_client(platform, place.boss) as browser:
        fields = fields_of((await browser.get(path)).text)
        assert (await place.town.change("PUT", path, others)).status_code == 200
        mine = changed(fields, closures__4__starts_on="2027-10-04", closures__4__ends_on="2027-10-05")
        stale = await post(browser, path, mine)
        assert stale.status_code == 422
        assert "The form has now their rows and yours. Check them and save: Closures." in stale.text
        assert (await post(browser, path, fields_of(stale.text))).status_code == 303
    kept = (await place.town.read(place.path))["closures"]
    assert [each["starts_on"] for each in kept] == ["2027-08-02", "2027-09-01", "2027-10-04"]
    assert kept[0]["note"] == "Toisen"


async def test_a_place_that_two_changed_stays_one_place(platform: Platform, place: Place) -> None:
    path = f"{place.path}/locations"
    [first, *_] = (await place.town.read(place.path))["locations"]
    async with portal_client(platform, place.boss) as browser:
        fields = fields_of((await browser.get(path)).text)
        theirs = {"locations": [{"id": first["id"], "name": {"fi": "Toisen nimi"}}, {"name": {"fi": "Uusi paikka"}}]}
        assert (await place.town.change("PUT", path, theirs)).status_code == 200
        stale = await post(browser, path, changed(fields, locations__0__name__fi="Minun nimeni"))
        assert stale.status_code == 422
        assert (await post(browser, path, fields_of(stale.text))).status_code == 303
    kept = (await place.town.read(place.path))["locations"]
    assert sorted(each["name"] for each in kept) == ["Minun nimeni", "Uusi paikka"]
    assert next(each["id"] for each in kept if each["name"] == "Minun nimeni") == first["id"]


@pytest.mark.parametrize("row", ["\N{SUPERSCRIPT TWO}", "9" * 5000, "-1", ""])
async def test_a_row_without_a_number_is_no_row(platform: Platform, place: Place, row: str) -> None:
    path = f"{place.path}/closures"
    before = (await place.town.read(place.path))["closures"]
    async with portal_client(platform, place.boss) as browser:
        answer = await fill_in(browser, path, **{f"closures__{row}__starts_on": "2027-03-01"})
        assert answer.status_code == 303
    assert (await place.town.read(place.path))["closures"] == before


async def test_a_row_for_a_list_that_is_none_saves_nothing(platform: Platform, place: Place) -> None:
    async with portal_client(platform, place.boss) as browser:
        answer = await fill_in(browser, f"{place.path}/closures", add="evil", closures__0__note__fi="Muutettu")
        assert answer.status_code == 200
    assert (await place.town.read(place.path))["closures"][0]["note"] == "Joululoma"


async def test_as_many_places_as_the_catalogue_takes_are_saved(platform: Platform, place: Place) -> None:
    path = f"{place.path}/locations"
    [first, *_] = (await place.town.read(place.path))["locations"]
    help_ = [{"description": {"fi": "Hissi"}}, {"description": {"fi": "Luiska"}}]
    many: list[dict[str, Any]] = [{"name": {"fi": f"Paikka {number}"}, "accessibility": help_} for number in range(50)]
    many[0]["id"] = first["id"]
    assert (await place.town.change("PUT", path, {"locations": many})).status_code == 200
    async with portal_client(platform, place.boss) as browser:
        page = await browser.get(f"{path}?page=2")
        assert page.text.count('class="entry" id="locations.') < 50, "a page has some of them"
        assert len(re.findall(rf'href="{path}\?page=\d+#locations\.\d"', page.text)) == 50, "and leads to all"
        fields = changed(fields_of(page.text), locations__3__name__fi="Toinen nimi", locations__0__name__fi="")
        unnamed = await post(browser, f"{path}?page=2", fields)
        assert list(complaints(unnamed.text)) == ["locations.0.name.fi"]
        fields = changed(fields, locations__0__name__fi="Paikka 4")
        unfit = await post(browser, f"{path}?page=2", changed(fields, locations__1__url="no address"))
        assert list(complaints(unfit.text)) == ["locations.1.url"], "said of the row as the page has it"
        before = await place.town.read(place.path)
        answers = [await post(browser, f"{path}?page=2", fields) for _ in range(2)]
        assert [each.headers.get("Location") for each in answers] == [f"{path}?done=locations&page=2"] * 2
    now = (await place.town.read(place.path))["locations"]
    wanted = ["Toinen nimi" if each["name"] == "Paikka 7" else each["name"] for each in before["locations"]]
    assert [each["name"] for each in now] == wanted
    assert [each["id"] for each in now] == [each["id"] for each in before["locations"]]


async def test_what_others_add_on_another_page_of_closures_stays(platform: Platform, place: Place) -> None:
    path = f"{place.path}/closures"
    days = [f"{year}-{month:02d}-01" for year in range(2030, 2034) for month in range(1, 11)]
    many = [{"starts_on": day, "ends_on": day} for day in days]
    assert (await place.town.change("PUT", path, many)).status_code == 200
    async with portal_client(platform, place.boss) as browser:
        page = await browser.get(f"{path}?page=2")
        earlier = [{"starts_on": "2029-05-01", "ends_on": "2029-05-01"}]
        assert (await place.town.change("PUT", path, earlier + many)).status_code == 200
        fields = changed(fields_of(page.text), closures__19__ends_on="2033-10-05", closures__0__starts_on=None)
        fields = [each for each in fields if not each[0].startswith("closures.0.")]
        stale = await post(browser, f"{path}?page=2", fields)
        assert stale.status_code == 422
        again = await post(browser, f"{path}?page=2", fields_of(stale.text))
        assert again.status_code == 303, again.text
    kept = [(each["starts_on"], each["ends_on"]) for each in (await place.town.read(place.path))["closures"]]
    wanted = [("2029-05-01", "2029-05-01"), *((day, day) for day in days if day != "2032-01-01")]
    wanted[-1] = ("2033-10-01", "2033-10-05")
    assert sorted(kept) == wanted


async def test_a_slug_that_is_taken_is_said_beside_it(platform: Platform, place: Place) -> None:
    async with portal_client(platform, place.town.people["admin@luotsi.example"]) as browser:
        answer = await fill_in(browser, f"{place.path}/details", slug="kuopio")
        assert answer.status_code == 422
        assert list(complaints(answer.text)) == ["slug"]


async def test_an_amount_is_read_as_people_here_write_it(platform: Platform, place: Place) -> None:
    async with portal_client(platform, place.boss, "fi") as browser:
        typed = {"cost_options__0__amount": "1\N{NO-BREAK SPACE}250,50", "cost_options__0__currency": "EUR"}
        assert (await fill_in(browser, place.page, **typed)).status_code == 303
    assert (await place.read())["cost_options"][0]["amount"] == 1250.5
