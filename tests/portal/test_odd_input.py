"""What no page sends, and what no person types, is refused in words: nothing of it is an unexpected error."""

import re
from uuid import uuid4

import pytest

from tests.builders import small_town
from tests.platform import Platform
from tests.portal.seeded import seeded_platform
from tests.portal.signed_in import portal_client, send

_LONG_NUMBER = "9" * 5000
"""Longer than what Python makes a number of"""


@pytest.mark.parametrize("path", ["//elsewhere.example/", "//elsewhere.example/a?b=1", "/\\elsewhere.example"])
async def test_no_link_of_a_page_leads_to_the_site_that_its_address_names(platform: Platform, path: str) -> None:
    async with portal_client(platform) as browser:
        answer = await browser.get("http://localhost:8000" + path)
    assert answer.status_code == 404
    assert 'href="//' not in answer.text
    assert 'href="/\\' not in answer.text
    assert "lang=sv" in answer.text  # the languages can be chosen all the same


async def test_a_key_or_a_version_that_no_page_has_is_refused(platform: Platform) -> None:
    town = await small_town(platform)
    async with portal_client(platform, town.desk) as browser:
        for value in ("ä", "a\r\nX-Other: b", "\x00", "\u2028", "x" * 5000):
            for field in ("idempotency_key", "etag"):
                fields = {"idempotency_key": "a-key-of-a-form", "etag": '"1"', field: value}
                answer = await send(browser, f"/referrals/{uuid4()}/accept", **fields)
                assert answer.status_code == 400, (field, value[:20])


async def test_a_number_of_many_digits_is_no_number(platform: Platform) -> None:
    seeded = await seeded_platform(platform)
    service, organization = seeded.values["service_id"], seeded.people["admin"].organization_id
    async with portal_client(platform, seeded.people["admin"]) as browser:
        typed = {"issuer": "https://id.example", "client_id": "luotsi", "client_secret": "secret"}
        saved = await send(browser, f"/organizations/{organization}/sign-in", **typed, version=_LONG_NUMBER)
        assert saved.status_code == 409
    async with portal_client(platform, seeded.people["recipient"]) as browser:
        typed = {f"capacity-{service}": "capacity", f"available-{service}": _LONG_NUMBER, "etag": '"1"'}
        answer = await send(browser, f"/desk/capacity/{service}", **typed)
        assert answer.status_code == 403  # as the catalogue says to who is no administrator


@pytest.mark.parametrize("path", ["/sign-in/provider/%00", "/sign-in/link/%00", "/services/%00", "/services/%2e%2e"])
async def test_an_address_of_nothing_is_a_page(platform: Platform, path: str) -> None:
    seeded = await seeded_platform(platform)
    async with portal_client(platform, seeded.people["adviser"]) as browser:
        answer = await browser.get(path)
    assert answer.status_code in (404, 410)
    assert '<a class="button' in answer.text


async def test_languages_of_a_refused_form_lead_to_the_page_that_it_stands_on(platform: Platform) -> None:
    async with portal_client(platform) as browser:
        page = await browser.post("/feedback?lang=en", data={}, headers={"Referer": "http://localhost:8000/feedback"})
        assert page.status_code == 422
        links = re.findall(r'href="([^"]*lang=sv)"', page.text)
        assert links
        for link in links:
            assert (await browser.get(link)).status_code == 200
