"""Organisations with many members and services: lists a page at a time, and nothing that grows without end."""

import gzip
import re

import pytest

from tests.platform import Platform
from tests.portal.administered import Place, administered_place
from tests.portal.filled_form import changed, complaints, fields_of, post
from tests.portal.signed_in import portal_client
from tests.portal.test_every_page import COMPRESSED, WHOLE
from tests.portal.test_referral_page import text_of

ROWS = re.compile(r'<th scope="row"')
NEXT = re.compile(r'<a href="([^"]+)" rel="next">')
MANY = 55
LOADED = re.compile(r'(?:src|href)="(/static/[^"]+)"')


@pytest.fixture
async def place(platform: Platform) -> Place:
    return await administered_place(platform)


async def _enter(place: Place, path: str, what: list[dict[str, object]]) -> None:
    for each in what:
        answer = await place.town.admin.post(path, json={"organization_id": str(place.boss.organization_id), **each})
        assert answer.status_code == 201, answer.text


async def test_members_come_page_by_page_and_those_who_left_on_their_own(platform: Platform, place: Place) -> None:
    new: list[dict[str, object]] = [
        {"email": f"z{number:03}@example.org", "roles": ["adviser"]} for number in range(MANY)
    ]
    await _enter(place, "/members", new)
    async with portal_client(platform, place.boss) as browser:
        first = (await browser.get(f"{place.path}/members")).text
        assert (len(ROWS.findall(first)), "z054@" in first) == (50, False)
        second = (await browser.get(NEXT.findall(first)[0].replace("&amp;", "&"))).text
        assert ("z054@" in second, NEXT.findall(second)) == (True, [])
        found = (await browser.get(f"{place.path}/members?query=Z054%40")).text
        assert (len(ROWS.findall(found)), 'value="Z054@"' in found) == (1, True)
        assert "The search found nobody" in (await browser.get(f"{place.path}/members?query=nobody%40")).text
        assert "Nobody" not in (await browser.get(f"{place.path}/members?page=99")).text
        gone = place.town.people["desk@businesskuopio.example"]
        assert (await place.town.change("PATCH", f"/members/{gone.id}", {"active": False})).status_code == 200
        assert gone.email not in (await browser.get(f"{place.path}/members")).text
        assert gone.email in (await browser.get(f"{place.path}/members?left=1")).text


async def test_services_come_page_by_page_and_those_that_are_not_offered_on_their_own(
    platform: Platform, place: Place
) -> None:
    new: list[dict[str, object]] = [{"name": f"Öinen kahvila {number:03}"} for number in range(MANY)]
    await _enter(place, "/services", [*new, {"name": "Entinen kahvila", "status": "defunct"}])
    async with portal_client(platform, place.boss) as browser:
        first = (await browser.get(f"{place.path}/services")).text
        assert (len(ROWS.findall(first)), "kahvila 054" in first, "Entinen" in first) == (50, False, False)
        assert "kahvila 054" in (await browser.get(NEXT.findall(first)[0].replace("&amp;", "&"))).text
        assert "Show 1 service that is not offered" in first
        left = (await browser.get(f"{place.path}/services?left=1")).text
        assert ("Entinen" in left, len(ROWS.findall(left))) == (True, 1)
        overview = (await browser.get(place.path)).text
        assert re.search(r"missing in some language: .* and \d+ others", overview)
        assert overview.count("kahvila 0") < 12


async def test_pages_of_a_full_organisation_are_light(platform: Platform, place: Place) -> None:
    """As much as the catalogue takes of places and closures, a hundred members and services, one of them with all."""
    text = dict.fromkeys(("fi", "sv", "en"), "Kerrotaan, miten paikalle pääsee ja mitä siellä tehdään.")
    names = {language: f"Paikka {language}" for language in ("fi", "sv", "en")}
    one: dict[str, object] = {"name": names, "description": text, "accessibility": [{"description": {"fi": "Hissi"}}]}
    [first, *_] = (await place.town.read(place.path))["locations"]
    places: list[dict[str, object]] = [one | {"id": first["id"]}, *[one] * 49]
    days = [f"{2030 + number // 25}-06-{number % 25 + 1:02}" for number in range(100)]
    closures = [{"starts_on": day, "ends_on": day, "note": {"fi": "Koulutus"}} for day in days]
    changes: list[tuple[str, str, object]] = [
        ("PUT", "/locations", {"locations": places}),
        ("PUT", "/closures", closures),
    ]
    for method, part, body in changes:
        entered = await place.town.change(method, place.path + part, body)
        assert entered.status_code == 200, entered.text
    await _enter(
        place, "/members", [{"email": f"z{number:03}@example.org", "roles": ["adviser"]} for number in range(100)]
    )
    await _enter(place, "/services", [{"name": f"Öinen kahvila {number:03}"} for number in range(100)])
    heavy = []
    async with portal_client(platform, place.boss, "fi") as browser:
        parts = ("", "/members", "/members/new", "/services", "/services/new", "/details", "/locations", "/closures")
        desk = place.town.people["desk@businesskuopio.example"].id
        for path in [
            *(place.path + part for part in parts),
            f"{place.path}/members/{desk}",
            place.page,
            "/desk/handover",
        ]:
            page = await browser.get(path)
            if page.status_code != 200:
                continue
            loaded = [page.content, *[(await browser.get(each)).content for each in LOADED.findall(page.text)]]
            whole, compressed = sum(map(len, loaded)), sum(len(gzip.compress(each)) for each in loaded)
            if whole > WHOLE or compressed > COMPRESSED:
                heavy.append(f"{path}: {whole} bytes, {compressed} compressed")
    assert heavy == []


async def test_places_with_more_text_than_can_be_saved_are_told_and_nothing_typed_is_lost(
    platform: Platform, place: Place
) -> None:
    path = f"{place.path}/locations"
    long = dict.fromkeys(("fi", "sv", "en"), "Sisään kuljetaan pihan puolelta. " * 11)
    full: list[dict[str, object]] = [{"name": {"fi": f"Paikka {n}"}, "description": long} for n in range(50)]
    full[0]["id"] = (await place.town.read(place.path))["locations"][0]["id"]
    entered = await place.town.change("PUT", path, {"locations": full})
    assert entered.status_code == 200, entered.text
    async with portal_client(platform, place.boss, "fi") as browser:
        page = await browser.get(path)
        assert "60 000" in text_of(page), "what fits is told before"
        typed = "Ovi on kadun puolella. " * 200
        answer = await post(browser, path, changed(fields_of(page.text), locations__1__description__fi=typed))
    assert answer.status_code == 422
    assert list(complaints(answer.text)) == ["locations"]
    assert typed.strip() in answer.text
    assert (await place.town.read(place.path))["locations"][1]["description"] != typed
