"""A personal identity code that is typed into a search stays in no address."""

import pytest

from tests.builders import CatalogueFacts
from tests.platform import Platform
from tests.portal.signed_in import portal_client

CODE = "131052-308T"


@pytest.mark.parametrize(
    ("address", "led_to"),
    [
        (f"/services?query={CODE}", "/services"),
        ("/services?query=kahvila+13.10.52+-+308T&language=fi", "/services"),
        (f"/referrals?reference={CODE}", "/referrals"),
        (f"/services/{CODE}", "/"),
    ],
)
async def test_whoever_types_one_is_led_away_from_it_and_told_so(platform: Platform, address: str, led_to: str) -> None:
    facts = CatalogueFacts(platform)
    who = await facts.member("adviser@somewhere.example", await facts.organization("somewhere"), "adviser")
    await platform.settle()
    async with portal_client(platform, who, "fi") as browser:
        answer = await browser.get(address)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{led_to}?identity_code=yes")
        assert "308T" not in answer.text
        typed = await browser.get(address, headers={"HX-Request": "true"})
        assert typed.headers["HX-Redirect"] == f"{led_to}?identity_code=yes"
        page = await browser.get(answer.headers["Location"])
    assert page.status_code == 200
    assert "Tekstissä on henkilötunnus" in page.text
    if led_to == "/services":
        assert 'id="query-error"' in page.text
